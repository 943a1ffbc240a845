// Makes the files of a client that was stopped during a download: a `.part` with some pieces, resume data, and a
// library that says "paused". A client that is started on them serves those pieces and fetches nothing.

import fs from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../../client/files/record.js';
import { openStateDirectory, saveLibrary } from '../../client/state/library.js';
import { PIECE_SIZE } from '../../foundation/base/limits.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { createPart } from '../../transfer/storage/open-storage.js';
import { leftAs, saveResume } from '../../transfer/storage/part/resume.js';

export interface PartialOptions {
  readonly mtorrentPath: string;
  /** A complete copy to take the pieces from. */
  readonly sourcePath: string;
  readonly stateDir: string;
  /** Where the file would be once complete. */
  readonly targetPath: string;
  readonly hasPiece: (piece: number) => boolean;
}

/** Resolves to the number of pieces. */
export async function makePartialClient(options: PartialOptions): Promise<number> {
  const { mtorrentPath, sourcePath, stateDir, targetPath, hasPiece } = options;
  const metainfo = await readMetainfo(mtorrentPath);
  const { geometry, name, swarm, trackers } = metainfo;
  const entry: Entry = {
    mtorrentPath,
    path: targetPath,
    name,
    size: geometry.size,
    swarm,
    trackers,
    completeness: { kind: 'partial', paused: true },
    others: [],
  };
  await mkdir(stateDir, { recursive: true });
  const paths = await openStateDirectory(stateDir);
  const have = new Bitfield(geometry.pieceCount);
  const storage = await createPart(targetPath, metainfo.layout);
  const source = fs.openSync(sourcePath, 'r');
  const buffer = new Uint8Array(PIECE_SIZE);
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    if (!hasPiece(piece)) continue;
    const length = fs.readSync(source, buffer, 0, geometry.pieceLength(piece), geometry.pieceOffset(piece));
    storage.writeAt(geometry.pieceOffset(piece), buffer.subarray(0, length));
    have.set(piece);
  }
  fs.closeSync(source);
  await storage.flush();
  const left = leftAs(await storage.stamp(), true);
  await storage.close();
  await saveResume(paths.resumeOf(entry), { swarm, size: geometry.size, have, synced: have, left }, { durable: true });
  await saveLibrary(join(stateDir, 'library.json'), [entry]);
  return have.count;
}
