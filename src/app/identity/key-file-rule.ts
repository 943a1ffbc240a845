// Decides whether a key file is private enough to be used: PostgreSQL's rule. A file of this user that nobody else may
// touch, or one of root that its group may read at most, as Kubernetes and systemd provide them. Pure.

import { printable } from '../../foundation/torrent/names.js';
import { KEY_FILE_BYTES_MAX } from './limits.js';

/** What the system says of an open file, behind links. */
export interface FileFacts {
  readonly isFile: boolean;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
}

const OTHERS = 0o077;
/** What nobody but root may have of a file of root: all but reading by its group. */
const BEYOND_GROUP_READS = 0o037;
const OTHERS_WRITE = 0o022;
/** Whoever may write to the directory may replace files of his own only. */
const STICKY = 0o1000;

/**
 * Why the file is not used, as a sentence that says what to do; undefined: it is.
 * @param self effective user id; undefined where the system has none, and no rule of owners either.
 */
export function whyNoKeyFile(path: string, facts: FileFacts, self: number | undefined): string | undefined {
  const name = printable(path);
  if (!facts.isFile) return `${name} is not a regular file, so it is not read as a key; move it away`;
  if (facts.size > KEY_FILE_BYTES_MAX)
    return `${name} has ${facts.size} bytes, more than the ${KEY_FILE_BYTES_MAX} that a key file may have; is it the right file?`;
  if (self === undefined) return undefined;
  const { mode, uid } = facts;
  if (uid === 0 && (mode & BEYOND_GROUP_READS) === 0) return undefined;
  if (uid === self) return (mode & OTHERS) === 0 ? undefined : tooOpen(name);
  if (uid === 0)
    return `others may read or change ${name}, which belongs to root; give it the mode 0640 or less, and if it lay open, ban this member and join again`;
  return `${name} belongs to user ${uid}, who can read and change it; make this user or root its owner`;
}

/** As `whyNoKeyFile`, for the directory that holds it. */
export function whyNoKeyDirectory(path: string, facts: Pick<FileFacts, 'mode' | 'uid'>): string | undefined {
  const { mode, uid } = facts;
  if ((mode & OTHERS_WRITE) === 0 || (uid === 0 && (mode & STICKY) !== 0)) return undefined;
  const name = printable(path);
  return `others may change what lies in ${name}, so no key from there is used; run chmod go-w on it, and look whether the files in it are yours`;
}

function tooOpen(name: string): string {
  return `others may read ${name}; run chmod 600 on it, and if it lay open, ban this member and join again`;
}
