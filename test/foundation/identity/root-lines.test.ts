// The lines of a root key: read again they say the same; mistyped, cut or of another kind they are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { publicKey, SecretKey } from '../../../src/foundation/identity/keys.js';
import {
  formatRoot,
  formatTrackerGrant,
  formatTrackerWish,
  parseRoot,
  parseTrackerGrant,
  parseTrackerWish,
} from '../../../src/foundation/identity/root-lines.js';
import { fuzz } from '../../support/fuzz.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._@-]{0,63}$/);
const ROOT = SecretKey.ofSeed(new Uint8Array(32).fill(3));

test('a root key is the same key when its line is read again, in capitals too', () => {
  const line = formatRoot(ROOT);
  assert.match(line, /^mtroot1[a-z2-7]{58}$/);
  assert.equal(parseRoot(line).exportPem(), ROOT.exportPem());
  assert.equal(parseRoot(` ${line.toUpperCase()}\n`).exportPem(), ROOT.exportPem());
});

test('a request and a grant say the same when they are read again', () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), name, bytes(179), (root, key, called, statement) => {
      const wish = { root: publicKey(root), key: publicKey(key), name: called };
      assert.deepEqual(parseTrackerWish(formatTrackerWish(wish)), wish);
      const grant = { statement, swarm: called };
      assert.deepEqual(parseTrackerGrant(formatTrackerGrant(grant)), grant);
    }),
  );
});

test('one character changed, a cut line and one of another kind are refused with what is wrong', () => {
  const lines = [formatRoot(ROOT), formatTrackerWish({ root: ROOT.publicKey, key: ROOT.publicKey, name: 'node2' })];
  for (const read of [parseRoot, parseTrackerWish, parseTrackerGrant]) {
    for (const line of lines) {
      const cut = line.slice(0, -1);
      const changed = `${line.slice(0, 20)}${line[20] === 'a' ? 'b' : 'a'}${line.slice(21)}`;
      for (const wrong of [cut, changed, `${line}a`, ''])
        assert.throws(() => read(wrong), {
          code: 'INVALID_ARGUMENTS',
          message: /^this is not .*; copy the whole line again$/,
        });
    }
  }
});

test('any text is read or refused', () => {
  fuzz(fc.oneof(fc.string(), fc.stringMatching(/^mt(root|req|grant)1[a-z2-7]{0,400}$/)), (text) => {
    for (const read of [parseRoot, parseTrackerWish, parseTrackerGrant]) {
      try {
        read(text);
      } catch (error) {
        assert.ok(error instanceof MiniTorrentError, String(error));
      }
    }
  });
});
