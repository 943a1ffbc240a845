// The ids of a client: its trackers know it by one, and the peers of each swarm by another.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { toHex } from '../../../src/foundation/base/bytes.js';
import { clientId, peerIdOf, type SwarmKey } from '../../../src/foundation/torrent/ids.js';

const CLIENT = clientId(new Uint8Array(16).fill(0xab));
const swarmOf = (digit: string): SwarmKey => digit.repeat(40) as SwarmKey;

test('a peer id is the first 16 bytes of the SHA-1 of client id and swarm key', () => {
  const whole = createHash('sha1')
    .update(`${CLIENT}${swarmOf('5')}`, 'hex')
    .digest('hex');
  assert.equal(toHex(peerIdOf(CLIENT, swarmOf('5'))), whole.slice(0, 32));
});

test('a client has another peer id in each swarm, and another one than any other client', () => {
  const other = clientId(new Uint8Array(16).fill(0xac));
  const ids = [CLIENT, other].flatMap((client) =>
    ['1', '2', '3'].map((digit) => toHex(peerIdOf(client, swarmOf(digit)))),
  );
  assert.equal(new Set(ids).size, 6);
  assert.ok(!ids.includes(CLIENT));
});
