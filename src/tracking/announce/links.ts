// The two trackers as seen from here: which connection is up, being made, or waiting to be retried. The first tracker
// is preferred; the second is dialed when the first fails, hesitates or is not ready. Says whom to dial, and never
// dials. Pure.

import { REPLICA_WAIT_MS } from '../../foundation/base/limits.js';
import type { Prng } from '../../foundation/base/prng.js';
import {
  HANDSHAKE_PATIENCE_MS,
  TRACKER_CONNECT_DEADLINE_MS,
  TRACKER_HEDGE_MS,
  TRACKER_RETRY_MAX_MS,
  TRACKER_RETRY_MIN_MS,
} from './limits.js';

/** Place of a tracker in the client's list. */
export type TrackerIndex = 0 | 1;

type LinkState =
  | { readonly at: 'down'; readonly retryAtMs: number }
  /** Connecting, or waiting for the reply to our hello. */
  | { readonly at: 'dialing'; readonly link: number; readonly sinceMs: number; readonly deadlineMs: number }
  /** Until `readyAtMs` the other one is welcome instead; 0 when it is ready. */
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

/** talking: it answers us; standby: it was not needed, or the other one is asked; away: its last try failed. */
export interface TrackerStanding {
  readonly state: 'talking' | 'standby' | 'away';
  readonly reason: string;
}

export const TRACKER_INDEXES: readonly TrackerIndex[] = [0, 1];

export class Links {
  readonly #prng: Prng;
  readonly #links: readonly [TrackerLink, TrackerLink];
  #lastLink = 0;
  #isInHurry = false;

  /** @param trackers `awaited`: none is dialed before `triedAtOnce`, or `hurryAll`. */
  constructor(prng: Prng, trackers: 'there' | 'awaited') {
    this.#prng = prng;
    const retryAtMs = trackers === 'there' ? 0 : Number.POSITIVE_INFINITY;
    const fresh = (): TrackerLink => ({
      state: { at: 'down', retryAtMs },
      failures: 0,
      reported: 'nothing',
      reason: '',
    });
    this.#links = [fresh(), fresh()];
  }

