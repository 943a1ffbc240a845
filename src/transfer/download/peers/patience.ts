// Takes slots back from peers that keep them: while every slot is lent, somebody could be asked for more, and one claim is
// older than our patience, its peer is to be hung up on. Patience doubles each time, so that a swarm where everyone is slow
// still gets its pieces. Without it a few peers that drip a byte now and then would hold a download for ever. Pure.

import { CLAIM_PATIENCE_MAX_MS } from '../../../foundation/base/limits.js';
import { CLAIM_PATIENCE_MIN_MS } from '../limits.js';
import type { Claim } from '../requests/pieces.js';
import type { Peer } from './peer.js';

export class Patience {
  #ms = CLAIM_PATIENCE_MIN_MS;

  /** Whom to hang up on now, as no slot is to be had. Undefined: nobody has kept one too long, or nobody could use it. */
  loser(peers: Iterable<Peer>, nowMs: number): Peer | undefined {
    const all = [...peers];
    let oldest: Claim | undefined;
    let loser: Peer | undefined;
    for (const peer of all) {
      if (peer.hangingUp) continue;
      for (const claim of peer.claims.values()) {
        // What waits for our own limit is not the peer's fault.
        if (claim.unasked > 0) continue;
        if (nowMs - claim.sinceMs < this.#ms || (oldest !== undefined && oldest.sinceMs <= claim.sinceMs)) continue;
        oldest = claim;
        loser = peer;
      }
    }
    if (oldest === undefined || !all.some((peer) => couldUse(peer, oldest.piece, nowMs))) return undefined;
    this.#ms = Math.min(CLAIM_PATIENCE_MAX_MS, this.#ms * 2);
    return loser;
  }
}

/** It has something that nobody was asked for, or the very piece that the slot is kept for. */
function couldUse(peer: Peer, piece: number, nowMs: number): boolean {
  if (!peer.mayBeAsked || !peer.hasRoom(nowMs)) return false;
  return peer.useful > 0 || (peer.offered.has(piece) && !peer.claims.has(piece));
}
