// May the request for a piece move to a peer that has just got the piece? So a new piece spreads as a tree, and not
// from its one source to one peer after another (docs/decisions/009). The first peer has to answer before the second
// is asked, so no piece comes twice unless the first falls silent. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import { MIGRATION_ANSWER_MS } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import { type PieceRequest, successorOf } from './piece-request.js';
import type { RequestTable } from './request-table.js';

export interface Migration {
  readonly request: PieceRequest;
  /** The peer that is asked now. */
  readonly source: Peer;
  /** The peer that just got the piece. */
  readonly successor: Peer;
  /** Peers that have the piece, `successor` among them, besides those that have every piece. */
  readonly holders: number;
}

export function mayMigrate(
  { request, source, successor, holders }: Migration,
  table: RequestTable,
  prng: Prng,
  nowMs: number,
): boolean {
  if (source === successor || !successor.mayBeAsked) return false;
  if (request.state.at === 'withdrawn' || request.state.at === 'waitingForLimit') return false;
  // Half of it is here.
  if (source.inFlight.isReceiving && source.oldestRequest === request) return false;
  if (request.blocks > 1) return false;
  // A run comes within a moment, and is withdrawn as a whole or not at all.
  if (request.run.length > 1) return false;
  if (!successor.hasRoom(nowMs, table.promisedTo(successor.connection))) return false;
  // Each asker moves with the chance that leaves all holders with the same share of the askers. A request always leaves
  // a peer that has every piece: its time belongs to the pieces that only it has.
  return source.countsAsSeeder || prng.next() * holders < 1;
}

/** Requests whose peers have sent nothing since they were withdrawn: the successors need not wait any longer. */
export function silentSources(
  table: RequestTable,
  peers: ReadonlyMap<number, Peer>,
  nowMs: number,
): readonly PieceRequest[] {
  return [...table.migrating].filter((request) => {
    const sinceMs = successorOf(request)?.sinceMs ?? nowMs;
    const heardMs = peers.get(request.connection)?.receivedMs ?? sinceMs;
    return nowMs - Math.max(sinceMs, heardMs) >= MIGRATION_ANSWER_MS;
  });
}
