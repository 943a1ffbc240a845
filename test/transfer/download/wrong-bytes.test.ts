// What the log says about a slot with wrong bytes, so that a fault of our own is told from a peer that lies.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { whatLiesThere } from '../../../src/transfer/download/wrong-bytes.js';

const PIECES = ['one', 'two', 'six'].map((text) => Buffer.from(text.repeat(100)));
const DIGESTS = Buffer.concat(PIECES.map((bytes) => createHash('sha1').update(bytes).digest()));
const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = PIECES;

test('wrong bytes are named: another piece, the right ones too late, a piece that ends in zeros, or none of these', () => {
  assert.equal(whatLiesThere(two, 0, DIGESTS), 'the bytes of piece 1');
  assert.equal(whatLiesThere(one, 0, DIGESTS), 'the right bytes, which came after they were hashed');
  const cut = Buffer.from(one).fill(0, 120);
  assert.equal(whatLiesThere(cut, 0, DIGESTS), 'no piece; zeros from byte 120 on');
  assert.equal(whatLiesThere(Buffer.from(one).fill(1, 7, 8), 0, DIGESTS), 'no piece');
});
