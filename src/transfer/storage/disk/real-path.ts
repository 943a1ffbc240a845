// What a path is once symbolic links are followed, for whoever compares paths. A path that cannot be followed stays.

import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** The directory without links, and the last part as it was written. @param path absolute. */
export async function placeOf(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}

/** Other paths of what lies at `path`, which may be relative: where a link there leads, and its place. */
export async function otherPathsOf(path: string): Promise<readonly string[]> {
  const absolute = resolve(path);
  const target = await realpath(absolute).catch(() => absolute);
  return [...new Set([target, await placeOf(absolute)])].filter((other) => other !== path);
}

/**
 * Those of `known` where the very file lies that is at `path`: links to it, and other spellings of its name. One after
 * the other, so that a disk that hangs holds one thread. Nothing is asked for when nothing lies at `path`.
 */
export async function pathsOfSameFile(
  path: string,
  known: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const wanted = await fileAt(path);
  if (wanted === undefined) return [];
  const same: string[] = [];
  for (const other of new Set(await known())) if ((await fileAt(other)) === wanted) same.push(other);
  return same;
}

/** Names a file for as long as it exists. */
async function fileAt(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}
