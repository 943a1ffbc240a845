// Which pieces of a file are all zeros, known by their SHA-1. A new file reads as zeros wherever nothing was written,
// so such a piece is neither fetched nor written, and a hole stays a hole. Pure.

import { createHash } from 'node:crypto';
import { equalBytes } from '../base/bytes.js';
import { DIGEST_SIZE, PIECE_SIZE } from '../base/limits.js';
import { Bitfield } from './bitfield.js';
import type { Geometry } from './geometry.js';

/** The pieces of zeros of one file. */
export interface Zeros {
  readonly pieces: Bitfield;
  /** Bytes of these pieces. */
  readonly bytes: number;
}

let ofWholePiece: Uint8Array | undefined;

/** SHA-1 of `length` zeros, at most PIECE_SIZE. The caller must not change it. */
export function zeroDigest(length: number): Uint8Array {
  if (length !== PIECE_SIZE) return createHash('sha1').update(new Uint8Array(length)).digest();
  ofWholePiece ??= createHash('sha1').update(new Uint8Array(PIECE_SIZE)).digest();
  return ofWholePiece;
}

/** @param digests 20 bytes a piece. */
export function zerosOf({ geometry, digests }: { readonly geometry: Geometry; readonly digests: Uint8Array }): Zeros {
  const pieces = new Bitfield(geometry.pieceCount);
  let bytes = 0;
  let digest = zeroDigest(PIECE_SIZE);
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    const length = geometry.pieceLength(piece);
    if (length !== PIECE_SIZE) digest = zeroDigest(length);
    const at = piece * DIGEST_SIZE;
    // A large file has millions of pieces: no view of a digest is made for those that differ in their first byte.
    if (digests[at] !== digest[0] || !equalBytes(digests.subarray(at, at + DIGEST_SIZE), digest)) continue;
    pieces.set(piece);
    bytes += length;
  }
  return { pieces, bytes };
}
