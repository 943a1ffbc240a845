// Looks at shares and their .mtorrent files without reading them. What cannot be looked at counts as missing.

import { stat } from 'node:fs/promises';
import { type Look, lookAtSource } from '../../transfer/storage/source.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { Found, LookedAt, SeenSource } from '../effects.js';

/** The copy at `path`, or else the first of `others` that is there. Undefined when there is none. */
export async function lookAt(
  path: string,
  mtorrentPath: string | undefined,
  others: readonly string[] = [],
): Promise<Found | undefined> {
  const [source, metainfoMtimeMs, ...further] = await Promise.all([
    lookAtSource(path),
    mtorrentPath === undefined ? undefined : mtimeOf(mtorrentPath),
    ...others.map(lookAtSource),
    // A missing download returns with its unfinished file.
    ...(mtorrentPath === undefined ? [] : [lookAtSource(partPathOf(path))]),
  ]);
  const first = source ?? further.find((other) => other !== undefined);
  return first === undefined ? undefined : { ...first, metainfoMtimeMs, others: further.map(textOf).join('') };
}

function textOf(look: Look | undefined): string {
  return look === undefined ? ' none' : ` ${look.size} ${look.mtimeMs} ${look.changedMs}`;
}

/** One after the other, so that other work of the disk is done in between. */
export async function lookAtAll(sources: readonly LookedAt[]): Promise<readonly SeenSource[]> {
  const seen: SeenSource[] = [];
  for (const [file, path, mtorrentPath, others] of sources)
    seen.push({ file, found: await lookAt(path, mtorrentPath, others) });
  return seen;
}

function mtimeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
