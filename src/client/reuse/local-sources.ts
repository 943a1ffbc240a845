// The files that a person names as sources of a download, as `get --reuse` does: files, and those below folders. Large
// ones are hashed in pieces, as a share of their own; small ones as a whole, if their size is one that is wanted.

import { createHash } from 'node:crypto';
import { lstat, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { inspectSource } from '../../transfer/storage/source/source.js';
import type { LocalHashing } from '../disk-jobs/local-hashing.js';
import { REUSE_FILES_AT_ONCE, REUSE_FILES_MAX, REUSE_SMALL_BYTES } from '../limits.js';
import type { SourceFile, SourceShare } from './matching.js';

export interface LocalSources {
  readonly shares: readonly SourceShare[];
  readonly files: readonly SourceFile[];
  /** The name of each group: the path as it was given. */
  readonly names: readonly string[];
}

export interface GatherOptions {
  readonly hashing: LocalHashing;
  readonly log: Log;
  /** What is to be downloaded. */
  readonly layout: Layout;
  readonly wantsSize: (size: number) => boolean;
  /** Called with the bytes hashed so far and those of all sources. */
  readonly onHashed: (bytes: number, of: number) => void;
}

interface Found {
  readonly path: string;
  readonly size: number;
  readonly group: number;
}

/** Rejects with FILE_NOT_FOUND and its like for a path that was named; what lies below a folder may be unreadable. */
export async function gatherSources(paths: readonly string[], options: GatherOptions): Promise<LocalSources> {
  const found: Found[] = [];
  for (const [group, path] of paths.entries())
    for (const file of await filesAt(path, options)) found.push({ ...file, group });
  // Of a folder, only files of that size have pieces of their own.
  const least = options.layout.folder === undefined ? PIECE_SIZE : REUSE_SMALL_BYTES;
  const isCut = hasPieces(options.layout);
  const wanted = found.filter(({ size }) => options.wantsSize(size) || (isCut && size >= least));
  const all = wanted.reduce((sum, { size }) => sum + size, 0);
  const shares: SourceShare[] = [];
  const files: SourceFile[] = [];
  let done = 0;
  const take = async (source: Found): Promise<void> => {
    const isSmall = options.wantsSize(source.size) && source.size <= REUSE_SMALL_BYTES;
    try {
      if (isSmall) files.push(await hashWhole(source));
      else shares.push(await hashPieces(source, options, (bytes) => options.onHashed(done + bytes, all)));
    } catch (error) {
      if (!(error instanceof MiniTorrentError) || error.code === 'CANCELLED') throw error;
      options.log.info({ err: error, path: source.path }, 'cannot be read, and is no source of a download');
    }
    done += source.size;
    options.onHashed(done, all);
  };
  for (let at = 0; at < wanted.length; at += REUSE_FILES_AT_ONCE)
    await Promise.all(wanted.slice(at, at + REUSE_FILES_AT_ONCE).map(take));
  return { shares, files, names: paths };
}

/** Some of its pieces belong to one large file. */
function hasPieces({ folder, size }: Layout): boolean {
  if (folder === undefined) return size > PIECE_SIZE;
  for (let entry = 0; entry < folder.count; entry += 1) if (folder.sizeOf(entry) >= REUSE_SMALL_BYTES) return true;
  return false;
}

async function filesAt(path: string, options: GatherOptions): Promise<readonly Omit<Found, 'group'>[]> {
  try {
    const named = await stat(path);
    if (!named.isDirectory()) {
      const { path: real, size } = await inspectSource(path);
      return [{ path: real, size }];
    }
  } catch (error) {
    throw fileError(error, path);
  }
  const files: Omit<Found, 'group'>[] = [];
  await walk(path, files, options.log);
  return files;
}

/** Links are not followed: what they point to is another file, or is named by itself. */
async function walk(directory: string, files: Omit<Found, 'group'>[], log: Log): Promise<void> {
  try {
    for (const item of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, item.name);
      if (item.isDirectory()) await walk(path, files, log);
      else if (item.isFile()) files.push({ path, size: (await lstat(path)).size });
      if (files.length > REUSE_FILES_MAX) throw tooMany(directory);
    }
  } catch (error) {
    if (error instanceof MiniTorrentError) throw error;
    log.info({ err: fileError(error, directory) }, 'a folder cannot be read, and has no sources of a download');
  }
}

function tooMany(directory: string): MiniTorrentError {
  const sentence = `--reuse: ${directory} and what was named before have more than ${REUSE_FILES_MAX} files; name a smaller folder`;
  return new MiniTorrentError('LIMIT_REACHED', sentence);
}

async function hashPieces(
  { path, group }: Found,
  { hashing, layout }: GatherOptions,
  onHashed: (bytes: number) => void,
): Promise<SourceShare> {
  const source = await inspectSource(path);
  const digests = await hashing.hash(source, (pieces) => onHashed(Math.min(source.size, pieces * PIECE_SIZE)));
  const { size, mtimeMs } = source;
  const tail = size % PIECE_SIZE;
  const paddedTail =
    layout.folder !== undefined && tail > 0 ? await hashTail(source.path, size - tail, tail) : undefined;
  return { layout: source.layout, digests, has: () => true, path: source.path, mtimeMs, group, paddedTail };
}

/** Digest of the last piece with zeros behind it. */
async function hashTail(path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(PIECE_SIZE);
  const handle = await open(path).catch((error: unknown) => Promise.reject(fileError(error, path)));
  try {
    await handle.read(bytes, 0, length, offset);
  } finally {
    await handle.close();
  }
  return new Uint8Array(createHash('sha1').update(bytes).digest());
}

async function hashWhole({ path, group }: Found): Promise<SourceFile> {
  try {
    const { size, mtimeMs } = await stat(path);
    const digest = createHash('sha1')
      .update(await readFile(path))
      .digest()
      .readBigUInt64BE(0);
    return { path, size, mtimeMs, digest, group };
  } catch (error) {
    throw fileError(error, path);
  }
}
