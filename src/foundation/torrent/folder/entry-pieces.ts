// Which pieces hold the bytes of an entry. Pure.

import { PIECE_SIZE } from '../../base/limits.js';
import type { FolderList } from './folder-list.js';

/** In ascending order; none for an entry without bytes. */
export function* piecesOfEntry(list: FolderList, entry: number): Generator<number> {
  const [begin, bytes] = [list.beginOf(entry), list.sizeOf(entry)];
  if (bytes === 0) return;
  const last = Math.floor((begin + bytes - 1) / PIECE_SIZE);
  for (let piece = Math.floor(begin / PIECE_SIZE); piece <= last; piece += 1) yield piece;
}
