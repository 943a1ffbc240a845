// What this client did for the swarms that it is in, and what of that the tracker was told: a download's end at once,
// anything else now and then. Whoever leaves says what is untold first. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Features } from '../../foundation/wire/features.js';
import { TRACKER_FEATURES } from '../tracker/messages.js';
import { ANNOUNCE_PROGRESS_MS, ANNOUNCE_SUMMARIES_LAST_MAX } from './limits.js';
import type { Summary, Told } from './messages.js';

export class Summaries {
  readonly #latest = new Map<SwarmKey, Summary>();
  /** Told as soon as there is room. */
  readonly #due = new Set<SwarmKey>();
  /** Wait for their turn. */
  readonly #untold = new Set<SwarmKey>();
  #turnMs = Number.NEGATIVE_INFINITY;
  /** The tracker that is asked takes them; one of an earlier release does not. */
  #isTaken = false;

  news(swarm: SwarmKey, summary: Summary): void {
    const former = this.#latest.get(swarm);
    this.#latest.set(swarm, summary);
    // The end of a download does not wait.
    const isEnd = summary.finishedMs !== undefined && former?.finishedMs === undefined;
    if (isEnd) this.#due.add(swarm);
    else if (!this.#due.has(swarm)) this.#untold.add(swarm);
  }

  forget(swarm: SwarmKey): void {
    for (const each of [this.#latest, this.#due, this.#untold]) each.delete(swarm);
  }

  /** Another tracker is asked from now on, or this one has lost what it knew. */
  startOver(): void {
    for (const swarm of this.#latest.keys()) this.#untold.add(swarm);
    this.#turnMs = Number.NEGATIVE_INFINITY;
    this.#isTaken = false;
  }

  /** This tracker is asked from now on. */
  greeted(features: Features): void {
    this.#isTaken = features.has(TRACKER_FEATURES.reports);
  }

  /** The tracker does not list us yet: said again in the next turn. */
  refused(swarm: SwarmKey): void {
    if (this.#latest.has(swarm)) this.#untold.add(swarm);
  }

  /** The next one to tell, as told from now on. */
  next(nowMs: number): Told | undefined {
    if (!this.#isTaken) return undefined;
    if (this.#due.size === 0 && this.#untold.size > 0 && nowMs >= this.#turnMs) {
      for (const swarm of this.#untold) this.#due.add(swarm);
      this.#untold.clear();
      this.#turnMs = nowMs + ANNOUNCE_PROGRESS_MS;
    }
    for (const swarm of this.#due) return this.#tell(swarm);
    return undefined;
  }

  nextAtMs(): number {
    if (!this.#isTaken) return Number.POSITIVE_INFINITY;
    if (this.#due.size > 0) return Number.NEGATIVE_INFINITY;
    return this.#untold.size > 0 ? this.#turnMs : Number.POSITIVE_INFINITY;
  }

  /** What is told before leaving, without its turn: of some files, where there are very many. */
  last(): readonly Told[] {
    if (!this.#isTaken) return [];
    const swarms = [...this.#due, ...this.#untold].slice(-ANNOUNCE_SUMMARIES_LAST_MAX);
    return swarms.flatMap((swarm) => this.#tell(swarm) ?? []);
  }

  #tell(swarm: SwarmKey): Told | undefined {
    this.#due.delete(swarm);
    this.#untold.delete(swarm);
    const summary = this.#latest.get(swarm);
    return summary === undefined ? undefined : { swarm, summary };
  }
}
