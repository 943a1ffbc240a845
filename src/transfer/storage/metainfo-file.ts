// Reads and writes `.mtorrent` files in bounded parts; foundation/torrent/metainfo.ts decides what the text means.
// Writing is atomic and never replaces another file unless told to. Writing the same bytes again succeeds.

import { constants } from 'node:fs';
import { access, type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equalBytes } from '../../foundation/base/bytes.js';
import {
  creationError,
  directoryError,
  errnoOf,
  FileError,
  fileError,
  MiniTorrentError,
} from '../../foundation/base/errors.js';
import { METAINFO_IO_BYTES } from '../../foundation/base/limits.js';
import { command } from '../../foundation/base/shell-line.js';
import { type Address, sameAddress } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import {
  ANY_NAMES,
  formatMetainfo,
  type Metainfo,
  MetainfoParser,
  type NameRule,
  NO_NAMES,
} from '../../foundation/torrent/metainfo.js';
import { publish, unlinkIfThere } from './disk/publish.js';
import { METAINFO_BYTES_MAX } from './limits.js';
import { notWritable } from './target.js';

/**
 * Rejects with MTORRENT_FILE_NOT_FOUND, NOT_A_FILE, PERMISSION_DENIED, INVALID_MTORRENT or UNSAFE_NAME, naming `path`.
 */
export async function readMetainfo(path: string, mayName: NameRule = NO_NAMES): Promise<Metainfo> {
  const parser = new MetainfoParser(path, mayName);
  try {
    const handle = await openRegular(path);
    try {
      await forEachPart(handle, (part) => parser.push(part));
    } finally {
      await handle.close();
    }
    return parser.end();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(error, path);
    const trouble = { errno: 'ENOENT', path };
    throw new FileError('MTORRENT_FILE_NOT_FOUND', `${path} does not exist; check the path`, trouble, error);
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a named pipe would wait for its other end.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile()) {
      throw new MiniTorrentError(
        'NOT_A_FILE',
        `${path} is not a regular file; name a .mtorrent file, or send it to: ${command('get', '-')}`,
      );
    }
    if (found.size > METAINFO_BYTES_MAX) {
      const sentence = `${path} has ${found.size} bytes, more than any .mtorrent file; check that it is one`;
      throw new MiniTorrentError('INVALID_MTORRENT', sentence);
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function forEachPart(handle: FileHandle, use: (part: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(METAINFO_IO_BYTES);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    use(buffer.subarray(0, bytesRead));
  }
}

const NOT_OURS: readonly string[] = ['MTORRENT_FILE_NOT_FOUND', 'NOT_A_FILE', 'INVALID_MTORRENT', 'UNSAFE_NAME'];

export interface WriteMetainfoOptions {
  /** Replaces another file of this name; otherwise that is ALREADY_EXISTS, unless it holds the same bytes. */
  readonly overwrite: boolean;
}

/**
 * Refuses early what `writeMetainfo` would refuse after minutes of hashing: a directory that is not writable, and a
 * file at `path` that does not begin with `head` (see `formatHead`) and so cannot be the same file.
 */
export async function checkMetainfoPath(path: string, head: Uint8Array, options: WriteMetainfoOptions): Promise<void> {
  try {
    // With a slash: a file in the place of the directory is not merely one that may not be entered.
    await access(`${dirname(path)}/`, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw (await notWritable(error, dirname(path))) ?? directoryError(error, dirname(path));
  }
  if (options.overwrite) return;
  try {
    const handle = await openRegular(path);
    try {
      const there = new Uint8Array(head.length);
      await handle.read(there, 0, there.length, 0);
      if (!equalBytes(there, head)) throw alreadyExists(path);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    const failure = fileError(error, path);
    throw ['NOT_A_FILE', 'INVALID_MTORRENT'].includes(failure.code) ? alreadyExists(path) : failure;
  }
}

function alreadyExists(path: string): MiniTorrentError {
  return new MiniTorrentError('ALREADY_EXISTS', `${path} exists already; choose another name or move it away`);
}

/** Rejects with ALREADY_EXISTS, PERMISSION_DENIED, DISK_FULL, …; nothing has changed then. */
export async function writeMetainfo(path: string, metainfo: Metainfo, options: WriteMetainfoOptions): Promise<void> {
  const { overwrite } = options;
  try {
    await publish(path, formatMetainfo(metainfo), { mode: 0o644, overwrite, durable: true });
  } catch (error) {
    const failure = creationError(error, path);
    if (failure.code === 'ALREADY_EXISTS' && (await holdsAlready(path, metainfo))) return;
    throw failure.code === 'ALREADY_EXISTS' ? alreadyExists(path) : failure;
  }
}

/** Deletes the file if it describes this swarm. What has been put in its place since is somebody else's. */
export async function deleteMetainfo(path: string, swarm: SwarmKey): Promise<void> {
  if ((await swarmAt(path)) === swarm) await unlinkIfThere(path);
}

/**
 * Writes the file anew with the tracker `to` in place of `from`, if it describes this swarm, where a link at `path`
 * leads, with the permissions that it has. Resolves to whether it was, or to why that failed; nothing has changed then.
 */
export async function replaceTracker(
  path: string,
  swarm: SwarmKey,
  from: Address,
  to: Address,
): Promise<boolean | MiniTorrentError> {
  try {
    const metainfo = await readMetainfo(path, ANY_NAMES);
    const [first, second] = metainfo.trackers;
    if (metainfo.swarm !== swarm || (!sameAddress(first, from) && !sameAddress(second, from))) return false;
    const trackers = [sameAddress(first, from) ? to : first, sameAddress(second, from) ? to : second] as const;
    await rewrite(path, { ...metainfo, trackers });
    return true;
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    // It was deleted, or something else is in its place.
    return NOT_OURS.includes(error.code) ? false : error;
  }
}

async function rewrite(path: string, metainfo: Metainfo): Promise<void> {
  try {
    const place = await realpath(path);
    const { mode } = await stat(place);
    await publish(place, formatMetainfo(metainfo), { mode: mode & 0o777, overwrite: true, durable: true });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The swarm that the file describes; undefined when none can be read there. */
async function swarmAt(path: string): Promise<SwarmKey | undefined> {
  try {
    return (await readMetainfo(path, ANY_NAMES)).swarm;
  } catch (error) {
    if (error instanceof MiniTorrentError) return undefined;
    throw error;
  }
}

/** True when the file's bytes are those of `metainfo`. */
async function holdsAlready(path: string, metainfo: Metainfo): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await openRegular(path);
  } catch (error) {
    // It cannot be read as a `.mtorrent`, so it is another file.
    if (error instanceof MiniTorrentError || errnoOf(error) !== undefined) return false;
    throw error;
  }
  try {
    for (const part of formatMetainfo(metainfo)) {
      const there = new Uint8Array(part.length);
      const { bytesRead } = await handle.read(there, 0, there.length, null);
      if (bytesRead !== part.length || !equalBytes(there, part)) return false;
    }
    return (await handle.read(new Uint8Array(1), 0, 1, null)).bytesRead === 0;
  } finally {
    await handle.close();
  }
}
