// The work of one hash thread: one frame in, one frame out, synchronously. A piece is verified and only then written,
// while its bytes are hot in the cache. A failed read or write is an answer; a broken frame or invariant is our bug and
// throws.

import { createHash } from 'node:crypto';
import { assert, unreachable } from '../../foundation/base/assert.js';
import { equalBytes, midPage } from '../../foundation/base/bytes.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { DIGEST_SIZE, PIECE_SIZE } from '../../foundation/base/limits.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { zeroDigest } from '../../foundation/torrent/zeros.js';
import { EntryError } from '../storage/disk/entry-error.js';
import { timesOf } from '../storage/folder/look.js';
import type { StorageHandle } from '../storage/messages.js';
import { attachStorage } from '../storage/open-storage.js';
import { FoundEncoder } from '../storage/source/found-entries.js';
import type { StorageBytes } from '../storage/storage.js';
import { SlotFiller } from './fill.js';
import { digestFolderRange, lookIntoDirectories } from './folder-tasks.js';
import { HASH_READ_BYTES } from './limits.js';
import {
  type HashAnswer,
  type HashJob,
  type HashTask,
  hashAnswers,
  hashTasks,
  type PieceOutcome,
  type PieceToStore,
} from './messages.js';
import { digestOf, isZeros, readNext } from './piece-digest.js';
import { RecentLists } from './recent-lists.js';

type Of<Kind extends HashTask['kind']> = Extract<HashTask, { readonly kind: Kind }>;

export interface HashWorkerData {
  /** Slots of PIECE_SIZE bytes; absent where only files are hashed. */
  readonly slab: SharedArrayBuffer | undefined;
}

export function hashWorker({ slab }: HashWorkerData): (job: Uint8Array | HashJob) => Uint8Array {
  const slots = slab === undefined ? [] : slotsOf(slab);
  const buffer = midPage(HASH_READ_BYTES);
  const lists = new RecentLists();
  const filler = new SlotFiller();
  const found = new FoundEncoder();
  const perform = (task: HashTask): HashAnswer => {
    switch (task.kind) {
      case 'storePieces':
        return { kind: 'stored', outcomes: storePieces(slots, task.pieces) };
      case 'hashRange':
        return attached(task, (source) => hashRange(source, task, buffer));
      case 'checkRange':
        return attached(task, (source) => checkRange(source, task, buffer));
      case 'sha256':
        return attached(task, (source) => sha256(source, buffer));
      case 'clearRange':
        return attached(task, (target) => clearRange(target, task, buffer));
      case 'settleRange':
        return attached(task, (target) => settleRange(target, task, buffer));
      case 'fillSlots':
        return { kind: 'filled', bad: task.fills.map((fill) => filler.fill(memoryOf(slots, fill.slot), fill)) };
      case 'takeTimes':
        return { kind: 'timesTaken', times: bytesOf(timesOf(task.storage, indicesOf(task.entries))) };
      case 'digestRange':
        return attached(task, (source) => digestFolderRange(source, task, buffer));
      case 'lookInto':
        return lookIntoDirectories(task, found);
      case 'warmUp':
        createHash('sha1').update(buffer).digest();
        return { kind: 'warm' };
      default:
        return unreachable(task);
    }
  };
  return (job) => {
    const isFrame = job instanceof Uint8Array;
    if (!isFrame) lists.learn(job.lists);
    const task = hashTasks.decode(isFrame ? job : job.frame);
    let answer: HashAnswer;
    try {
      answer = perform(task);
    } catch (error) {
      answer = { kind: 'ioError', errno: systemErrnoOf(error), entry: entryOf(error) };
    }
    // A copy: the encoder's buffer is shared with other frames, and a message would carry all of it.
    return new Uint8Array(hashAnswers.encode(answer));
  };
}

function indicesOf(entries: Uint8Array): Uint32Array {
  // A copy: a field of a frame begins anywhere.
  return new Uint32Array(entries.slice().buffer);
}

function bytesOf(times: BigInt64Array): Uint8Array {
  return new Uint8Array(times.buffer);
}

function slotsOf(slab: SharedArrayBuffer): readonly Uint8Array[] {
  assert(slab.byteLength % PIECE_SIZE === 0, 'a slab is cut into whole slots');
  return Array.from(
    { length: slab.byteLength / PIECE_SIZE },
    (_, slot) => new Uint8Array(slab, slot * PIECE_SIZE, PIECE_SIZE),
  );
}

function memoryOf(slots: readonly Uint8Array[], slot: number): Uint8Array {
  const memory = slots[slot];
  assert(memory !== undefined, 'a task names a slot of the slab');
  return memory;
}

/** Pieces of one folder share what is open, since neighbours are often in one file or directory. */
function storePieces(slots: readonly Uint8Array[], pieces: readonly PieceToStore[]): readonly PieceOutcome[] {
  const targets = new Map<number, StorageBytes>();
  try {
    return pieces.map((piece) => {
      const { fd } = piece.storage;
      const target = targets.get(fd) ?? attachStorage(piece.storage);
      targets.set(fd, target);
      return storePiece(slots, piece, target);
    });
  } finally {
    for (const target of targets.values()) target.detach();
  }
}

