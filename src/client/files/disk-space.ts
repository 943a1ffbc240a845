// Decides whether a download fits its disk: free space against what it will write, what running downloads will still
// write there, and a reserve. Pieces of zeros are not written. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { DISK_RESERVE_BYTES } from '../../foundation/base/limits.js';
import type { Refusal } from '../effects.js';
import type { FileTable } from './file-table.js';
import { bytesMissing, bytesToCome, type Entry, type FileRecord, type KnownZeros } from './record.js';

/** The disk of a new download's target, and what it will hold. */
export interface Room {
  readonly freeBytes: number;
  /** ID of the file system. */
  readonly device: number;
  readonly zeros: KnownZeros;
}

/** Why a new download is refused; undefined when it fits. */
export function roomRefusal(files: FileTable, entry: Entry, { freeBytes, device, zeros }: Room): Refusal | undefined {
  const promised = promisedOn(files, device);
  const written = entry.size - zeros.bytes;
  if (written + promised + DISK_RESERVE_BYTES <= freeBytes) return undefined;
  const besides = zeros.bytes === 0 ? '' : ` beside ${formatBytes(zeros.bytes)} of zeros`;
  const needs = `${entry.path} needs ${formatBytes(written)}${besides}, and ${formatBytes(DISK_RESERVE_BYTES)} must stay free`;
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
