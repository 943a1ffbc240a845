// Which peer loses its place to an address that was never dialed: the slowest, if it stands out; not often, and ever
// less often. And which loses a slot that it has kept too long.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import {
  REQUEST_PATIENCE_MIN_MS,
  TURNOVER_AGE_DIVISOR,
  TURNOVER_MIN_MS,
  TURNOVER_PEERS_MIN,
} from '../../../src/transfer/download/limits.js';
import { Eviction } from '../../../src/transfer/download/peers/eviction.js';
import { PeerLink } from '../../../src/transfer/download/peers/link.js';
import { Peer } from '../../../src/transfer/download/peers/peer.js';
import type { PieceRequest, RequestState } from '../../../src/transfer/download/requests/piece-request.js';

const PIECES = 64;

/** One that serves us and took so long for its latest piece. */
function peerOf(connection: number, pieceMs: number | undefined, requests: readonly PieceRequest[] = []): Peer {
  const address = { host: '192.0.2.1', port: connection };
  const byPiece = new Map(requests.map((request) => [request.piece, request]));
  const peer = new Peer({ connection, line: new PeerLink(address), pieceCount: PIECES, requests: byPiece }, 0);
  peer.phase = 'ready';
  peer.choked = false;
  peer.pieceMs = pieceMs;
  return peer;
}

function requestOf(connection: number, state: RequestState, sinceMs: number): PieceRequest {
  return { piece: 7, connection, slot: 0, length: 1_000, holes: undefined, run: [], sinceMs, blocks: 1, state };
}

const crowdOf = (...pieceMs: readonly (number | undefined)[]): readonly Peer[] =>
  pieceMs.map((ms, at) => peerOf(at + 1, ms));

/** The first one that loses its place until the time is over; looks four times a second. */
function firstLoser(peers: readonly Peer[], untilMs = 10 * TURNOVER_MIN_MS): Peer | undefined {
  const eviction = new Eviction(new Bitfield(PIECES), new Prng(1));
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 250) {
    const [loser] = eviction.forUnknown(peers, nowMs);
    if (loser !== undefined) return loser;
  }
  return undefined;
}

const USUAL = new Array<number>(TURNOVER_PEERS_MIN - 1).fill(100);

test('the peer that makes us wait by far the longest loses its place', () => {
  assert.equal(firstLoser(crowdOf(...USUAL, 200, 900))?.pieceMs, 900);
  assert.equal(firstLoser(crowdOf(900, ...USUAL, 250))?.pieceMs, 900);
});

test('a peer that has owed a piece for long counts as slow, however quick its last one was', () => {
  const owing = peerOf(90, 100, [requestOf(90, { at: 'sent' }, -1_000)]);
  assert.equal(firstLoser([...crowdOf(...USUAL), owing]), owing);
});

test('a peer that is about as quick as the median, has every piece, is sending, or has brought none yet keeps its place', () => {
  assert.equal(firstLoser(crowdOf(...USUAL, 190)), undefined);
  assert.equal(firstLoser(crowdOf(...USUAL, 100, undefined)), undefined);
  const seeder = peerOf(90, 5_000);
  seeder.countsAsSeeder = true;
  const sending = peerOf(91, 5_000);
  sending.inFlight.requested(1_000, false);
  sending.received(10, false, 0);
  assert.ok(sending.inFlight.isReceiving);
  const leaving = peerOf(92, 5_000);
  leaving.hangingUp = true;
  assert.equal(firstLoser([...crowdOf(...USUAL, 100), seeder, sending, leaving]), undefined);
});

test('among few peers nobody stands out', () => {
  assert.equal(firstLoser(crowdOf(...USUAL.slice(1), 900)), undefined);
});

test('no two peers lose their places within half a second, later no two within a fortieth of the download’s age', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, stepMs) => {
      const eviction = new Eviction(new Bitfield(PIECES), new Prng(seed));
      const peers = crowdOf(...USUAL, 900);
      let lastMs = Number.NEGATIVE_INFINITY;
      let times = 0;
      for (let nowMs = 0; nowMs < 1_000 * stepMs; nowMs += stepMs) {
        if (eviction.forUnknown(peers, nowMs).length === 0) continue;
        assert.ok(nowMs - lastMs >= Math.max(TURNOVER_MIN_MS, lastMs / TURNOVER_AGE_DIVISOR));
        lastMs = nowMs;
        times += 1;
      }
      assert.ok(times > 0 || stepMs < 2, 'it happens');
    }),
    { numRuns: 50 },
  );
});

test('a peer whose request waits for our own limit is not the one that keeps a slot too long', () => {
  const loserWith = (state: RequestState): Peer | undefined => {
    const other = peerOf(2, undefined);
    other.offered.setAll();
    other.wantedCount = PIECES;
    const eviction = new Eviction(new Bitfield(PIECES), new Prng(1));
    return eviction.forSlot([peerOf(1, undefined, [requestOf(1, state, 0)]), other], 10 * REQUEST_PATIENCE_MIN_MS);
  };
  assert.equal(loserWith({ at: 'waitingForLimit', unsent: 5 }), undefined);
  assert.equal(loserWith({ at: 'sent' })?.connection, 1);
});
