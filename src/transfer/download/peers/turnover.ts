// When all places for peers are taken and more peers are known: now and then the one that lets us wait longest gives its place to one that we do
// not know. In a crowd some peers are asked by many more than others, and who came to such ones only would be the last to have the file. Often
// while the download is young, then ever less often (libtorrent's `peer_turnover` is for swarms of days, and far slower). Never takes the place of
// one that has every piece, that is just sending, or that is as quick as the usual one. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import { TURNOVER_AGE_DIVISOR, TURNOVER_MIN_MS, TURNOVER_PEERS_MIN } from '../limits.js';
import type { Peer } from './peer.js';

/** Times as long as the usual one lets us wait. */
const SLOW_FACTOR = 2;

export class Turnover {
  readonly #prng: Prng;
  #startedMs: number | undefined;
  #dueMs = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** Whose place to give now; undefined when it is not time, or nobody stands out. */
  loser(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      // By chance, so that a crowd that began together does not change its peers together.
      this.#dueMs = nowMs + this.#prng.next() * TURNOVER_MIN_MS;
    }
    if (nowMs < this.#dueMs) return undefined;
    this.#dueMs = nowMs + Math.max(TURNOVER_MIN_MS, (nowMs - this.#startedMs) / TURNOVER_AGE_DIVISOR);
    return slowest([...peers], nowMs);
  }
}

function slowest(peers: readonly Peer[], nowMs: number): Peer | undefined {
  const waits = peers.flatMap((peer) => {
    const waitMs = peer.mayBeAsked ? peer.waitMs(nowMs) : undefined;
    return waitMs === undefined ? [] : [{ peer, waitMs }];
  });
  if (waits.length < TURNOVER_PEERS_MIN) return undefined;
  waits.sort((a, b) => a.waitMs - b.waitMs);
  const usualMs = waits[waits.length >> 1]?.waitMs ?? 0;
  const slow = waits.findLast(({ peer }) => !peer.countsAsSeeder && !peer.isReceiving);
  return slow !== undefined && slow.waitMs >= SLOW_FACTOR * usualMs ? slow.peer : undefined;
}
