// The endgame: once every missing piece is requested, may an idle peer be asked for one of them as well? Only where
// that brings the end nearer: the piece was asked of a peer that is much slower, or that has stalled. When the piece
// has as many requests as it may and all have stalled, the first makes way: two slow peers cannot hold the last piece.
// Pure.

import { ENDGAME_REQUESTS_MAX, LOCAL, LOCAL_PATIENCE_MS, REQUEST_PATIENCE_MIN_MS } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import type { PieceRequest } from './piece-request.js';

/** A piece is asked for again if its peer would need this many times longer. */
const SLOWER_FACTOR = 3;
/** Milliseconds after which a request counts as stalled whatever its peer's rate was. */
const STALLED_MS = 2_000;
/** Milliseconds that a duplicate must gain: less is not worth half a megabyte of somebody's link. */
const GAIN_MIN_MS = 250;

export interface Duplicate {
  readonly piece: number;
  /** To be withdrawn first, since the piece has as many requests as it may. */
  readonly instead: PieceRequest | undefined;
}

/**
 * The piece to ask `peer` for as well: of those that gain, the one expected last. Undefined: none gains.
 * @param requested the live requests of each piece, the oldest first.
 */
export function duplicateFor(
  peer: Peer,
  peers: ReadonlyMap<number, Peer>,
  requested: Iterable<readonly PieceRequest[]>,
  nowMs: number,
): Duplicate | undefined {
  let worst: Duplicate | undefined;
  let worstMs = 0;
  for (const requests of requested) {
    const [oldest] = requests;
    if (oldest === undefined || peer.requests.has(oldest.piece) || !peer.offered.has(oldest.piece)) continue;
    const full = requests.length >= ENDGAME_REQUESTS_MAX;
    if (!requests.every((request) => (full ? hasStalled(request, peer, nowMs) : gains(request, peer, peers, nowMs))))
      continue;
    const theirsMs = Math.min(...requests.map((request) => expectedMs(request, peers, nowMs)));
    if (theirsMs <= worstMs) continue;
    worst = { piece: oldest.piece, instead: full ? oldest : undefined };
    worstMs = theirsMs;
  }
  return worst;
}

function gains(request: PieceRequest, peer: Peer, peers: ReadonlyMap<number, Peer>, nowMs: number): boolean {
  // A file here costs nobody's link: it is waited for until its disk is given up.
  if (request.connection === LOCAL) return nowMs - request.sinceMs >= LOCAL_PATIENCE_MS;
  const source = peers.get(request.connection);
  if (source !== undefined && source.line === peer.line) return gainsOnOneLine(request, source, peer, nowMs);
  const oursMs = peer.expectedMs(1, nowMs);
  const theirsMs = expectedMs(request, peers, nowMs);
  const ageMs = nowMs - request.sinceMs;
  if (ageMs < STALLED_MS) {
    // A peer that has sent nothing yet has no rate: its time is guessed from how long it has needed so far.
    const guessMs = Number.isFinite(theirsMs) ? theirsMs : ageMs;
    return guessMs > SLOWER_FACTOR * oursMs && guessMs - oursMs > GAIN_MIN_MS;
  }
  // Rates fade while a peer idles; how long its last piece took does not.
  return theirsMs > oursMs || ageMs > SLOWER_FACTOR * (peer.pieceMs ?? 0);
}

/**
 * Both connections are to one peer. While their line is full a second copy would delay the first, so that only a
 * connection that is stuck is helped. With room, as where losses slow each connection, the faster one may help.
 */
function gainsOnOneLine(request: PieceRequest, source: Peer, peer: Peer, nowMs: number): boolean {
  const silentMs = nowMs - Math.max(source.receivedMs, request.sinceMs);
  if (silentMs >= Math.max(STALLED_MS, SLOWER_FACTOR * source.rttMs)) return true;
  if (!source.line.hasRoom(nowMs)) return false;
  // Its rate has faded while it waited for this.
  const oursMs = Math.min(peer.expectedMs(1, nowMs), peer.pieceMs ?? Number.POSITIVE_INFINITY);
  const theirsMs = Math.max(source.expectedMs(0, nowMs), nowMs - request.sinceMs);
  return theirsMs > oursMs && theirsMs - oursMs > GAIN_MIN_MS;
}

function hasStalled(request: PieceRequest, peer: Peer, nowMs: number): boolean {
  const ageMs = nowMs - request.sinceMs;
  if (peer.pieceMs === undefined) return ageMs >= REQUEST_PATIENCE_MIN_MS;
  return ageMs >= STALLED_MS && ageMs > SLOWER_FACTOR * peer.pieceMs;
}

function expectedMs(request: PieceRequest, peers: ReadonlyMap<number, Peer>, nowMs: number): number {
  return peers.get(request.connection)?.expectedMs(0, nowMs) ?? Number.POSITIVE_INFINITY;
}