  /** The tracker that is asked: the first one that is up. */
  get active(): TrackerIndex | undefined {
    return TRACKER_INDEXES.find((index) => this.#links[index].state.at === 'up');
  }

  /** The tracker that nobody dials while the other one is asked. */
  get idle(): TrackerIndex | undefined {
    return this.active === 0 && this.#links[1].state.at === 'down' ? 1 : undefined;
  }

  get activeLink(): number | undefined {
    return this.active === undefined ? undefined : this.linkOf(this.active);
  }

  /** Both were tried and neither answers. */
  get areAllDown(): boolean {
    return this.active === undefined && this.#links.every(({ reported }) => reported === 'down');
  }

  /** Nobody is up, being dialed, or to be dialed now. */
  isHopeless(nowMs: number): boolean {
    return this.#links.every(({ state }) => state.at === 'down' && state.retryAtMs > nowMs);
  }

  isCurrent(index: TrackerIndex, link: number): boolean {
    const { state } = this.#links[index];
    return state.at !== 'down' && state.link === link;
  }

  linkOf(index: TrackerIndex): number | undefined {
    const { state } = this.#links[index];
    return state.at === 'down' ? undefined : state.link;
  }

  isUp(index: TrackerIndex): boolean {
    return this.#links[index].state.at === 'up';
  }

  standingOf(index: TrackerIndex): TrackerStanding {
    if (this.active === index) return { state: 'talking', reason: '' };
    const { reported, reason } = this.#links[index];
    return reported === 'down' ? { state: 'away', reason } : { state: 'standby', reason: '' };
  }

  /** Whom to dial now; each is dialing from then on, under the link number given. */
  due(nowMs: number): { readonly index: TrackerIndex; readonly link: number }[] {
    const dials: { index: TrackerIndex; link: number }[] = [];
    for (const index of TRACKER_INDEXES) {
      const { state } = this.#links[index];
      const { fromMs, untilMs } = this.#neededWithin(index);
      if (state.at !== 'down' || state.retryAtMs > nowMs || nowMs < fromMs || nowMs >= untilMs) continue;
      this.#lastLink += 1;
      const deadlineMs = nowMs + TRACKER_CONNECT_DEADLINE_MS;
      this.#links[index].state = { at: 'dialing', link: this.#lastLink, sinceMs: nowMs, deadlineMs };
      dials.push({ index, link: this.#lastLink });
    }
    return dials;
  }

  /** TCP stands: it is alive, so its line of handshakes is waited for. */
  reached(index: TrackerIndex, nowMs: number): void {
    const { state } = this.#links[index];
    if (state.at === 'dialing') this.#links[index].state = { ...state, deadlineMs: nowMs + HANDSHAKE_PATIENCE_MS };
  }

  /** Dials that took too long. */
  late(nowMs: number): TrackerIndex[] {
    return TRACKER_INDEXES.filter((index) => {
      const { state } = this.#links[index];
      return state.at === 'dialing' && nowMs >= state.deadlineMs;
    });
  }

  /** When `due` or `late` may have something that they have not at `nowMs`. */
  nextAtMs(nowMs: number): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const index of TRACKER_INDEXES) {
      const { state } = this.#links[index];
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
    const tracker = this.#links[greeting];
    // Alone it is ready after that time; with a partner it may take longer, but then the partner is the one to ask.
    const readyAtMs = isGreetingReady ? 0 : nowMs + REPLICA_WAIT_MS;
    if (tracker.state.at === 'dialing') tracker.state = { at: 'up', link: tracker.state.link, readyAtMs };
    const isReady = (index: TrackerIndex): boolean => {
      const { state } = this.#links[index];
      return state.at === 'up' && state.readyAtMs <= nowMs;
    };
    const kept = TRACKER_INDEXES.find(isReady) ?? this.active;
    return TRACKER_INDEXES.flatMap((index) => {
      const { state } = this.#links[index];
      // The first is tried while the second serves, and the second while the first is not ready.
      const isWelcome = index === 0 || kept === undefined || !isReady(kept);
      if (index === kept || state.at === 'down' || (state.at === 'dialing' && isWelcome)) return [];
      const retryAtMs = state.at === 'dialing' || isReady(index) ? 0 : this.#backOff(index, nowMs);
      this.#links[index].state = { at: 'down', retryAtMs };
      return [state.link];
    });
  }

  /** The client hears that it is asked from now on: its next failure is news again. */
  reportedUp(index: TrackerIndex): void {
    this.#links[index].reported = 'up';
  }

  /** It answered a request, so it works: the next failure starts counting anew. */
  answered(index: TrackerIndex): void {
    this.#links[index].failures = 0;
  }

  /** The connection ended or never came. True when the client has not heard that it is down. */
  failed(index: TrackerIndex, nowMs: number, reason = ''): boolean {
    const tracker = this.#links[index];
    tracker.reason = reason;
    const wasUp = tracker.state.at === 'up';
    tracker.state = { at: 'down', retryAtMs: this.#backOff(index, nowMs) };
    if (wasUp) this.#retrySoon(index === 0 ? 1 : 0);
    const isNews = tracker.reported !== 'down';
    tracker.reported = 'down';
    return isNews;
  }

  /** Both are dialed anew, at once and for no fault of theirs. Answers the links to hang up. */
  redialBoth(): number[] {
    const links = TRACKER_INDEXES.flatMap((index) => this.linkOf(index) ?? []);
    for (const index of TRACKER_INDEXES) this.#links[index].state = { at: 'down', retryAtMs: 0 };
    return links;
  }

  /** Both may be tried now, whatever their back-off says. */
  retryNow(): void {
    for (const index of TRACKER_INDEXES) this.#retrySoon(index);
  }

  /** Both are tried now, and together: there is little time. */
  dialBothNow(): void {
    this.#isInHurry = true;
    this.retryNow();
  }

  /** When it is tried next. Full jitter: a fleet that lost its tracker does not come back in step. */
  #backOff(index: TrackerIndex, nowMs: number): number {
    const tracker = this.#links[index];
    const boundMs = Math.min(TRACKER_RETRY_MAX_MS, TRACKER_RETRY_MIN_MS * 2 ** tracker.failures);
    tracker.failures += 1;
    // 1 ms at least, so that a try has an end.
    return nowMs + 1 + this.#prng.next() * boundMs;
  }

  #retrySoon(index: TrackerIndex): void {
    if (this.#links[index].state.at === 'down') this.#links[index].state = { at: 'down', retryAtMs: 0 };
  }

  /** The time in which this one is to be dialed if it is down. */
  #neededWithin(index: TrackerIndex): { readonly fromMs: number; readonly untilMs: number } {
    const first = this.#links[0];
    const untilMs = Number.POSITIVE_INFINITY;
    if (index === 0) return { fromMs: 0, untilMs };
    if (first.state.at === 'up') return { fromMs: 0, untilMs: first.state.readyAtMs };
    // The second waits a moment for the first one's first try.
    const isFirstTry = first.failures === 0 && first.state.at === 'dialing' && !this.#isInHurry;
    return { fromMs: isFirstTry && first.state.at === 'dialing' ? first.state.sinceMs + TRACKER_HEDGE_MS : 0, untilMs };
  }
}
