// What a hash thread does for a folder that is shared: looks into its directories, and hashes its pieces together with
// its packed files.

import { createHash, hash as digestAtOnce, type Hash } from 'node:crypto';
import { present } from '../../foundation/base/assert.js';
import { DIGEST_SIZE } from '../../foundation/base/limits.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { ALIGNED_FILE_BYTES_MIN } from '../../foundation/torrent/folder/limits.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { WALK_ENTRIES } from '../storage/limits.js';
import { lookInto } from '../storage/source/directory.js';
import type { FoundEncoder } from '../storage/source/found-entries.js';
import type { StorageBytes } from '../storage/storage.js';
import type { HashAnswer, HashTask } from './messages.js';
import { digestOf, readNext } from './piece-digest.js';

type Of<Kind extends HashTask['kind']> = Extract<HashTask, { readonly kind: Kind }>;

/**
 * As many of them as have about WALK_ENTRIES entries; at least one.
 * @param found of this thread.
 */
export function lookIntoDirectories({ root, paths, follows }: Of<'lookInto'>, found: FoundEncoder): HashAnswer {
  found.clear();
  for (const path of paths) {
    if (found.entries >= WALK_ENTRIES) break;
    found.add(lookInto(root, path, follows));
  }
  return { kind: 'found', found: found.finish() };
}

/** @param buffer for what is read at once. */
export function digestFolderRange(source: StorageBytes, task: Of<'digestRange'>, buffer: Uint8Array): HashAnswer {
  const { layout } = source;
  const list = present(layout.folder, 'the files of a folder are hashed');
  const geometry = new Geometry(layout.size);
  const digests = new Uint8Array(task.count * DIGEST_SIZE);
  const files = new FileDigests(list, geometry.pieceOffset(task.first));
  for (let at = 0; at < task.count; at += 1) {
    const digest = digestOf(source, task.first + at, buffer, (offset, bytes) => files.take(offset, bytes));
    if (typeof digest === 'number') return { kind: 'ended', entry: list.indexAt(digest) };
    digests.set(digest, at * DIGEST_SIZE);
  }
  // The last file may go on in the next range.
  for (let next = files.next(); next !== undefined; next = files.next()) {
    const bytes = readNext(source, next.offset, next.end, buffer);
    if (bytes.length === 0) return { kind: 'ended', entry: list.indexAt(next.offset) };
    files.take(next.offset, bytes);
  }
  return { kind: 'hashed', digests };
}

/** Gives packed files their digests as their bytes pass by, in order. */
class FileDigests {
  readonly #list: FolderList;
  readonly #begin: number;
  #index: number;
  #offset: number;
  /** Of the file at #index, when its first bytes have passed by and its last have not. */
  #hash: Hash | undefined;

  /** @param begin where the bytes begin: a file that began before it is somebody else's. */
  constructor(list: FolderList, begin: number) {
    this.#list = list;
    this.#begin = begin;
    this.#offset = begin;
    this.#index = list.indexAt(begin);
  }

  take(offset: number, bytes: Uint8Array): void {
    const list = this.#list;
    const end = offset + bytes.length;
    let index = this.#index;
    for (let at = offset; at < end; ) {
      const [fileBegin, size] = [list.beginOf(index), list.sizeOf(index)];
      const fileEnd = fileBegin + size;
      const taken = Math.min(fileEnd, end) - at;
      if (taken > 0 && fileBegin >= this.#begin && size < ALIGNED_FILE_BYTES_MIN && list.isFile(index)) {
        const part = bytes.subarray(at - offset, at - offset + taken);
        if (taken === size) this.#list.setDigest(index, digestAtOnce('sha1', part, 'buffer').readBigUInt64BE());
        else {
          this.#hash ??= createHash('sha1');
          this.#hash.update(part);
          if (at + taken === fileEnd) this.#ends(index);
        }
      }
      at += Math.max(0, taken);
      if (at === fileEnd) index += 1;
    }
    this.#index = index;
    this.#offset = end;
  }

  /** Which bytes are still missing to the last file; undefined when none is begun. */
  next(): { readonly offset: number; readonly end: number } | undefined {
    if (this.#hash === undefined) return undefined;
    return { offset: this.#offset, end: this.#list.beginOf(this.#index) + this.#list.sizeOf(this.#index) };
  }

  #ends(index: number): void {
    const digest = present(this.#hash, 'its bytes have passed by').digest();
    this.#list.setDigest(index, digest.readBigUInt64BE());
    this.#hash = undefined;
  }
}
