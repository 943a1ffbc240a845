// A storage holds the bytes of one share, addressed by their offset in the piece space: one file, or a folder of many.
// Finishing a download never overwrites anything.

import type { Layout } from '../../foundation/torrent/layout.js';
import type { CloneCall, CloneResult } from './disk/clone.js';
import type { LinkedFile } from './disk/entry-looks.js';
import type { HandedStorage, StorageHandle } from './messages.js';
import type { ReuseSource } from './reuse/plan.js';

/** The bytes of a storage, by their offset in the piece space. What lies past its end is neither read nor written. */
export interface StorageBytes {
  readonly layout: Layout;
  /**
   * Fills `targets`, one after the other, with the bytes from `offset` on. Returns how many were read: fewer where a
   * file ends too early or is not there. Blocks; throws system errors, of a folder as EntryError.
   */
  readAt(offset: number, targets: readonly Uint8Array[]): number;
  /** The same on the system's read threads. */
  readLater(offset: number, targets: readonly Uint8Array[], done: ReadDone): void;
  /**
   * Writes all of `bytes`, but nothing to pads and entries that are left out. Blocks; throws system errors, of a folder
   * as EntryError.
   */
  writeAt(offset: number, bytes: Uint8Array): void;
  /** Gives the files of these bytes their full size, as holes, so that they read as zeros. Otherwise as `writeAt`. */
  extend(offset: number, length: number): void;
  /** Closes what was opened on the way; the storage itself stays open. */
  detach(): void;
}

/** @param count bytes read. */
export type ReadDone = (error: Error | null, count: number) => void;

/** The state of a storage, to compare with a later one. */
export interface Stamp {
  /** Of a folder: that of its directory. */
  readonly inode: number;
  /** In bytes. */
  readonly size: number;
  /** Of a folder: the latest of its files. */
  readonly mtimeMs: number;
  readonly mtimeNs: bigint;
}

/** An open storage, as its owner holds it. Its promises reject with MiniTorrentError. */
export interface Storage extends StorageBytes {
  /** Where it is, for messages to people. */
  readonly path: string;
  /** Where the entry is that an EntryError names; of a single file, `path`. */
  pathOf(entry: number): string;
  /** Its name for threads that read or write its bytes. */
  readonly handle: StorageHandle;
  /** Its name for the thread that becomes its owner. The caller must not use it any more. */
  handOver(): HandedStorage;
  /** Resolves when everything written is on the disk. */
  flush(): Promise<void>;
  /** Of the open storage, whatever has its path now. */
  stamp(): Promise<Stamp>;
  /** Of a folder: when each entry was written last, as `FoundPart` has it. Undefined for a single file. */
  times(): Promise<BigInt64Array | undefined>;
  /**
   * Flushes a complete download and renames it to its target; it stays open. FILE_CHANGED when something else has its
   * path now, ALREADY_EXISTS when the target exists: nothing has changed then.
   * @param look at the files of a folder, on threads that may wait for a disk; without it, this thread does.
   */
  finish(look?: LookAtEntries): Promise<void>;
  /** Makes a file of a new `.part` a clone of `source`, which may be larger or smaller. See `cloneInto`. */
  cloneFrom(file: number, source: ReuseSource, call?: CloneCall): Promise<CloneResult>;
  /** A file of a `.part` gets bytes of its own, as `makeOwn` has it. It is not written to meanwhile. */
  makeOwn(file: number): Promise<void>;
  /** Bytes that this file takes on the disk; 0 when it is not there. */
  diskBytesOf(file: number): Promise<number>;
  close(): Promise<void>;
}

/** The time of each of these entries of an open folder, as `timesOf` of folder/look.ts has them. */
export type LookAtEntries = (storage: Storage, entries: Uint32Array) => Promise<BigInt64Array>;

/** A `.part` that was there. */
export interface FoundPart {
  readonly storage: Storage;
  /** Its state before it was opened; resume data is valid for exactly this state. */
  readonly found: Stamp;
  /** Of a folder: modification time of each entry in nanoseconds, NO_FILE where none is there; undefined for a file. */
  readonly times: BigInt64Array | undefined;
  /** Of a folder: no byte of these is written before `makeOwn`. */
  readonly linked: readonly LinkedFile[];
}

export interface ExaminedPart {
  readonly stamp: Stamp;
  /** As of `FoundPart`. */
  readonly times: BigInt64Array | undefined;
  /** That it takes. */
  readonly diskBytes: number;
}
