// Hashes a local file to share. Everything that could refuse its .mtorrent is checked before the hashing, which may
// take minutes.

import { basename } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Address } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { formatHead, type Metainfo, makeMetainfo } from '../../foundation/torrent/metainfo.js';
import { checkMetainfoPath } from '../../transfer/storage/metainfo-file.js';
import { inspectSource } from '../../transfer/storage/source.js';
import type { Entry } from '../files/record.js';
import { entryOf } from './entry.js';
import type { LocalHashing } from './local-hashing.js';

export interface HashProgress {
  /** In bytes. */
  readonly size: number;
  readonly pieces: number;
  /** Pieces. */
  readonly done: number;
}

export interface ShareOrder {
  readonly path: string;
  readonly mtorrentPath: string;
  readonly trackers: readonly [Address, Address];
  /** See ClientCommand. */
  readonly isListed: boolean;
}

/** Rejects with MiniTorrentError. */
export async function hashShare(
  { path, mtorrentPath, trackers, isListed }: ShareOrder,
  hashing: LocalHashing,
  onProgress: (progress: HashProgress) => void,
): Promise<{ readonly entry: Entry; readonly metainfo: Metainfo }> {
  if (!mtorrentPath.endsWith('.mtorrent')) {
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `${mtorrentPath} does not end in .mtorrent; name it like ${basename(path)}.mtorrent`,
    );
  }
  const source = await inspectSource(path);
  const { size } = source;
  const name = basename(path).normalize('NFC');
  await checkMetainfoPath(mtorrentPath, formatHead({ trackers, name, size }), { overwrite: false });
  const { pieceCount: pieces } = new Geometry(size);
  const digests = await hashing.hash(source, (done) => onProgress({ size, pieces, done }));
  const metainfo = makeMetainfo({ trackers, name, size, digests });
  const entry = entryOf(metainfo, mtorrentPath, source.path, { kind: 'complete', mtimeMs: source.mtimeMs });
  return { entry: { ...entry, isListed }, metainfo };
}
