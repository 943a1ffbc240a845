// The two trackers as seen from here: which connection is up, being made, or waiting for its next try. The first is
// preferred; the second is dialed when the first failed or hesitates, and the first is tried again while the second serves.
// Pure: it says whom to dial, and never dials.

import {
  TRACKER_CONNECT_DEADLINE_MS,
  TRACKER_HEDGE_MS,
  TRACKER_RETRY_MAX_MS,
  TRACKER_RETRY_MIN_MS,
} from '../base/limits.js';
import type { Prng } from '../base/prng.js';

/** Place of a tracker in the client's list. */
export type TrackerIndex = 0 | 1;

type LinkState =
  | { readonly at: 'down'; readonly retryAtMs: number }
  /** Connecting, or waiting for the reply to our hello. */
  | { readonly at: 'dialing'; readonly link: number; readonly sinceMs: number }
  | { readonly at: 'up'; readonly link: number };

interface TrackerLink {
  state: LinkState;
  /** Failures in a row: since a request was last answered. */
  failures: number;
  /** What the client was last told of it. */
  reported: 'nothing' | 'up' | 'down';
}

export const TRACKER_INDEXES: readonly TrackerIndex[] = [0, 1];

export class Links {
  readonly #prng: Prng;
  readonly #links: readonly [TrackerLink, TrackerLink];
  #lastLink = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
    const fresh = (): TrackerLink => ({ state: { at: 'down', retryAtMs: 0 }, failures: 0, reported: 'nothing' });
    this.#links = [fresh(), fresh()];
  }

  /** The tracker that is asked: the first one that is up. */
  get active(): TrackerIndex | undefined {
    return TRACKER_INDEXES.find((index) => this.#links[index].state.at === 'up');
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

  /** Whom to dial now; each is dialing from then on, under the link number given. */
  due(nowMs: number): { readonly index: TrackerIndex; readonly link: number }[] {
    const dials: { index: TrackerIndex; link: number }[] = [];
    for (const index of TRACKER_INDEXES) {
      const { state } = this.#links[index];
      if (state.at !== 'down' || state.retryAtMs > nowMs || !this.#isNeeded(index, nowMs)) continue;
      this.#lastLink += 1;
      this.#links[index].state = { at: 'dialing', link: this.#lastLink, sinceMs: nowMs };
      dials.push({ index, link: this.#lastLink });
    }
    return dials;
  }

  /** Dials that took too long. */
  late(nowMs: number): TrackerIndex[] {
    return TRACKER_INDEXES.filter((index) => {
      const { state } = this.#links[index];
      return state.at === 'dialing' && nowMs - state.sinceMs >= TRACKER_CONNECT_DEADLINE_MS;
    });
  }

  /** When `due` or `late` may have something that they have not now. */
  nextAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const index of TRACKER_INDEXES) {
      const { state } = this.#links[index];
      if (state.at === 'dialing') atMs = Math.min(atMs, state.sinceMs + TRACKER_CONNECT_DEADLINE_MS);
      if (state.at === 'down' && this.#isNeeded(index, Number.POSITIVE_INFINITY)) {
        atMs = Math.min(atMs, Math.max(state.retryAtMs, this.#hedgeAtMs(index)));
      }
    }
    return atMs;
  }

  /** It said hello. True when the client has not heard that it is up. */
  greeted(index: TrackerIndex): boolean {
    const tracker = this.#links[index];
    if (tracker.state.at === 'dialing') tracker.state = { at: 'up', link: tracker.state.link };
    return this.#report(tracker, 'up');
  }

  /** It answered a request, so it works: the next failure starts counting anew. */
  answered(index: TrackerIndex): void {
    this.#links[index].failures = 0;
  }

  /** The connection ended or never came. True when the client has not heard that it is down. */
  failed(index: TrackerIndex, nowMs: number): boolean {
    const tracker = this.#links[index];
    const wasUp = tracker.state.at === 'up';
    const boundMs = Math.min(TRACKER_RETRY_MAX_MS, TRACKER_RETRY_MIN_MS * 2 ** tracker.failures);
    tracker.failures += 1;
    // Full jitter: a fleet that lost its tracker does not come back in step. 1 ms at least, so that a try has an end.
    tracker.state = { at: 'down', retryAtMs: nowMs + 1 + this.#prng.next() * boundMs };
    if (wasUp) this.#hurry(index === 0 ? 1 : 0);
    return this.#report(tracker, 'down');
  }

  /** We hung up, since the first one serves again: no fault of its own. */
  dismissed(index: TrackerIndex): void {
    this.#links[index].state = { at: 'down', retryAtMs: 0 };
  }

  /** Both are tried now, whatever their back-off says. */
  hurryAll(): void {
    for (const index of TRACKER_INDEXES) this.#hurry(index);
  }

  #hurry(index: TrackerIndex): void {
    if (this.#links[index].state.at === 'down') this.#links[index].state = { at: 'down', retryAtMs: 0 };
  }

  #isNeeded(index: TrackerIndex, nowMs: number): boolean {
    if (index === 0) return true;
    return this.active === undefined && nowMs >= this.#hedgeAtMs(index);
  }

  /** The second waits a moment for the first one's first try. */
  #hedgeAtMs(index: TrackerIndex): number {
    const first = this.#links[0];
    const isFirstTry = index === 1 && first.failures === 0 && first.state.at === 'dialing';
    return isFirstTry && first.state.at === 'dialing' ? first.state.sinceMs + TRACKER_HEDGE_MS : 0;
  }

  #report(tracker: TrackerLink, news: 'up' | 'down'): boolean {
    const isNews = tracker.reported !== news;
    tracker.reported = news;
    return isNews;
  }
}
