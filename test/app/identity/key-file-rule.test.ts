// The rule for key files, for every owner and mode: no file that somebody else may read or replace is ever a key.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { whyNoKeyDirectory, whyNoKeyFile } from '../../../src/app/identity/key-file-rule.js';
import { KEY_FILE_BYTES_MAX } from '../../../src/app/identity/limits.js';

const SELF = 1000;
const file = { isFile: true, size: 119, mode: 0o600, uid: SELF };
const why = (facts: Partial<typeof file>, self: number | undefined = SELF): string =>
  whyNoKeyFile('/k/identity.key', { ...file, ...facts }, self) ?? '';

test('a file of this user is a key when nobody else has any right to it', () => {
  for (const mode of [0o600, 0o400, 0o700]) assert.equal(why({ mode }), '');
  for (const mode of [0o604, 0o620, 0o640, 0o644, 0o601, 0o610, 0o660, 0o666, 0o777])
    assert.equal(
      why({ mode }),
      'others may read /k/identity.key; run chmod 600 on it, and if it lay open, ban this member and join again',
    );
});

test('a file of root is a key when its group may read it at most', () => {
  for (const mode of [0o600, 0o640, 0o440, 0o400]) assert.equal(why({ mode, uid: 0 }), '');
  for (const mode of [0o644, 0o660, 0o650, 0o444]) assert.match(why({ mode, uid: 0 }), /belongs to root/);
});

test('a file of another user, another kind of file, and one that is too long is no key', () => {
  assert.match(why({ uid: 1001 }), /belongs to user 1001, who can read and change it/);
  assert.match(why({ isFile: false }), /is not a regular file/);
  assert.match(why({ size: KEY_FILE_BYTES_MAX + 1 }), /has 4097 bytes, more than the 4096/);
  assert.equal(why({ size: KEY_FILE_BYTES_MAX }), '');
});

test('whoever is neither owner nor root may not read what passes, but for the group of a file of root', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0o777 }), fc.constantFrom(0, SELF, 1001), (mode, uid) => {
      if (why({ mode, uid }) !== '') return;
      assert.equal(mode & 0o007, 0);
      assert.equal(mode & 0o030, 0);
      assert.ok(uid === 0 || (uid === SELF && (mode & 0o070) === 0));
    }),
  );
});

test('no key is taken from a directory that others may write to, but one of root in which each keeps his own', () => {
  assert.equal(whyNoKeyDirectory('/k', { mode: 0o40700, uid: SELF }), undefined);
  assert.equal(whyNoKeyDirectory('/k', { mode: 0o40755, uid: SELF }), undefined);
  // As Kubernetes mounts a secret.
  assert.equal(whyNoKeyDirectory('/k', { mode: 0o43777, uid: 0 }), undefined);
  for (const facts of [
    { mode: 0o40777, uid: SELF },
    { mode: 0o40770, uid: SELF },
    { mode: 0o41777, uid: SELF },
    { mode: 0o40777, uid: 0 },
  ])
    assert.match(whyNoKeyDirectory('/k', facts) ?? '', /others may change what lies in \/k/);
});
