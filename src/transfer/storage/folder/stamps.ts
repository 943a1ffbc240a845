// The stamps of a folder on the disk: the time that each of its files had when it was right. A CRC-32 finds damage, and
// a record that is lost or damaged costs time only: every file is hashed then.

import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { keyBytes, SWARM_KEY_SIZE, type SwarmKey } from '../../../foundation/torrent/ids.js';
import { atomicWriteFile, readIfThere } from '../disk/state-file.js';
import { STAMPS_BYTES_MAX } from '../limits.js';

/** On disk: magic, CRC-32 of all that follows, swarm key, entries, 8 bytes little-endian for each. */
const MAGIC = Buffer.from('MTSTAMP1', 'latin1');
const BODY = MAGIC.length + 4;
const TIMES = BODY + SWARM_KEY_SIZE + 4;

/** Writes those of the list, durably. Resolves to the modification time of the file. */
export async function saveStamps(path: string, swarm: SwarmKey, list: FolderList): Promise<number> {
  await atomicWriteFile(path, encodeStamps(swarm, list));
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The caller owns the bytes. */
function encodeStamps(swarm: SwarmKey, list: FolderList): Uint8Array {
  const bytes = Buffer.alloc(TIMES + 8 * list.count);
  MAGIC.copy(bytes);
  bytes.set(keyBytes(swarm), BODY);
  bytes.writeUInt32LE(list.count, BODY + SWARM_KEY_SIZE);
  for (let entry = 0; entry < list.count; entry += 1) bytes.writeBigInt64LE(list.stampOf(entry), TIMES + 8 * entry);
  bytes.writeUInt32LE(crc32(bytes.subarray(BODY)), MAGIC.length);
  return bytes;
}

/**
 * Gives the list the stamps of the file. False, and nothing is changed: there is none, it is damaged, or it is not the
 * one that was written at `mtimeMs`.
 */
export async function loadStamps(path: string, swarm: SwarmKey, list: FolderList, mtimeMs: number): Promise<boolean> {
  try {
    const bytes = await readIfThere(path, STAMPS_BYTES_MAX);
    if (bytes === undefined || (await stat(path)).mtimeMs !== mtimeMs) return false;
    return applyStamps(bytes, swarm, list);
  } catch (error) {
    const failure = fileError(error, path);
    if (failure instanceof MiniTorrentError && failure.code === 'STATE_DAMAGED') return false;
    throw failure;
  }
}

/** As `loadStamps`, whatever the bytes are. */
function applyStamps(record: Uint8Array, swarm: SwarmKey, list: FolderList): boolean {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  if (bytes.length !== TIMES + 8 * list.count || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return false;
  if (bytes.readUInt32LE(MAGIC.length) !== crc32(bytes.subarray(BODY))) return false;
  const isOurs = bytes.subarray(BODY, BODY + SWARM_KEY_SIZE).equals(keyBytes(swarm));
  if (!isOurs || bytes.readUInt32LE(BODY + SWARM_KEY_SIZE) !== list.count) return false;
  for (let entry = 0; entry < list.count; entry += 1) list.stamp(entry, bytes.readBigInt64LE(TIMES + 8 * entry));
  return true;
}
