// A bitfield as a map of a few cells, for people to look at. A cell is 255 only when all of its pieces are there, and 0
// only when none is. Pure.

import type { Bitfield } from './bitfield.js';

const WHOLE = 255;

/**
 * At most `cellsMax` cells in order, of equal size give or take one piece; each the share of its pieces that are there.
 */
export function pieceCells(have: Bitfield, cellsMax: number): Uint8Array {
  const { pieceCount } = have;
  const cells = new Uint8Array(Math.min(pieceCount, cellsMax));
  for (let at = 0; at < cells.length; at += 1) {
    const begin = Math.floor((at * pieceCount) / cells.length);
    const end = Math.floor(((at + 1) * pieceCount) / cells.length);
    let count = 0;
    for (let piece = begin; piece < end; piece += 1) if (have.has(piece)) count += 1;
    cells[at] = shareOf(count, end - begin);
  }
  return cells;
}

/** The same cells as bits, the first in the highest bit: set when every piece of the cell is there. */
export function wholeCells(have: Bitfield, cellsMax: number): Uint8Array {
  const cells = Math.min(have.pieceCount, cellsMax);
  if (cells === have.pieceCount) return have.bytes.slice();
  const bits = new Uint8Array(Math.ceil(cells / 8));
  for (let at = 0; at < cells; at += 1) {
    const end = Math.floor(((at + 1) * have.pieceCount) / cells);
    let piece = Math.floor((at * have.pieceCount) / cells);
    while (piece < end && have.has(piece)) piece += 1;
    if (piece === end) bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (0x80 >>> (at & 7));
  }
  return bits;
}

function shareOf(count: number, of: number): number {
  if (count === 0) return 0;
  return count === of ? WHOLE : Math.min(WHOLE - 1, Math.max(1, Math.round((count / of) * WHOLE)));
}
