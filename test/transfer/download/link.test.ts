// When a download opens more connections to one peer, how many, and when it gives them up. Time is the test's.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PEERS_PER_DOWNLOAD_MAX, PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import {
  FAR_LINK_MS,
  PARALLEL_BYTES_MIN,
  PARALLEL_FEWER_TRIALS,
  PARALLEL_FIRST_MS,
  PARALLEL_GAIN,
  PARALLEL_MAX,
  PARALLEL_PAUSE_MIN_MS,
  PARALLEL_PEERS_MAX,
  PARALLEL_PIECES_MIN,
  PARALLEL_SLOTS,
  PARALLEL_TOTAL_MAX,
  PARALLEL_TRIAL_MS,
} from '../../../src/transfer/download/limits.js';
import { PeerLink } from '../../../src/transfer/download/peers/link.js';
import { Peer } from '../../../src/transfer/download/peers/peer.js';
import { Pacer } from '../../../src/transfer/download/requests/pacer.js';
import { requestsIn, Stage, type StageOptions } from './stage.js';

const FAR_MS = 4 * PARALLEL_FIRST_MS;
const address = { host: '192.0.2.1', port: 7001 };

const dialsIn = (effects: readonly DownloadEffect[]) => effects.filter((effect) => effect.kind === 'dial');

/** A peer's link by itself, whose connections bring what a test says. */
class LinkStage {
  readonly link = new PeerLink(address);
  readonly peers: Peer[] = [];
  /** Pieces that no peer is asked for. */
  wanted = 1_000_000;
  nowMs = 0;

  readonly #rttMs: number;

  constructor(rttMs: number) {
    this.#rttMs = rttMs;
    this.open(1);
    this.nowMs += rttMs;
  }

  open(count: number): void {
    while (this.peers.length < count) {
      const peer = new Peer(
        { connection: this.peers.length, line: this.link, pieceCount: 1, requests: new Map() },
        this.nowMs,
      );
      this.link.opened(peer);
      peer.greeted({ connectMs: 0, rttMs: this.#rttMs, runs: false, parallel: true }, this.nowMs);
      this.peers.push(peer);
    }
  }

  /** For so long, all connections together bring what `rate` says of their number, in bytes a millisecond. */
  bring(ms: number, rate: (count: number) => number): number {
    let worth = 1;
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; this.nowMs += 50) {
      const inUse = this.peers.filter((peer) => !peer.isRetiring);
      for (const peer of inUse) peer.received((rate(inUse.length) * 50) / inUse.length, true, this.nowMs);
      worth = this.link.worth(PARALLEL_MAX, this.wanted, this.nowMs);
      this.open(worth);
      this.peers.forEach((peer, at) => {
        peer.isRetiring = at >= worth;
      });
    }
    return worth;
  }
}

/** A far seeder, and the pieces that it was asked for. */
function farStage(rttMs = FAR_MS, options: Partial<StageOptions> = {}, parallel = true) {
  const stage = new Stage({ pieces: 400, ...options });
  const { connection } = stage.join(undefined, rttMs, false, parallel);
  return { stage, connection, dials: dialsIn(stage.effects) };
}

test('a far seeder is dialed again at once, to the same address, and a near one or an older one never', () => {
  const { dials } = farStage();
  assert.equal(dials.length, FAR_MS / PARALLEL_FIRST_MS);
  assert.equal(new Set(dials.map((dial) => dial.kind === 'dial' && dial.address.port)).size, 1);
  assert.equal(farStage(FAR_LINK_MS - 1).dials.length, 1, 'near');
  assert.equal(farStage(FAR_MS, {}, false).dials.length, 1, 'it does not count several as one');
});

test('not where a download limit, the memory or the number of peers speaks against it', () => {
  assert.equal(farStage(FAR_MS, { pacer: new Pacer(1e6) }).dials.length, 1, 'a limit');
  assert.equal(farStage(FAR_MS, { slots: PARALLEL_SLOTS * 2 - 1 }).dials.length, 1, 'few slots');
  assert.equal(farStage(FAR_MS, { slots: PARALLEL_SLOTS * 2 }).dials.length, 2, 'slots for two');
  assert.equal(farStage(FAR_MS, { pieces: 3 }).dials.length, 1, 'next to nothing is missing');
  const stage = new Stage({ pieces: 400 });
  for (let at = 0; at <= PARALLEL_PEERS_MAX; at += 1) stage.join(undefined, 1);
  stage.join(undefined, FAR_MS, false, true);
  assert.equal(dialsIn(stage.effects).length, PARALLEL_PEERS_MAX + 2, 'enough others help');
});

test('all connections of one peer are one peer for who looks on', () => {
  const { stage, dials } = farStage();
  for (const dial of dials.slice(1))
    if (dial.kind === 'dial') stage.greet(dial.connection, undefined, FAR_MS, false, true);
  const requests = stage.effects.filter((effect) => effect.kind === 'request');
  for (const request of requests) if (request.kind === 'request') stage.arrive(request);
  const rows = stage.machine.describe(stage.nowMs);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.bytes, requests.length * PIECE_SIZE, 'what all of them brought');
  const [progress] = stage
    .pass(1_000)
    .filter((effect) => effect.kind === 'progressed')
    .slice(-1);
  assert.deepEqual(progress?.kind === 'progressed' && [progress.peers, progress.seeders], [1, 1]);
});

