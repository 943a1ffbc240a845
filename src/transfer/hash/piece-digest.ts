// The SHA-1 of one piece as it lies in a storage, read in parts that stay in the core's cache. Zeros are compared
// instead of hashed, which is several times as fast.

import { createHash, type Hash } from 'node:crypto';
import { equalBytes } from '../../foundation/base/bytes.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { zeroDigest } from '../../foundation/torrent/zeros.js';
import type { StorageBytes } from '../storage/storage.js';
import { HASH_READ_BYTES } from './limits.js';

const ZEROS = new Uint8Array(HASH_READ_BYTES);

/**
 * SHA-1 of piece `index`, or the offset of its first byte that is not there.
 * @param buffer for what is read at once, HASH_READ_BYTES.
 * @param seen called with all bytes of the piece, in order, and their offset in the piece space.
 */
export function digestOf(
  source: StorageBytes,
  index: number,
  buffer: Uint8Array,
  seen?: (offset: number, bytes: Uint8Array) => void,
): Uint8Array | number {
  const geometry = new Geometry(source.layout.size);
  const begin = geometry.pieceOffset(index);
  const length = geometry.pieceLength(index);
  // Zeros are compared several times as fast as they are hashed, so nothing is hashed before the first other byte.
  let hash: Hash | undefined;
  for (let at = begin; at < begin + length; ) {
    const bytes = readNext(source, at, begin + length, buffer);
    if (bytes.length === 0) return at;
    seen?.(at, bytes);
    if (hash !== undefined || !areZeros(bytes)) {
      hash ??= hashOfZeros(at - begin);
      hash.update(bytes);
    }
    at += bytes.length;
  }
  return hash === undefined ? zeroDigest(length) : hash.digest();
}

/** Whether the bytes from `begin` to `end` are there and zeros. */
export function isZeros(source: StorageBytes, begin: number, end: number, buffer: Uint8Array): boolean {
  for (let at = begin; at < end; ) {
    const bytes = readNext(source, at, end, buffer);
    if (bytes.length === 0 || !areZeros(bytes)) return false;
    at += bytes.length;
  }
  return true;
}

function areZeros(bytes: Uint8Array): boolean {
  return equalBytes(bytes, bytes.length === ZEROS.length ? ZEROS : ZEROS.subarray(0, bytes.length));
}

/** SHA-1 after `length` zeros, to be continued. */
function hashOfZeros(length: number): Hash {
  const hash = createHash('sha1');
  for (let left = length; left > 0; left -= ZEROS.length) hash.update(ZEROS.subarray(0, left));
  return hash;
}

/** What one read gives of the bytes from `at` to `end`, in `buffer`; nothing where the storage ends. */
export function readNext(source: StorageBytes, at: number, end: number, buffer: Uint8Array): Uint8Array {
  const left = end - at;
  const taken = source.readAt(at, [left < buffer.length ? buffer.subarray(0, left) : buffer]);
  return taken === buffer.length ? buffer : buffer.subarray(0, taken);
}
