// Rows with names are arrays on the wire, in an order that never changes: a console of one build reads what a client of
// another build of the same version writes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clientEvents } from '../../src/client/messages.js';
import { ProtocolError } from '../../src/foundation/base/errors.js';
import { pack } from '../../src/foundation/wire/msgpack.js';
import type { Protocol } from '../../src/foundation/wire/protocol.js';
import { downloadCommands, downloadEvents } from '../../src/transfer/download/messages.js';
import { hashAnswers, hashTasks } from '../../src/transfer/hash/messages.js';
import { serveEvents } from '../../src/transfer/peer/messages.js';
import { STATS } from '../support/client-stats.js';
import { frameOf } from '../support/messages.js';

/** The frame that the message is, in msgpack's own words. */
function isOnWire<M extends object>(protocol: Protocol<M>, message: M, array: readonly unknown[]): void {
  const frame = frameOf(protocol, message);
  assert.deepEqual(frame, new Uint8Array(pack(array)));
  assert.deepEqual(protocol.decode(frame), message);
}

for (const name of ['a', 'ä'])
  test(`a file's row is its values in order (${name})`, () => {
    const file = {
      name,
      state: 'downloading',
      path: '/a',
      mtorrentPath: '/m',
      size: 5,
      have: 1,
      pieces: 2,
      rate: 1.5,
      peers: 3,
      received: 4,
      wasted: 6,
      sent: 7,
      problem: 'p',
      seeders: 1,
      zeros: 8,
      files: 0,
      changed: 0,
      reused: 0,
      filesDone: 0,
      receivedBefore: 0,
      wastedBefore: 0,
    } as const;
    const row = [name, 'downloading', '/a', '/m', 5, 1, 2, 1.5, 3, 4, 6, 7, 'p', 1, 8, 0, 0, 0, 0, 0, 0];
    isOnWire(clientEvents, { kind: 'listed', ask: 1, rows: [file, file], last: true }, [3, 1, [row, row], true]);
    isOnWire(clientEvents, { kind: 'overviewListed', ask: 1, rows: [file], files: 9, received: 8, sent: 7 }, [
      11,
      1,
      [row],
      9,
      8,
      7,
    ]);
  });

test('the rows of peers, trackers and findings keep their order', () => {
  const peer = {
    direction: 'from',
    host: 'h',
    port: 1,
    bytes: 2,
    rate: 0.5,
    pieces: 4,
    member: null,
    problem: 'p',
  } as const;
  const member = { name: 'bob@mill', key: 'wyxim75c' };
  isOnWire(clientEvents, { kind: 'peersListed', ask: 1, peers: [peer, { ...peer, member }] }, [
    4,
    1,
    [
      ['from', 'h', 1, 2, 0.5, 4, null, 'p'],
      ['from', 'h', 1, 2, 0.5, 4, ['bob@mill', 'wyxim75c'], 'p'],
    ],
  ]);
  const tracker = { address: 'a:1', state: 'away', reason: 'r' } as const;
  isOnWire(clientEvents, { kind: 'trackersListed', ask: 1, trackers: [tracker] }, [13, 1, [['a:1', 'away', 'r']]]);
  const finding = { severity: 'note', subject: 's', found: 'f', remedy: 'r' } as const;
  isOnWire(clientEvents, { kind: 'diagnosed', ask: 1, findings: [finding] }, [15, 1, [['note', 's', 'f', 'r']]]);
});

test('the rows between the threads keep their order', () => {
  const address = { host: 'h', port: 1 };
  isOnWire(downloadCommands, { kind: 'peersFound', file: 2, peers: [address], incoming: true }, [
    3,
    2,
    [['h', 1]],
    true,
  ]);
  const peer = { ...address, bytes: 2, rate: 0.5, pieces: 4, member: null };
  isOnWire(downloadEvents, { kind: 'described', ask: 1, peers: [peer] }, [6, 1, [['h', 1, 2, 0.5, 4, null]]]);
  const look = { file: 9, peers: 1, held: 2, storing: 3, isPaced: true, silent: [] };
  isOnWire(downloadEvents, { kind: 'examined', ask: 1, downloads: [look] }, [8, 1, [[9, 1, 2, 3, true, []]]]);
  const uploadedTo = { file: 9, ...address, peer: new Uint8Array(16), bytes: 2, member: null };
  isOnWire(serveEvents, { kind: 'described', ask: 1, peers: [uploadedTo] }, [
    6,
    1,
    [[9, 'h', 1, uploadedTo.peer, 2, null]],
  ]);
  const charted = {
    own: Uint8Array.of(255, 0),
    peers: [{ ...peer, has: Uint8Array.of(0x80) }],
    asked: [[1, 0]],
  } as const;
  isOnWire(downloadEvents, { kind: 'charted', ask: 1, isThere: true, ...charted, storing: [0] }, [
    14,
    1,
    true,
    charted.own,
    [['h', 1, 2, 0.5, 4, null, Uint8Array.of(0x80)]],
    [[1, 0]],
    [0],
  ]);
  const digest = new Uint8Array(20);
  const piece = { piece: 1, slot: 2, digest, storage: { fd: 3, size: 4, list: 0 } };
  isOnWire(hashTasks, { kind: 'storePieces', pieces: [piece] }, [1, [[1, 2, digest, [3, 4, 0]]]]);
  isOnWire(hashAnswers, { kind: 'stored', outcomes: [{ kind: 'ioError', errno: 'EIO', entry: 0 }] }, [
    1,
    [['ioError', 'EIO', 0]],
  ]);
});

test('statistics are JSON text on the wire, and nothing else is read as them', () => {
  const text = JSON.stringify(STATS);
  isOnWire(clientEvents, { kind: 'statsListed', ask: 1, stats: STATS }, [5, 1, text]);
  for (const wrong of ['{', '[]', '{"schema":2}', text.replace('"pid":1', '"pid":"1"'), 5])
    assert.throws(() => clientEvents.decode(new Uint8Array(pack([5, 1, wrong]))), ProtocolError);
});
