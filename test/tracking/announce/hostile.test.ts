// A tracker that is broken or hostile costs a connection, and what it says of others is not believed.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { Theatre } from './theatre.js';

const A = '1'.repeat(40) as SwarmKey;

test('answers to what was not asked, and hellos that cannot be, end the connection', () => {
  const hello = new Theatre().trackers[0].wellBehaved({
    kind: 'hello',
    clientId: new Uint8Array(16),
    host: '',
    uploadPort: 1,
    epoch: 1,
    token: new Uint8Array(0),
  });
  const hostile: readonly TrackerReply[] = [
    { kind: 'pong', id: 1, entries: 0 },
    { kind: 'removed', id: 999 },
    { kind: 'error', id: null, code: 'protocol', sentence: 'go away' },
    hello,
  ];
  for (const reply of hostile) {
    const theatre = new Theatre().start();
    theatre.trackers[0].answer = () => undefined;
    theatre.register(A);
    theatre.reply(0, reply);
    assert.deepEqual([...theatre.trackers[1].listed.keys()], [A], reply.kind);
  }
});

test('P23: of a list of seeders only addresses that can be dialed are kept, each once, never our own', () => {
  const theatre = new Theatre();
  const tracker = theatre.trackers[0];
  const listed = [
    ['10.1.1.1', 5, 1],
    ['10.1.1.1', 5, 2],
    ['::ffff:10.1.1.1', 5, 2],
    ['10.0.9.9', 6_000, 1],
    ['10.0.9.9', 6_001, 1],
    ['10.1.1.2', 0, 1],
    ['evil.example', 80, 1],
    ['0.0.0.0', 80, 1],
    ['255.255.255.255', 80, 1],
    ['224.0.0.1', 80, 1],
    ['::', 80, 1],
    ['ff02::1', 80, 1],
    ['fe80::1%eth0', 80, 1],
    ['2001:DB8::1', 80, 3],
    ['2001:db8:0:0::1', 80, 3],
    ['', 80, 1],
  ] as const;
  tracker.answer = (request) =>
    request.kind === 'seeders'
      ? {
          kind: 'seederList',
          id: request.id,
          seeders: listed.map(([host, port, have]) => ({ host, port, have })),
          total: 99,
        }
      : tracker.wellBehaved(request);
  theatre.start();
  theatre.tell({ kind: 'findSeeders', swarm: A });
  assert.deepEqual(theatre.events.at(-1), {
    kind: 'seedersFound',
    swarm: A,
    seeders: [
      { host: '10.1.1.1', port: 5, have: 1 },
      { host: '10.0.9.9', port: 6_001, have: 1 },
      { host: '2001:db8::1', port: 80, have: 3 },
    ],
  });
});
