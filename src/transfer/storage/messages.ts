// How messages between threads name a storage. Only this folder looks inside a name; all other code passes it on.

import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { Layout } from '../../foundation/torrent/layout.js';
import { optional, real, record, text, type ValueOf, whole } from '../../foundation/wire/schema.js';

/** A file descriptor of this process; it is valid in all threads. */
const fd = whole(0, 0x7fff_ffff);
/** Bytes of the one file. */
const size = whole(0, FILE_SIZE_MAX);
const path = text(4096);

/** An open storage: any thread may read and write its bytes until its owner closes it. */
export const storageHandle = record({ fd, size });
export type StorageHandle = ValueOf<typeof storageHandle>;

/** An open storage that moves to another thread, its new owner. */
export const handedStorage = record({ handle: storageHandle, path, targetPath: path });
export type HandedStorage = ValueOf<typeof handedStorage>;

/**
 * A storage that each thread opens by itself for reading. mtimeMs: the modification time of the complete file when it
 * was right; nil while it is being written.
 */
export const servedStorage = record({ path, size, mtimeMs: optional(real) });
export type ServedStorage = ValueOf<typeof servedStorage>;

/** @param mtimeMs as of `servedStorage`. */
export function servedAt(path: string, layout: Layout, mtimeMs: number | null): ServedStorage {
  return { path, size: layout.size, mtimeMs };
}

/** Bytes of its piece space. */
export function sizeOf(name: ServedStorage): number {
  return layoutOf(name).size;
}

export function layoutOf(name: StorageHandle | ServedStorage): Layout {
  return new Layout([name.size]);
}
