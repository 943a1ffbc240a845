// Looks at files as their names and times tell, without reading them. What cannot be looked at is not there for us.

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Found, LookedAt, SeenSource } from '../effects.js';

/** What lies at `path`; undefined when that is no file that can be looked at. */
export async function lookAt(path: string, mtorrentPath: string | undefined): Promise<Found | undefined> {
  const [source, metainfo] = await Promise.all([
    statOf(path),
    mtorrentPath === undefined ? undefined : statOf(mtorrentPath),
  ]);
  if (source === undefined || !source.isFile()) return undefined;
  const { size, mtimeMs, ctimeMs } = source;
  return { size, mtimeMs, changedMs: ctimeMs, metainfoMtimeMs: metainfo?.mtimeMs };
}

/** One after the other, so that the disk has other work done in between. */
export async function lookAtAll(sources: readonly LookedAt[]): Promise<readonly SeenSource[]> {
  const seen: SeenSource[] = [];
  for (const [file, path, mtorrentPath] of sources) seen.push({ file, found: await lookAt(path, mtorrentPath) });
  return seen;
}

/** When what lies at `path` was last written to, in milliseconds; 0 when nothing is there. */
export async function writtenMs(path: string): Promise<number> {
  return (await statOf(path))?.mtimeMs ?? 0;
}

function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
