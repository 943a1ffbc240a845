// The trackers as seen from here: which connection is up, being made, or waiting to be retried. An earlier tracker is
// preferred; a later one is dialed when all before it fail, hesitate or are not ready. Says whom to dial, and never
// dials. Pure.

import { assert } from '../../foundation/base/assert.js';
import { REPLICA_WAIT_MS } from '../../foundation/base/limits.js';
import type { Prng } from '../../foundation/base/prng.js';
import { isRefusal } from '../../foundation/wire/refusals.js';
import {
  HANDSHAKE_PATIENCE_MS,
  TRACKER_CONNECT_DEADLINE_MS,
  TRACKER_HEDGE_MS,
  TRACKER_RETRY_MAX_MS,
  TRACKER_RETRY_MIN_MS,
} from './limits.js';

/** Place of a tracker in the client's list. */
export type TrackerIndex = number;

type LinkState =
  | { readonly at: 'down'; readonly retryAtMs: number }
  /** Connecting, or waiting for the reply to our hello. */
  | { readonly at: 'dialing'; readonly link: number; readonly sinceMs: number; readonly deadlineMs: number }
  /** Until `readyAtMs` another one is welcome instead; 0 when it is ready. */
  | { readonly at: 'up'; readonly link: number; readonly readyAtMs: number };

interface TrackerLink {
  state: LinkState;
  /** Failures in a row: since a request was last answered. */
  failures: number;
  /** What the client was last told of it. */
  reported: 'nothing' | 'up' | 'down';
  /** Why the last try failed; '' when it did not. */
  reason: string;
}

/** talking: it answers us; standby: it was not needed, or another one is asked; away: its last try failed. */
export interface TrackerStanding {
  readonly state: 'talking' | 'standby' | 'away';
  readonly reason: string;
}

export class Links {
  readonly #prng: Prng;
  readonly #links: readonly TrackerLink[];
  #lastLink = 0;
  #isInHurry = false;

  /**
   * @param count of the trackers.
   * @param areAwaited none is dialed before `retryNow`, or `dialAllNow`.
   */
  constructor(prng: Prng, count: number, areAwaited: boolean) {
    this.#prng = prng;
    const retryAtMs = areAwaited ? Number.POSITIVE_INFINITY : 0;
    const fresh = (): TrackerLink => ({
      state: { at: 'down', retryAtMs },
      failures: 0,
      reported: 'nothing',
      reason: '',
    });
    this.#links = Array.from({ length: count }, fresh);
  }

  get indexes(): readonly TrackerIndex[] {
    return this.#links.map((_, index) => index);
  }

  /** The tracker that is asked: the first one that is up. */
  get active(): TrackerIndex | undefined {
    const index = this.#links.findIndex(({ state }) => state.at === 'up');
    return index < 0 ? undefined : index;
  }

