// The certificate of a closed swarm: OpenSSL and Node read ours, and every certificate that differs in one byte outside
// of the key, the card and the signature is refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { ENVELOPE_SIZE, openEnvelope, pemOf, sealEnvelope } from '../../../src/foundation/identity/envelope.js';
import { SecretKey } from '../../../src/foundation/identity/keys.js';
import { MEMBER, MEMBER_CARD } from '../../support/cards.js';
import { fuzz } from '../../support/fuzz.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const ours = sealEnvelope(MEMBER, MEMBER_CARD);
const keyAt = Buffer.from(ours).indexOf(MEMBER.publicKey);
const cardAt = Buffer.from(ours).indexOf(MEMBER_CARD);
const signatureAt = ours.length - 64;
const isHole = (at: number): boolean =>
  (at >= keyAt && at < keyAt + 32) || (at >= cardAt && at < cardAt + MEMBER_CARD.length) || at >= signatureAt;

test('a certificate has 613 bytes, and gives back its key and its card', () => {
  assert.equal(ours.length, 613);
  assert.equal(ENVELOPE_SIZE, 613);
  const opened = openEnvelope(ours);
  assert.deepEqual(opened?.key, MEMBER.publicKey);
  assert.deepEqual(Buffer.from(opened.card), MEMBER_CARD);
});

test('Node reads it as a certificate of that key, signed by it, without names, for ever', () => {
  const read = new X509Certificate(ours);
  assert.equal(read.verify(read.publicKey), true);
  assert.equal(read.publicKey.asymmetricKeyType, 'ed25519');
  assert.equal(read.subject, 'CN=mtorrent');
  assert.equal(read.issuer, 'CN=mtorrent');
  assert.equal(read.subjectAltName, undefined);
  assert.match(read.validFrom, /2000/);
  assert.match(read.validTo, /9999/);
});

test('OpenSSL verifies it against itself', async (t) => {
  const file = join(await temporaryDirectory(t), 'card.pem');
  writeFileSync(file, pemOf(ours));
  assert.match(execFileSync('openssl', ['verify', '-CAfile', file, file]).toString(), /OK/);
});

test('a certificate with any other byte outside of its holes is refused', () => {
  for (let at = 0; at < ours.length; at += 1) {
    for (const change of [1, 0x80]) {
      const changed = Uint8Array.from(ours);
      changed[at] = (changed[at] ?? 0) ^ change;
      assert.equal(openEnvelope(changed) !== undefined, isHole(at), `byte ${at}`);
    }
  }
});

test('longer, shorter and doubled ones, text and other kinds of keys are refused', async (t) => {
  const file = join(await temporaryDirectory(t), 'other.pem');
  for (const other of [
    ours.subarray(0, -1),
    ours.subarray(1),
    Buffer.concat([ours, Uint8Array.of(0)]),
    Buffer.concat([ours, ours]),
    Buffer.from(pemOf(ours)),
    new Uint8Array(613),
    new Uint8Array(0),
  ])
    assert.equal(openEnvelope(other), undefined);
  for (const algorithm of ['ed25519', 'ed448', 'rsa:2048', 'ec'] as const) {
    const words = ['req', '-x509', '-newkey', algorithm, '-nodes', '-subj', '/CN=mtorrent', '-days', '1'];
    const curve = algorithm === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : [];
    execFileSync('openssl', [...words, ...curve, '-out', file, '-keyout', '/dev/null'], { stdio: 'pipe' });
    const real = execFileSync('openssl', ['x509', '-in', file, '-outform', 'DER']);
    assert.equal(openEnvelope(real), undefined, algorithm);
  }
});

test('any bytes are a certificate of ours or none', () => {
  fuzz(fc.tuple(fc.nat(ours.length - 1), fc.uint8Array({ maxLength: 8 })), ([at, bytes]) => {
    const changed = Uint8Array.from(ours);
    changed.set(bytes.subarray(0, ours.length - at), at);
    const opened = openEnvelope(changed);
    const isOurs = [...changed].every((byte, index) => isHole(index) || byte === ours[index]);
    assert.equal(opened !== undefined, isOurs);
  });
});

test('a private key is shown by nothing that writes text', () => {
  const secret = SecretKey.generate();
  const hex = Buffer.from(secret.exportSeed()).toString('hex');
  const shown = [String(secret), JSON.stringify({ secret }), `${secret}`];
  for (const text of shown) {
    assert.match(text, /\[secret\]/);
    assert.equal(text.includes(hex), false);
  }
  const again = SecretKey.parse(secret.exportPem());
  assert.deepEqual(again?.publicKey, secret.publicKey);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' });
  for (const wrong of ['', 'x', secret.exportPem().slice(10), String(rsa)])
    assert.equal(SecretKey.parse(wrong), undefined);
});
