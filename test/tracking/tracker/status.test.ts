// `tracker-status` shows what a stranger at an address says: checked, and without a byte that acts on the terminal.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { deferred } from '../../../src/foundation/base/deferred.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { TRACKER_MAGIC, trackerReplies } from '../../../src/tracking/tracker/messages.js';
import { trackerStatus } from '../../../src/tracking/tracker/status.js';

const PARTNER = {
  address: '192.0.2.2:7001',
  following: true,
  followedBy: true,
  behindChanges: 0,
  lagChanges: null,
  lagMs: null,
  lastCatchUp: null,
  digestEqual: null,
  isReady: true,
  isAlone: false,
  refusedBy: '',
};
const STATISTICS = { swarms: 1, liveEntries: 2, connections: 3, uptimeMs: 4_000, partner: PARTNER };

/** A server that says hello, and then that its statistics are `json`. */
async function sayingThat(t: TestContext, json: string): Promise<Address> {
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(TRACKER_MAGIC);
    const names = { trackerId: new Uint8Array(16), partner: '', highestEpoch: 0, leaseMs: 90_000, renewMs: 30_000 };
    socket.write(trackerReplies.framed({ kind: 'helloReply', ...names, ready: true }));
    socket.write(trackerReplies.framed({ kind: 'stats', id: 1, json }));
  });
  const listening = deferred<void>();
  server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  t.after(() => server.close());
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return { host: '127.0.0.1', port: bound.port };
}

test('statistics that no tracker sends are a clear error, whatever they are', async (t) => {
  const hostile = [
    '{}',
    'null',
    '[]',
    '7',
    '"text"',
    '{"swarms":',
    '',
    JSON.stringify({ ...STATISTICS, partner: null }),
    JSON.stringify({ ...STATISTICS, swarms: 'many' }),
    JSON.stringify({ ...STATISTICS, uptimeMs: { toString: 1 } }),
    JSON.stringify({ ...STATISTICS, partner: { ...PARTNER, lastCatchUp: {} } }),
    JSON.stringify({ ...STATISTICS, partner: { ...PARTNER, refusedBy: 7 } }),
    JSON.stringify({ ...STATISTICS, handshakes: { begun: 1, finished: 1 } }),
  ];
  for (const json of hostile) {
    const address = await sayingThat(t, json);
    for (const options of [{ json: false }, { json: true }])
      await assert.rejects(trackerStatus(address, options), { code: 'NO_TRACKER' }, json);
  }
});

test('X9: a partner that answers and refuses is not away', async (t) => {
  const cases = [
    [{}, 'connected'],
    [{ followedBy: false }, 'connected one way'],
    [{ following: false, followedBy: false }, 'away'],
    [{ following: false, followedBy: false, refusedBy: 'this tracker belongs to another pair' }, 'refuses'],
  ] as const;
  for (const [more, word] of cases) {
    const address = await sayingThat(t, JSON.stringify({ ...STATISTICS, partner: { ...PARTNER, ...more } }));
    const text = await trackerStatus(address, { json: false });
    assert.match(text, new RegExp(`^partner 192\\.0\\.2\\.2:7001  ${word}$`, 'm'));
  }
});

test('a tracker of a closed swarm says what its handshakes came to, one of an open swarm nothing', async (t) => {
  const handshakes = { begun: 12, finished: 10, forNobody: 1 };
  const closed = await sayingThat(t, JSON.stringify({ ...STATISTICS, handshakes }));
  const line = /^ {2}handshakes 12 begun, 10 finished, 1 for nobody$/m;
  assert.match(await trackerStatus(closed, { json: false }), line);
  const open = await sayingThat(t, JSON.stringify(STATISTICS));
  assert.doesNotMatch(await trackerStatus(open, { json: false }), /handshakes/);
});

test('S3: what a stranger says of its partner cannot act on the terminal, as text or as JSON', async (t) => {
  const evil = 'a\u001b]0;owned\u0007\u009b31mb\u202ec\nd';
  const statistics = { ...STATISTICS, partner: { ...PARTNER, address: evil, refusedBy: evil, more: evil } };
  const address = await sayingThat(t, JSON.stringify(statistics));
  const text = await trackerStatus(address, { json: false });
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.equal(text.split('\n').length, 7, 'it makes no lines of its own');
  const json = await trackerStatus(address, { json: true });
  assert.doesNotMatch(json.replaceAll('\n', ''), /[^\u0020-\u007e]/);
  assert.deepEqual(JSON.parse(json), statistics);
});
