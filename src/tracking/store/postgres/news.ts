// Progress that one group kept, as the database tells it: words of one size behind each other, in hex. Pure.

import type { ClientId, SwarmKey } from '../../../foundation/torrent/ids.js';
import type { FedProgress } from './messages.js';

/** Digits: swarm, client, pieces, epoch, sequence. */
const ENDS = [40, 72, 80, 96, 112] as const;
const WORD_DIGITS = ENDS[4];

/** @param words a bytea as text, `\x…`. */
export function* newsOf(changed: number, words: string): Generator<FedProgress> {
  for (let at = 2; at + WORD_DIGITS <= words.length; at += WORD_DIGITS) {
    const digits = (from: number, to: number): string => words.slice(at + from, at + to);
    yield {
      kind: 'progress',
      swarm: digits(0, ENDS[0]) as SwarmKey,
      client: digits(ENDS[0], ENDS[1]) as ClientId,
      have: Number.parseInt(digits(ENDS[1], ENDS[2]), 16),
      epoch: Number.parseInt(digits(ENDS[2], ENDS[3]), 16),
      sequence: Number.parseInt(digits(ENDS[3], ENDS[4]), 16),
      changed,
    };
  }
}
