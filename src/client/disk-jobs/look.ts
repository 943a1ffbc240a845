// Looks at the size and times of files without reading them. A file that cannot be looked at counts as missing.

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Found, LookedAt, SeenSource } from '../effects.js';

/** Undefined when `path` is not a file that can be looked at. */
export async function lookAt(path: string, mtorrentPath: string | undefined): Promise<Found | undefined> {
  const [source, metainfo] = await Promise.all([
    statOf(path),
    mtorrentPath === undefined ? undefined : statOf(mtorrentPath),
  ]);
  if (source === undefined || !source.isFile()) return undefined;
  const { size, mtimeMs, ctimeMs } = source;
  return { size, mtimeMs, changedMs: ctimeMs, metainfoMtimeMs: metainfo?.mtimeMs };
}

/** One after the other, so that other work of the disk is done in between. */
export async function lookAtAll(sources: readonly LookedAt[]): Promise<readonly SeenSource[]> {
  const seen: SeenSource[] = [];
  for (const [file, path, mtorrentPath] of sources) seen.push({ file, found: await lookAt(path, mtorrentPath) });
  return seen;
}

/** Modification time of `path` in milliseconds; 0 when nothing is there. */
export async function writtenMs(path: string): Promise<number> {
  return (await statOf(path))?.mtimeMs ?? 0;
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
