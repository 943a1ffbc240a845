// Readers that take a download from its beginning to its end while it runs: which pieces they wait for, and which are
// therefore fetched before all others, the most urgent first. Without a reader nothing here costs anything. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import type { DownloadEffect } from '../effects.js';
import { READ_AHEAD_PIECES, READ_RUN_PIECES_MAX } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import type { Interest } from './interest.js';
import type { OwnPieces } from './own-pieces.js';

export class Reading {
  readonly #pieces: OwnPieces;
  /** Asked for and not there yet. */
  readonly #awaited = new Set<number>();
  /** What comes next for the latest reader. Undefined: nobody reads. */
  #place: number | undefined;

  constructor(pieces: OwnPieces) {
    this.#pieces = pieces;
  }

  /** A reader wants `piece`, and then those behind it. `readable` answers as soon as it is done. */
  read(piece: number): readonly DownloadEffect[] {
    this.#place = piece;
    this.#awaited.add(piece);
    return this.due();
  }

  /** Answers for the pieces that are done by now. */
  due(): readonly DownloadEffect[] {
    if (this.#awaited.size === 0) return NO_EFFECTS;
    const effects: DownloadEffect[] = [];
    for (const piece of this.#awaited) {
      const pieces = this.#doneFrom(piece);
      if (pieces === 0) continue;
      this.#awaited.delete(piece);
      if (this.#place === piece) this.#place = piece + pieces;
      effects.push({ kind: 'readable', piece, pieces });
    }
    return effects;
  }

  /** The piece that the latest reader waits for, if it does. */
  get awaited(): number | undefined {
    return this.#place !== undefined && this.#awaited.has(this.#place) ? this.#place : undefined;
  }

  /** What to request from this peer before anything else: the first wanted piece ahead of the reader that it has. */
  nextFrom(peer: Peer, interest: Interest): number | undefined {
    if (this.#place === undefined || peer.wantedCount === 0) return undefined;
    const end = Math.min(this.#place + READ_AHEAD_PIECES, peer.offered.pieceCount);
    for (let piece = this.#place; piece < end; piece += 1)
      if (interest.wants(piece) && peer.offered.has(piece)) return piece;
    return undefined;
  }

  /** Pieces that are done from `piece` on. */
  #doneFrom(piece: number): number {
    const { done } = this.#pieces;
    const end = Math.min(piece + READ_RUN_PIECES_MAX, done.pieceCount);
    let at = piece;
    while (at < end && done.has(at)) at += 1;
    return at - piece;
  }
}
