// Every error that a user or a script can meet: a stable code and the exit code of a command that ends with it. The
// sentence (what happened, to which file or peer, what to do next) is written where the error is raised.

import { constants } from 'node:os';

/** code → exit code. Where aria2 has the same exit code it means the same (7, 9, 11, 13). */
const EXIT_CODES = {
  INVALID_ARGUMENTS: 2,
  FILE_NOT_FOUND: 3,
  MTORRENT_FILE_NOT_FOUND: 3,
  NOT_A_FILE: 3,
  NOT_A_DIRECTORY: 3,
  PERMISSION_DENIED: 4,
  STATE_DAMAGED: 5,
  NO_TRACKER: 6,
  UNFINISHED: 7,
  DISK_FULL: 9,
  INVALID_MTORRENT: 10,
  UNSAFE_NAME: 10,
  ALREADY_RUNNING: 11,
  VERIFICATION_FAILED: 12,
  ALREADY_EXISTS: 13,
  TIMED_OUT: 14,
  NOT_COMPLETE: 1,
  NOT_RUNNING: 1,
  WRONG_VERSION: 1,
  PORT_IN_USE: 1,
  ADDRESS_UNUSABLE: 1,
  FILE_CHANGED: 1,
  IO_ERROR: 1,
  TRACKER_REFUSED: 1,
  LIMIT_REACHED: 1,
  CANCELLED: 130,
  INTERNAL: 70,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_CODES;

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_CODES, text);
}

export const ERROR_CODES: readonly ErrorCode[] = Object.keys(EXIT_CODES).filter(isErrorCode);

export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[code];
}

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

/** Names by number. Node has no name for some errors that the system has, such as EDQUOT. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [-number, name]),
);

/** errno name of a Node system error ('ENOENT', …), or undefined when it is something else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (/^E[A-Z0-9_]+$/.test(error.code) || !('errno' in error)) return error.code;
  return ERRNO_NAMES.get(Number(error.errno)) ?? error.code;
}

const FILE_ERRNOS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['FILE_NOT_FOUND', 'does not exist; check the path'],
  ENOTDIR: ['NOT_A_DIRECTORY', 'has a part that is not a directory; check the path'],
  EISDIR: ['NOT_A_FILE', 'is a directory; name a file'],
  EACCES: ['PERMISSION_DENIED', 'may not be opened by this user; check its permissions'],
  EPERM: ['PERMISSION_DENIED', 'may not be changed by this user; check its permissions'],
  EROFS: ['PERMISSION_DENIED', 'is on a read-only file system; choose another place'],
  EEXIST: ['ALREADY_EXISTS', 'exists already; choose another name or move it away'],
  ENOSPC: ['DISK_FULL', 'has no room left on its disk; free some space or choose another place'],
  EDQUOT: ['DISK_FULL', 'would exceed your disk quota; free some space or choose another place'],
  EFBIG: ['DISK_FULL', 'is larger than its file system allows; choose another place'],
  ELOOP: ['UNSAFE_NAME', 'is a symbolic link, which is never followed here; name the file itself'],
  ENAMETOOLONG: ['INVALID_ARGUMENTS', 'is too long a name for its file system; choose a shorter one'],
  ENXIO: ['NOT_A_FILE', 'is a socket, or a pipe or device that nothing answers; name a file'],
  EMFILE: ['LIMIT_REACHED', 'could not be opened: this process has too many files open; raise `ulimit -n`'],
};

/** A system error about `path` as an error with code and sentence; anything that is not a system error is rethrown. */
export function fileError(error: unknown, path: string): MiniTorrentError {
  if (error instanceof MiniTorrentError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const known = FILE_ERRNOS[errno];
  if (known !== undefined) return new MiniTorrentError(known[0], `${path} ${known[1]}`, error);
  return new MiniTorrentError('IO_ERROR', `${path} could not be used (${errno}); check the disk and try again`, error);
}

/** An errno name as the stable code of the same event (for workers that report numbers and names, not errors). */
export function errorCodeOfErrno(errno: string): ErrorCode {
  return FILE_ERRNOS[errno]?.[0] ?? 'IO_ERROR';
}

const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS'];

/** As `fileError`, for a default place that this user may not have. @param flag what names another one. */
export function placeError(error: unknown, path: string, flag: string): MiniTorrentError {
  if (!UNWRITABLE.includes(errnoOf(error) ?? '')) return fileError(error, path);
  const why = errnoOf(error) === 'EROFS' ? 'is on a read-only file system' : 'may not be made or written by this user';
  const sentence = `${path} ${why}; name another place with ${flag}, or set HOME or XDG_STATE_HOME to a directory of your own`;
  return new MiniTorrentError('PERMISSION_DENIED', sentence, error);
}
