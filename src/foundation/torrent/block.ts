// What one request asks for: bytes of one piece, or a run of whole pieces. Never decides which peer is asked. Pure
// arithmetic.

import { PIECE_SIZE, RUN_BYTES_MAX } from '../base/limits.js';
import type { Geometry } from './geometry.js';

/**
 * What one request asks for, or a part of it: piece index, byte offset from that piece's begin, byte count. Bytes of
 * one piece, or a run: up to RUN_PIECES_MAX whole pieces from that one on.
 */
export interface Block {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** The block that a message is about, and nothing else of the message. */
export function blockOf({ piece, begin, length }: Block): Block {
  return { piece, begin, length };
}

export function sameBlock(a: Block, b: Block): boolean {
  return a.piece === b.piece && a.begin === b.begin && a.length === b.length;
}

/** May be asked for: it lies within one piece of the file, or is a run. */
export function isAskable({ piece, begin, length }: Block, geometry: Geometry): boolean {
  if (piece >= geometry.pieceCount) return false;
  if (begin + length <= geometry.pieceLength(piece)) return true;
  const end = geometry.pieceOffset(piece) + length;
  return (
    begin === 0 && length <= RUN_BYTES_MAX && (end === geometry.size || (end < geometry.size && end % PIECE_SIZE === 0))
  );
}

/** How many pieces it has bytes of, from `piece` on; it is a block as it was asked for, and no part of one. */
export function piecesIn({ begin, length }: Pick<Block, 'begin' | 'length'>): number {
  return Math.ceil((begin + length) / PIECE_SIZE);
}
