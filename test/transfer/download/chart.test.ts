// What people see of a running download: its pieces, what each peer has, and who was asked for which piece.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cellOf } from '../../../src/app/library/swarm-map.js';
import { PIECES_MAX } from '../../../src/foundation/base/limits.js';
import { MEMBER_NAME_MAX } from '../../../src/foundation/identity/statement.js';
import { CHART_CELLS_MAX } from '../../../src/transfer/download/limits.js';
import { downloadEvents } from '../../../src/transfer/download/messages.js';
import { requestsIn, Stage } from './stage.js';

test('a chart shows what is here, what each peer has, and what it was asked for', () => {
  const stage = new Stage({ pieces: 4, have: [0] });
  const [whole, partial] = [stage.dial(), stage.dial()];
  for (const [connection, byte] of [
    [whole, 0xf0],
    [partial, 0x90],
  ] as const) {
    stage.say({ kind: 'connected', connection, connectMs: 1, rttMs: 1, runs: false, parallel: false });
    stage.say({ kind: 'bitfieldPart', connection, offset: 0, part: Uint8Array.of(byte), last: true });
    stage.say({ kind: 'unchoked', connection });
  }
  const { own, peers, asked, storing } = stage.machine.chart(stage.nowMs);
  assert.deepEqual([...own], [255, 0, 0, 0]);
  assert.deepEqual(
    peers.map(({ pieces, has }) => [pieces, [...has]]),
    [
      [4, []],
      [2, [0x90]],
    ],
    'a peer with every piece sends no bits',
  );
  const requests = requestsIn(stage.effects).map(({ piece, connection }) => [piece, connection === whole ? 0 : 1]);
  assert.ok(requests.length > 0);
  assert.deepEqual([...asked].sort(), requests.sort());
  for (const [piece, peer] of asked) if (peer === 1) assert.equal(piece, 3, 'only what a peer has is asked of it');
  assert.deepEqual(storing, []);
});

test('a chart of the largest file with every peer fits one frame', () => {
  const has = new Uint8Array(CHART_CELLS_MAX / 8).fill(0xff);
  const peer = {
    host: '2001:db8:1111:2222:3333:4444:5555:6666',
    port: 65_535,
    bytes: 2 ** 45,
    rate: 1e10,
    pieces: PIECES_MAX,
    member: { name: 'm'.repeat(MEMBER_NAME_MAX), key: 'wyxim75c' },
  };
  const event = {
    kind: 'charted',
    ask: 0xffff_ffff,
    isThere: true,
    own: new Uint8Array(CHART_CELLS_MAX),
    peers: Array.from({ length: 40 }, () => ({ ...peer, has })),
    asked: Array.from({ length: 256 }, (): [number, number] => [PIECES_MAX, 39]),
    storing: Array.from({ length: 256 }, () => PIECES_MAX),
  } as const;
  const decoded = downloadEvents.decode(downloadEvents.encode(event));
  assert.deepEqual(decoded, event);
});

test('every piece lies in the cell that the map drew it in', () => {
  for (const [pieces, cells] of [
    [10, 10],
    [10, 3],
    [8_193, 8_192],
    [PIECES_MAX, CHART_CELLS_MAX],
  ] as const) {
    for (let cell = 0; cell < cells; cell += 1) {
      const [begin, end] = [Math.floor((cell * pieces) / cells), Math.floor(((cell + 1) * pieces) / cells)];
      assert.equal(cellOf(begin, { pieces, cells }), cell);
      assert.equal(cellOf(end - 1, { pieces, cells }), cell);
    }
  }
});
