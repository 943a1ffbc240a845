// Finds out which files other programs have open, where the system tells: Linux does, of the programs of the same user.
// What it does not tell counts as not open.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { printable } from '../../../foundation/torrent/names.js';
import { OPEN_LOOKED_AT_MAX } from '../limits.js';

/**
 * The first program found for each path that is open, or has something open below it, as 'name (pid 123)'.
 * @param paths absolute, without symbolic links.
 */
export async function openElsewhere(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(paths);
  const users = new Map<string, string>();
  if (wanted.size === 0) return users;
  let left = OPEN_LOOKED_AT_MAX;
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    for (const fd of await namesIn(`/proc/${pid}/fd`)) {
      left -= 1;
      if (left < 0) return users;
      const open = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '/');
      const path = wantedAbove(open, wanted);
      if (path !== undefined && !users.has(path)) users.set(path, await programOf(pid));
    }
  }
  return users;
}

/** The wanted path that this one is, or lies below. */
function wantedAbove(path: string, wanted: ReadonlySet<string>): string | undefined {
  if (!path.startsWith('/')) return undefined;
  for (let at = path; at !== '/'; at = dirname(at)) if (wanted.has(at)) return at;
  return undefined;
}

async function programOf(pid: string): Promise<string> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
  return `${printable(name.trim())} (pid ${pid})`;
}

/** Processes end at any time, and those of others are not shown. */
function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
