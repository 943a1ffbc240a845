// Whether a program may be run as a hook: it is there, can be executed, and nobody else can put another one in its
// place. Looks at the disk, runs nothing.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { within } from '../../foundation/base/deferred.js';
import type { ErrorCode } from '../../foundation/base/error-codes.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { shellLine } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import { HOOK_LOOK_MS } from './limits.js';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Looks that have not come back, by path: a disk that hangs takes one thread of the system's, however often. */
const looks = new Map<string, Promise<void>>();

/**
 * Rejects with MiniTorrentError within HOOK_LOOK_MS: FILE_NOT_FOUND, NOT_A_FILE, PERMISSION_DENIED, IO_ERROR.
 * @param path absolute. @param setting the name by which the user knows it. @param look for tests.
 */
export async function checkHookProgram(path: string, setting: string, look = lookAtProgram): Promise<void> {
  const looking = looks.get(path) ?? look(path, setting).finally(() => looks.delete(path));
  looks.set(path, looking);
  await within(looking, HOOK_LOOK_MS, () => {
    const what = `the disk of ${printable(path)} does not answer, so it is not run: look whether that disk hangs`;
    throw new MiniTorrentError('IO_ERROR', `${setting}: ${what}`);
  });
}

async function lookAtProgram(path: string, setting: string): Promise<void> {
  const shown = printable(path);
  const refuse = (code: ErrorCode, what: string): MiniTorrentError => new MiniTorrentError(code, `${setting}: ${what}`);
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (!found.isFile()) throw refuse('NOT_A_FILE', `${shown} is not a file; name a program, without arguments`);
    if ((found.mode & OTHERS_WRITE) !== 0)
      throw refuse(
        'PERMISSION_DENIED',
        `everybody may write to ${shown}, so it is not run; change that with: ${shellLine('chmod', 'o-w', real)}`,
      );
    const directory = await stat(dirname(real));
    if ((directory.mode & OTHERS_WRITE) !== 0 && (directory.mode & STICKY) === 0)
      throw refuse(
        'PERMISSION_DENIED',
        `everybody may replace ${shown}, so it is not run; change that with: ${shellLine('chmod', 'o-w', dirname(real))}`,
      );
    await access(real, constants.X_OK);
  } catch (error) {
    if (error instanceof MiniTorrentError) throw error;
    if (errnoOf(error) === 'ENOENT')
      throw refuse('FILE_NOT_FOUND', `${shown} is not there; name a program that exists, without arguments, or off`);
    if (errnoOf(error) === 'EACCES')
      throw refuse(
        'PERMISSION_DENIED',
        `${shown} may not be executed; change that with: ${shellLine('chmod', '+x', path)}`,
      );
    throw fileError(error, `${setting}: ${shown}`);
  }
}
