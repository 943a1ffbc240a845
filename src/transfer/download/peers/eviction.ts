// Which connected peer loses its place: for unknown addresses one that has nothing for us, and now and then the
// slowest; for a slot, the peer that has kept one longest. Otherwise peers that met early keep to themselves, and what
// late ones have spreads nowhere (docs/decisions/009). Pure.

import { REQUEST_PATIENCE_MAX_MS } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import {
  EVICTED_AT_ONCE_MAX,
  PEER_PLACE_MIN_MS,
  REQUEST_PATIENCE_MIN_MS,
  TURNOVER_AGE_DIVISOR,
  TURNOVER_MIN_MS,
  TURNOVER_PEERS_MIN,
} from '../limits.js';
import type { PieceRequest } from '../requests/piece-request.js';
import type { Peer } from './peer.js';

/** The slowest peer has to take this many times as long as the median. */
const SLOW_FACTOR = 2;

export class Eviction {
  readonly #settled: Bitfield;
  readonly #prng: Prng;
  #startedMs: number | undefined;
  #turnoverDueMs = 0;
  #patienceMs = REQUEST_PATIENCE_MIN_MS;

  constructor(settled: Bitfield, prng: Prng) {
    this.#settled = settled;
    this.#prng = prng;
  }

  /** For a peer that has just dialed us: any that has nothing for us, at random, so that no peer is left by all. */
  forIncoming(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    // One that is just sending its bitfield is heard out.
    const idle = [...peers].filter((peer) => (peer.mayBeAsked || isOld(peer, nowMs)) && isSpare(peer, this.#settled));
    return idle.length === 0 ? undefined : idle[this.#prng.below(idle.length)];
  }

  /** For addresses that were never dialed. */
  forUnknown(peers: readonly Peer[], nowMs: number): readonly Peer[] {
    const evicted: Peer[] = [];
    for (const peer of peers) {
      if (evicted.length === EVICTED_AT_ONCE_MAX) break;
      if (isOld(peer, nowMs) && isSpare(peer, this.#settled)) evicted.push(peer);
    }
    const slow = this.#isTurnoverDue(nowMs) ? slowest(peers, nowMs) : undefined;
    return slow === undefined ? evicted : [...evicted, slow];
  }

  /**
   * As no slot is free: the peer with the oldest request beyond our patience, if another could use its slot. Else a few
   * peers that send a byte now and then would hold a download for ever. Patience doubles each time, so that a swarm
   * where everyone is slow still gets its pieces.
   */
  forSlot(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    const all = [...peers];
    let oldest: PieceRequest | undefined;
    let keeper: Peer | undefined;
    for (const peer of all) {
      if (peer.hangingUp) continue;
      for (const request of peer.requests.values()) {
        // What waits for our own limit is not the peer's fault.
        if (request.state.at === 'waitingForLimit') continue;
        if (nowMs - request.sinceMs < this.#patienceMs) continue;
        if (oldest !== undefined && oldest.sinceMs <= request.sinceMs) continue;
        oldest = request;
        keeper = peer;
      }
    }
    if (oldest === undefined || !all.some((peer) => couldUseSlotOf(peer, oldest.piece, nowMs))) return undefined;
    this.#patienceMs = Math.min(REQUEST_PATIENCE_MAX_MS, this.#patienceMs * 2);
    return keeper;
  }

  /** Often while the download is young, then ever less often. */
  #isTurnoverDue(nowMs: number): boolean {
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      // At random, so that a crowd that began together does not change its peers together.
      this.#turnoverDueMs = nowMs + this.#prng.next() * TURNOVER_MIN_MS;
    }
    if (nowMs < this.#turnoverDueMs) return false;
    this.#turnoverDueMs = nowMs + Math.max(TURNOVER_MIN_MS, (nowMs - this.#startedMs) / TURNOVER_AGE_DIVISOR);
    return true;
  }
}

/** Never one that has every piece, that is just sending, or that is about as quick as the median. */
function slowest(peers: readonly Peer[], nowMs: number): Peer | undefined {
  const waits = peers.flatMap((peer) => {
    const waitMs = peer.mayBeAsked ? peer.waitMs(nowMs) : undefined;
    return waitMs === undefined ? [] : [{ peer, waitMs }];
  });
  if (waits.length < TURNOVER_PEERS_MIN) return undefined;
  waits.sort((a, b) => a.waitMs - b.waitMs);
  const medianMs = waits[waits.length >> 1]?.waitMs ?? 0;
  const slow = waits.findLast(({ peer }) => !peer.countsAsSeeder && !peer.inFlight.isReceiving);
  return slow !== undefined && slow.waitMs >= SLOW_FACTOR * medianMs ? slow.peer : undefined;
}

function isOld({ greetedMs }: Peer, nowMs: number): boolean {
  return nowMs - greetedMs >= PEER_PLACE_MIN_MS;
}

function isSpare(peer: Peer, settled: Bitfield): boolean {
  // One that is being dialed has its own deadline.
  if (peer.phase === 'dialing' || peer.hangingUp || peer.requests.size > 0) return false;
  // What another peer was asked for counts as well: that one may hang up, or be slow.
  return !peer.mayBeAsked || (peer.wantedCount === 0 && !peer.offered.hasBeyond(settled));
}

/** It has something that nobody was asked for, or the very piece that the slot is kept for. */
function couldUseSlotOf(peer: Peer, piece: number, nowMs: number): boolean {
  if (!peer.mayBeAsked || !peer.hasRoom(nowMs)) return false;
  return peer.wantedCount > 0 || (peer.offered.has(piece) && !peer.requests.has(piece));
}
