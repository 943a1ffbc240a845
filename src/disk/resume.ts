// What an interrupted download remembers: which pieces of its `.part` were verified and written. Damage of any byte is
// found by CRC-32 and reported as such; the pieces are then hashed again, so a lost or damaged record costs time, never
// a wrong byte. The record may be older than the file, never newer: pieces enter it after they were written.

import { crc32 } from 'node:zlib';
import { MiniTorrentError, ProtocolError } from '../base/errors.js';
import { PIECES_MAX, RESUME_BYTES_MAX } from '../base/limits.js';
import { Bitfield } from '../torrent/bitfield.js';
import { FILE_SIZE_MAX, Geometry } from '../torrent/geometry.js';
import { keyBytes, SWARM_KEY_SIZE, type SwarmKey, swarmKey } from '../torrent/ids.js';
import { message, protocol } from '../wire/protocol.js';
import { bytes, optional, real, size, tuple, whole } from '../wire/schema.js';
import { atomicWriteFile, readBounded } from './file.js';

export interface Resume {
  readonly swarm: SwarmKey;
  /** Bytes of the file. */
  readonly size: number;
  readonly have: Bitfield;
  /** The `.part` as it was after a clean stop: while it is still so, `have` needs no checking. Null while running. */
  readonly clean: { readonly mtimeMs: number; readonly size: number } | null;
}

export type ResumeReading =
  | { readonly kind: 'resume'; readonly resume: Resume }
  | { readonly kind: 'damaged'; readonly reason: string };

/** A file on disk: 8 bytes magic, CRC-32 of the frame, frame. A new layout gets a new tag, so an old program says so. */
const resumeFiles = protocol('resume.file', {
  resume: message(1, {
    swarm: bytes(SWARM_KEY_SIZE),
    size: whole(0, FILE_SIZE_MAX),
    have: bytes(0, PIECES_MAX / 8),
    clean: optional(tuple(real, size)),
  }),
});

const MAGIC = Buffer.from('MTRESUME', 'latin1');
const CRC_SIZE = 4;
const HEAD_SIZE = MAGIC.length + CRC_SIZE;

/** The record in a buffer of its own. */
export function encodeResume(resume: Resume): Uint8Array {
  const frame = resumeFiles.encode({
    kind: 'resume',
    swarm: keyBytes(resume.swarm),
    size: resume.size,
    have: resume.have.bytes,
    clean: resume.clean === null ? null : [resume.clean.mtimeMs, resume.clean.size],
  });
  const record = new Uint8Array(HEAD_SIZE + frame.length);
  record.set(MAGIC);
  new DataView(record.buffer).setUint32(MAGIC.length, crc32(frame));
  record.set(frame, HEAD_SIZE);
  return record;
}

/** The record, or why it is none. Never throws for what the bytes say. */
export function decodeResume(record: Uint8Array): ResumeReading {
  if (record.length < HEAD_SIZE) return damaged('it is too short');
  if (MAGIC.compare(record.subarray(0, MAGIC.length)) !== 0) return damaged('it does not begin as resume data');
  const frame = record.subarray(HEAD_SIZE);
  const crc = new DataView(record.buffer, record.byteOffset).getUint32(MAGIC.length);
  if (crc32(frame) !== crc) return damaged('its checksum is wrong');
  try {
    const read = resumeFiles.decode(frame);
    const { pieceCount } = new Geometry(read.size);
    if (read.have.length !== Math.ceil(pieceCount / 8)) return damaged('its bitfield does not fit its size');
    const have = new Bitfield(pieceCount, read.have);
    if (have.hasSpareBits) return damaged('its bitfield has bits past the last piece');
    const clean = read.clean === null ? null : { mtimeMs: read.clean[0], size: read.clean[1] };
    return { kind: 'resume', resume: { swarm: swarmKey(read.swarm), size: read.size, have, clean } };
  } catch (error) {
    if (error instanceof ProtocolError) return damaged(`it is of another version (${error.message})`);
    throw error;
  }
}

function damaged(reason: string): ResumeReading {
  return { kind: 'damaged', reason };
}

/** @param options.durable flush to disk; a periodic save need not, a clean stop should. */
export async function saveResume(path: string, resume: Resume, options: { readonly durable: boolean }): Promise<void> {
  await atomicWriteFile(path, encodeResume(resume), 0o600, options.durable);
}

/** Undefined when there is no such file. */
export async function loadResume(path: string): Promise<ResumeReading | undefined> {
  try {
    return decodeResume(await readBounded(path, RESUME_BYTES_MAX));
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    if (error.code === 'FILE_NOT_FOUND') return undefined;
    if (error.code === 'STATE_DAMAGED') return damaged('it is too long');
    throw error;
  }
}
