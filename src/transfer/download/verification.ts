// Decides when a piece is ours: only after the hash pool has verified its digest and written it to the disk. Wrong
// bytes ban their sender on proof, since each piece comes from one peer. Until then nothing is offered to anyone.
// Pure.

import { NO_EFFECTS } from '../../foundation/actor/machine.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { DownloadEffect, StoredPiece } from './effects.js';
import type { Connections } from './peers/connections.js';
import type { Reports } from './reports.js';
import type { Interest } from './requests/interest.js';
import type { LocalReads } from './requests/local-reads.js';
import { askedOf } from './requests/piece-request.js';
import type { RequestTable } from './requests/request-table.js';

export interface VerificationOptions {
  readonly geometry: Geometry;
  readonly table: RequestTable;
  readonly interest: Interest;
  readonly connections: Connections;
  readonly reports: Reports;
  readonly local: LocalReads;
}

export class Verification {
  readonly #options: VerificationOptions;
  #failure: string | undefined;

  constructor(options: VerificationOptions) {
    this.#options = options;
  }

  /** A piece was verified where it lies in the `.part`. */
  found(piece: number, nowMs: number): void {
    const { table, interest, reports, local } = this.#options;
    local.lies(piece);
    if (table.found(piece)) reports.pieceOffered(piece, interest.isRare(piece), nowMs);
    reports.pieceStored(piece, nowMs);
  }

  /** The hash pool is done with a piece, whatever became of it. */
  stored({ piece, outcome }: StoredPiece, nowMs: number): readonly DownloadEffect[] {
    const { geometry, table, interest, connections, reports, local } = this.#options;
    if (outcome.kind === 'stored') {
      reports.used(askedOf(table.requestOf(piece)));
      local.stored(piece, table.sourceOf(piece) === undefined);
      if (table.stored(piece)) reports.pieceOffered(piece, interest.isRare(piece), nowMs);
      reports.pieceStored(piece, nowMs);
      return NO_EFFECTS;
    }
    const source = table.sourceOf(piece);
    const { connection, slot, run } = table.requestOf(piece);
    if (source === undefined) local.refused(piece, outcome.kind === 'mismatch');
    if (table.storeFailed(piece)) interest.want(piece);
    if (outcome.kind === 'failed') {
      this.#failure = outcome.code;
      return NO_EFFECTS;
    }
    // Bytes of a file here are in it, so nobody can be blamed.
    if (source === undefined) return NO_EFFECTS;
    reports.wasted(geometry.pieceLength(piece));
    const how = { connection, slot, run: run.map((each) => each.piece), failure: this.#failure };
    return [{ kind: 'banned', address: source, piece, how }, ...connections.ban(source)];
  }
}
