// What the console shows: the mark opens the line (C10), percentages never promise too much, and nothing that came from
// elsewhere acts on the terminal (S3).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { FileView } from '../../../src/app/library/views.js';
import {
  downloadLine,
  downloadsJson,
  findingLines,
  peerLine,
  percent,
  pieceLines,
  trackerLine,
  verificationLine,
} from '../../../src/app/verbs/results.js';
import { FILE_STATES } from '../../../src/client/messages.js';

function row(shown: Partial<FileView> = {}): FileView {
  return {
    name: 'a.iso',
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
    seeders: 1,
    zeros: 0,
    files: 0,
    changed: 0,
    reused: 0,
    filesDone: 0,
    receivedBefore: 0,
    wastedBefore: 0,
    ...shown,
  };
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
  assert.equal(downloadLine(row()), '[D] a.iso  50.0 %  5.0 MiB  2.0 KiB/s  2 peers (1 complete)');
  assert.equal(downloadLine(row({ peers: 1 })), '[D] a.iso  50.0 %  5.0 MiB  2.0 KiB/s  1 peer (1 complete)');
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
        seeders: 1,
        zeros: 0,
        files: 0,
        changed: 0,
        reused: 0,
        filesDone: 0,
        receivedBefore: 0,
        wastedBefore: 0,
      },
    ],
  });
});

test('FC-30: how much of a download is zeros stands beside its size', () => {
  const line = downloadLine(row({ size: 10 << 20, have: 19, pieces: 20, zeros: 9 << 20 }));
  assert.equal(line, '[D] a.iso  95.0 %  10.0 MiB  zeros 9.0 MiB  2.0 KiB/s  2 peers (1 complete)');
  assert.doesNotMatch(downloadLine(row()), /zeros/);
  // Rounded down: 10 MiB of 2 GiB are no zeros.
  assert.match(downloadLine(row({ zeros: 2 ** 31 - 10 * 2 ** 20 })), / {2}zeros 1\.9 GiB {2}/);
  assert.match(downloadLine(row({ zeros: 3 })), / {2}zeros 3 B {2}/);
});

test('a peer is shown with its direction first', () => {
  const peer = { direction: 'from', address: '192.0.2.1:7', bytes: 2048, rate: 1024, pieces: 3, problem: '' } as const;
  assert.equal(peerLine(peer), 'from 192.0.2.1:7  received 2.0 KiB  1.0 KiB/s  has 3 pieces');
  assert.equal(peerLine({ ...peer, direction: 'to' }), 'to   192.0.2.1:7  sent 2.0 KiB');
  const closed = { ...peer, member: { name: 'bob@mill', key: 'wyxim75c' } };
  assert.match(peerLine(closed), /^from 192\.0\.2\.1:7 {2}bob@mill \(wyxim75c\) {2}received 2\.0 KiB /);
  assert.equal(peerLine({ ...closed, direction: 'to' }), 'to   192.0.2.1:7  bob@mill (wyxim75c)  sent 2.0 KiB');
  assert.equal(
    peerLine({ ...peer, direction: 'silent', problem: 'does not answer; check it' }),
    'silent 192.0.2.1:7  does not answer; check it',
  );
});

test('the piece map shows as whole what is whole, and as empty what is empty', () => {
  const cells = new Uint8Array([0, 1, 128, 254, 255]);
  const map = { name: 'a', have: 3, pieces: 10, cells };
  assert.deepEqual(pieceLines(map, true), ['|.-+*#|', '3 of 10 pieces, 30.0 %']);
  assert.deepEqual(pieceLines(map, false)[0], '| ░▒▓█|');
  assert.equal(pieceLines({ ...map, cells: new Uint8Array(130) }, true).length, 4);
});

test('what was verified, what a tracker does and what is wrong are one sentence each, remedies on their own line', () => {
  const found = { name: 'a', good: 8, pieces: 10, bad: [[1, 1] as const, [4, 3] as const], more: false };
  assert.equal(verificationLine(found), 'a: 8 of 10 pieces are good; bad: 1, 4-6');
  assert.equal(verificationLine({ ...found, bad: [], good: 10 }), 'a: 10 of 10 pieces are good');
  assert.equal(trackerLine({ address: '192.0.2.1:7', state: 'standby', reason: '' }), '192.0.2.1:7  standby');
  assert.equal(
    trackerLine({ address: '192.0.2.1:7', state: 'away', reason: 'it\u001b' }),
    '192.0.2.1:7  not responding: it\\u{1b}',
  );
  const finding = { severity: 'bad', subject: 'disk', found: 'full', remedy: 'free some' } as const;
  assert.deepEqual(findingLines(finding), ['BAD   disk: full', '      free some']);
  assert.deepEqual(findingLines({ ...finding, severity: 'fine', remedy: '' }), ['ok    disk: full']);
});
