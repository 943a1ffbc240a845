// The one string by which a machine joins a closed swarm: `mtj1` and, in base32, the root's key, a secret that is good
// for a while, and where the trackers are. The joiner proves the tracker by the root before it says the secret. Pure.

import { assert } from '../base/assert.js';
import { MiniTorrentError } from '../base/errors.js';
import { familyOf } from '../base/hosts.js';
import { type Address, parseNamedAddress } from '../torrent/address.js';
import { PUBLIC_KEY_SIZE, type PublicKey, publicKey } from './keys.js';
import { INVITATION_SECRET_SIZE, INVITATION_TRACKERS_MAX } from './limits.js';
import { formatPasted, parsePasted } from './pasted.js';

export interface Invitation {
  readonly root: PublicKey;
  /** INVITATION_SECRET_SIZE bytes. */
  readonly secret: Uint8Array;
  /** One to INVITATION_TRACKERS_MAX; host names may be among them. */
  readonly trackers: readonly Address[];
}

export const INVITATION_PREFIX = 'mtj1';
/** A length is one byte. */
const HOST_SIZE_MAX = 253;
const HEAD_SIZE = PUBLIC_KEY_SIZE + INVITATION_SECRET_SIZE + 1;

export function formatInvitation({ root, secret, trackers }: Invitation): string {
  const places = trackers.map((tracker) => addressBytes(tracker));
  return formatPasted(INVITATION_PREFIX, Buffer.concat([root, secret, Uint8Array.of(trackers.length), ...places]));
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS, with what is wrong with it. */
export function parseInvitation(text: string): Invitation {
  const pasted = parsePasted(INVITATION_PREFIX, text);
  if ('wrong' in pasted) throw invalid(pasted.wrong);
  const bytes = Buffer.from(pasted.bytes);
  const count = bytes[HEAD_SIZE - 1] ?? 0;
  if (count < 1 || count > INVITATION_TRACKERS_MAX) throw invalid('it names no tracker');
  const trackers: Address[] = [];
  let at = HEAD_SIZE;
  for (let index = 0; index < count; index += 1) {
    const length = (bytes[at] ?? 0) + 1;
    trackers.push(addressIn(bytes.subarray(at + 1, at + length)));
    at += length;
  }
  if (at !== bytes.length) throw invalid('its length does not fit what it names');
  return {
    root: publicKey(Uint8Array.from(bytes.subarray(0, PUBLIC_KEY_SIZE))),
    secret: Uint8Array.from(bytes.subarray(PUBLIC_KEY_SIZE, PUBLIC_KEY_SIZE + INVITATION_SECRET_SIZE)),
    trackers,
  };
}

/** Its length, then an IPv4 address in 4 bytes, or any other host as text behind a zero; at last the port. */
function addressBytes({ host, port }: Address): Uint8Array {
  const isShort = familyOf(host) === 'IPv4';
  const hostBytes = isShort ? Uint8Array.from(host.split('.').map(Number)) : Buffer.from(`\0${host}`, 'latin1');
  assert(hostBytes.length <= HOST_SIZE_MAX, 'an address in an invitation fits its length');
  return Buffer.concat([Uint8Array.of(hostBytes.length + 2), hostBytes, Uint8Array.of(port >> 8, port & 0xff)]);
}

function addressIn(bytes: Buffer): Address {
  const host = bytes.subarray(0, -2);
  const text = host.length === 4 ? host.join('.') : host[0] === 0 ? host.subarray(1).toString('latin1') : '';
  const port = bytes.length < 3 ? 0 : bytes.readUInt16BE(bytes.length - 2);
  const address = parseNamedAddress(text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`);
  if (address === undefined) throw invalid('it names a tracker whose address cannot be read');
  return address;
}

function invalid(what: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', `this is no invitation: ${what}; copy the whole line again`);
}
