// Which pieces of a folder may be offered to peers: those that lie on this disk whole, in files that are what they were
// when the pieces were right. Pure.

import { PIECE_SIZE } from '../../base/limits.js';
import { Bitfield } from '../bitfield.js';
import { Geometry } from '../geometry.js';
import type { Layout } from '../layout.js';
import type { FolderList } from './folder-list.js';

/** Of a complete share, as the marks of its list are now. */
export function offeredPieces({ folder, size }: Layout): Bitfield {
  const pieces = new Bitfield(new Geometry(size).pieceCount);
  pieces.setAll();
  if (folder === undefined) return pieces;
  for (let entry = 0; entry < folder.count; entry += 1) {
    const isOffered = folder.isPad(entry) || (folder.isChosen(entry) && !folder.hasChanged(entry));
    if (isOffered) continue;
    for (const piece of piecesOfEntry(folder, entry)) pieces.clear(piece);
  }
  pieces.recount();
  return pieces;
}

/** The pieces that hold bytes of the entry. */
export function* piecesOfEntry(list: FolderList, entry: number): Generator<number> {
  const [begin, bytes] = [list.beginOf(entry), list.sizeOf(entry)];
  if (bytes === 0) return;
  const last = Math.floor((begin + bytes - 1) / PIECE_SIZE);
  for (let piece = Math.floor(begin / PIECE_SIZE); piece <= last; piece += 1) yield piece;
}

/** The entries with bytes in the piece, pads aside. */
export function* entriesOfPiece(list: FolderList, piece: number): Generator<number> {
  const end = Math.min((piece + 1) * PIECE_SIZE, list.size);
  for (let entry = list.indexAt(piece * PIECE_SIZE); entry < list.count && list.beginOf(entry) < end; entry += 1)
    if (list.sizeOf(entry) > 0 && !list.isPad(entry)) yield entry;
}
