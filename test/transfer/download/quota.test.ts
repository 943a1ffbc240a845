// The quota: how many peers a download is connected to while others run beside it.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PEERS_PER_DOWNLOAD_MAX } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { PEER_PIECES_MIN, PEER_SHARE_MS, PEERS_BESIDE_OTHERS } from '../../../src/transfer/download/limits.js';
import { Quota } from '../../../src/transfer/download/peers/quota.js';
import { SlotPool } from '../../../src/transfer/download/requests/slots.js';
import { Stage, type StageOptions } from './stage.js';

const SMALL = 20;
const ADDRESSES = Array.from({ length: 10 }, (_, at) => ({ host: '192.0.2.2', port: 8_000 + at }));

/** Of a thread on which `downloads` run in all. */
function poolOf(downloads: number): SlotPool {
  const pool = new SlotPool(96);
  for (let other = 1; other < downloads; other += 1) pool.join(1_000 + other);
  return pool;
}

function quotaOf(pieces: number, downloads: number, have = 0): Quota {
  const pool = poolOf(downloads);
  pool.join(1);
  const had = new Bitfield(pieces);
  for (let piece = 0; piece < have; piece += 1) had.set(piece);
  return new Quota(pool, had);
}

interface Beside {
  readonly stage: Stage;
  /** Connections dialed at once. */
  readonly dialed: readonly number[];
}

const dialsIn = (effects: readonly DownloadEffect[]): number[] =>
  effects.flatMap((effect) => (effect.kind === 'dial' ? [effect.connection] : []));

/** A small file of which ten peers are found while 31 other downloads run. */
function beside(options: Partial<StageOptions> = {}): Beside {
  const stage = new Stage({ pieces: SMALL, pool: poolOf(32), ...options });
  return { stage, dialed: dialsIn(stage.post({ kind: 'peersFound', incoming: false, peers: ADDRESSES })) };
}

test('a download that runs alone has all places at once, however small it is', () => {
  for (const pieces of [1, SMALL, 10_000]) assert.equal(quotaOf(pieces, 1).at(0), PEERS_PER_DOWNLOAD_MAX);
});

test('beside others there is a connection for every so many missing pieces, and one at least', () => {
  assert.equal(quotaOf(SMALL, 32).at(0), 1);
  assert.equal(quotaOf(5 * PEER_PIECES_MIN, 32).at(0), 5);
  assert.equal(quotaOf(5 * PEER_PIECES_MIN, 32, 3 * PEER_PIECES_MIN).at(0), 2);
  assert.equal(quotaOf(PEERS_PER_DOWNLOAD_MAX * PEER_PIECES_MIN, 32).at(0), PEERS_PER_DOWNLOAD_MAX);
});

test('few downloads beside each other share so many connections, however small they are', () => {
  assert.deepEqual(
    [2, 4, PEERS_BESIDE_OTHERS].map((downloads) => quotaOf(1, downloads).at(0)),
    [PEERS_BESIDE_OTHERS / 2, PEERS_BESIDE_OTHERS / 4, 1],
  );
});

test('it never shrinks while the same downloads run, and all places are free in the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 64 }), (pieces, downloads) => {
      const quota = quotaOf(pieces, downloads);
      let before = 0;
      for (let second = 0; second <= PEERS_PER_DOWNLOAD_MAX; second += 1) {
        const now = quota.at(second * PEER_SHARE_MS);
        assert.ok(now >= Math.max(1, before) && now <= PEERS_PER_DOWNLOAD_MAX);
        before = now;
      }
      assert.equal(before, PEERS_PER_DOWNLOAD_MAX);
    }),
  );
});

test('a small file beside others begins with one peer, and dials another for every second that it lasts', () => {
  const { stage, dialed } = beside();
  assert.equal(dialed.length, 1);
  stage.greet(dialed[0] ?? 0);
  assert.deepEqual(dialsIn(stage.pass(PEER_SHARE_MS - 1)), []);
  assert.equal(dialsIn(stage.pass(1 + 250)).length, 1);
  assert.equal(dialsIn(stage.pass(PEER_SHARE_MS)).length, 1);
});

test('a peer that hangs up, or has nothing for us, takes no place from another', () => {
  const { stage, dialed } = beside();
  const [first = 0] = dialed;
  const [second] = dialsIn(stage.lose(first, 'unreachable'));
  assert.ok(second !== undefined);
  const before = stage.effects.length;
  stage.greet(second, []);
  const [third, ...more] = dialsIn(stage.effects.slice(before));
  assert.ok(third !== undefined && more.length === 0);
  stage.greet(third);
  assert.deepEqual(dialsIn(stage.pass(PEER_SHARE_MS / 2)), []);
});

test('downloads beside each other do not all begin with the peer that the tracker lists first', () => {
  const begunWith = new Set<number>();
  for (let seed = 1; seed <= 20; seed += 1) {
    const { stage } = beside({ seed });
    const dial = stage.effects.find((effect) => effect.kind === 'dial');
    if (dial?.kind === 'dial') begunWith.add(dial.address.port);
  }
  assert.ok(begunWith.size >= 5, `they begin with ${[...begunWith].join(', ')}`);
});

test('it does not wake itself for addresses that it may not dial yet', () => {
  const { stage } = beside();
  const wakes = stage.machine.receive({ kind: 'wake' }, 0).filter((effect) => effect.kind === 'wakeAt');
  assert.equal(wakes.length, 1);
  assert.ok(wakes.every((wake) => wake.kind === 'wakeAt' && wake.atMs >= 100));
});
