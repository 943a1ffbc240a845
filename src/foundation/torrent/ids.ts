// Branded types for the names on our wires, which only a check can make. Swarm keys and client ids are bytes on a wire
// and lower-case hex everywhere else. A client id is a secret between a client and its trackers: peers see a peer id,
// from which nobody can derive it. Pure.

import { createHash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { toHex } from '../base/bytes.js';
import { DIGEST_SIZE } from '../base/limits.js';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** SHA-1 of the piece hashes's raw bytes, 40 hex digits: names the swarm (BitTorrent's infohash). */
export type SwarmKey = Branded<string, 'SwarmKey'>;
/**
 * 16 random bytes, 32 hex digits: a client's identity across runs, the owner of its tracker entries. Whoever knows it
 * can write those entries, so it goes to trackers only.
 */
export type ClientId = Branded<string, 'ClientId'>;
/** 16 bytes by which peers of one swarm know a client: of another swarm it has another one. */
export type PeerId = Branded<Uint8Array, 'PeerId'>;
/** 16 random bytes, kept in a tracker's list: whose changes its positions count. */
export type TrackerId = Branded<Uint8Array, 'TrackerId'>;
/** 0-based index that was checked against its file's piece count. */
export type PieceIndex = Branded<number, 'PieceIndex'>;

export const SWARM_KEY_SIZE = DIGEST_SIZE;
export const CLIENT_ID_SIZE = 16;
export const PEER_ID_SIZE = 16;
export const TRACKER_ID_SIZE = 16;

export function swarmKey(bytes: Uint8Array): SwarmKey {
  assert(bytes.length === SWARM_KEY_SIZE, 'a swarm key is 20 bytes');
  return toHex(bytes) as SwarmKey;
}

export function clientId(bytes: Uint8Array): ClientId {
  assert(bytes.length === CLIENT_ID_SIZE, 'a client id is 16 bytes');
  return toHex(bytes) as ClientId;
}

/**
 * What peers of `swarm` see of `client`: a tracker, which knows both, can compute it; a peer cannot go back from it.
 */
export function peerIdOf(client: ClientId, swarm: SwarmKey): PeerId {
  const digest = createHash('sha1').update(keyBytes(client)).update(keyBytes(swarm)).digest();
  return peerId(digest.subarray(0, PEER_ID_SIZE));
}

/** An id that a peer said, or that is made for a hello of no client. */
export function peerId(bytes: Uint8Array): PeerId {
  assert(bytes.length === PEER_ID_SIZE, 'a peer id is 16 bytes');
  return bytes as PeerId;
}

export function trackerId(bytes: Uint8Array): TrackerId {
  assert(bytes.length === TRACKER_ID_SIZE, 'a tracker id is 16 bytes');
  return bytes as TrackerId;
}

export function parseSwarmKey(text: string): SwarmKey | undefined {
  return /^[0-9a-f]{40}$/.test(text) ? (text as SwarmKey) : undefined;
}

export function parseClientId(text: string): ClientId | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? (text as ClientId) : undefined;
}

export function keyBytes(key: SwarmKey | ClientId): Uint8Array {
  const bytes = new Uint8Array(key.length / 2);
  copyKey(key, bytes, 0);
  return bytes;
}

/** The bytes of `key` into `target`. */
export function copyKey(key: SwarmKey | ClientId, target: Uint8Array, begin: number): void {
  // Digit by digit: these are copied by the ten thousand a second, and a call into the runtime costs more.
  for (let digit = 0; digit < key.length; digit += 2)
    target[begin + digit / 2] = digitOf(key.charCodeAt(digit)) * 16 + digitOf(key.charCodeAt(digit + 1));
}

/** Of a lower-case hex digit's code. */
function digitOf(code: number): number {
  return code > 0x39 ? code - 0x57 : code - 0x30;
}
