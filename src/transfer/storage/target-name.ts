// Whether the file system of a download takes files, and its names, found out before anything is fetched: by trying,
// since no system says beforehand. Nothing is left of the try but where the directory lets nothing be removed.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, FileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { shellLine } from '../../foundation/base/shell-line.js';
import { isPortable, printable } from '../../foundation/torrent/names.js';
import { partPathOf } from './target.js';

/** Rejects with INVALID_ARGUMENTS when nothing can be called that there. Other errors are told where they are met. */
export async function checkTargetName(path: string): Promise<void> {
  if (isPortable(basename(path))) return;
  for (const name of [path, partPathOf(path)]) {
    const errno = await tryName(name);
    if (errno === undefined || errno === 'EEXIST') continue;
    // In a directory that takes no name at all it is not the name.
    if ((await tryName(anyName(path))) !== undefined) return;
    const [directory, base] = [dirname(path), printable(basename(path))];
    const plain = basename(path)
      .replaceAll(/[^A-Za-z0-9._-]/g, '_')
      .slice(-100);
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `the file system of ${directory} refuses the name ${base} (${errno}); name another file at the end of the command, such as ${join(directory, plain)}`,
    );
  }
}

/** What a file system says that takes no files, such as /proc. Others pass, or are told where room is asked for. */
const TAKES_NONE: readonly (string | undefined)[] = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EINVAL',
  'ENOSYS',
  'ENOTSUP',
];

/** Rejects with PERMISSION_DENIED when no file can be made beside `path`, although its permissions allow it. */
export async function checkTakesFiles(path: string): Promise<void> {
  const errno = await tryName(anyName(path));
  if (errno === undefined || !TAKES_NONE.includes(errno)) return;
  const directory = dirname(path);
  const sentence = `no file can be made in ${directory}: its file system takes none (${errno}); choose another destination`;
  throw new FileError('PERMISSION_DENIED', sentence, { errno, path: directory });
}

/** A name that every file system takes. */
function anyName(path: string): string {
  return join(dirname(path), `.mtorrent-${randomBytes(8).toString('hex')}.tmp`);
}

/** Makes an empty file and deletes it. Resolves to the name of the error. Rejects where it may not be deleted. */
async function tryName(path: string): Promise<string | undefined> {
  try {
    const handle = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    await handle.close();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
  return removeAgain(path);
}

/** A `.part` would get no other name there, and nothing but an attribute of the directory keeps a new file's owner. */
async function removeAgain(path: string): Promise<string | undefined> {
  try {
    await unlink(path);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== 'EPERM') return errno;
    const directory = dirname(path);
    const sentence = `${directory} takes files, and lets none be renamed or removed (EPERM), as after \`chattr +a\`, so an empty ${basename(path)} stays there; choose another destination, or take that attribute away: ${shellLine('chattr', '-a', directory)}`;
    throw new FileError('PERMISSION_DENIED', sentence, { errno, path: directory });
  }
}
