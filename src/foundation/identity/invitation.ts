// The one string by which a machine joins a closed swarm: `mtj1` and, in base32, the root's key, a secret that is good
// for a while, and where the trackers are. The joiner proves the tracker by the root before it says the secret. Pure.

import { assert } from '../base/assert.js';
import { MiniTorrentError } from '../base/errors.js';
import { familyOf, HOST_NAME_BYTES_MAX } from '../base/hosts.js';
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
  /** Whoever joins by it becomes a tracker. */
  readonly isForTracker: boolean;
}

const INVITATION_PREFIX = 'mtj1';
const IS_IPV4 = 0;
const [IPV4_SIZE, PORT_SIZE] = [4, 2];
const HEAD_SIZE = PUBLIC_KEY_SIZE + INVITATION_SECRET_SIZE + 1;
/** Beside the number of trackers. */
const FOR_TRACKER = 0x80;

export function formatInvitation({ root, secret, trackers, isForTracker }: Invitation): string {
  const places = trackers.map((tracker) => addressBytes(tracker));
  const count = Uint8Array.of(trackers.length | (isForTracker ? FOR_TRACKER : 0));
  return formatPasted(INVITATION_PREFIX, Buffer.concat([root, secret, count, ...places]));
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS, with what is wrong with it. */
export function parseInvitation(text: string): Invitation {
  const pasted = parsePasted(INVITATION_PREFIX, text);
  if ('wrong' in pasted) throw invalid(pasted.wrong);
  const bytes = Buffer.from(pasted.bytes);
  const head = bytes[HEAD_SIZE - 1] ?? 0;
  const count = head & ~FOR_TRACKER;
  if (count < 1 || count > INVITATION_TRACKERS_MAX) throw invalid('it names no tracker');
  const trackers: Address[] = [];
  let at = HEAD_SIZE;
  for (let index = 0; index < count; index += 1) {
    const hostSize = bytes[at] === IS_IPV4 ? IPV4_SIZE : (bytes[at] ?? 0);
    const end = at + 1 + hostSize + PORT_SIZE;
    trackers.push(addressIn(bytes.subarray(at, end), hostSize));
    at = end;
  }
  if (at !== bytes.length) throw invalid('its length does not fit what it names');
  return {
    root: publicKey(Uint8Array.from(bytes.subarray(0, PUBLIC_KEY_SIZE))),
    secret: Uint8Array.from(bytes.subarray(PUBLIC_KEY_SIZE, PUBLIC_KEY_SIZE + INVITATION_SECRET_SIZE)),
    trackers,
    isForTracker: (head & FOR_TRACKER) !== 0,
  };
}

/** 0 and an IPv4 address in 4 bytes, or the length of any other host and its text; then the port. */
function addressBytes({ host, port }: Address): Uint8Array {
  const isShort = familyOf(host) === 'IPv4';
  const hostBytes = isShort ? Uint8Array.from(host.split('.').map(Number)) : Buffer.from(host, 'latin1');
  assert(hostBytes.length <= HOST_NAME_BYTES_MAX, 'the length of a host fits a byte');
  const head = isShort ? IS_IPV4 : hostBytes.length;
  return Buffer.concat([Uint8Array.of(head), hostBytes, Uint8Array.of(port >> 8, port & 0xff)]);
}

function addressIn(bytes: Buffer, hostSize: number): Address {
  const host = bytes.subarray(1, 1 + hostSize);
  const text = bytes[0] === IS_IPV4 ? host.join('.') : host.toString('latin1');
  const port = bytes.length === 1 + hostSize + PORT_SIZE ? bytes.readUInt16BE(1 + hostSize) : 0;
  const address = parseNamedAddress(text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`);
  if (address === undefined) throw invalid('it names a tracker whose address cannot be read');
  return address;
}

function invalid(what: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', `this is no invitation: ${what}; copy the whole line again`);
}
