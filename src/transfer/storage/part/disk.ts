// On which disk the `.part` of a download lies, kept beside its resume data. Where that disk is not mounted, the
// directory that it was mounted at is empty: the download waits for it, and is not begun again on the disk below.
// Nothing is kept of the disk of the root, and a system that does not name its mounts has none that can be missed.

import { rm } from 'node:fs/promises';
import { FileError } from '../../../foundation/base/errors.js';
import { diskOf, isBelow, mountsNow } from '../disk/mounts.js';
import { atomicWriteFile, readIfThere } from '../disk/state-file.js';
import { PART_DISK_BYTES_MAX } from '../limits.js';
import { partPathOf } from '../target.js';

/** A `.part` was made, or found. */
export async function rememberDisk(resumePath: string, targetPath: string): Promise<void> {
  const point = diskOf(targetPath, mountsNow());
  if (point === undefined || point === '/') return forgetDisk(resumePath);
  await atomicWriteFile(diskPath(resumePath), Buffer.from(point), 0o600, false);
}

export async function forgetDisk(resumePath: string): Promise<void> {
  await rm(diskPath(resumePath), { force: true });
}

/** There is no `.part`. Rejects with IO_ERROR when its disk is not there either. */
export async function refuseWithoutDisk(resumePath: string, targetPath: string): Promise<void> {
  const bytes = await readIfThere(diskPath(resumePath), PART_DISK_BYTES_MAX);
  if (bytes === undefined) return;
  const [point, now] = [Buffer.from(bytes).toString(), diskOf(targetPath, mountsNow())];
  const isGone = now !== undefined && now.length < point.length && isBelow(targetPath, point);
  if (!isGone) return;
  const path = partPathOf(targetPath);
  const sentence = `${path} is on the disk that was mounted at ${point}, and none is mounted there now; mount it again, or choose another destination`;
  throw new FileError('IO_ERROR', sentence, { errno: 'ENODEV', path });
}

function diskPath(resumePath: string): string {
  return `${resumePath}.disk`;
}
