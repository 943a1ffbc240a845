// The lines by which a root key works without a network: the key itself as a line to be kept elsewhere, what a new
// tracker asks for, and what the root grants it. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { PUBLIC_KEY_SIZE, type PublicKey, publicKey, SecretKey } from './keys.js';
import { formatPasted, parsePasted } from './pasted.js';
import { isMemberName, STATEMENT_SIZE } from './statement.js';

export const ROOT_PREFIX = 'mtroot1';
const REQUEST_PREFIX = 'mtreq1';
export const GRANT_PREFIX = 'mtgrant1';

/** Of a key that wants to be a tracker. */
export interface TrackerWish {
  readonly root: PublicKey;
  readonly key: PublicKey;
  readonly name: string;
}

export interface TrackerGrant {
  /** The root's, STATEMENT_SIZE bytes; nothing of it was checked. */
  readonly statement: Uint8Array;
  /** The swarm's name. */
  readonly swarm: string;
}

/** Secret: for a terminal or paper, and for nothing else. */
export function formatRoot(root: SecretKey): string {
  return formatPasted(ROOT_PREFIX, root.exportSeed());
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function parseRoot(text: string): SecretKey {
  const bytes = read(ROOT_PREFIX, text, 'a root key');
  if (bytes.length !== PUBLIC_KEY_SIZE) throw invalid('a root key', 'it has another length');
  return SecretKey.ofSeed(bytes);
}

export function formatTrackerWish({ root, key, name }: TrackerWish): string {
  return formatPasted(REQUEST_PREFIX, Buffer.concat([root, key, Buffer.from(name, 'latin1')]));
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function parseTrackerWish(text: string): TrackerWish {
  const what = 'a request of a tracker';
  const bytes = read(REQUEST_PREFIX, text, what);
  const [keyAt, nameAt] = [PUBLIC_KEY_SIZE, 2 * PUBLIC_KEY_SIZE];
  const name = Buffer.from(bytes.subarray(nameAt)).toString('latin1');
  if (!isMemberName(name)) throw invalid(what, 'it has no name of a tracker');
  return {
    root: publicKey(Uint8Array.from(bytes.subarray(0, keyAt))),
    key: publicKey(Uint8Array.from(bytes.subarray(keyAt, nameAt))),
    name,
  };
}

export function formatTrackerGrant({ statement, swarm }: TrackerGrant): string {
  return formatPasted(GRANT_PREFIX, Buffer.concat([statement, Buffer.from(swarm, 'latin1')]));
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS. */
export function parseTrackerGrant(text: string): TrackerGrant {
  const what = 'a grant for a tracker';
  const bytes = read(GRANT_PREFIX, text, what);
  const swarm = Buffer.from(bytes.subarray(STATEMENT_SIZE)).toString('latin1');
  if (!isMemberName(swarm)) throw invalid(what, 'it has no name of a swarm');
  return { statement: Uint8Array.from(bytes.subarray(0, STATEMENT_SIZE)), swarm };
}

function read(prefix: string, text: string, what: string): Uint8Array {
  const pasted = parsePasted(prefix, text);
  if ('wrong' in pasted) throw invalid(what, pasted.wrong);
  return pasted.bytes;
}

function invalid(what: string, why: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', `this is not ${what}: ${why}; copy the whole line again`);
}
