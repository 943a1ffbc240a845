// Looks at a path before anything there is opened: whether it can be shared. Every error names the path.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { formatBytes } from '../../../foundation/base/bytes.js';
import { fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { FILE_SIZE_MAX } from '../../../foundation/torrent/geometry.js';
import { Layout } from '../../../foundation/torrent/layout.js';

export interface Source {
  /** Absolute, with symbolic links resolved. */
  readonly path: string;
  readonly size: number;
  readonly layout: Layout;
  /** A later look compares it and the size to see whether the file has changed. Of a folder 0: its list has them. */
  readonly mtimeMs: number;
  /** Its owner may execute it; of one file. */
  readonly isExecutable: boolean;
}

/** Whether there is a folder at `path`, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  // What is wrong with anything else is said by who opens it.
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/**
 * What can be shared as one file is a regular one, readable and not too large; else FILE_NOT_FOUND, NOT_A_FILE,
 * PERMISSION_DENIED, LIMIT_REACHED.
 */
export async function inspectSource(path: string): Promise<Source> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (!found.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${path} is not a regular file; name a file`);
    if (found.size > FILE_SIZE_MAX) {
      const sentence = `${path} has ${formatBytes(found.size)}; at most ${formatBytes(FILE_SIZE_MAX)} can be shared`;
      throw new MiniTorrentError('LIMIT_REACHED', sentence);
    }
    await access(real, constants.R_OK);
    const isExecutable = (found.mode & constants.S_IXUSR) !== 0;
    return { path: real, size: found.size, layout: new Layout(found.size), mtimeMs: found.mtimeMs, isExecutable };
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The state of a share as a look at it finds it, to compare with a later one. */
export interface Look {
  /** In bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  /** When anything about it last changed, even its times: a copy put back with its old time shows here. */
  readonly changedMs: number;
}

/** Looks without reading. Undefined when there is nothing that can be looked at. */
export async function lookAtSource(path: string): Promise<Look | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? { size: found.size, mtimeMs: found.mtimeMs, changedMs: found.ctimeMs } : undefined;
}

/** Undefined when nothing is there. */
export async function inspectIfThere(path: string): Promise<Source | undefined> {
  try {
    return await inspectSource(path);
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}
