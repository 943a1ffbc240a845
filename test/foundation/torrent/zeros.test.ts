// Which pieces are zeros is known by their digests alone, whatever the size of the file and of its last piece.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { zeroDigest, zerosOf } from '../../../src/foundation/torrent/zeros.js';

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest();

test('the digest of zeros is their SHA-1, for a whole piece and for any shorter one', () => {
  for (const length of [0, 1, PIECE_SIZE - 1, PIECE_SIZE, PIECE_SIZE])
    assert.deepEqual(Buffer.from(zeroDigest(length)), sha1(new Uint8Array(length)));
});

test('FC-30: the pieces of zeros of a file are exactly those whose bytes are zeros, and its zeros are their bytes', () => {
  const whole = sha1(new Uint8Array(PIECE_SIZE));
  const other = Buffer.from(whole);
  other.writeUInt8((other.at(-1) ?? 0) ^ 1, other.length - 1);
  const last = fc.constantFrom(1, 2, 4_097, PIECE_SIZE - 1, PIECE_SIZE);
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 40 }), last, (areZeros, lastLength) => {
      const size = areZeros.length === 0 ? 0 : (areZeros.length - 1) * PIECE_SIZE + lastLength;
      const geometry = new Geometry(size);
      const lengthOf = (piece: number): number => geometry.pieceLength(piece);
      const digests = Buffer.concat(
        areZeros.map((isZero, piece) => {
          if (!isZero) return other;
          return lengthOf(piece) === PIECE_SIZE ? whole : sha1(new Uint8Array(lengthOf(piece)));
        }),
      );
      const { pieces, bytes } = zerosOf({ geometry, digests });
      assert.deepEqual(
        areZeros,
        areZeros.map((_, piece) => pieces.has(piece)),
      );
      assert.equal(
        bytes,
        areZeros.reduce((sum, isZero, piece) => sum + (isZero ? lengthOf(piece) : 0), 0),
      );
    }),
  );
});

test('a short last piece is not zeros because a whole piece of zeros has its digest', () => {
  const digests = Buffer.concat([zeroDigest(PIECE_SIZE), zeroDigest(PIECE_SIZE)]);
  const { pieces, bytes } = zerosOf({ geometry: new Geometry(PIECE_SIZE + 5), digests });
  assert.deepEqual([pieces.has(0), pieces.has(1), bytes], [true, false, PIECE_SIZE]);
});
