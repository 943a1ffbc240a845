// The word of a key about the connection on which another authority vouches for it, and what a certificate names.

import assert from 'node:assert/strict';
import test from 'node:test';
import { SecretKey } from '../../../src/foundation/identity/keys.js';
import {
  firstDnsName,
  isVouchingProof,
  VOUCHING_SIZE,
  vouchingProof,
} from '../../../src/foundation/identity/vouching.js';

test('a proof is good for its key, its connection and its swarm, and for no other', () => {
  const [root, other, key] = [SecretKey.generate(), SecretKey.generate(), SecretKey.generate()];
  const [exported, elsewhere] = [new Uint8Array(VOUCHING_SIZE).fill(1), new Uint8Array(VOUCHING_SIZE).fill(2)];
  const proof = vouchingProof(root.publicKey, exported, key);
  assert.ok(isVouchingProof(root.publicKey, exported, key.publicKey, proof));
  assert.ok(!isVouchingProof(root.publicKey, elsewhere, key.publicKey, proof));
  assert.ok(!isVouchingProof(other.publicKey, exported, key.publicKey, proof));
  assert.ok(!isVouchingProof(root.publicKey, exported, other.publicKey, proof));
});

test('of all names in a certificate the first of DNS counts, however odd it is', () => {
  const cases = [
    ['DNS:pod-1.corp', 'pod-1.corp'],
    ['URI:spiffe://corp/pod, DNS:a.corp, DNS:b.corp', 'a.corp'],
    ['DNS:"a, DNS:b", DNS:c', 'a, DNS:b'],
    ['DNS:"a\\u0000b"', 'a\0b'],
    ['DNS:"a\\qb"', undefined],
    ['email:"x, DNS:evil"', undefined],
    ['IP Address:192.0.2.1', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const;
  for (const [text, expected] of cases) assert.equal(firstDnsName(text), expected, text);
});