test('when enough peers help, the further connections of one end with what they were asked for', () => {
  const { stage, dials } = farStage();
  const extra = dials.slice(1).map((dial) => (dial.kind === 'dial' ? dial.connection : 0));
  const asked = extra.map((connection) => stage.greet(connection, undefined, FAR_MS, false, true));
  for (let at = 0; at < PARALLEL_PEERS_MAX; at += 1) stage.join(undefined, 1);
  stage.pass(250);
  const hangUps = () =>
    stage.effects.flatMap((effect) => (effect.kind === 'hangUp' ? [effect.connection] : [])).sort((a, b) => a - b);
  assert.deepEqual(hangUps(), [], 'none while its pieces are on their way');
  for (const request of asked.flat()) stage.arrive(request);
  stage.pass(250);
  assert.deepEqual(hangUps(), extra);
});

test('a new peer gets the place of an extra connection', () => {
  const { stage } = farStage();
  const host = '192.0.2.9';
  const peers = Array.from({ length: PEERS_PER_DOWNLOAD_MAX }, (_, at) => ({ host, port: 1_000 + at }));
  stage.post({ kind: 'peersFound', incoming: false, peers });
  const before = dialsIn(stage.effects).length;
  assert.equal(before, PEERS_PER_DOWNLOAD_MAX, 'every place is taken');
  const hangUps = stage.pass(250).filter((effect) => effect.kind === 'hangUp');
  assert.ok(hangUps.length > 0 && hangUps.length < FAR_MS / PARALLEL_FIRST_MS);
});

test('a refused connection is not dialed again soon, and the address keeps its standing while one is left', () => {
  const { stage, connection, dials } = farStage();
  for (const dial of dials.slice(1)) if (dial.kind === 'dial') stage.lose(dial.connection, 'busy');
  assert.deepEqual(dialsIn(stage.pass(PARALLEL_PAUSE_MIN_MS - 1_000)), []);
  // Its last connection is lost: only now is the address dialed after a pause, as any other.
  stage.lose(connection, 'closed');
  assert.equal(dialsIn(stage.pass(60_000)).length, 1);
});

test('a peer that sent wrong bytes over one connection is hung up on over all', () => {
  const { stage, dials } = farStage();
  const [request] = stage.effects.filter((effect) => effect.kind === 'request');
  assert.ok(request?.kind === 'request');
  stage.arrive(request);
  const effects = stage.stored(request, { kind: 'mismatch' });
  assert.equal(effects.filter((effect) => effect.kind === 'hangUp').length, dials.length);
});

test('there are as many connections as are full: each carries so many bytes a round trip', () => {
  const stage = new LinkStage(100);
  stage.bring(PARALLEL_TRIAL_MS / 2, () => (6.5 * PARALLEL_BYTES_MIN) / 100);
  // Averages over a second make it some more, for a moment.
  assert.ok(stage.peers.length >= 7 && stage.peers.length <= 12, `${stage.peers.length}`);
});

