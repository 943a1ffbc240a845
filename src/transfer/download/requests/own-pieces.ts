// What a download has of its pieces, and what it still needs: which are done, which are wanted, and which may be
// offered to peers. Of a share that is wanted whole the three are one bitfield, so that a piece costs one bit. Pure.

import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { WantedPieces } from '../../../foundation/torrent/folder/wanted-pieces.js';

/** A download of some entries of a folder. */
export interface PartialChoice extends WantedPieces {
  /** Pieces of which everything chosen is verified and on disk. The download is its only writer. */
  readonly done: Bitfield;
}

export class OwnPieces {
  /** What peers may be offered: verified, whole, and on disk. Shared between threads. */
  readonly offered: Bitfield;
  /** Verified, and on disk as far as it was chosen. */
  readonly done: Bitfield;
  /** Done, or not wanted: nothing is fetched for it. */
  readonly settled: Bitfield;
  /** Pieces that are wanted. */
  readonly wantedCount: number;
  readonly #whole: Bitfield | undefined;

  /** @param have as `offered`; this download is its only writer. @param choice absent: everything is wanted. */
  constructor(have: Bitfield, choice?: PartialChoice) {
    this.offered = have;
    this.done = choice?.done ?? have;
    this.settled = choice === undefined ? have : everyPiece(have.pieceCount).without(choice.wanted).with(choice.done);
    this.wantedCount = choice === undefined ? have.pieceCount : choice.wanted.count;
    this.#whole = choice?.whole;
  }

  /** Of the wanted pieces, those that are done. */
  get doneCount(): number {
    return this.wantedCount - (this.settled.pieceCount - this.settled.count);
  }

  /** The piece is verified and on disk. True: peers may be offered it. */
  stored(piece: number): boolean {
    this.done.set(piece);
    if (this.#whole === undefined) return true;
    this.settled.set(piece);
    return this.#whole.has(piece) && this.offered.set(piece);
  }
}

function everyPiece(pieceCount: number): Bitfield {
  const pieces = new Bitfield(pieceCount);
  pieces.setAll();
  return pieces;
}
