// Which pieces of a folder follow from the choice of its entries: what is to be fetched, and what may be offered to
// peers when it is there. A piece that holds a part of an entry that was left out is never whole on the disk. Pure.

import { PIECE_SIZE } from '../../base/limits.js';
import { Bitfield } from '../bitfield.js';
import { Geometry } from '../geometry.js';
import type { Layout } from '../layout.js';
import type { Zeros } from '../zeros.js';
import type { FolderList } from './folder-list.js';

export interface WantedPieces {
  /** They hold bytes of a chosen entry. */
  readonly wanted: Bitfield;
  /** Of the wanted, those without bytes of an entry that was left out, pads aside: peers may be offered them. */
  readonly whole: Bitfield;
}

/** What is served of a complete share: pieces without an entry that was left out or has changed on this disk. */
export function servedPieces({ folder, size }: Layout): Bitfield {
  const pieces = Bitfield.shared(new Geometry(size).pieceCount);
  pieces.setAll();
  if (folder === undefined) return pieces;
  forEachFile(folder, (entry, first, last) => {
    if (folder.isChosen(entry) && !folder.hasChanged(entry)) return;
    for (let piece = first; piece <= last; piece += 1) pieces.clear(piece);
  });
  return pieces;
}

/** As the marks of the list are now. Undefined: every piece is wanted and whole, as of a share that is one file. */
export function wantedPieces({ folder, size }: Layout): WantedPieces | undefined {
  if (folder === undefined) return undefined;
  const { pieceCount } = new Geometry(size);
  const [wanted, partial] = [new Bitfield(pieceCount), new Bitfield(pieceCount)];
  forEachFile(folder, (entry, first, last) => {
    const pieces = folder.isChosen(entry) ? wanted : partial;
    for (let piece = first; piece <= last; piece += 1) pieces.set(piece);
  });
  return partial.count === 0 ? undefined : { wanted, whole: wanted.without(partial) };
}

/** Bytes of the chosen entries, pads aside; all bytes of a share that is wanted whole. */
export function wantedBytes({ folder, size }: Layout): number {
  if (folder === undefined) return size;
  let [bytes, leftOut] = [0, 0];
  forEachFile(folder, (entry) => {
    if (folder.isChosen(entry)) bytes += folder.sizeOf(entry);
    else leftOut += 1;
  });
  return leftOut === 0 ? size : bytes;
}

/** Bytes of the chosen entries that lie in pieces of zeros, pads aside: they are not written. */
export function wantedZeroBytes({ folder }: Layout, { pieces, bytes }: Zeros): number {
  if (folder === undefined || bytes === 0) return bytes;
  let wanted = 0;
  forEachFile(folder, (entry, first, last) => {
    if (!folder.isChosen(entry)) return;
    const begin = folder.beginOf(entry);
    const end = begin + folder.sizeOf(entry);
    for (let piece = first; piece <= last; piece += 1) {
      if (!pieces.has(piece)) continue;
      wanted += Math.min(end, (piece + 1) * PIECE_SIZE) - Math.max(begin, piece * PIECE_SIZE);
    }
  });
  return wanted;
}

/** Visits each entry with bytes, pads aside, and the pieces that hold them. */
function forEachFile(folder: FolderList, visit: (entry: number, first: number, last: number) => void): void {
  for (let entry = 0; entry < folder.count; entry += 1) {
    const bytes = folder.sizeOf(entry);
    if (bytes === 0 || folder.isPad(entry)) continue;
    const begin = folder.beginOf(entry);
    visit(entry, Math.floor(begin / PIECE_SIZE), Math.floor((begin + bytes - 1) / PIECE_SIZE));
  }
}
