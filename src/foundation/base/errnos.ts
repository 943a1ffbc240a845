// What the system's errors about files mean: the words for people, the code of a command that ends with one, and
// whether it passes by itself. Pure.

import type { ErrorCode } from './error-codes.js';

/** What the system said, and of which path. */
export interface DiskTrouble {
  /** Name of the error, such as 'ENOSPC'. */
  readonly errno: string;
  readonly path: string;
}

/**
 * What follows for a file. `room`: it waits for space. `passes`: the same call may succeed later, so it is tried
 * again. `stays`: trying again cannot help.
 */
export type Lasting = 'room' | 'passes' | 'stays';

interface Meaning {
  readonly code: ErrorCode;
  /** Follows the path. */
  readonly reason: string;
  readonly remedy: string;
  readonly lasting: Lasting;
}

const passes = (code: ErrorCode, reason: string, remedy: string): Meaning => ({
  code,
  reason,
  remedy,
  lasting: 'passes',
});
const stays = (code: ErrorCode, reason: string, remedy: string): Meaning => ({
  code,
  reason,
  remedy,
  lasting: 'stays',
});
const room = (reason: string, remedy: string): Meaning => ({ code: 'DISK_FULL', reason, remedy, lasting: 'room' });

const lostDisk = (errno: string): Meaning =>
  passes('IO_ERROR', `is on a disk that is not there any more (${errno})`, 'mount that disk again');
const deafDisk = (errno: string): Meaning =>
  passes('IO_ERROR', `is on a network disk that does not answer (${errno})`, 'check that disk and its network');

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: passes('FILE_NOT_FOUND', 'does not exist', 'check the path'),
  ENOTDIR: passes('NOT_A_DIRECTORY', 'has a part that is not a directory', 'check the path'),
  EISDIR: stays('NOT_A_FILE', 'is a directory', 'name a file'),
  EACCES: passes('PERMISSION_DENIED', 'may not be opened by this user', 'check its permissions'),
  EPERM: passes(
    'PERMISSION_DENIED',
    'may not be changed by this user',
    'check its permissions, and its attributes (`lsattr`)',
  ),
  EROFS: passes('PERMISSION_DENIED', 'is on a read-only file system', 'choose another place'),
  EEXIST: stays('ALREADY_EXISTS', 'exists already', 'choose another name or move it away'),
  ENOSPC: room('has no room left on its disk', 'free some space or choose another place'),
  EDQUOT: room('would exceed your disk quota', 'free some space or choose another place'),
  EFBIG: stays('DISK_FULL', 'is larger than its file system allows', 'choose another place'),
  ELOOP: stays('UNSAFE_NAME', 'is a symbolic link, which is never followed here', 'name the file itself'),
  ENAMETOOLONG: stays(
    'INVALID_ARGUMENTS',
    'is too long a name for its file system',
    'name a shorter one at the end of the command',
  ),
  EILSEQ: stays(
    'INVALID_ARGUMENTS',
    'is a name that its file system refuses (EILSEQ)',
    'name another one at the end of the command',
  ),
  EMFILE: passes(
    'LIMIT_REACHED',
    'could not be opened: this process has too many files open (EMFILE)',
    'raise `ulimit -n`',
  ),
  ENFILE: passes(
    'LIMIT_REACHED',
    'could not be opened: this machine has too many files open (ENFILE)',
    'end other programs, or raise fs.file-max',
  ),
  ENOMEM: passes('LIMIT_REACHED', 'could not be used: the system has no memory left (ENOMEM)', 'end other programs'),
  EAGAIN: passes('IO_ERROR', 'could not be used: the system is busy (EAGAIN)', 'try again'),
  EINTR: passes('IO_ERROR', 'could not be used: the call was interrupted (EINTR)', 'try again'),
  EBUSY: passes('IO_ERROR', 'is in use by the system (EBUSY)', 'try again later'),
  ETXTBSY: passes('IO_ERROR', 'is being run or written by another program (ETXTBSY)', 'try again later'),
  EIO: passes(
    'IO_ERROR',
    'could not be read or written: its disk reports an error (EIO)',
    'check the disk: see `dmesg`',
  ),
  EREMOTEIO: passes(
    'IO_ERROR',
    'could not be read or written: its disk reports an error (EREMOTEIO)',
    'check the disk: see `dmesg`',
  ),
  EUCLEAN: passes('IO_ERROR', 'is on a file system that needs repair (EUCLEAN)', 'check the disk with fsck'),
  ESTALE: passes('IO_ERROR', 'is on a network disk that no longer knows it (ESTALE)', 'mount that disk again'),
  ESPIPE: stays('NOT_A_FILE', 'is a pipe', 'name a file'),
  ETIMEDOUT: deafDisk('ETIMEDOUT'),
  EHOSTDOWN: deafDisk('EHOSTDOWN'),
  EHOSTUNREACH: deafDisk('EHOSTUNREACH'),
  ENETDOWN: deafDisk('ENETDOWN'),
  ENETUNREACH: deafDisk('ENETUNREACH'),
  ECONNREFUSED: deafDisk('ECONNREFUSED'),
  ECONNRESET: deafDisk('ECONNRESET'),
  ECONNABORTED: deafDisk('ECONNABORTED'),
  ENOTCONN: lostDisk('ENOTCONN'),
  ENODEV: lostDisk('ENODEV'),
  ENXIO: passes('NOT_A_FILE', 'is a socket, or a pipe or device that nothing answers', 'name a file'),
  ENOMEDIUM: lostDisk('ENOMEDIUM'),
  ESHUTDOWN: lostDisk('ESHUTDOWN'),
  ENOKEY: passes('PERMISSION_DENIED', 'is encrypted, and its key is not loaded (ENOKEY)', 'unlock its directory'),
  EKEYEXPIRED: passes('PERMISSION_DENIED', 'may not be opened: its key has expired (EKEYEXPIRED)', 'log in again'),
};

/** Something else is there than a file, or a folder. */
const OF_ANOTHER_KIND: readonly string[] = ['ELOOP', 'EISDIR', 'ENOTDIR', 'ENXIO', 'ESPIPE'];
/** What a download is written to, or what lies below it. */
const IN_A_PART = /\.part(?:\/|$)/;
/** Bytes that a path may have on Linux, which says the same error for a name and for a path that is too long. */
const PATH_BYTES_MAX = 4_095;
const LONG_PATH = stays(
  'INVALID_ARGUMENTS',
  `is longer than the ${PATH_BYTES_MAX} bytes that a path may have`,
  'choose a directory with a shorter path',
);
const LONG_MTORRENT = stays(
  'INVALID_ARGUMENTS',
  'is too long a name for its file system',
  'name a shorter one: with -o, or at a console behind the file',
);

/** What an error name means of this path; of an unknown one, that the disk should be checked. */
export function meaningOf(errno: string, path = ''): Meaning {
  if (errno === 'ENAMETOOLONG') {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) return LONG_PATH;
    if (path.endsWith('.mtorrent')) return LONG_MTORRENT;
  }
  const meaning = MEANINGS[errno];
  // Nobody has named it: it lies where a download writes.
  if (meaning !== undefined && OF_ANOTHER_KIND.includes(errno) && IN_A_PART.test(path))
    return { ...meaning, remedy: 'move it away' };
  return meaning ?? passes('IO_ERROR', `could not be used (${errno})`, 'check the disk and try again');
}
