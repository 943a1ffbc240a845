// Who loses its place when all places for peers are taken and more peers are known: those that have nothing for us, or say nothing, and
// now and then the slowest of the others (turnover.ts).
// Everyone asks the tracker when it starts and hears of those that were there, so without this the early ones keep to
// themselves, and what the late ones have goes nowhere. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import { PEER_PLACE_MIN_MS, PLACES_GIVEN_AT_ONCE } from '../limits.js';
import type { Peer } from './peer.js';
import { Turnover } from './turnover.js';

export class Places {
  readonly #have: Bitfield;
  readonly #prng: Prng;
  readonly #turnover: Turnover;

  constructor(have: Bitfield, prng: Prng) {
    this.#have = have;
    this.#prng = prng;
    this.#turnover = new Turnover(prng);
  }

  /** For one that has just come to us: any that has nothing for us, by chance, so that nobody is left by all. */
  forIncoming(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    // One that is just saying what it has is heard out.
    const idle = [...peers].filter((peer) => (peer.mayBeAsked || isOld(peer, nowMs)) && isSpare(peer, this.#have));
    return idle.length === 0 ? undefined : idle[this.#prng.below(idle.length)];
  }

  /** For some that we know only by name. */
  toGive(peers: readonly Peer[], nowMs: number): readonly Peer[] {
    const given: Peer[] = [];
    for (const peer of peers) {
      if (given.length === PLACES_GIVEN_AT_ONCE) break;
      if (isOld(peer, nowMs) && isSpare(peer, this.#have)) given.push(peer);
    }
    const slow = this.#turnover.loser(peers, nowMs);
    return slow === undefined ? given : [...given, slow];
  }
}

function isOld({ greetedMs }: Peer, nowMs: number): boolean {
  return nowMs - greetedMs >= PEER_PLACE_MIN_MS;
}

function isSpare(peer: Peer, have: Bitfield): boolean {
  // One that is being dialed has its own deadline.
  if (peer.phase === 'dialing' || peer.hangingUp || peer.claims.size > 0) return false;
  // What we asked another for counts as well: that one may hang up, or be slow.
  return !peer.mayBeAsked || (peer.useful === 0 && !peer.offered.hasBeyond(have));
}
