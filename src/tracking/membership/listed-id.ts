// Under which id a member's client is listed: 11 bytes of the member's id and 5 that tell its clients apart. Nobody can
// write another member's entries then, and all of one member are found by how their ids begin. Pure.

import { createHash } from 'node:crypto';
import { type KeyId, keyIdBytes } from '../../foundation/identity/keys.js';
import { CLIENT_ID_SIZE, type ClientId } from '../../foundation/torrent/ids.js';

const MEMBER_BYTES = 11;

/** CLIENT_ID_SIZE bytes. @param said the id that the client says of itself. */
export function listedIdBytes(member: KeyId, said: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CLIENT_ID_SIZE);
  bytes.set(keyIdBytes(member).subarray(0, MEMBER_BYTES));
  const told = createHash('sha256').update(said).digest();
  bytes.set(told.subarray(0, CLIENT_ID_SIZE - MEMBER_BYTES), MEMBER_BYTES);
  return bytes;
}

export function listedPrefix(member: KeyId): string {
  return member.slice(0, MEMBER_BYTES * 2);
}

/** Equal for the clients of one member. */
export function prefixOf(listed: ClientId): string {
  return listed.slice(0, MEMBER_BYTES * 2);
}