  /** The trackers that nobody dials while one before them is asked. */
  get idle(): readonly TrackerIndex[] {
    const { active } = this;
    if (active === undefined) return [];
    return this.indexes.filter((index) => index > active && this.#at(index).state.at === 'down');
  }

  get activeLink(): number | undefined {
    return this.active === undefined ? undefined : this.linkOf(this.active);
  }

  /** All were tried and none answers. */
  get areAllDown(): boolean {
    return this.active === undefined && this.#links.every(({ reported }) => reported === 'down');
  }

  /** Nobody is up, being dialed, or to be dialed now. */
  isHopeless(nowMs: number): boolean {
    return this.#links.every(({ state }) => state.at === 'down' && state.retryAtMs > nowMs);
  }

  isCurrent(index: TrackerIndex, link: number): boolean {
    const { state } = this.#at(index);
    return state.at !== 'down' && state.link === link;
  }

  linkOf(index: TrackerIndex): number | undefined {
    const { state } = this.#at(index);
    return state.at === 'down' ? undefined : state.link;
  }

  isUp(index: TrackerIndex): boolean {
    return this.#at(index).state.at === 'up';
  }

  standingOf(index: TrackerIndex): TrackerStanding {
    if (this.active === index) return { state: 'talking', reason: '' };
    const { reported, reason } = this.#at(index);
    return reported === 'down' ? { state: 'away', reason } : { state: 'standby', reason: '' };
  }

  /** Whom to dial now; each is dialing from then on, under the link number given. */
  due(nowMs: number): { readonly index: TrackerIndex; readonly link: number }[] {
    const dials: { index: TrackerIndex; link: number }[] = [];
    for (const [index, { state }] of this.#links.entries()) {
      const { fromMs, untilMs } = this.#neededWithin(index);
      if (state.at !== 'down' || state.retryAtMs > nowMs || nowMs < fromMs || nowMs >= untilMs) continue;
      this.#lastLink += 1;
      const deadlineMs = nowMs + TRACKER_CONNECT_DEADLINE_MS;
      this.#at(index).state = { at: 'dialing', link: this.#lastLink, sinceMs: nowMs, deadlineMs };
      dials.push({ index, link: this.#lastLink });
    }
    return dials;
  }

  /** TCP stands: it is alive, so its line of handshakes is waited for. */
  reached(index: TrackerIndex, nowMs: number): void {
    const { state } = this.#at(index);
    if (state.at === 'dialing') this.#at(index).state = { ...state, deadlineMs: nowMs + HANDSHAKE_PATIENCE_MS };
  }

  /** Dials that took too long. */
  late(nowMs: number): TrackerIndex[] {
    return this.indexes.filter((index) => {
      const { state } = this.#at(index);
      return state.at === 'dialing' && nowMs >= state.deadlineMs;
    });
  }

  /** When `due` or `late` may have something that they have not at `nowMs`. */
  nextAtMs(nowMs: number): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const [index, { state }] of this.#links.entries()) {
      if (state.at === 'dialing') atMs = Math.min(atMs, state.deadlineMs);
      if (state.at !== 'down') continue;
      const { fromMs, untilMs } = this.#neededWithin(index);
      const dialAtMs = Math.max(state.retryAtMs, fromMs, nowMs);
      if (dialAtMs < untilMs) atMs = Math.min(atMs, dialAtMs);
    }
    return atMs;
  }

  /** It said hello. One connection is enough: answers the links to hang up, which is no fault of those trackers. */
  greeted(greeting: TrackerIndex, isGreetingReady: boolean, nowMs: number): number[] {
    const tracker = this.#at(greeting);
    // Alone it is ready after that time; with others it may take longer, but then one of them is to be asked.
    const readyAtMs = isGreetingReady ? 0 : nowMs + REPLICA_WAIT_MS;
    if (tracker.state.at === 'dialing') tracker.state = { at: 'up', link: tracker.state.link, readyAtMs };
    const isReady = (index: TrackerIndex): boolean => {
      const { state } = this.#at(index);
      return state.at === 'up' && state.readyAtMs <= nowMs;
    };
    const kept = this.indexes.find(isReady) ?? this.active;
    return this.indexes.flatMap((index) => {
      const { state } = this.#at(index);
      // An earlier one is tried while a later one serves, and a later one while no earlier one is ready.
      const isWelcome = kept === undefined || index < kept || !isReady(kept);
      if (index === kept || state.at === 'down' || (state.at === 'dialing' && isWelcome)) return [];
      const retryAtMs = state.at === 'dialing' || isReady(index) ? 0 : this.#backOff(index, nowMs);
      this.#at(index).state = { at: 'down', retryAtMs };
      return [state.link];
    });
  }

  /** The client hears that it is asked from now on: its next failure is news again. */
  reportedUp(index: TrackerIndex): void {
    this.#at(index).reported = 'up';
  }

  /** The client was told last that it serves. */
  isReportedUp(index: TrackerIndex): boolean {
    return this.#at(index).reported === 'up';
  }

  /** It answered a request, so it works: the next failure starts counting anew. */
  answered(index: TrackerIndex): void {
    this.#at(index).failures = 0;
  }

  /** The connection ended or never came. True when the client has not heard that it is down. */
  failed(index: TrackerIndex, nowMs: number, reason = ''): boolean {
    const tracker = this.#at(index);
    tracker.reason = reason;
    const wasUp = tracker.state.at === 'up';
    tracker.state = { at: 'down', retryAtMs: this.#backOff(index, nowMs) };
    // Two that refuse this client in turn are dialed with growing pauses all the same.
    const isTried = (other: TrackerIndex): boolean => isRefusal(reason) && this.#at(other).failures > 0;
    if (wasUp) for (const other of this.indexes) if (other !== index && !isTried(other)) this.#retrySoon(other);
    const isNews = tracker.reported !== 'down';
    tracker.reported = 'down';
    return isNews;
  }

  /** All are dialed anew, at once and for no fault of theirs. Answers the links to hang up. */
  redialAll(): number[] {
    const links = this.indexes.flatMap((index) => this.linkOf(index) ?? []);
    for (const link of this.#links) link.state = { at: 'down', retryAtMs: 0 };
    return links;
  }

  /** All may be tried now, whatever their back-off says. */
  retryNow(): void {
    for (const index of this.indexes) this.#retrySoon(index);
  }

  /** All are tried now, and together: there is little time. */
  dialAllNow(): void {
    this.#isInHurry = true;
    this.retryNow();
  }

  /** When it is tried next. Full jitter: a fleet that lost its tracker does not come back in step. */
  #backOff(index: TrackerIndex, nowMs: number): number {
    const tracker = this.#at(index);
    const boundMs = Math.min(TRACKER_RETRY_MAX_MS, TRACKER_RETRY_MIN_MS * 2 ** tracker.failures);
    tracker.failures += 1;
    // 1 ms at least, so that a try has an end.
    return nowMs + 1 + this.#prng.next() * boundMs;
  }

  #retrySoon(index: TrackerIndex): void {
    const link = this.#at(index);
    if (link.state.at === 'down') link.state = { at: 'down', retryAtMs: 0 };
  }

  /** The time in which this one is to be dialed if it is down: while no earlier one serves, or hesitates. */
  #neededWithin(index: TrackerIndex): { readonly fromMs: number; readonly untilMs: number } {
    let [fromMs, untilMs] = [0, Number.POSITIVE_INFINITY];
    for (const { state, failures } of this.#links.slice(0, index)) {
      if (state.at === 'up') untilMs = Math.min(untilMs, state.readyAtMs);
      // It waits a moment for the first try of the one before it.
      const isFirstTry = failures === 0 && state.at === 'dialing' && !this.#isInHurry;
      if (isFirstTry) fromMs = Math.max(fromMs, state.sinceMs + TRACKER_HEDGE_MS);
    }
    return { fromMs, untilMs };
  }

  #at(index: TrackerIndex): TrackerLink {
    const link = this.#links[index];
    assert(link !== undefined, 'a tracker is one of the list');
    return link;
  }
}
