// Hashes a local file or folder to share. Everything that could refuse its .mtorrent is checked before the hashing,
// which may take minutes.

import { basename } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Signer } from '../../foundation/identity/seal.js';
import type { Address } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { EXECUTABLE_LINE, formatHead, type Metainfo, makeMetainfo } from '../../foundation/torrent/metainfo.js';
import { notesOn } from '../../transfer/hash/survey-notes.js';
import { placeOf } from '../../transfer/storage/disk/real-path.js';
import { checkMetainfoPath } from '../../transfer/storage/metainfo-file.js';
import { inspectSource, isFolder } from '../../transfer/storage/source/source.js';
import type { Entry } from '../files/record.js';
import type { ShareOptions } from '../messages.js';
import { entryOf } from './entry.js';
import type { LocalHashing } from './local-hashing.js';
import { signedBy } from './signatures.js';

export interface HashProgress {
  /** In bytes. */
  readonly size: number;
  readonly pieces: number;
  /** Pieces. */
  readonly done: number;
}

export interface ShareOrder extends Omit<ShareOptions, 'isSigned'> {
  readonly path: string;
  readonly mtorrentPath: string;
  readonly trackers: readonly [Address, Address];
  /** Undefined: it is not signed. */
  readonly signer?: Signer | undefined;
}

export interface HashedShare {
  /** Of a folder: without the time of its stamps. */
  readonly entry: Entry;
  readonly metainfo: Metainfo;
  /** What its user should know of the names in it. */
  readonly notes: readonly string[];
}

type OnProgress = (progress: HashProgress) => void;

/** Rejects with MiniTorrentError. */
export async function hashShare(
  order: ShareOrder,
  hashing: LocalHashing,
  onProgress: OnProgress,
): Promise<HashedShare> {
  const { path, mtorrentPath } = order;
  if (!mtorrentPath.endsWith('.mtorrent')) {
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `${mtorrentPath} does not end in .mtorrent; name it like ${basename(path)}.mtorrent`,
    );
  }
  const placed = { ...order, mtorrentPath: await placeOf(mtorrentPath) };
  return (await isFolder(path)) ? hashFolder(placed, hashing, onProgress) : hashFile(placed, hashing, onProgress);
}

async function hashFile(order: ShareOrder, hashing: LocalHashing, onProgress: OnProgress): Promise<HashedShare> {
  const { path, mtorrentPath, trackers, mode, isListed, signer } = order;
  const source = await inspectSource(path);
  const { size } = source;
  const name = nameOf(path);
  await checkMetainfoPath(mtorrentPath, formatHead({ trackers, name, size }), { overwrite: false });
  const { pieceCount: pieces } = new Geometry(size);
  const digests = await hashing.hash(source, (done) => onProgress({ size, pieces, done }));
  const sha256 = signer === undefined ? undefined : await hashing.sha256(source);
  const extra = mode && source.isExecutable ? [EXECUTABLE_LINE] : [];
  const metainfo = signedBy(signer, makeMetainfo({ trackers, name, size, digests, sha256, extra }));
  const entry = entryOf(metainfo, mtorrentPath, source.path, { kind: 'complete', mtimeMs: source.mtimeMs });
  return { entry: { ...entry, isListed }, metainfo, notes: [] };
}

async function hashFolder(order: ShareOrder, hashing: LocalHashing, onProgress: OnProgress): Promise<HashedShare> {
  const { path, mtorrentPath, trackers, mode: _, isListed, signer, ...options } = order;
  const name = nameOf(path);
  // Its size is not known yet: whether it can be written there at all.
  await checkMetainfoPath(mtorrentPath, formatHead({ trackers, name, size: 0 }), { overwrite: true });
  const source = await hashing.survey(path, { ...options, except: mtorrentPath });
  const { size, layout } = source;
  await checkMetainfoPath(mtorrentPath, formatHead({ trackers, name, size }), { overwrite: false });
  const { pieceCount: pieces } = new Geometry(size);
  const digests = await hashing.hash(source, (done) => onProgress({ size, pieces, done }));
  const metainfo = signedBy(signer, makeMetainfo({ trackers, name, size, digests, folder: layout.folder }));
  const entry = entryOf(metainfo, mtorrentPath, source.path, { kind: 'complete', mtimeMs: 0 });
  return { entry: { ...entry, isListed }, metainfo, notes: notesOn(source) };
}

function nameOf(path: string): string {
  return basename(path).normalize('NFC');
}
