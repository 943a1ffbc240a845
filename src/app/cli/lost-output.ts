// What becomes of a command whose standard output takes nothing more. Whoever does not read any more wants a quiet
// end; a disk that is full or fails is told once the command has ended, and is its exit code unless that says more.

import { errnoOf, fileError, type MiniTorrentError } from '../../foundation/base/errors.js';

let failure: MiniTorrentError | undefined;

/** Why nothing more is taken: nobody reads, the terminal is gone, or the output failed, which `lostOutput` keeps. */
export type OutputEnd = 'unread' | 'terminalGone' | 'failed';

export function endOfOutput(error: unknown): OutputEnd {
  const errno = errnoOf(error);
  if (errno === 'EPIPE') return 'unread';
  // On a file it is an error of the disk.
  if (errno === 'EIO' && process.stdout.isTTY) return 'terminalGone';
  failure ??= fileError(error, 'standard output');
  return 'failed';
}

/** What this process has printed and the system has not taken. */
export function lostOutput(): MiniTorrentError | undefined {
  return failure;
}
