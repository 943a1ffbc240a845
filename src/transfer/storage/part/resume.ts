// The resume data of an unfinished download: which pieces of its `.part` are verified and written, and which of them
// are flushed. A CRC-32 finds damage, so a lost or damaged record costs time, never a wrong byte. Invariant: the record
// may be older than the file, never newer: pieces enter it after they were written, and count as flushed after the
// flush.

import { rm, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { MiniTorrentError, ProtocolError } from '../../../foundation/base/errors.js';
import { PIECES_MAX } from '../../../foundation/base/limits.js';
import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import { FOLDER_ENTRIES_MAX } from '../../../foundation/torrent/folder/limits.js';
import { FILE_SIZE_MAX, Geometry } from '../../../foundation/torrent/geometry.js';
import { keyBytes, SWARM_KEY_SIZE, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import { message, protocol } from '../../../foundation/wire/protocol.js';
import { bytes, optional, real, size, tuple, whole } from '../../../foundation/wire/schema.js';
import { atomicWriteFile, readBounded } from '../disk/state-file.js';
import { RESUME_BYTES_MAX } from '../limits.js';
import type { Stamp } from '../storage.js';
import { forgetDisk } from './disk.js';
import { deleteTotals } from './totals.js';

export interface Resume {
  readonly swarm: SwarmKey;
  /** Bytes of the share. */
  readonly size: number;
  readonly have: Bitfield;
  /** Those of `have` that a flush of the `.part` covered. */
  readonly synced: Bitfield;
  readonly left: LeftAs;
}

/** The storage as its download left it. */
export interface LeftAs {
  /** Of the `.part`: another file in its place is not ours. */
  readonly inode: number;
  /**
   * The `.part` after a clean stop: while it stays like this, `have` needs no checking. Null while the download runs.
   */
  readonly clean: { readonly mtimeMs: number; readonly size: number } | null;
  /** The same of a folder: the time of each entry, as `FoundPart` has it; then `clean` is null. */
  readonly times?: BigInt64Array | undefined;
}

/**
 * @param isLast after a clean stop; nothing is written to the storage any more.
 * @param times of the entries of a folder.
 */
export function leftAs(
  { inode, mtimeMs, size }: Pick<Stamp, 'inode' | 'mtimeMs' | 'size'>,
  isLast: boolean,
  times?: BigInt64Array,
): LeftAs {
  const isFile = times === undefined;
  return isFile || !isLast ? { inode, clean: isLast ? { mtimeMs, size } : null } : { inode, clean: null, times };
}

/** Before the storage is created. */
export const NOT_CREATED: LeftAs = { inode: 0, clean: null };

export type ResumeReading =
  /** savedMs: when it was written, by the clock of its file system. */
  | { readonly kind: 'resume'; readonly resume: Resume; readonly savedMs: number }
  | { readonly kind: 'damaged'; readonly reason: string };

/** On disk: 8 bytes magic, CRC-32 of the frame, frame. A new format gets a new tag, which an old program refuses. */
const bits = bytes(0, PIECES_MAX / 8);
const resumeFiles = protocol('resume.file', {
  /** Written by the first builds of 0.1.0, which flushed nothing before the end. */
  unsynced: message(1, {
    swarm: bytes(SWARM_KEY_SIZE),
    size: whole(0, FILE_SIZE_MAX),
    have: bits,
    clean: optional(tuple(real, size)),
  }),
  resume: message(2, {
    swarm: bytes(SWARM_KEY_SIZE),
    size: whole(0, FILE_SIZE_MAX),
    have: bits,
    synced: bits,
    inode: real,
    clean: optional(tuple(real, size)),
  }),
  /** Of a folder after a clean stop: 8 bytes little-endian for each entry. While its download runs, as of a file. */
  folder: message(3, {
    swarm: bytes(SWARM_KEY_SIZE),
    size: whole(0, FILE_SIZE_MAX),
    have: bits,
    synced: bits,
    inode: real,
    times: bytes(0, 8 * FOLDER_ENTRIES_MAX),
  }),
});

const MAGIC = Buffer.from('MTRESUME', 'latin1');
const CRC_SIZE = 4;
const HEAD_SIZE = MAGIC.length + CRC_SIZE;

/** The caller owns the bytes. */
export function encodeResume(resume: Resume): Uint8Array {
  const { inode, clean, times } = resume.left;
  const fields = {
    swarm: keyBytes(resume.swarm),
    size: resume.size,
    have: resume.have.bytes,
    synced: resume.synced.bytes,
    inode,
  };
  const frame =
    times === undefined
      ? resumeFiles.encode({ ...fields, kind: 'resume', clean: clean === null ? null : [clean.mtimeMs, clean.size] })
      : resumeFiles.encode({ ...fields, kind: 'folder', times: timesToBytes(times) });
  const record = new Uint8Array(HEAD_SIZE + frame.length);
  record.set(MAGIC);
  new DataView(record.buffer).setUint32(MAGIC.length, crc32(frame));
  record.set(frame, HEAD_SIZE);
  return record;
}

/** The record, or what is wrong with it. Never throws, whatever the bytes are. */
export function decodeResume(record: Uint8Array, savedMs = 0): ResumeReading {
  if (record.length < HEAD_SIZE) return damaged('it is too short');
  if (MAGIC.compare(record.subarray(0, MAGIC.length)) !== 0) return damaged('it is not resume data');
  const frame = record.subarray(HEAD_SIZE);
  const crc = new DataView(record.buffer, record.byteOffset).getUint32(MAGIC.length);
  if (crc32(frame) !== crc) return damaged('its checksum is wrong');
  try {
    const read = resumeFiles.decode(frame);
    const { pieceCount } = new Geometry(read.size);
    const isNew = read.kind !== 'unsynced';
    const fields = [read.have, isNew ? read.synced : new Uint8Array(read.have.length)] as const;
    if (fields.some((field) => field.length !== Math.ceil(pieceCount / 8)))
      return damaged('its bitfield does not fit its size');
    const [have, synced] = [new Bitfield(pieceCount, fields[0]), new Bitfield(pieceCount, fields[1])];
    if (have.hasSpareBits || synced.hasSpareBits) return damaged('its bitfield has bits past the last piece');
    if (read.kind === 'folder' && read.times.length % 8 !== 0) return damaged('its times are not whole');
    const stopped = read.kind === 'folder' ? null : read.clean;
    const clean = stopped === null ? null : { mtimeMs: stopped[0], size: stopped[1] };
    const times = read.kind === 'folder' ? { times: timesFrom(read.times) } : {};
    const left = { inode: isNew ? read.inode : 0, clean, ...times };
    const resume = { swarm: swarmKey(read.swarm), size: read.size, have, synced, left };
    return { kind: 'resume', resume, savedMs };
  } catch (error) {
    if (error instanceof ProtocolError) return damaged(`it is of another version (${error.message})`);
    throw error;
  }
}

function timesToBytes(times: BigInt64Array): Uint8Array {
  const data = Buffer.alloc(8 * times.length);
  for (const [at, time] of times.entries()) data.writeBigInt64LE(time, 8 * at);
  return data;
}

function timesFrom(data: Uint8Array): BigInt64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return BigInt64Array.from({ length: data.length / 8 }, (_, at) => view.getBigInt64(8 * at, true));
}

function damaged(reason: string): ResumeReading {
  return { kind: 'damaged', reason };
}

/**
 * @param options.durable flushes it to the disk and keeps a second copy, which is read when a power loss emptied a
 * record that was not flushed. A save between two flushes of the `.part` need not be durable.
 */
export async function saveResume(path: string, resume: Resume, options: { readonly durable: boolean }): Promise<void> {
  const record = encodeResume(resume);
  if (options.durable) await atomicWriteFile(durableCopyOf(path), record, 0o600, true);
  await atomicWriteFile(path, record, 0o600, false);
}

/** Undefined when there is no record. */
export async function loadResume(path: string): Promise<ResumeReading | undefined> {
  const newest = await loadCopy(path);
  if (newest?.kind === 'resume') return newest;
  return (await loadCopy(durableCopyOf(path))) ?? newest;
}

export async function deleteResume(path: string): Promise<void> {
  // The copy first: left alone, it would be read as the record.
  for (const copy of [durableCopyOf(path), path]) await rm(copy, { force: true });
  await deleteTotals(path);
  await forgetDisk(path);
}

function durableCopyOf(path: string): string {
  return `${path}.synced`;
}

async function loadCopy(path: string): Promise<ResumeReading | undefined> {
  try {
    const record = await readBounded(path, RESUME_BYTES_MAX);
    return decodeResume(record, (await stat(path)).mtimeMs);
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    if (error.code === 'FILE_NOT_FOUND') return undefined;
    if (error.code === 'STATE_DAMAGED') return damaged('it is too long');
    throw error;
  }
}
