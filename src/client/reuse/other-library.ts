// What another client's state directory says that it shares and downloads, as sources of a download. Only reads, and
// needs no word of that client, which may run or not: whatever has changed since costs speed.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { choose } from '../../foundation/torrent/folder/choice.js';
import { servedPieces } from '../../foundation/torrent/folder/wanted-pieces.js';
import { ANY_NAMES, type Metainfo } from '../../foundation/torrent/metainfo.js';
import { loadStamps } from '../../transfer/storage/folder/stamps.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { loadResume } from '../../transfer/storage/part/resume.js';
import { partPathOf } from '../../transfer/storage/target.js';
import { recordedMs } from '../files/completeness.js';
import { namesOf } from '../files/names.js';
import type { Entry } from '../files/record.js';
import { REUSE_LIBRARY_BYTES_MAX, REUSE_LIBRARY_SHARES_MAX } from '../limits.js';
import { loadLibrary } from '../state/journal.js';
import { type StatePaths, statePathsOf } from '../state/library.js';
import type { KnownShare } from './known-shares.js';

/** Of a digest in a .mtorrent. */
const DIGITS_A_PIECE = 40;

/** The newest first; none when there is no such directory, or when it cannot be read. */
export async function* sharesOfLibrary(directory: string, log: Log): AsyncGenerator<KnownShare> {
  const paths = statePathsOf(directory);
  let bytes = 0;
  for (const entry of (await entriesOf(paths, log)).slice(-REUSE_LIBRARY_SHARES_MAX).reverse()) {
    bytes += DIGITS_A_PIECE * Math.ceil(entry.size / PIECE_SIZE) + (entry.details?.listBytes ?? 0);
    if (bytes > REUSE_LIBRARY_BYTES_MAX) return;
    const share = await unlessUnreadable(log, entry.path, () => shareOf(entry, paths));
    if (share !== undefined) yield share;
  }
}

async function entriesOf(paths: StatePaths, log: Log): Promise<readonly Entry[]> {
  const library = await unlessUnreadable(log, paths.directory, () => loadLibrary(paths));
  return library?.entries ?? [];
}

/** Its disk may be away, or it is being removed: then it is no source. */
async function unlessUnreadable<T>(log: Log, path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    log.info({ err: error, path }, 'cannot be read, and is no source of a download');
    return undefined;
  }
}

async function shareOf(entry: Entry, paths: StatePaths): Promise<KnownShare> {
  const { swarm, name, completeness } = entry;
  const metainfo = await metainfoOf(entry, paths);
  const { layout, digests } = metainfo;
  if (layout.folder !== undefined) choose(layout.folder, entry.folder ?? {});
  const known = { swarm, name, layout, digests };
  if (completeness.kind === 'partial') {
    const have = await flushedPieces(entry, paths, metainfo);
    return { ...known, path: partPathOf(entry.path), mtimeMs: Number.NaN, has: (piece) => have?.has(piece) === true };
  }
  const recorded = recordedMs(completeness) ?? Number.NaN;
  if (layout.folder === undefined) return { ...known, path: entry.path, mtimeMs: recorded, has: () => true };
  if (entry.folder?.followsLinks === true) layout.folder.followLinks();
  await loadStamps(paths.stampsOf(entry), swarm, layout.folder, recorded);
  const have = servedPieces(layout);
  return { ...known, path: entry.path, mtimeMs: recorded, has: (piece) => have.has(piece) };
}

/** From the copy of that client, else from the first of its .mtorrent files that is still of this content. */
async function metainfoOf(entry: Entry, paths: StatePaths): Promise<Metainfo> {
  const files = [paths.copyOf(entry.swarm), ...namesOf(entry).map(({ mtorrentPath }) => mtorrentPath)];
  for (const path of new Set(files)) {
    const read = await readMetainfo(path, ANY_NAMES).catch((error: unknown) => {
      if (error instanceof MiniTorrentError) return undefined;
      throw error;
    });
    if (read?.swarm === entry.swarm) return read;
  }
  throw new MiniTorrentError('MTORRENT_FILE_NOT_FOUND', `nothing describes ${entry.path} any more`);
}

/** Of an unfinished download, which another process may write to at this moment. */
async function flushedPieces(entry: Entry, paths: StatePaths, metainfo: Metainfo): Promise<Bitfield | undefined> {
  const reading = await loadResume(paths.resumeOf(entry));
  if (reading?.kind !== 'resume') return undefined;
  const { synced } = reading.resume;
  return synced.pieceCount === metainfo.geometry.pieceCount ? synced : undefined;
}
