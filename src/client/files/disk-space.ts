// Decides whether a download fits its disk: free space against what it needs, what running downloads still need there,
// and a reserve. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { DISK_RESERVE_BYTES } from '../../foundation/base/limits.js';
import type { Refusal } from '../effects.js';
import type { FileTable } from './file-table.js';
import { bytesMissing, bytesToCome, type Entry, type FileRecord } from './record.js';

/** Why a new download is refused; undefined when it fits. */
export function roomRefusal(files: FileTable, entry: Entry, freeBytes: number, device: number): Refusal | undefined {
  const promised = promisedOn(files, device);
  if (entry.size + promised + DISK_RESERVE_BYTES <= freeBytes) return undefined;
  const needs = `${entry.path} needs ${formatBytes(entry.size)}, and ${formatBytes(DISK_RESERVE_BYTES)} must stay free`;
  const room = `${formatBytes(freeBytes)} are free${promised > 0 ? `, ${formatBytes(promised)} of them promised to running downloads` : ''}`;
  const sentence = `${needs}; ${room}; free some space or choose another destination`;
  return { code: 'DISK_FULL', sentence };
}

/** Bytes that must be free before a download that found its disk full is tried again. */
export function roomNeeded(files: FileTable, record: FileRecord): number {
  return bytesMissing(record) + promisedOn(files, record.device) + DISK_RESERVE_BYTES;
}

function promisedOn(files: FileTable, device: number | undefined): number {
  let promised = 0;
  for (const each of files.growing) if (each.device === device) promised += bytesToCome(each);
  return promised;
}
