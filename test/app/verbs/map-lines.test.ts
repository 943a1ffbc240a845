// The map of a swarm in a terminal and for programs.

import assert from 'node:assert/strict';
import test from 'node:test';
import { swarmMap } from '../../../src/app/library/swarm-map.js';
import { mapJson, mapLines } from '../../../src/app/verbs/map-lines.js';

const peer = { host: '192.0.2.7', port: 6881, bytes: 2048, rate: 1024, member: null };
const mapped = {
  kind: 'mapped',
  ask: 1,
  name: 'a',
  pieces: 4,
  isLive: true,
  own: Uint8Array.of(255, 0, 0, 0),
  peers: [
    { ...peer, pieces: 4, has: new Uint8Array(0) },
    { ...peer, port: 6882, pieces: 2, has: Uint8Array.of(0xc0) },
  ],
  asked: [[2, 0]],
  storing: [1],
  fetchers: [{ direction: 'to', ...peer, rate: 0, pieces: 0, problem: '' }],
} as const;

test('a map has a line for us, one for how common each part is, and one for each peer', () => {
  const map = swarmMap(mapped, mapped.own);
  assert.deepEqual([...map.copies], [2, 2, 1, 1]);
  assert.deepEqual(mapLines(map, true), [
    '|#...| here',
    '|##++| has each part: 1 to 2 of 2 peers',
    '|####| 192.0.2.7:6881  received 2.0 KiB  1.0 KiB/s  asked for 1',
    '|##..| 192.0.2.7:6882  received 2.0 KiB  1.0 KiB/s',
    'to 192.0.2.7:6881  sent 2.0 KiB',
  ]);
});

test('in a closed swarm a map for programs says whose each peer is, in an open one nothing of it', () => {
  const member = { name: 'bob@mill', key: 'wyxim75c' };
  const closed = { ...mapped, peers: mapped.peers.map((row) => ({ ...row, member })) };
  assert.deepEqual(JSON.parse(mapJson(swarmMap(closed, mapped.own))).peers[0].member, member);
  assert.doesNotMatch(mapJson(swarmMap(mapped, mapped.own)), /member/);
});

test('a map for programs has bytes and bits in base64, and requests by cell', () => {
  const json = JSON.parse(mapJson(swarmMap(mapped, mapped.own)));
  assert.deepEqual([...Buffer.from(json.own, 'base64')], [255, 0, 0, 0]);
  assert.deepEqual([...Buffer.from(json.peers[0].has, 'base64')], [0xf0], 'a peer with every piece has every bit');
  assert.deepEqual([json.schema, json.cells, json.asked, json.storing], [1, 4, [[2, 0]], [1]]);
});

test('a file without a piece has a map, too', () => {
  const none = new Uint8Array(0);
  const map = swarmMap({ ...mapped, pieces: 0, own: none, peers: [], asked: [], storing: [], fetchers: [] }, none);
  assert.deepEqual(mapLines(map, true), ['0 of 0 pieces']);
});
