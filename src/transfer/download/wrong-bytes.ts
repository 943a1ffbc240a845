// Says, for the log, what lies in a slot whose bytes were found wrong: it tells a peer that lies from a fault of our
// own, such as a slot with two writers. Pure.

import { createHash } from 'node:crypto';
import { equalBytes } from '../../foundation/base/bytes.js';
import { DIGEST_SIZE } from '../../foundation/base/limits.js';

/**
 * @param bytes of the slot, as many as its piece has; the hash pool may not have given it back yet.
 * @param digests of all pieces, 20 bytes each.
 */
export function whatLiesThere(bytes: Uint8Array, piece: number, digests: Uint8Array): string {
  const found = pieceWith(createHash('sha1').update(bytes).digest(), digests);
  if (found === piece) return 'the right bytes, which came after they were hashed';
  if (found !== undefined) return `the bytes of piece ${found}`;
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return end < bytes.length ? `no piece; zeros from byte ${end} on` : 'no piece';
}

function pieceWith(digest: Uint8Array, digests: Uint8Array): number | undefined {
  for (let at = 0; at < digests.length; at += DIGEST_SIZE)
    if (equalBytes(digests.subarray(at, at + DIGEST_SIZE), digest)) return at / DIGEST_SIZE;
  return undefined;
}
