// Key files on the disk: read under the rule of `key-file-rule.ts`, made once with mode 0600 and never overwritten.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { SecretKey } from '../../foundation/identity/keys.js';
import { printable } from '../../foundation/torrent/names.js';
import { publish } from '../../transfer/storage/disk/publish.js';
import { whyNoKeyDirectory, whyNoKeyFile } from './key-file-rule.js';
import { KEY_FILE_BYTES_MAX } from './limits.js';

const MODE = 0o600;

/**
 * A private key. Undefined when there is no such file. Rejects with MiniTorrentError: PERMISSION_DENIED for a file that
 * is not private, STATE_DAMAGED for one that is no key.
 */
export async function readKeyFile(path: string): Promise<SecretKey | undefined> {
  const bytes = await readPrivate(path);
  if (bytes === undefined) return undefined;
  const key = SecretKey.parse(bytes);
  if (key !== undefined) return key;
  const sentence = `${printable(path)} is no Ed25519 key in PEM without a passphrase; restore it from a backup, or move it away and join again`;
  throw new MiniTorrentError('STATE_DAMAGED', sentence);
}

/**
 * Flushed, and its directory too, before it settles. Rejects with MiniTorrentError, ALREADY_EXISTS for a file that is
 * there.
 */
export async function makeKeyFile(path: string, key: SecretKey): Promise<void> {
  try {
    // It has its name only when it is whole: half a key of a killed process would be in the way of the next try.
    await publish(path, [Buffer.from(key.exportPem())], { mode: MODE, overwrite: false, durable: true });
  } catch (error) {
    throw fileError(error, printable(path));
  }
}

/** A small file under the rule; undefined when there is none. */
async function readPrivate(path: string): Promise<Buffer | undefined> {
  let handle: FileHandle;
  try {
    // Does not wait for the writer of a named pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, printable(path));
  }
  try {
    const found = await handle.stat();
    refuse(whyNoKeyFile(path, { ...found, isFile: found.isFile() }, process.geteuid?.()));
    await checkDirectories(path);
    const bytes = Buffer.alloc(KEY_FILE_BYTES_MAX);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    throw fileError(error, printable(path));
  } finally {
    await handle.close();
  }
}

/** The directory by its name, and the one in which the file really lies. */
async function checkDirectories(path: string): Promise<void> {
  const directories = new Set([dirname(path), dirname(await realpath(path))]);
  for (const directory of directories) refuse(whyNoKeyDirectory(directory, await stat(directory)));
}

function refuse(why: string | undefined): void {
  if (why !== undefined) throw new MiniTorrentError('PERMISSION_DENIED', why);
}

/** The key in a file, for one use of whoever cannot wait; undefined when it is not there, or may not be used. */
export function keyAtOnce(path: string): SecretKey | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(fd);
      if (whyNoKeyFile(path, { ...found, isFile: found.isFile() }, process.geteuid?.()) !== undefined) return undefined;
      return SecretKey.parse(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
