// Groups what waits for a store: one group is in flight, the rest gathers behind it, so that a slow fsync makes bigger
// groups, not a longer queue. While many ask, groups begin at a measured pace; what a full disk refused is retried once
// if it frees room. Pure.

import { assert, present } from '../../foundation/base/assert.js';
import { BoundedQueue } from '../../foundation/base/queue.js';
import {
  STORE_BACKLOG_REFUSED,
  STORE_BUSY_ASKERS,
  STORE_COMMIT_CHANGES_MAX,
  STORE_GROUP_CHANGES_MAX,
  STORE_GROUP_MAX,
  STORE_PACE_MS,
} from './limits.js';

/** Changes that are committed together or not at all. */
export interface Queued<C> {
  readonly changes: readonly C[];
  /** Against STORE_GROUP_MAX and the backlog: about how many small changes it is worth. */
  readonly weight: number;
  /** The connection that waits for it; absent for the tracker's own changes and another tracker's. */
  readonly asker?: number;
}

export interface Group<C, Q extends Queued<C>> {
  readonly number: number;
  readonly commits: readonly Q[];
  /** The group holds what a full disk refused once, so it is not tried a third time. */
  readonly isSecondTry: boolean;
}

/** What the queue has to know of the changes of a store. */
export interface ChangeRules<C, Q extends Queued<C>> {
  /** Frees a record rather than adds one. */
  readonly freesRoom: (change: C) => boolean;
  /** Ordered streams that the commit is a part of: when it fails, what waits behind it in one of them fails with it. */
  readonly streamsOf: (commit: Q) => readonly string[];
}

export class CommitQueue<C, Q extends Queued<C> = Queued<C>> {
  // Askers and other trackers are refused from the backlog's bound on; each of those accepted before may leave
  // something to drop.
  readonly #waiting: BoundedQueue<Q>;
  readonly #rules: ChangeRules<C, Q>;
  readonly #backlogMax: number;
  readonly #groupMax: number;
  #waitingWeight = 0;
  #underWay: Group<C, Q> | undefined;
  #lastNumber = 0;
  #mayBeginMs = Number.NEGATIVE_INFINITY;
  /** Those that asked since `#askedSinceMs`. */
  readonly #askers = new Set<number>();
  #askedSinceMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  constructor(rules: ChangeRules<C, Q>, backlogMax = STORE_BACKLOG_REFUSED, groupMax = STORE_GROUP_MAX) {
    this.#rules = rules;
    this.#groupMax = groupMax;
    this.#backlogMax = backlogMax;
    this.#waiting = new BoundedQueue(backlogMax * 2);
  }

  /** Weight of everything that waits behind the group under way. */
  get backlog(): number {
    return this.#waitingWeight;
  }

  /** The disk has been too slow for too long: nobody's further changes are taken. */
  get isOverloaded(): boolean {
    return this.#waitingWeight >= this.#backlogMax;
  }

  get isIdle(): boolean {
    return this.#underWay === undefined && this.#waiting.length === 0;
  }

  /** What waits longest behind the group under way. */
  get first(): Q | undefined {
    return this.#waiting.peek();
  }

  push(commit: Q): void {
    // Each change may be a frame to the store: the maker of a commit keeps it below what the link carries.
    assert(commit.changes.length <= STORE_COMMIT_CHANGES_MAX, 'a commit is made in steps that the store can take');
    assert(this.#waiting.push(commit), 'listeners stop reading before the backlog is full');
    this.#waitingWeight += commit.weight;
    if (commit.asker !== undefined) this.#askers.add(commit.asker);
  }

  /** When the next group may be sent; infinity while one is under way or nothing waits. */
  nextAtMs(): number {
    return this.#underWay === undefined && this.#waiting.length > 0 ? this.#mayBeginMs : Number.POSITIVE_INFINITY;
  }

  /** The next group to send; undefined while one is under way, nothing waits, or more of them is worth waiting for. */
  next(nowMs: number): Group<C, Q> | undefined {
    this.#measure(nowMs);
    if (this.#underWay !== undefined || this.#waiting.length === 0) return undefined;
    if (nowMs < this.#mayBeginMs && this.#waitingWeight < this.#groupMax) return undefined;
    const commits: Q[] = [];
    let weight = 0;
    let changeCount = 0;
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      if (commits.length > 0 && weight + first.weight > this.#groupMax) break;
      if (changeCount + first.changes.length > STORE_GROUP_CHANGES_MAX) break;
      weight += first.weight;
      changeCount += first.changes.length;
      commits.push(first);
      this.#waiting.shift();
    }
    this.#waitingWeight -= weight;
    this.#mayBeginMs = this.#isBusy ? nowMs + STORE_PACE_MS : nowMs;
    return this.#send(commits, false);
  }

  /** Counts the askers, not the requests: one that asks again after each answer waits for nothing. */
  #measure(nowMs: number): void {
    if (nowMs - this.#askedSinceMs < STORE_PACE_MS) return;
    this.#isBusy = this.#askers.size >= STORE_BUSY_ASKERS;
    this.#askers.clear();
    this.#askedSinceMs = nowMs;
  }

  /** The group under way is durable. */
  committed(number: number): readonly Q[] {
    return this.#settle(number).commits;
  }

  /**
   * The store refused the group and kept nothing of it. What waits behind a failed commit in its stream fails with it.
   */
  refused(number: number, isFull: boolean): { readonly failed: readonly Q[]; readonly retry: Group<C, Q> | undefined } {
    const group = this.#settle(number);
    const { freesRoom, streamsOf } = this.#rules;
    const isTriedAgain = ({ changes }: Q): boolean => isFull && !group.isSecondTry && changes.every(freesRoom);
    const failed = group.commits.filter((commit) => !isTriedAgain(commit));
    const streams = new Set(failed.flatMap(streamsOf));
    if (streams.size > 0)
      failed.push(...this.#drop((commit) => streamsOf(commit).some((stream) => streams.has(stream))));
    const again = group.commits.filter(isTriedAgain);
    return { failed, retry: again.length === 0 ? undefined : this.#send(again, true) };
  }

  /** Takes out what waits and fits, and what waits behind it in its streams. */
  dropWhere(fits: (commit: Q) => boolean): readonly Q[] {
    const first = this.#waiting.peek();
    if (first === undefined || !fits(first)) return [];
    const streams = new Set<string>();
    return this.#drop((commit) => {
      const ofIt = this.#rules.streamsOf(commit);
      const isDropped = fits(commit) || ofIt.some((stream) => streams.has(stream));
      if (isDropped) for (const stream of ofIt) streams.add(stream);
      return isDropped;
    });
  }

  #drop(fits: (commit: Q) => boolean): readonly Q[] {
    const dropped: Q[] = [];
    this.#waiting.removeWhere((commit) => {
      if (!fits(commit)) return false;
      dropped.push(commit);
      this.#waitingWeight -= commit.weight;
      return true;
    });
    return dropped;
  }

  #send(commits: readonly Q[], isSecondTry: boolean): Group<C, Q> {
    this.#lastNumber += 1;
    this.#underWay = { number: this.#lastNumber, commits, isSecondTry };
    return this.#underWay;
  }

  #settle(number: number): Group<C, Q> {
    const group = present(this.#underWay, 'a group is settled while it is under way');
    assert(group.number === number, 'groups are settled in order');
    this.#underWay = undefined;
    return group;
  }
}
