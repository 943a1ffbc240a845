// What a path is once symbolic links are followed, for whoever compares paths. A path that cannot be followed stays.

import { realpath } from 'node:fs/promises';
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
