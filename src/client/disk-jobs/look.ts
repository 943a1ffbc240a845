// Looks at shares and their .mtorrent files without reading them. What cannot be looked at counts as missing.

import { stat } from 'node:fs/promises';
import { lookAtSource } from '../../transfer/storage/source.js';
import type { Found, LookedAt, SeenSource } from '../effects.js';

/** Undefined when there is no share at `path`. */
export async function lookAt(path: string, mtorrentPath: string | undefined): Promise<Found | undefined> {
  const [source, metainfoMtimeMs] = await Promise.all([
    lookAtSource(path),
    mtorrentPath === undefined ? undefined : mtimeOf(mtorrentPath),
  ]);
  return source === undefined ? undefined : { ...source, metainfoMtimeMs };
}

/** One after the other, so that other work of the disk is done in between. */
export async function lookAtAll(sources: readonly LookedAt[]): Promise<readonly SeenSource[]> {
  const seen: SeenSource[] = [];
  for (const [file, path, mtorrentPath] of sources) seen.push({ file, found: await lookAt(path, mtorrentPath) });
  return seen;
}

function mtimeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
