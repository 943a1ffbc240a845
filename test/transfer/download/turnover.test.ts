// Who gives its place to a peer that nobody knows yet: the one that lets us wait longest, if it stands out; not often, and ever less often.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../src/foundation/base/prng.js';
import { TURNOVER_AGE_DIVISOR, TURNOVER_MIN_MS, TURNOVER_PEERS_MIN } from '../../../src/transfer/download/limits.js';
import { Peer } from '../../../src/transfer/download/peers/peer.js';
import { Turnover } from '../../../src/transfer/download/peers/turnover.js';

/** One that serves us and took so long for its latest piece. */
function peerOf(connection: number, pieceMs: number | undefined): Peer {
  const peer = new Peer(connection, { host: '192.0.2.1', port: connection }, 64, 0);
  peer.phase = 'ready';
  peer.choked = false;
  peer.pieceMs = pieceMs;
  return peer;
}

const crowdOf = (...pieceMs: readonly (number | undefined)[]): readonly Peer[] =>
  pieceMs.map((ms, at) => peerOf(at + 1, ms));

/** The first one that loses its place until the time is over; looks four times a second. */
function firstLoser(peers: readonly Peer[], untilMs = 10 * TURNOVER_MIN_MS): Peer | undefined {
  const turnover = new Turnover(new Prng(1));
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 250) {
    const loser = turnover.loser(peers, nowMs);
    if (loser !== undefined) return loser;
  }
  return undefined;
}

const USUAL = new Array<number>(TURNOVER_PEERS_MIN - 1).fill(100);

test('the one that lets us wait by far the longest gives its place', () => {
  assert.equal(firstLoser(crowdOf(...USUAL, 200, 900))?.pieceMs, 900);
  assert.equal(firstLoser(crowdOf(900, ...USUAL, 250))?.pieceMs, 900);
});

test('one that owes a piece for long counts as slow, however quick its last one was', () => {
  const peers = crowdOf(...USUAL, 100);
  const owing = peers[3] as Peer;
  owing.claims.set(7, {
    piece: 7,
    connection: owing.connection,
    slot: 0,
    run: [],
    sinceMs: -1_000,
    blocksOpen: 1,
    unasked: 0,
    rejected: false,
    cancelled: false,
  });
  assert.equal(firstLoser(peers), owing);
});

test('who is about as quick as the usual one, has every piece, is sending, or brought none yet keeps its place', () => {
  assert.equal(firstLoser(crowdOf(...USUAL, 190)), undefined);
  assert.equal(firstLoser(crowdOf(...USUAL, 100, undefined)), undefined);
  const seeder = peerOf(90, 5_000);
  seeder.countsAsSeeder = true;
  const sending = peerOf(91, 5_000);
  sending.asked(1_000, false);
  sending.received(10, false, 0);
  assert.ok(sending.isReceiving);
  const leaving = peerOf(92, 5_000);
  leaving.hangingUp = true;
  assert.equal(firstLoser([...crowdOf(...USUAL, 100), seeder, sending, leaving]), undefined);
});

test('among few peers nobody stands out', () => {
  assert.equal(firstLoser(crowdOf(...USUAL.slice(1), 900)), undefined);
});

test('no two places go within half a second, and after a while no two within a fortieth of the time so far', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, stepMs) => {
      const turnover = new Turnover(new Prng(seed));
      const peers = crowdOf(...USUAL, 900);
      let lastMs = Number.NEGATIVE_INFINITY;
      let times = 0;
      for (let nowMs = 0; nowMs < 1_000 * stepMs; nowMs += stepMs) {
        if (turnover.loser(peers, nowMs) === undefined) continue;
        assert.ok(nowMs - lastMs >= Math.max(TURNOVER_MIN_MS, lastMs / TURNOVER_AGE_DIVISOR));
        lastMs = nowMs;
        times += 1;
      }
      assert.ok(times > 0 || stepMs < 2, 'it happens');
    }),
    { numRuns: 50 },
  );
});
