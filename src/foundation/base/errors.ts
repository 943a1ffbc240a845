// The errors that a user or a script can meet. The sentence (what happened, to which file or peer, what to do next) is
// written where the error is raised.

import { constants, platform } from 'node:os';
import { dirname } from 'node:path';
import { fitting } from './bytes.js';
import { type DiskTrouble, meaningOf } from './errnos.js';
import type { ErrorCode } from './error-codes.js';
import { SHOWN_PATH_BYTES_MAX } from './limits.js';

/** The world's fault (a user, a disk, a peer): handled where it is named, shown as its one sentence. */
export class MiniTorrentError extends Error {
  override readonly name = 'MiniTorrentError';
  readonly code: ErrorCode;
  constructor(code: ErrorCode, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The sender of a frame broke the protocol: drop the sender, never this process. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Names that Linux has and Node does not know: network disks and removable ones answer with them. */
const LINUX_ONLY: Readonly<Record<string, number>> = {
  EBADFD: 77,
  ESHUTDOWN: 108,
  EHOSTDOWN: 112,
  EUCLEAN: 117,
  EREMOTEIO: 121,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EOWNERDEAD: 130,
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...(platform() === 'linux' ? LINUX_ONLY : {}), ...constants.errno }).map(([name, number]) => [
    -number,
    name,
  ]),
);

/** errno name of a Node system error ('ENOENT', …), or undefined when it is something else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (/^E[A-Z0-9_]+$/.test(error.code) || !('errno' in error)) return error.code;
  return NAMES.get(Number(error.errno)) ?? error.code;
}

/** An error that the system reported about a file. */
export class FileError extends MiniTorrentError {
  /** Its name, such as 'ENOSPC'. */
  readonly errno: string;
  readonly path: string;
  constructor(code: ErrorCode, sentence: string, { errno, path }: DiskTrouble, cause?: unknown) {
    super(code, sentence, cause);
    this.errno = errno;
    this.path = path;
  }
}

/** A system error about `path` as an error with code and sentence; anything that is not a system error is rethrown. */
export function fileError(error: unknown, path: string): MiniTorrentError {
  if (error instanceof MiniTorrentError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errnoError(errno, path, error);
}

/** As `fileError`, of a directory in which something is to be made or looked for. */
export function directoryError(error: unknown, directory: string): MiniTorrentError {
  const errno = error instanceof MiniTorrentError ? undefined : errnoOf(error);
  const shown = fitting(directory, SHOWN_PATH_BYTES_MAX);
  if (errno === 'ENOENT') {
    const sentence = `the directory ${shown} does not exist; create it first`;
    return new FileError('FILE_NOT_FOUND', sentence, { errno, path: directory }, error);
  }
  if (errno === 'ENOTDIR') {
    const sentence = `${shown} is not a directory; name a directory`;
    return new FileError('NOT_A_DIRECTORY', sentence, { errno, path: directory }, error);
  }
  return fileError(error, directory);
}

/** As `fileError`, of a file that was to be made: what is missing is its directory. */
export function creationError(error: unknown, path: string): MiniTorrentError {
  if (error instanceof MiniTorrentError) return error;
  return errnoOf(error) === 'ENOENT' ? directoryError(error, dirname(path)) : fileError(error, path);
}

/** What the system said, if it was the system. */
export function troubleOf(error: MiniTorrentError): DiskTrouble | undefined {
  return error instanceof FileError ? { errno: error.errno, path: error.path } : undefined;
}

/** As `fileError`, for threads that report names instead of errors. */
export function errnoError(errno: string, path: string, cause?: unknown): FileError {
  const { code, reason, remedy } = meaningOf(errno, path);
  // What is wrong with a path that no system takes follows it, and is not to be cut off.
  return new FileError(code, `${fitting(path, SHOWN_PATH_BYTES_MAX)} ${reason}; ${remedy}`, { errno, path }, cause);
}
