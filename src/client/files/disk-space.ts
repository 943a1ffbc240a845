// Decides whether a download fits its disk: free space against what it will write, what running downloads will still
// write there, and a reserve. Pieces of zeros are not written, and a disk that does not say what is free is not full.
// Pure.

import { dirname } from 'node:path';
import { formatBytes } from '../../foundation/base/bytes.js';
import type { DiskTrouble } from '../../foundation/base/errnos.js';
import { DISK_RESERVE_BYTES, DISK_RESERVE_DIVISOR, DISK_RESERVE_TIMES } from '../../foundation/base/limits.js';
import type { Room } from '../../transfer/storage/disk/room.js';
import type { FolderNeed } from '../../transfer/storage/folder/need.js';
import type { Refusal } from '../effects.js';
import { INODES_NEEDED, STATE_ROOM_BYTES } from '../limits.js';
import type { FileTable } from './file-table.js';
import { bytesMissing, bytesToCome, type Entry, type FileRecord, type KnownZeros } from './record.js';

/** The disk of a new download's target, and what it will hold. */
export interface Target {
  readonly room: Room;
  /** ID of the file system. */
  readonly device: number;
  readonly zeros: KnownZeros;
  /** Of a folder: what its chosen entries take. */
  readonly need?: FolderNeed | undefined;
}

/** Why a new download is refused; undefined when it fits. @param reserve as of `reserveOf`. */
export function roomRefusal(
  files: FileTable,
  entry: Entry,
  { room, device, zeros, need }: Target,
  reserve: number | undefined,
): Refusal | undefined {
  if (need !== undefined && room.freeInodes !== undefined && room.freeInodes < need.inodes) {
    const sentence = `${entry.path} needs ${need.inodes} inodes, one for each file and folder, and ${room.freeInodes} are free; delete some files there, or choose another destination`;
    return { code: 'DISK_FULL', sentence };
  }
  if (room.freeInodes !== undefined && room.freeInodes < INODES_NEEDED) {
    const sentence = `${entry.path} has no room: its disk has no free inodes; delete some files there, or choose another destination`;
    return { code: 'DISK_FULL', sentence };
  }
  if (room.freeBytes === undefined) return undefined;
  const promised = promisedOn(files, device);
  const written = Math.max(0, (need?.bytes ?? entry.size) - zeros.bytes);
  const kept = reserveOf(written, room, reserve);
  if (written + promised + kept <= room.freeBytes) return undefined;
  const besides = zeros.bytes === 0 ? '' : ` beside ${formatBytes(zeros.bytes)} of zeros`;
  const stays = kept > 0 ? `, and ${formatBytes(kept)} must stay free (\`disk-reserve\`)` : '';
  const found = `${formatBytes(room.freeBytes)} are free${promised > 0 ? `, ${formatBytes(promised)} of them promised to running downloads` : ''}`;
  const sentence = `${entry.path} needs ${formatBytes(written)}${besides}${stays}; ${found}; free some space or choose another destination`;
  return { code: 'DISK_FULL', sentence };
}

/**
 * Bytes that must stay free. Without a setting they are few on a small disk, and few for a small file.
 * @param setting bytes that the user wants to stay free; undefined: not set.
 */
export function reserveOf(size: number, { totalBytes }: Pick<Room, 'totalBytes'>, setting: number | undefined): number {
  if (setting !== undefined) return setting;
  const ofDisk = Math.floor((totalBytes ?? Number.POSITIVE_INFINITY) / DISK_RESERVE_DIVISOR);
  return Math.min(DISK_RESERVE_BYTES, ofDisk, size * DISK_RESERVE_TIMES);
}

/** Whether a download that found its disk full can be tried again. */
export function hasRoom(
  files: FileTable,
  record: FileRecord,
  trouble: DiskTrouble,
  room: Room,
  reserve: number | undefined,
): boolean {
  const { freeBytes, freeInodes } = room;
  if (freeInodes !== undefined && freeInodes < INODES_NEEDED) return false;
  if (freeBytes === undefined) return true;
  const { entry, device } = record;
  // The other directory that a download writes to is that of the state.
  const isItsDisk = dirname(trouble.path) === dirname(entry.path) || trouble.path.startsWith(`${entry.path}.part/`);
  if (!isItsDisk) return freeBytes >= STATE_ROOM_BYTES;
  return freeBytes >= bytesMissing(record) + promisedOn(files, device) + reserveOf(entry.size, room, reserve);
}

function promisedOn(files: FileTable, device: number | undefined): number {
  let promised = 0;
  for (const each of files.growing) if (each.device === device) promised += bytesToCome(each);
  return promised;
}
