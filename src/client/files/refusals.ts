// What people are told of files that a tracker refuses: a refusal is tried again every half minute, with all files that it
// concerns, and is news once. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { AnnounceEvent } from '../../tracking/announce/messages.js';
import { TRACKER_REFUSALS_TOLD_MAX } from '../limits.js';

type Refused = Extract<AnnounceEvent, { kind: 'refused' }>;

interface Told {
  readonly first: SwarmKey;
  /** That it concerns more files than the first one was told as well. */
  hasMore: boolean;
}

export class Refusals {
  /** Pair and sentence → what was told of it; the oldest first. */
  readonly #told = new Map<string, Told>();

  /** What to say of it; undefined when nothing is new. */
  hear(pair: string, { swarm, code, sentence }: Refused, name: string): string | undefined {
    const said = `the tracker refuses ${name}: ${sentence}`;
    // What is wrong with one file stays wrong, and is not tried again.
    if (code === 'invalid' || code === 'protocol') return said;
    const key = `${pair} ${sentence}`;
    const told = this.#told.get(key);
    if (told === undefined) {
      this.#told.set(key, { first: swarm, hasMore: false });
      const [oldest] = this.#told.keys();
      if (this.#told.size > TRACKER_REFUSALS_TOLD_MAX && oldest !== undefined) this.#told.delete(oldest);
      return said;
    }
    if (told.hasMore || told.first === swarm) return undefined;
    told.hasMore = true;
    return `the tracker refuses further files, ${name} among them, for the same reason`;
  }

  /** A tracker of this pair lists us: what it refuses from now on is news. */
  listed(pair: string): void {
    for (const key of [...this.#told.keys()]) if (key.startsWith(`${pair} `)) this.#told.delete(key);
  }
}
