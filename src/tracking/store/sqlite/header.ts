// Whether a file can be a seeder list of ours, from its first hundred bytes: what is of another kind, or newer than
// this program, is refused before SQLite opens it for writing. It changes nothing, but makes an absent file when asked
// to.

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';

const HEADER_SIZE = 100;

/**
 * Looks at the file before SQLite does: one of another kind is not even opened for writing. Answers whether it is
 * empty.
 */
export function checkHeader(path: string, flags: 'a+' | 'r'): boolean {
  const header = Buffer.alloc(HEADER_SIZE);
  let length = 0;
  try {
    // A pipe that nobody writes to is opened at once, and refused by the read.
    const how = flags === 'r' ? constants.O_RDONLY | constants.O_NONBLOCK : flags;
    const file = openSync(path, how, 0o644);
    try {
      length = readSync(file, header, 0, HEADER_SIZE, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
  if (length === 0) return true;
  if (length < HEADER_SIZE || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw new MiniTorrentError(
      'STATE_DAMAGED',
      `${path} is not a seeder list (not an SQLite file); name another file or move it away`,
    );
  }
  // Bytes 60 and 68 of the header: user_version and application_id. Both 0 while the list is being made.
  checkVersion(header.readUInt32BE(68), header.readUInt32BE(60), path);
  return false;
}

/** Throws unless a file of this kind and version is ours to read. */
export function checkVersion(applicationId: number, version: number, path: string): void {
  if (applicationId === 0 && version === 0) return;
  if (applicationId !== APPLICATION_ID) {
    throw new MiniTorrentError('STATE_DAMAGED', `${path} is an SQLite file of another program; name another file`);
  }
  if (version > SCHEMA_VERSION) {
    const sentence = `${path} was written by a newer mini-torrent (format ${version}, this one knows ${SCHEMA_VERSION}); update this tracker`;
    throw new MiniTorrentError('STATE_DAMAGED', sentence);
  }
}
