// Our codec: what a message means survives the bytes, the bits of a hello are those of the protocol's page, and
// whatever else a newer peer offers is no fault.

import assert from 'node:assert/strict';
import test from 'node:test';
import { HEAD_SIZE } from '../../../src/foundation/wire/framing.js';
import { ACKS, peerWire, RUNS } from '../../../src/transfer/peer/codec/messages.js';
import { mtCodec } from '../../../src/transfer/peer/codec/mt.js';
import { HELLO, MESSAGES } from './stage.js';

test('every message means the same on the other side', () => {
  for (const message of Object.values(MESSAGES))
    assert.deepEqual(mtCodec.decode(mtCodec.encode(message).subarray(HEAD_SIZE)), message);
});

test('what a hello offers are the bits of its features', () => {
  const { acks: _, runs: __, ...facts } = HELLO;
  for (const [acks, runs, features] of [
    [false, false, 0],
    [true, false, ACKS],
    [false, true, RUNS],
    [true, true, ACKS | RUNS],
  ] as const) {
    const wire = { ...facts, features, token: new Uint8Array(0) };
    const body = mtCodec.encode({ ...facts, acks, runs }).subarray(HEAD_SIZE);
    assert.deepEqual(peerWire.decode(body), wire);
    assert.deepEqual(mtCodec.decode(body), { ...facts, acks, runs });
  }
  const newer = peerWire.encode({ ...facts, features: 0x7fff_fff0 | ACKS, token: Uint8Array.of(1, 2, 3) });
  assert.deepEqual(mtCodec.decode(newer), { ...facts, acks: true, runs: false });
});
