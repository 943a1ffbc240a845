// What one directory of a folder that is to be shared holds: each file, link and directory in it, and what cannot be
// shared with the reason. Names are taken byte for byte, and text that is not UTF-8 is never repaired. Blocks; for
// threads that may.

import { isUtf8 } from 'node:buffer';
import fs, { constants } from 'node:fs';
import { errnoOf } from '../../../foundation/base/errors.js';
import { hardFaultOf, targetFaultOf } from '../../../foundation/torrent/folder/paths.js';
import type { FoundEntry } from './found-entries.js';

/** Read by everybody, so that no further question is needed to know whether this process may. */
const READABLE_BY_ALL = 0o444;
/** As in git, one bit is kept. */
const EXECUTABLE = 0o100;

/**
 * What is in the directory `path` below `root`, '' for `root` itself, in no order. A directory that cannot be read is
 * answered by itself, as what cannot be shared.
 * @param follows takes what links point to in their place.
 */
export function lookInto(root: string, path: string, follows: boolean): readonly FoundEntry[] {
  let names: readonly (string | Buffer)[];
  try {
    names = namesIn(`${root}/${path}`);
  } catch (error) {
    return [unreadable(path, error)];
  }
  return names.map((name) => {
    if (typeof name !== 'string') return unsafe(within(path, name.toString('latin1')), 'its name is not UTF-8');
    return entryAt(root, within(path, name), follows);
  });
}

function within(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** Names that are not UTF-8 as bytes. */
function namesIn(path: string): readonly (string | Buffer)[] {
  const names = fs.readdirSync(path);
  // Where text was repaired, the names are read again as they are.
  if (!names.some((name) => name.includes('\ufffd'))) return names;
  return fs.readdirSync(path, { encoding: 'buffer' }).map((name) => (isUtf8(name) ? name.toString() : name));
}

function entryAt(root: string, path: string, follows: boolean): FoundEntry {
  const fault = hardFaultOf(path);
  if (fault !== undefined) return unsafe(path, fault);
  const full = `${root}/${path}`;
  try {
    const stats = fs.lstatSync(full, { bigint: true });
    if (!stats.isSymbolicLink()) return entryOf(path, full, stats, follows);
    return follows ? entryOf(path, full, fs.statSync(full, { bigint: true }), true) : linkAt(path, full);
  } catch (error) {
    return unreadable(path, error);
  }
}

function entryOf(path: string, full: string, stats: fs.BigIntStats, follows: boolean): FoundEntry {
  if (stats.isDirectory()) {
    const identity = follows ? `${stats.dev}:${stats.ino}` : '';
    return found('directory', path, '', identity);
  }
  if (!stats.isFile()) return found('special', path, `it is a ${specialName(stats)}`);
  const mode = Number(stats.mode);
  if ((mode & READABLE_BY_ALL) !== READABLE_BY_ALL) fs.accessSync(full, constants.R_OK);
  const kind = (mode & EXECUTABLE) === 0 ? 'file' : 'exec';
  return { kind, path, size: Number(stats.size), mtimeNs: stats.mtimeNs, text: '', identity: '' };
}

/** Of anything but files. Not by a spread: V8 would keep what that makes among what lives long. */
function found(kind: FoundEntry['kind'], path: string, text: string, identity = ''): FoundEntry {
  return { kind, path, size: 0, mtimeNs: 0n, text, identity };
}

function linkAt(path: string, full: string): FoundEntry {
  const bytes = fs.readlinkSync(full, { encoding: 'buffer' });
  if (!isUtf8(bytes)) return unsafe(path, 'its target is not UTF-8');
  const target = bytes.toString();
  const fault = targetFaultOf(target, path);
  return fault === undefined ? found('link', path, target) : unsafe(path, fault);
}

function specialName(stats: fs.BigIntStats): string {
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'named pipe';
  return 'device';
}

function unsafe(path: string, text: string): FoundEntry {
  return found('unsafe', path, text);
}

/** Rethrows anything but a system error. */
function unreadable(path: string, error: unknown): FoundEntry {
  const errno = errnoOf(error);
  if (errno === undefined || errno.startsWith('ERR_')) throw error;
  return found('unreadable', path, READING[errno] ?? `it cannot be read (${errno})`);
}

const READING: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there any more, or is a link to nothing',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ELOOP: 'it is a link that leads back to itself',
};
