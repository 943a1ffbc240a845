// Tasks for the threads of the hash pool, and their answers: numbers and digests, never the bytes of a piece. Those lie
// in a slot of the slab, or the thread reads them from the storage itself.

import { DIGEST_SIZE, HASH_RANGE_PIECES, PIECES_MAX, SHA256_SIZE } from '../../foundation/base/limits.js';
import { FOLDER_ENTRIES_MAX } from '../../foundation/torrent/folder/limits.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
import { bytes, flag, listOf, oneOf, record, text, type ValueOf, whole } from '../../foundation/wire/schema.js';
import { FOLDER_LOOK_ENTRIES, PARTS_PER_PIECE_MAX, WALK_DIRECTORIES_MAX } from '../storage/limits.js';
import { storageHandle } from '../storage/messages.js';
import { FOUND_BYTES_MAX, PART_NUMBERS, VERIFY_BATCH_MAX } from './limits.js';

const piece = whole(0, PIECES_MAX - 1);
const path = text(4096);
const rangeCount = whole(1, HASH_RANGE_PIECES);
/** The name of the system's error, such as ENOSPC. */
const errno = text(32);
/** Of a folder: the entry that an error is about. Of a single file 0. */
const entry = whole(0, FOLDER_ENTRIES_MAX - 1);

/** A piece whose bytes are all in its slot, with the digest that they must have and the storage where they belong. */
const pieceToStore = record({ piece, slot: whole(0, 0xffff), digest: bytes(DIGEST_SIZE), storage: storageHandle });
export type PieceToStore = ValueOf<typeof pieceToStore>;

/** mismatch: its digest is wrong, and nothing was written. ioError: writing failed, and only then is there an errno. */
const pieceOutcome = record({ kind: oneOf('stored', 'mismatch', 'ioError'), errno, entry });
export type PieceOutcome = ValueOf<typeof pieceOutcome>;

/** Parts of files for one slot, packed as fill.ts does: a list of them would have more items than a frame may. */
const slotFill = record({
  slot: whole(0, 0xffff),
  paths: text(PARTS_PER_PIECE_MAX * 4_097),
  numbers: bytes(PART_NUMBERS * 8, PART_NUMBERS * 8 * PARTS_PER_PIECE_MAX),
  /** Where zeros belong: begin and length. */
  zeros: bytes(0, 16 * PARTS_PER_PIECE_MAX),
});
export type SlotFill = ValueOf<typeof slotFill>;

export const hashTasks = protocol('hash.task', {
  /** Each: compare the bytes of its slot with its digest; when they match, write them to their place. */
  storePieces: message(1, { pieces: listOf(pieceToStore, VERIFY_BATCH_MAX) }),
  /** Digests of the pieces first…first + count - 1. */
  hashRange: message(2, { storage: storageHandle, first: piece, count: rangeCount }),
  /** Which of these pieces have their digest. */
  checkRange: message(3, {
    storage: storageHandle,
    first: piece,
    count: rangeCount,
    digests: bytes(DIGEST_SIZE, DIGEST_SIZE * HASH_RANGE_PIECES),
  }),
  /** SHA-256 of the whole piece space. */
  sha256: message(4, { storage: storageHandle }),
  /** Does no work; lets a new thread load its code. */
  warmUp: message(5, {}),
  /** Of a folder: as `hashRange`, and gives the packed files that begin in these pieces their digests in the list. */
  digestRange: message(7, { storage: storageHandle, first: piece, count: rangeCount }),
  /** What the directories `paths` below `root` hold. */
  lookInto: message(8, { root: path, paths: listOf(path, WALK_DIRECTORIES_MAX), follows: flag }),
  /** Makes these pieces zeros: reads each, and writes it when it is anything else. */
  clearRange: message(6, { storage: storageHandle, first: piece, count: rangeCount }),
  /** Looks at these entries of a folder; their indices as a Uint32Array. */
  takeTimes: message(20, { storage: storageHandle, entries: bytes(4, 4 * FOLDER_LOOK_ENTRIES) }),
  /** As `checkRange`, of a storage that is written to; a piece that is to be zeros is made so. */
  settleRange: message(10, {
    storage: storageHandle,
    first: piece,
    count: rangeCount,
    digests: bytes(DIGEST_SIZE, DIGEST_SIZE * HASH_RANGE_PIECES),
  }),
  /** Reads bytes of files into slots. Nothing is verified. */
  fillSlots: message(9, { fills: listOf(slotFill, VERIFY_BATCH_MAX) }),
});
export type HashTask = MessageOf<typeof hashTasks>;

export const hashAnswers = protocol('hash.answer', {
  /** In the order of the pieces. */
  stored: message(1, { outcomes: listOf(pieceOutcome, VERIFY_BATCH_MAX) }),
  /** Reading or writing failed. */
  ioError: message(3, { errno, entry }),
  hashed: message(4, { digests: bytes(DIGEST_SIZE, DIGEST_SIZE * HASH_RANGE_PIECES) }),
  /** One bit a piece of the range, as in a bitfield. */
  checked: message(5, { good: bytes(1, Math.ceil(HASH_RANGE_PIECES / 8)) }),
  sha256: message(6, { digest: bytes(SHA256_SIZE) }),
  /** A file ended before the size it should have, or is not there. */
  ended: message(7, { entry }),
  warm: message(8, {}),
  /** The times of these entries, as `timesOf` has them, as a BigInt64Array. */
  timesTaken: message(20, { times: bytes(8, 8 * FOLDER_LOOK_ENTRIES) }),
  /** Of each slot the first part that cannot be read, or whose file has changed; -1: all are there. */
  filled: message(12, { bad: listOf(whole(-1, PARTS_PER_PIECE_MAX - 1), VERIFY_BATCH_MAX) }),
  /** Of the first of the directories, at least one; see `FoundEncoder`. */
  found: message(10, { found: bytes(0, FOUND_BYTES_MAX) }),
  /** How many pieces of the range were written. */
  cleared: message(9, { written: whole(0, HASH_RANGE_PIECES) }),
});
export type HashAnswer = MessageOf<typeof hashAnswers>;

/** What a thread is given: a task, and the lists of the folders that it names, by number. */
export interface HashJob {
  readonly frame: Uint8Array;
  readonly lists: readonly (readonly [number: number, memory: SharedArrayBuffer])[];
}

/** The numbers of the lists that a task names, each once. */
export function listsOf(task: HashTask): readonly number[] {
  if (task.kind === 'warmUp' || task.kind === 'fillSlots' || task.kind === 'lookInto') return [];
  if (task.kind !== 'storePieces') return task.storage.list === 0 ? [] : [task.storage.list];
  const numbers = new Set<number>();
  for (const { storage } of task.pieces) if (storage.list !== 0) numbers.add(storage.list);
  return [...numbers];
}
