// How messages between threads name a storage. Only this folder looks inside a name; all other code passes it on.

import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { Layout } from '../../foundation/torrent/layout.js';
import { optional, real, record, text, u32, type ValueOf, whole } from '../../foundation/wire/schema.js';
import { folderLists } from './folder-lists.js';

/** A file descriptor of this process; it is valid in all threads. */
const fd = whole(0, 0x7fff_ffff);
/** Bytes of the piece space. */
const size = whole(0, FILE_SIZE_MAX);
const path = text(4096);
/**
 * The number of a folder's list; 0 for a share that is one file. The list's memory rides beside the first message that
 * names it to a thread, which then finds it in `folderLists`.
 */
const list = u32;

/**
 * An open storage: any thread may read and write its bytes until its owner closes it. `fd`: the file, or the directory
 * under which the entries of the list lie.
 */
export const storageHandle = record({ fd, size, list });
export type StorageHandle = ValueOf<typeof storageHandle>;

/** An open storage that moves to another thread, its new owner. */
export const handedStorage = record({ handle: storageHandle, path, targetPath: path });
export type HandedStorage = ValueOf<typeof handedStorage>;

/**
 * A storage that each thread opens by itself for reading. mtimeMs: the modification time of the complete file when it
 * was right; nil while it is being written, and for a folder, whose list has the times of its entries.
 */
export const servedStorage = record({ path, size, mtimeMs: optional(real), list });
export type ServedStorage = ValueOf<typeof servedStorage>;

/** @param mtimeMs as of `servedStorage`. */
export function servedAt(path: string, layout: Layout, mtimeMs: number | null): ServedStorage {
  return { path, size: layout.size, mtimeMs, list: folderLists.numberOf(layout) };
}

/** Bytes of its piece space. */
export function sizeOf(name: ServedStorage): number {
  return name.size;
}

/** Throws (assertion) for a folder whose list this thread does not hold. */
export function layoutOf({ size, list }: StorageHandle | ServedStorage): Layout {
  return new Layout(list === 0 ? size : folderLists.listOf(list));
}
