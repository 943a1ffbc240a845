// How a file is cut: pieces of 512 KiB, the last one shorter. Every piece index in the system was checked here once.
// Pure arithmetic.

import { assert } from '../base/assert.js';
import { PIECE_SIZE, PIECES_MAX } from '../base/limits.js';
import type { PieceIndex } from './ids.js';

/** Bytes of the largest file that can be described. */
export const FILE_SIZE_MAX = PIECES_MAX * PIECE_SIZE;

export class Geometry {
  /** Bytes of the file, 0…FILE_SIZE_MAX. */
  readonly size: number;
  /** 0 for an empty file. */
  readonly pieceCount: number;

  constructor(size: number) {
    assert(Number.isSafeInteger(size) && size >= 0 && size <= FILE_SIZE_MAX, 'a file size is within bounds');
    this.size = size;
    this.pieceCount = Math.ceil(size / PIECE_SIZE);
  }

  /** Undefined when `index` names no piece of this file: the border check for numbers from outside. */
  pieceIndex(index: number): PieceIndex | undefined {
    return Number.isInteger(index) && index >= 0 && index < this.pieceCount ? (index as PieceIndex) : undefined;
  }

  /** Bytes of piece `index`: PIECE_SIZE, less for the last. */
  pieceLength(index: number): number {
    assert(index >= 0 && index < this.pieceCount, 'a piece index is within the file');
    return Math.min(PIECE_SIZE, this.size - index * PIECE_SIZE);
  }

  /** Bytes of `count` pieces from `first` on. */
  runLength(first: number, count: number): number {
    return this.pieceOffset(first + count - 1) + this.pieceLength(first + count - 1) - this.pieceOffset(first);
  }

  /** Byte offset of piece `index` in the file. */
  pieceOffset(index: number): number {
    assert(index >= 0 && index < this.pieceCount, 'a piece index is within the file');
    return index * PIECE_SIZE;
  }
}
