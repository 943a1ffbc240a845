// How many files of a folder are done: those that were chosen and have all of their pieces. Counted as pieces are
// stored; a share that is one file costs nothing. Pure.

import { PIECE_SIZE } from '../../foundation/base/limits.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';

export class FilesDone {
  readonly #folder: FolderList | undefined;
  /** Of each entry, the pieces that are not done. */
  readonly #missing: Uint32Array;
  /** Chosen files without a missing piece. */
  #count = 0;

  constructor(folder: FolderList | undefined, done: Bitfield) {
    this.#folder = folder;
    this.#missing = new Uint32Array(folder?.count ?? 0);
    if (folder === undefined) return;
    for (let entry = 0; entry < folder.count; entry += 1) {
      if (!isCounted(folder, entry)) continue;
      let missing = 0;
      const [first, end] = piecesOf(folder, entry);
      for (let piece = first; piece < end; piece += 1) if (!done.has(piece)) missing += 1;
      this.#missing[entry] = missing;
      if (missing === 0) this.#count += 1;
    }
  }

  get count(): number {
    return this.#count;
  }

  /** The piece is done; told once for each. */
  stored(piece: number): void {
    const folder = this.#folder;
    if (folder === undefined) return;
    const end = (piece + 1) * PIECE_SIZE;
    for (let entry = folder.indexAt(piece * PIECE_SIZE); entry < folder.count; entry += 1) {
      if (folder.beginOf(entry) >= end) return;
      if (folder.sizeOf(entry) === 0 || !isCounted(folder, entry)) continue;
      const missing = (this.#missing[entry] ?? 0) - 1;
      this.#missing[entry] = missing;
      if (missing === 0) this.#count += 1;
    }
  }
}

function isCounted(folder: FolderList, entry: number): boolean {
  return folder.isFile(entry) && folder.isChosen(entry);
}

/** Its first piece, and the one behind its last. */
function piecesOf(folder: FolderList, entry: number): readonly [number, number] {
  const [begin, size] = [folder.beginOf(entry), folder.sizeOf(entry)];
  if (size === 0) return [0, 0];
  return [Math.floor(begin / PIECE_SIZE), Math.ceil((begin + size) / PIECE_SIZE)];
}
