// Whether a program may be run as a hook: it is there, can be executed, and nobody else can put another one in its
// place. Looks at the disk, runs nothing.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ErrorCode } from '../../foundation/base/error-codes.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { shellLine } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * Rejects with MiniTorrentError: FILE_NOT_FOUND, NOT_A_FILE, PERMISSION_DENIED.
 * @param path absolute. @param setting the name by which the user knows it.
 */
export async function checkHookProgram(path: string, setting: string): Promise<void> {
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