function storePiece(
  slots: readonly Uint8Array[],
  { piece, slot, digest }: PieceToStore,
  target: StorageBytes,
): PieceOutcome {
  const memory = memoryOf(slots, slot);
  const geometry = new Geometry(target.layout.size);
  const bytes = memory.subarray(0, geometry.pieceLength(piece));
  if (!equalBytes(createHash('sha1').update(bytes).digest(), digest)) return { kind: 'mismatch', errno: '', entry: 0 };
  try {
    target.writeAt(geometry.pieceOffset(piece), bytes);
  } catch (error) {
    return { kind: 'ioError', errno: systemErrnoOf(error), entry: entryOf(error) };
  }
  return { kind: 'stored', errno: '', entry: 0 };
}

function attached<T>({ storage }: { readonly storage: StorageHandle }, use: (bytes: StorageBytes) => T): T {
  const bytes = attachStorage(storage);
  try {
    return use(bytes);
  } finally {
    bytes.detach();
  }
}

/** Rethrows anything but a system error. */
function systemErrnoOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined || errno.startsWith('ERR_')) throw error;
  return errno;
}

function entryOf(error: unknown): number {
  return error instanceof EntryError ? error.entry : 0;
}

function hashRange(source: StorageBytes, task: Of<'hashRange'>, buffer: Uint8Array): HashAnswer {
  const digests = new Uint8Array(task.count * DIGEST_SIZE);
  for (let at = 0; at < task.count; at += 1) {
    const digest = digestOf(source, task.first + at, buffer);
    if (typeof digest === 'number') return endedAt(source, digest);
    digests.set(digest, at * DIGEST_SIZE);
  }
  return { kind: 'hashed', digests };
}

function checkRange(source: StorageBytes, task: Of<'checkRange'>, buffer: Uint8Array): HashAnswer {
  return { kind: 'checked', good: rightOnes(source, task, buffer).bytes };
}

function settleRange(target: StorageBytes, task: Of<'settleRange'>, buffer: Uint8Array): HashAnswer {
  const good = rightOnes(target, task, buffer);
  const geometry = new Geometry(target.layout.size);
  for (let at = 0; at < task.count; at += 1) {
    const piece = task.first + at;
    if (good.has(at) || !equalBytes(digestAt(task, at), zeroDigest(geometry.pieceLength(piece)))) continue;
    clearPiece(target, piece, buffer);
    good.set(at);
  }
  return { kind: 'checked', good: good.bytes };
}

function digestAt({ digests }: Pick<Of<'checkRange'>, 'digests'>, at: number): Uint8Array {
  return digests.subarray(at * DIGEST_SIZE, (at + 1) * DIGEST_SIZE);
}

function rightOnes(source: StorageBytes, task: Omit<Of<'checkRange'>, 'kind'>, buffer: Uint8Array): Bitfield {
  assert(task.digests.length === task.count * DIGEST_SIZE, 'a range comes with its digests');
  const good = new Bitfield(task.count);
  for (let at = 0; at < task.count; at += 1) {
    const digest = digestIfThere(source, task.first + at, buffer);
    // Of a folder, what lies behind a missing file may be there.
    if (digest === undefined) continue;
    if (equalBytes(digest, digestAt(task, at))) good.set(at);
  }
  return good;
}

/** In place of a file of a folder: a link, a directory, or a file where a directory should be. */
const OTHER_KINDS: readonly string[] = ['ELOOP', 'EISDIR', 'ENOTDIR'];

/** Undefined: not all of its bytes are there. */
function digestIfThere(source: StorageBytes, piece: number, buffer: Uint8Array): Uint8Array | undefined {
  try {
    const digest = digestOf(source, piece, buffer);
    return typeof digest === 'number' ? undefined : digest;
  } catch (error) {
    if (error instanceof EntryError && OTHER_KINDS.includes(error.code)) return undefined;
    throw error;
  }
}

function clearRange(target: StorageBytes, task: Of<'clearRange'>, buffer: Uint8Array): HashAnswer {
  let written = 0;
  for (let piece = task.first; piece < task.first + task.count; piece += 1)
    if (clearPiece(target, piece, buffer)) written += 1;
  return { kind: 'cleared', written };
}

/** Makes it zeros. True: it had to be written. */
function clearPiece(target: StorageBytes, piece: number, buffer: Uint8Array): boolean {
  const geometry = new Geometry(target.layout.size);
  const begin = geometry.pieceOffset(piece);
  const length = geometry.pieceLength(piece);
  target.extend(begin, length);
  // Writing zeros over a hole would fill it.
  if (isZeros(target, begin, begin + length, buffer)) return false;
  target.writeAt(begin, new Uint8Array(length));
  return true;
}

function endedAt({ layout }: StorageBytes, offset: number): HashAnswer {
  return { kind: 'ended', entry: layout.folder?.indexAt(offset) ?? 0 };
}

function sha256(source: StorageBytes, buffer: Uint8Array): HashAnswer {
  const hash = createHash('sha256');
  const { size } = source.layout;
  for (let at = 0; at < size; ) {
    const bytes = readNext(source, at, size, buffer);
    if (bytes.length === 0) return endedAt(source, at);
    hash.update(bytes);
    at += bytes.length;
  }
  return { kind: 'sha256', digest: hash.digest() };
}
