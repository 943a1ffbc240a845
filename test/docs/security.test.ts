// SECURITY.md: its test vectors are what the code makes, and its table of a statement is where the code puts things.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sealEnvelope } from '../../src/foundation/identity/envelope.js';
import { keyIdOf, type SecretKey, shortName } from '../../src/foundation/identity/keys.js';
import { vouchingProof } from '../../src/foundation/identity/vouching.js';
import { MEMBER, MEMBER_CARD, memberStatement, ROOT, TRACKER, trackerStatement } from '../support/cards.js';

const PAGE = readFileSync(join(new URL('../../..', import.meta.url).pathname, 'docs/SECURITY.md'), 'utf8');
const VECTORS = /## Test vectors[\s\S]*?```\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the page says behind a label, its further lines joined. */
function vector(label: string): string {
  const found = new RegExp(`^${label} {2,}(.*(?:\\n {15}.*)*)`, 'm').exec(VECTORS);
  assert.ok(found?.[1] !== undefined, `the page has a line "${label}"`);
  return found[1].replace(/\s*\n\s+/g, ' ');
}

/** The parts between the plus signs, with names and repetitions spelt out. */
function bytesOf(label: string, names: Readonly<Record<string, string>>): string {
  return vector(label)
    .split(/ \+ | (?=[0-9a-f]{64}$)/)
    .map((part) => {
      const [, count, byte] = /^(\d+) x ([0-9a-f]{2})$/.exec(part) ?? [];
      return names[part] ?? (count === undefined ? part : (byte ?? '').repeat(Number(count)));
    })
    .join('');
}

test('the keys of the test vectors are made from their seeds', () => {
  for (const [who, key] of [
    ['root', ROOT],
    ['tracker', TRACKER],
    ['member', MEMBER],
  ] as const satisfies readonly (readonly [string, SecretKey])[]) {
    const id = keyIdOf(key.publicKey);
    const [byte] = vector(`${who} seed`).split(' ');
    assert.equal((byte ?? '').repeat(32), hex(key.exportSeed()));
    assert.equal(vector(`${who} key`), hex(key.publicKey));
    assert.equal(vector(`${who} id`), `${id}  ${shortName(id)}`);
  }
});

test('the statements and the certificate of the test vectors are what the code makes', () => {
  const names = { 'tracker key': hex(TRACKER.publicKey), 'member key': hex(MEMBER.publicKey) };
  assert.equal(bytesOf('is a tracker', names), hex(trackerStatement()));
  assert.equal(bytesOf('is a member', names), hex(memberStatement()));
  const digest = createHash('sha256').update(sealEnvelope(MEMBER, MEMBER_CARD)).digest('hex');
  assert.equal(vector('certificate'), `SHA-256 ${digest}`);
  const exported = Buffer.from(bytesOf('exported', names), 'hex');
  assert.equal(bytesOf('proof', names), hex(vouchingProof(ROOT.publicKey, exported, MEMBER)));
});
