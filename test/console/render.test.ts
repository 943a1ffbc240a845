// What the console shows: the mark opens the line (C10), percentages never promise too much, and nothing that came from
// elsewhere acts on the terminal (S3).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FILE_STATES, type FileRow } from '../../src/client/messages.js';
import { downloadLine, downloadsJson, peerLine, percent } from '../../src/console/render.js';

interface Shown {
  readonly name: string;
  readonly state: FileRow[1];
  readonly have: number;
  readonly pieces: number;
  readonly peers: number;
  readonly problem: string;
}

function row(shown: Partial<Shown> = {}): FileRow {
  const { name, state, have, pieces, peers, problem } = {
    name: 'a.iso',
    state: 'downloading' as const,
    have: 5,
    pieces: 10,
    peers: 2,
    problem: '',
    ...shown,
  };
  return [name, state, '/d/a.iso', '/t/a.mtorrent', 5 << 20, have, pieces, 2048, peers, 100, 10, 1024, problem];
}

test('a line starts with [S] for a file that is complete, and with [D] for one that is not', () => {
  for (const state of FILE_STATES) {
    assert.ok(downloadLine(row({ state })).startsWith(state === 'seeding' ? '[S] a.iso' : '[D] a.iso'), state);
  }
  for (const state of ['seeding', 'missing', 'checking'] as const) {
    assert.ok(downloadLine(row({ state, have: 10 })).startsWith('[S] a.iso'), state);
  }
});

test('a running download says how far, how fast and from how many', () => {
  assert.equal(downloadLine(row()), '[D] a.iso  50.0 %  5.0 MiB  2.0 KiB/s  2 peers');
  assert.equal(downloadLine(row({ peers: 1 })), '[D] a.iso  50.0 %  5.0 MiB  2.0 KiB/s  1 peer');
  assert.equal(downloadLine(row({ state: 'seeding' })), '[S] a.iso  100 %  5.0 MiB  sent 1.0 KiB');
  assert.equal(
    downloadLine(row({ state: 'failed', problem: 'no room' })),
    '[D] a.iso  50.0 %  5.0 MiB  failed  no room',
  );
});

test('100 % means every piece', () => {
  assert.equal(percent(0, 0), '100 %');
  assert.equal(percent(9_999_999, 10_000_000), '99.9 %');
  fc.assert(
    fc.property(fc.nat(8_388_608), fc.nat(8_388_608), (a, b) => {
      const [have, pieces] = [Math.min(a, b), Math.max(a, b)];
      const shown = Number(percent(have, pieces).replace(' %', ''));
      assert.equal(shown === 100, have === pieces);
      assert.ok(have === pieces || shown <= (have / pieces) * 100);
    }),
  );
});

test('names and problems cannot act on a terminal or hide what they say', () => {
  const evil = 'a\u001b[2J\u009b31m\u202egpj.exe\n\r\u0007';
  const line = downloadLine(row({ name: evil, problem: evil, state: 'failed' }));
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
  assert.ok(line.includes('\\u{1b}') && line.includes('\\u{202e}'));
});

test('JSON carries every field by name, and is one line', () => {
  const json = downloadsJson([row({ name: 'x\ny' })]);
  assert.equal(json.includes('\n'), false);
  assert.deepEqual(JSON.parse(json), {
    schema: 1,
    files: [
      {
        name: 'x\ny',
        state: 'downloading',
        path: '/d/a.iso',
        mtorrentPath: '/t/a.mtorrent',
        size: 5 << 20,
        have: 5,
        pieces: 10,
        rate: 2048,
        peers: 2,
        received: 100,
        wasted: 10,
        sent: 1024,
        problem: '',
      },
    ],
  });
});

test('a peer is shown with its direction first', () => {
  assert.equal(
    peerLine(['from', '192.0.2.1', 7, 2048, 1024, 3]),
    'from 192.0.2.1:7  received 2.0 KiB  1.0 KiB/s  has 3 pieces',
  );
  assert.equal(peerLine(['to', '2001:db8::1', 7, 2048, 0, 0]), 'to   [2001:db8::1]:7  sent 2.0 KiB');
});
