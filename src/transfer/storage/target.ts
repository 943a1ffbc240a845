// Where a download goes: the path of its target, and of the `.part` that it is written to until it is complete. A path
// where something exists is never chosen as a target.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { assert } from '../../foundation/base/assert.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { NAME_BYTES_MAX } from '../../foundation/base/limits.js';
import { checkFileName } from '../../foundation/torrent/names.js';
import { exists } from './publish.js';

const PART_SUFFIX = '.part';

/**
 * The target of a download, as an absolute path. `destination` is either a directory, which exists or ends with a
 * slash, and `name` is appended to it; or it is the file to write. Its directory exists and is writable; ALREADY_EXISTS
 * when the target does.
 * @param name safe by `checkFileName`.
 */
export async function resolveTarget(destination: string, name: string): Promise<string> {
  const path = await targetPathOf(destination, name);
  try {
    if (!(await exists(path))) return path;
  } catch (error) {
    throw fileError(error, destination);
  }
  const sentence = `${path} exists already; choose another destination or move that file away`;
  throw new MiniTorrentError('ALREADY_EXISTS', sentence);
}

/** As `resolveTarget`, whether the target exists or not. */
export async function targetPathOf(destination: string, name: string): Promise<string> {
  assert(checkFileName(name) === undefined, 'a name was checked before it becomes a path');
  if (destination === '') {
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'the destination is empty; name a directory or a file');
  }
  try {
    const asDirectory = destination.endsWith('/') || destination.endsWith(sep);
    const target = asDirectory || (await isDirectory(destination)) ? join(destination, name) : destination;
    const parent = await writableDirectory(dirname(resolve(target)));
    return join(parent, basename(resolve(target)));
  } catch (error) {
    throw fileError(error, destination);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function writableDirectory(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if (!(await stat(real)).isDirectory()) {
      throw new MiniTorrentError('NOT_A_DIRECTORY', `${path} is not a directory; choose another destination`);
    }
    await access(real, constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
    throw new MiniTorrentError('FILE_NOT_FOUND', `the directory ${path} does not exist; create it first`, error);
  }
}

/** `<target>.part`, or a digest of the name with the same suffix when the name is too long. */
export function partPathOf(targetPath: string): string {
  const name = basename(targetPath);
  if (Buffer.byteLength(name) + PART_SUFFIX.length <= NAME_BYTES_MAX) return targetPath + PART_SUFFIX;
  return join(dirname(targetPath), createHash('sha1').update(name).digest('hex') + PART_SUFFIX);
}
