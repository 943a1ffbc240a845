// What a newer side names is nothing to an older one, and never a reason to refuse it.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FEATURES_BYTES_MAX } from '../../../src/foundation/base/limits.js';
import { peerId } from '../../../src/foundation/torrent/ids.js';
import { commonFeatures, encodeFeatures } from '../../../src/foundation/wire/features.js';
import { trackerRequests } from '../../../src/tracking/tracker/messages.js';
import { peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { cases } from '../../support/cases.js';
import { frameOf } from '../../support/messages.js';

const anyToken = fc.uint8Array({ maxLength: FEATURES_BYTES_MAX });
const ALL = Array.from({ length: 256 }, (_, feature) => feature);
const features = fc.uniqueArray(fc.integer({ min: 0, max: 255 }));

test('features come back as they were named; none are no bytes, as the first release sends them', () => {
  assert.deepEqual(encodeFeatures([]), new Uint8Array(0));
  assert.deepEqual(encodeFeatures([9, 1, 9]), Uint8Array.of(1, 1, 9));
  fc.assert(
    fc.property(features, (some) => {
      assert.deepEqual(commonFeatures(encodeFeatures(some), ALL), new Set([...some].sort((a, b) => a - b)));
    }),
  );
});

test('any bytes are a list of features; those of an unknown version name none', () => {
  fc.assert(
    fc.property(anyToken, (token) => {
      const named = token[0] === 1 ? new Set(token.subarray(1)) : new Set();
      assert.deepEqual(commonFeatures(token, ALL), new Set(ALL.filter((feature) => named.has(feature))));
      assert.ok(commonFeatures(token, [1, 2]).size <= 2, 'who names many takes no more room');
    }),
  );
});

test('a hello with any token is a hello, on both wires', () => {
  const clientId = new Uint8Array(16).fill(1);
  fc.assert(
    fc.property(anyToken, (token) => {
      const toTracker = { kind: 'hello', clientId, host: '', uploadPort: 1, epoch: 1, token } as const;
      assert.deepEqual(trackerRequests.decode(frameOf(trackerRequests, toTracker)), toTracker);
      const swarm = new Uint8Array(20);
      const toPeer = {
        kind: 'hello',
        swarm,
        peerId: peerId(clientId),
        uploadPort: 1,
        pieceCount: 1,
        features: 0,
        token,
      } as const;
      assert.deepEqual(peerWire.decode(frameOf(peerWire, toPeer)), toPeer);
    }),
    { numRuns: cases(300) },
  );
});
