// Every code of an error that a user or a script can meet, and the exit code of a command that ends with it. Stable:
// scripts test them. Pure.

/** code → exit code. Where aria2 has the same exit code it means the same (7, 9, 11, 13). */
const EXIT_CODES = {
  INVALID_ARGUMENTS: 2,
  FILE_NOT_FOUND: 3,
  MTORRENT_FILE_NOT_FOUND: 3,
  NOT_A_FILE: 3,
  NOT_LISTED: 3,
  NOT_A_DIRECTORY: 3,
  PERMISSION_DENIED: 4,
  STATE_DAMAGED: 5,
  NO_TRACKER: 6,
  UNFINISHED: 7,
  NOT_ADMITTED: 8,
  DISK_FULL: 9,
  INVALID_MTORRENT: 10,
  INVALID_LINK: 10,
  UNSAFE_NAME: 10,
  UNTRUSTED: 10,
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
  OUTPUT_CLOSED: 141,
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
