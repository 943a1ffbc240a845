// The token by which scripts are let in over TCP: a file of this user alone in the state directory, made when it is
// missing. One that others may read is replaced.

import { lstat, unlink } from 'node:fs/promises';
import { errnoOf, fileError } from '../../foundation/base/errors.js';
import { atomicWriteFile, readBounded } from '../../transfer/storage/disk/state-file.js';
import { HTTP_TOKEN_FILE_BYTES_MAX } from './limits.js';

const MODE = 0o600;
const OTHERS = 0o077;

/** Rejects with PERMISSION_DENIED, DISK_FULL, IO_ERROR. @param path absolute. @param make random text. */
export async function tokenAt(path: string, make: () => string): Promise<string> {
  try {
    if (await isPrivate(path)) {
      const token = Buffer.from(await readBounded(path, HTTP_TOKEN_FILE_BYTES_MAX))
        .toString('latin1')
        .trim();
      if (/^[\w-]{32,}$/.test(token)) return token;
    }
    const token = make();
    await atomicWriteFile(path, Buffer.from(`${token}\n`), MODE);
    return token;
  } catch (error) {
    throw fileError(error, path);
  }
}

async function isPrivate(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.isFile() && (found.mode & OTHERS) === 0 && found.uid === process.geteuid?.()) return true;
    await unlink(path);
    return false;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
