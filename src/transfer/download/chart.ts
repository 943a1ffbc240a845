// What a download looks like piece by piece, for people: what is here, what each peer has, who was asked for what. Read
// when somebody asks; nothing is kept for it. Pure.

import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { pieceCells, wholeCells } from '../../foundation/torrent/piece-cells.js';
import { CHART_ASKED_MAX, CHART_CELLS_MAX, CHART_PEERS_MAX } from './limits.js';
import type { Chart, ChartedPeer } from './messages.js';
import type { PeerLink } from './peers/link.js';
import type { RequestTable } from './requests/request-table.js';

/** @param links with a greeted connection each; those that sent the most are shown. @param nowMs as all machines. */
export function chartOf(done: Bitfield, table: RequestTable, links: readonly PeerLink[], nowMs: number): Chart {
  const shown = links
    .map((link) => ({ link, row: link.describe(nowMs) }))
    .sort((a, b) => b.row.bytes - a.row.bytes)
    .slice(0, CHART_PEERS_MAX);
  const placeOf = new Map(shown.flatMap(({ link }, at) => [...link.peers].map(({ connection }) => [connection, at])));
  const asked: (readonly [number, number])[] = [];
  for (const requests of table.requested()) {
    for (const { piece, connection } of requests) {
      const at = placeOf.get(connection);
      if (at !== undefined && asked.length < CHART_ASKED_MAX) asked.push([piece, at]);
    }
  }
  return {
    own: pieceCells(done, CHART_CELLS_MAX),
    peers: shown.map(({ link, row }): ChartedPeer => ({ ...row, has: bitsOf(link) })),
    asked,
    storing: table.storing().slice(0, CHART_ASKED_MAX),
  };
}

/** Empty when it has every piece. */
function bitsOf({ peers }: PeerLink): Uint8Array {
  const best = [...peers].reduce((a, b) => (b.offered.count > a.offered.count ? b : a)).offered;
  return best.isComplete ? new Uint8Array(0) : wholeCells(best, CHART_CELLS_MAX);
}
