// Groups what waits for the store into commits: one group is on its way, the rest gathers behind it, so that a slow fsync
// makes bigger groups, not a longer queue. While much comes, groups begin at a measured pace: each costs the disk, both threads
// and the partner something of its own, whatever its size. When a full disk refused a group, what frees room is tried once more, alone.
// Pure; it neither writes nor answers.

import { assert, present } from '../../foundation/base/assert.js';
import { BoundedQueue } from '../../foundation/base/queue.js';
import { type Change, freesRoom } from '../registry/changes.js';
import type { Arrival } from '../store/pair/follower.js';
import {
  STORE_BACKLOG_REFUSED,
  STORE_BUSY_ASKERS,
  STORE_COMMIT_CHANGES_MAX,
  STORE_GROUP_CHANGES_MAX,
  STORE_GROUP_MAX,
  STORE_PACE_MS,
} from './limits.js';
import type { TrackerReply } from './messages.js';

/** Changes that are committed together or not at all, and what is answered then. */
export interface Commit {
  readonly changes: readonly Change[];
  /** Against STORE_GROUP_MAX and the backlog: about how many small changes it is worth. */
  readonly weight: number;
  /** Whom to answer; undefined for the tracker's own changes and the partner's. */
  readonly asker: { readonly connection: number; readonly id: number; readonly reply: () => TrackerReply } | undefined;
  /** What the partner sent and wants to hear of. */
  readonly arrival?: Arrival;
}

export interface Group {
  readonly number: number;
  readonly commits: readonly Commit[];
  /** The group holds what a full disk refused once, so it is not tried a third time. */
  readonly isSecondTry: boolean;
}

export class CommitQueue {
  // Askers and the partner are refused from STORE_BACKLOG_REFUSED on; of what they were not refused, each may leave something to drop.
  readonly #waiting: BoundedQueue<Commit>;
  readonly #backlogMax: number;
  #waitingWeight = 0;
  #underWay: Group | undefined;
  #lastNumber = 0;
  #mayBeginMs = Number.NEGATIVE_INFINITY;
  /** Who asked since `#askedSinceMs`. */
  readonly #askers = new Set<number>();
  #askedSinceMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  constructor(backlogMax = STORE_BACKLOG_REFUSED) {
    this.#backlogMax = backlogMax;
    this.#waiting = new BoundedQueue(backlogMax * 2);
  }

  /** Weight of everything not yet settled that waits behind the group under way. */
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

  push(commit: Commit): void {
    // Each change may be a frame to the store: whoever makes a commit keeps it below what the link carries.
    assert(commit.changes.length <= STORE_COMMIT_CHANGES_MAX, 'a commit is made in steps that the store can take');
    assert(this.#waiting.push(commit), 'listeners stop reading before the backlog is full');
    this.#waitingWeight += commit.weight;
    if (commit.asker !== undefined) this.#askers.add(commit.asker.connection);
  }

  /** When the next group may be sent; infinity while one is under way or nothing waits. */
  nextAtMs(): number {
    return this.#underWay === undefined && this.#waiting.length > 0 ? this.#mayBeginMs : Number.POSITIVE_INFINITY;
  }

  /** The next group to send, unless one is under way, nothing waits, or more of them is worth waiting for. */
  next(nowMs: number): Group | undefined {
    this.#measure(nowMs);
    if (this.#underWay !== undefined || this.#waiting.length === 0) return undefined;
    if (nowMs < this.#mayBeginMs && this.#waitingWeight < STORE_GROUP_MAX) return undefined;
    const commits: Commit[] = [];
    let weight = 0;
    let changeCount = 0;
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      if (commits.length > 0 && weight + first.weight > STORE_GROUP_MAX) break;
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

  /** Counted are those who ask, not what: one who asks again after each answer, as the partner may, waits for nothing. */
  #measure(nowMs: number): void {
    if (nowMs - this.#askedSinceMs < STORE_PACE_MS) return;
    this.#isBusy = this.#askers.size >= STORE_BUSY_ASKERS;
    this.#askers.clear();
    this.#askedSinceMs = nowMs;
  }

  /** The group under way is on the disk. */
  committed(number: number): readonly Commit[] {
    return this.#settle(number).commits;
  }

  /**
   * The store refused the group and kept nothing of it. Parts of a hash string that waited behind a failed one fail with it:
   * one with a hole is never completed. So does what the partner sent behind a failed frame: its position counts that frame.
   */
  refused(number: number, isFull: boolean): { readonly failed: readonly Commit[]; readonly retry: Group | undefined } {
    const group = this.#settle(number);
    const isTriedAgain = ({ changes }: Commit): boolean => isFull && !group.isSecondTry && changes.every(freesRoom);
    const failed = group.commits.filter((commit) => !isTriedAgain(commit));
    const uploads = new Set(failed.flatMap((commit) => uploadsOf(commit)));
    const links = new Set(failed.flatMap(({ arrival }) => (arrival === undefined ? [] : [arrival.link])));
    if (uploads.size > 0 || links.size > 0) {
      this.#waiting.removeWhere((commit) => {
        const isBehind = commit.arrival !== undefined && links.has(commit.arrival.link);
        if (!isBehind && !uploadsOf(commit).some((upload) => uploads.has(upload))) return false;
        failed.push(commit);
        this.#waitingWeight -= commit.weight;
        return true;
      });
    }
    const again = group.commits.filter(isTriedAgain);
    return { failed, retry: again.length === 0 ? undefined : this.#send(again, true) };
  }

  #send(commits: readonly Commit[], isSecondTry: boolean): Group {
    this.#lastNumber += 1;
    this.#underWay = { number: this.#lastNumber, commits, isSecondTry };
    return this.#underWay;
  }

  #settle(number: number): Group {
    const group = present(this.#underWay, 'a group is settled while it is under way');
    assert(group.number === number, 'groups are settled in order');
    this.#underWay = undefined;
    return group;
  }
}

/** The hash strings that a commit carries a part of. */
export function uploadsOf(commit: Commit): number[] {
  return commit.changes.flatMap((change) => (change.kind === 'part' ? [change.upload] : []));
}
