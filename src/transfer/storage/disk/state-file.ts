// The program's own small state files: read whole up to a bound, and replaced atomically. Every error names the file.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { creationError, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { publish } from './publish.js';

/**
 * Replaces a state file: afterwards, and after a crash at any instant, it holds the old bytes or the new ones, whole.
 * @param durable flushes it to the disk; false for state whose loss costs only work, such as periodic resume data.
 */
export async function atomicWriteFile(path: string, bytes: Uint8Array, mode = 0o600, durable = true): Promise<void> {
  try {
    await publish(path, [bytes], { mode, overwrite: true, durable });
  } catch (error) {
    throw creationError(error, path);
  }
}

/** A state file's bytes. FILE_NOT_FOUND when there is none, STATE_DAMAGED when it is larger than `bytesMax`. */
export async function readBounded(path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; move it away`);
      if (found.size > bytesMax) {
        const sentence = `${path} has ${found.size} bytes, more than the ${bytesMax} that it may have; move it away`;
        throw new MiniTorrentError('STATE_DAMAGED', sentence);
      }
      const bytes = new Uint8Array(found.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** As `readBounded`; undefined when there is no such file. */
export async function readIfThere(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(path, bytesMax);
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
