// When every missing piece is requested, may an idle peer fetch one again? Only where that brings the end nearer: the piece
// was asked of a peer that is much slower, or that has stalled. When as many peers as may are asked already and all have
// stalled, another takes the place of the first (sooner if it has proven itself): two that drip cannot hold the last piece.
// Pure.

import { CLAIM_PATIENCE_MIN_MS, ENDGAME_CLAIMS_MAX } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import type { Claim, PieceTable } from './pieces.js';

/** A claim is stolen from a peer that would need this many times longer. */
const SLOWER_FACTOR = 3;
/** Milliseconds after which a claim counts as stalled whatever its peer's rate was. */
const STALLED_MS = 2_000;

/** Milliseconds that a duplicate must gain: less is not worth half a megabyte of somebody's link. */
const GAIN_MIN_MS = 250;

export interface Steal {
  readonly piece: number;
  /** To be cancelled first, since the piece has as many claims as it may. */
  readonly instead: Claim | undefined;
}

/** The piece to ask `peer` for as well: of those that gain, the one expected last. Undefined: none gains. */
export function endgameSteal(
  peer: Peer,
  peers: ReadonlyMap<number, Peer>,
  pieces: PieceTable,
  nowMs: number,
): Steal | undefined {
  let worst: Steal | undefined;
  let worstMs = 0;
  for (const claims of pieces.requested()) {
    const [oldest] = claims;
    if (oldest === undefined || peer.claims.has(oldest.piece) || !peer.offered.has(oldest.piece)) continue;
    const full = claims.length >= ENDGAME_CLAIMS_MAX;
    if (!claims.every((claim) => (full ? hasStalled(claim, peer, nowMs) : gains(claim, peer, peers, nowMs)))) continue;
    const theirsMs = Math.min(...claims.map((claim) => expectedMs(claim, peers, nowMs)));
    if (theirsMs <= worstMs) continue;
    worst = { piece: oldest.piece, instead: full ? oldest : undefined };
    worstMs = theirsMs;
  }
  return worst;
}

function gains(claim: Claim, peer: Peer, peers: ReadonlyMap<number, Peer>, nowMs: number): boolean {
  const oursMs = peer.expectedMs(1, nowMs);
  const theirsMs = expectedMs(claim, peers, nowMs);
  const ageMs = nowMs - claim.sinceMs;
  if (ageMs < STALLED_MS) {
    // A peer that has sent nothing yet has no rate: what it will need is guessed from how long it has needed.
    const guessMs = Number.isFinite(theirsMs) ? theirsMs : ageMs;
    return guessMs > SLOWER_FACTOR * oursMs && guessMs - oursMs > GAIN_MIN_MS;
  }
  // Rates fade while a peer idles; how long its last piece took does not.
  return theirsMs > oursMs || ageMs > SLOWER_FACTOR * (peer.pieceMs ?? 0);
}

function hasStalled(claim: Claim, peer: Peer, nowMs: number): boolean {
  const ageMs = nowMs - claim.sinceMs;
  if (peer.pieceMs === undefined) return ageMs >= CLAIM_PATIENCE_MIN_MS;
  return ageMs >= STALLED_MS && ageMs > SLOWER_FACTOR * peer.pieceMs;
}

function expectedMs(claim: Claim, peers: ReadonlyMap<number, Peer>, nowMs: number): number {
  return peers.get(claim.connection)?.expectedMs(0, nowMs) ?? Number.POSITIVE_INFINITY;
}
