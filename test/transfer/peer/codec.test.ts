// Our codec: what a message means survives the bytes, the bits of a hello are those of the protocol's page, and
// whatever else a newer peer offers is no fault.

import assert from 'node:assert/strict';
import test from 'node:test';
import { HEAD_SIZE } from '../../../src/foundation/wire/framing.js';
import { ACKS, METADATA, PARALLEL, peerWire, RUNS } from '../../../src/transfer/peer/codec/messages.js';
import { mtCodec } from '../../../src/transfer/peer/codec/mt.js';
import { HELLO, MESSAGES } from './stage.js';

test('every message means the same on the other side', () => {
  for (const message of Object.values(MESSAGES))
    assert.deepEqual(mtCodec.decode(mtCodec.encode(message).subarray(HEAD_SIZE)), message);
});

test('what a hello offers are the bits of its features, and the list behind them', () => {
  const { acks: _, runs: __, parallel: ___, metadata: ____, ...facts } = HELLO;
  for (const [acks, runs, parallel, metadata, features, token] of [
    [false, false, false, false, 0, []],
    [true, false, false, false, ACKS, []],
    [false, true, false, false, RUNS, []],
    [false, false, false, true, 0, [1, METADATA]],
    [true, true, true, true, ACKS | RUNS, [1, PARALLEL, METADATA]],
  ] as const) {
    const wire = { ...facts, features, token: Uint8Array.from(token) };
    const body = mtCodec.encode({ ...facts, acks, runs, parallel, metadata }).subarray(HEAD_SIZE);
    assert.deepEqual(peerWire.decode(body), wire);
    assert.deepEqual(mtCodec.decode(body), { ...facts, acks, runs, parallel, metadata });
  }
  const newer = peerWire.encode({ ...facts, features: 0x7fff_fff0 | ACKS, token: Uint8Array.of(1, 3, 4) });
  assert.deepEqual(mtCodec.decode(newer), { ...facts, acks: true, runs: false, parallel: false, metadata: false });
});
