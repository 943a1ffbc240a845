// Measures this machine: the speed of its disks, with a file that is unlinked before it is written; SHA-1 off the main
// thread; memory; the limit of open files. Leaves nothing behind.

import { randomBytes, webcrypto } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { within } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import {
  OPEN_FILES_BASE,
  PEERS_PER_DOWNLOAD_MAX,
  UPLOAD_CONNECTIONS_MAX,
  UPLOAD_FILES_OPEN_MAX,
} from '../../foundation/base/limits.js';
import { residentBytes } from '../../foundation/base/this-machine.js';
import { type Room, roomAt } from '../../transfer/storage/disk/room.js';
import type { DiskFact, MachineFact, OpenFilesFact } from './facts.js';
import { DOCTOR_DISK_BYTES, DOCTOR_HASH_BYTES, DOCTOR_STEP_DEADLINE_MS } from './limits.js';

const UNKNOWN_ROOM: Room = { freeBytes: undefined, totalBytes: undefined, freeInodes: undefined };

/** A directory, and the bytes that will be written to its disk. */
export interface Place {
  readonly directory: string;
  readonly neededBytes: number;
}

/** One fact per disk, in the order of the places. */
export async function probeDisks(places: readonly Place[]): Promise<readonly DiskFact[]> {
  const disks = new Map<number | string, Place>();
  for (const { directory, neededBytes } of places) {
    // A missing directory counts as a disk of its own, which fails.
    const device = await stat(directory).then(
      ({ dev }) => dev,
      () => directory,
    );
    const known = disks.get(device);
    disks.set(device, {
      directory: known?.directory ?? directory,
      neededBytes: neededBytes + (known?.neededBytes ?? 0),
    });
  }
  return Promise.all([...disks.values()].map((place) => probeDisk(place)));
}

async function probeDisk({ directory, neededBytes }: Place): Promise<DiskFact> {
  const writtenBytes = DOCTOR_DISK_BYTES;
  const unknown = { directory, neededBytes, writtenBytes, room: UNKNOWN_ROOM, writtenMs: undefined, errno: undefined };
  const look = async (): Promise<DiskFact> => {
    let room = UNKNOWN_ROOM;
    try {
      room = await roomAt(directory);
      return { ...unknown, room, writtenMs: await writeAndFlush(directory, writtenBytes) };
    } catch (error) {
      return { ...unknown, room, errno: errnoOf(error instanceof Error ? (error.cause ?? error) : error) ?? 'EIO' };
    }
  };
  return within(look(), DOCTOR_STEP_DEADLINE_MS, () => unknown);
}

/** Milliseconds. */
async function writeAndFlush(directory: string, byteCount: number): Promise<number> {
  const path = join(directory, `.mtorrent-doctor-${randomBytes(8).toString('hex')}`);
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    // Before it is written: nothing is left behind, whatever ends us.
    await unlink(path);
    const bytes = new Uint8Array(byteCount).fill(0x6d);
    const beganMs = performance.now();
    for (let at = 0; at < byteCount; ) at += (await file.write(bytes, at, byteCount - at, at)).bytesWritten;
    await file.sync();
    return performance.now() - beganMs;
  } finally {
    await file.close();
  }
}

export async function probeMachine(): Promise<MachineFact> {
  const bytes = new Uint8Array(DOCTOR_HASH_BYTES);
  // Warms up code and memory pages.
  await webcrypto.subtle.digest('SHA-1', bytes);
  const beganMs = performance.now();
  await webcrypto.subtle.digest('SHA-1', bytes);
  return {
    hashRate: (bytes.length / Math.max(0.1, performance.now() - beganMs)) * 1_000,
    freeMemoryBytes: freemem(),
    totalMemoryBytes: totalmem(),
    rssBytes: residentBytes(),
  };
}

/** Undefined where the system does not say. */
export async function probeOpenFiles(runningDownloads: number): Promise<OpenFilesFact | undefined> {
  try {
    const limits = await readFile('/proc/self/limits', 'latin1');
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN);
    const open = (await readdir('/proc/self/fd')).length;
    const sockets = UPLOAD_CONNECTIONS_MAX + runningDownloads * PEERS_PER_DOWNLOAD_MAX;
    const needed = OPEN_FILES_BASE + UPLOAD_FILES_OPEN_MAX + sockets;
    return Number.isFinite(limit) ? { limit, open, needed } : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