test('connections that lose much are doubled as long as it pays, and no more than may be', () => {
  const stage = new LinkStage(100);
  const worth = stage.bring(60_000, (count) => 10 * count);
  assert.equal(worth, PARALLEL_MAX);
});

test('where more connections bring nothing, half as many are tried, down to one', () => {
  const stage = new LinkStage(FAR_MS);
  assert.ok(stage.bring(1_000, () => 100) > 1, 'they begin together');
  assert.equal(
    stage.bring(600_000, () => 100),
    1,
  );
  const most = stage.peers.length;
  stage.bring(600_000, () => 100);
  assert.ok(stage.peers.length <= most + 2, 'and it is tried again ever less often');
});

test('fewer are not tried near the end of a download, which has no time for the way back', () => {
  const stage = new LinkStage(FAR_MS);
  const before = stage.bring(1_000, () => 1_000);
  stage.wanted = (PARALLEL_FEWER_TRIALS * PARALLEL_TRIAL_MS * 1_000) / PIECE_SIZE;
  assert.ok(stage.bring(60_000, () => 1_000) >= before);
});

test('fewer connections that bring less are made more again', () => {
  const stage = new LinkStage(FAR_MS);
  // Four bring all that there is, two bring half.
  const worth = stage.bring(30_000, (count) => 100 * Math.min(1, count / 4));
  assert.equal(worth, 4);
});

test('a peer that says hello slowly is near as soon as a piece came quickly', () => {
  const stage = new LinkStage(FAR_MS);
  stage.bring(500, () => 100);
  const [peer] = stage.peers;
  assert.ok(peer !== undefined && stage.peers.length > 1);
  peer.pieceMs = FAR_LINK_MS / 2;
  assert.equal(
    stage.bring(100, () => 100),
    1,
  );
});

test('the bounds fit each other', () => {
  assert.ok(PARALLEL_TOTAL_MAX < PEERS_PER_DOWNLOAD_MAX, 'a new peer finds a place');
  assert.ok(PARALLEL_GAIN > 1 && PARALLEL_GAIN < 2, 'twice as many can pay');
});

/** Two connections to one far peer at the end of a download: one owes pieces, the other is asked for nothing. */
function lastPieces(): { stage: Stage; owes: number; copies: () => number } {
  const pieces = 4 * PARALLEL_PIECES_MIN;
  const stage = new Stage({ pieces });
  const owes = stage.join(undefined, 2 * PARALLEL_FIRST_MS, false, true).connection;
  const [, dial] = dialsIn(stage.effects);
  assert.ok(dial?.kind === 'dial', 'the peer is dialed again');
  const open = [...stage.greet(dial.connection, undefined, 2 * PARALLEL_FIRST_MS, false, true)];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    for (let part = 0; part < 16; part += 1) {
      stage.pass(50);
      stage.say({ kind: 'blockProgress', connection: next.connection, bytes: PIECE_SIZE / 16 });
    }
    stage.say({ kind: 'blockProgress', connection: owes, bytes: 100 });
    open.push(...requestsIn(stage.arrive(next)), ...requestsIn(stage.stored(next)));
  }
  const copies = () => {
    const asked = requestsIn(stage.effects).map(({ piece }) => piece);
    return asked.length - new Set(asked).size;
  };
  return { stage, owes, copies };
}

test('what one connection owes is not asked over another one of the same peer while their line is full', () => {
  const { stage, owes, copies } = lastPieces();
  for (let round = 0; round < 40; round += 1) {
    stage.say({ kind: 'blockProgress', connection: owes, bytes: PIECE_SIZE / 25 });
    stage.pass(50);
  }
  assert.equal(copies(), 0);
});

test('what a slow connection owes is asked over another one of the same peer when their line has room', () => {
  const { stage, owes, copies } = lastPieces();
  for (let round = 0; round < 60; round += 1) {
    stage.say({ kind: 'blockProgress', connection: owes, bytes: 100 });
    stage.pass(50);
  }
  assert.ok(copies() > 0);
});

test('what a connection that is stuck owes is asked over another one of the same peer', () => {
  const { stage, copies } = lastPieces();
  stage.pass(PARALLEL_TRIAL_MS + 500);
  assert.ok(copies() > 0);
});
