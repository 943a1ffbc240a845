// What a download does in a crowd: whether a request moves to another peer, and which peer loses its place.

import assert from 'node:assert/strict';
import test from 'node:test';
import { PEERS_PER_DOWNLOAD_MAX, PROGRESS_MS } from '../../../src/foundation/base/limits.js';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { EVICTED_AT_ONCE_MAX, MIGRATION_ANSWER_MS, PEER_PLACE_MIN_MS } from '../../../src/transfer/download/limits.js';
import { kinds, type Request, requestsIn, Stage } from './stage.js';

const cancelsIn = (effects: readonly DownloadEffect[]) => effects.filter((effect) => effect.kind === 'cancel');

/** A seeder that was asked for two of four pieces, and a peer that has nothing yet. */
function crowd(): { stage: Stage; seeder: number; other: number; asked: readonly Request[] } {
  const stage = new Stage({ pieces: 4 });
  const { connection: seeder, requests: asked } = stage.join();
  assert.equal(asked.length, 2);
  return { stage, seeder, other: stage.join([]).connection, asked };
}

test('a request that waits at a seeder moves to the peer that just got its piece, once the seeder has let it go', () => {
  const { stage, seeder, other, asked } = crowd();
  const [, second] = asked as [Request, Request];
  const told = stage.haves(other, [second.piece, 1]);
  assert.deepEqual(
    cancelsIn(told).map(({ connection, piece }) => [connection, piece]),
    [[seeder, second.piece]],
  );
  assert.deepEqual(requestsIn(told), [], 'nothing is asked for twice');
  const then = requestsIn(stage.reject(second));
  assert.ok(then.some(({ connection, piece }) => connection === other && piece === second.piece));
  assert.ok(
    then.some(({ connection }) => connection === seeder),
    'the seeder is asked for what only it has',
  );
});

test('a block that was on its way when its request was withdrawn is taken, and not asked of the other', () => {
  const { stage, other, asked } = crowd();
  const [first] = asked as [Request, Request];
  stage.haves(other, [first.piece, 1]);
  const effects = stage.arrive(first);
  assert.ok(effects.some((effect) => effect.kind === 'store' && effect.pieces[0]?.piece === first.piece));
  assert.ok(!requestsIn(effects).some(({ piece }) => piece === first.piece));
});

test('a peer that never answers that a request was withdrawn does not keep the piece from the other', () => {
  const { stage, other, asked } = crowd();
  const [first] = asked as [Request, Request];
  stage.haves(other, [first.piece, 1]);
  const later = requestsIn(stage.pass(MIGRATION_ANSWER_MS + PROGRESS_MS));
  assert.deepEqual(
    later.filter(({ piece }) => piece === first.piece).map(({ connection }) => connection),
    [other],
  );
});

test('nothing moves to a peer that has no room', () => {
  const stage = new Stage({ pieces: 8 });
  const full = stage.join([0, 1]);
  assert.equal(full.requests.length, 2);
  const seeder = stage.join();
  const [piece] = seeder.requests.map((request) => request.piece) as [number];
  assert.deepEqual(cancelsIn(stage.haves(full.connection, [piece, 1])), []);
});

test('of many that wait at one peer about half move to the second that has the piece, a third to the third', () => {
  const moved = [0, 0];
  for (let round = 0; round < 300; round += 1) {
    const stage = new Stage({ pieces: 4, seed: round });
    const { requests } = stage.join([0, 1]);
    const [request] = requests as [Request];
    const second = stage.join([]).connection;
    const third = stage.join([]).connection;
    if (cancelsIn(stage.haves(second, [request.piece, 1])).length > 0) moved[0] = (moved[0] ?? 0) + 1;
    else if (cancelsIn(stage.haves(third, [request.piece, 1])).length > 0) moved[1] = (moved[1] ?? 0) + 1;
  }
  const [toSecond = 0, toThird = 0] = moved;
  assert.ok(Math.abs(toSecond - 150) < 40, `${toSecond} of 300`);
  assert.ok(Math.abs(toThird - (300 - toSecond) / 3) < 30, `${toThird} of ${300 - toSecond}`);
});

test('when all places are taken, peers with nothing for us make room for unknown ones, a few at a time', () => {
  const stage = new Stage({ pieces: 4 });
  const useful = stage.join([0]).connection;
  const useless = Array.from({ length: PEERS_PER_DOWNLOAD_MAX - 1 }, () => stage.join([]).connection);
  const places = (effects: readonly DownloadEffect[]): number[] =>
    effects.flatMap((effect) => (effect.kind === 'hangUp' ? [effect.connection] : []));
  assert.deepEqual(places(stage.pass(10 * PEER_PLACE_MIN_MS)), [], 'nobody waits for a place');
  stage.post({
    kind: 'peersFound',
    incoming: false,
    peers: Array.from({ length: 9 }, (_, at) => ({ host: '192.0.2.9', port: 1 + at })),
  });
  const given = places(stage.post({ kind: 'wake' }));
  assert.equal(given.length, EVICTED_AT_ONCE_MAX);
  assert.ok(given.every((connection) => useless.includes(connection) && connection !== useful));
  const dials = given.flatMap((connection) => stage.lose(connection)).filter(({ kind }) => kind === 'dial');
  assert.equal(dials.length, EVICTED_AT_ONCE_MAX);
  assert.ok(kinds(dials).every((kind) => kind === 'dial'));
});

test('a peer that has just dialed us gets the place of one with nothing for us at once, and of no other', () => {
  const stage = new Stage({ pieces: 4 });
  const places = (effects: readonly DownloadEffect[]): number[] =>
    effects.flatMap((effect) => (effect.kind === 'hangUp' ? [effect.connection] : []));
  const come = (port: number, incoming: boolean) =>
    stage.post({ kind: 'peersFound', incoming, peers: [{ host: '192.0.2.9', port }] });
  const useful = stage.join([0]).connection;
  const useless = Array.from({ length: PEERS_PER_DOWNLOAD_MAX - 1 }, () => stage.join([]).connection);
  assert.deepEqual(come(1, false), [], 'one that the tracker told of waits');
  const [given = 0] = places(come(2, true));
  assert.ok(useless.includes(given) && given !== useful);
  assert.deepEqual(come(2, true), [], 'it comes once');
  const [dial] = stage.lose(given);
  assert.ok(dial?.kind === 'dial' && dial.address.port === 2, 'before those that were known before it');
  for (const connection of useless.filter((one) => one !== given)) stage.haves(connection, [1, 1]);
  assert.deepEqual(places(come(3, true)), [], 'all have something that we lack');
});

test('a peer that has what we asked of another keeps its place', () => {
  const stage = new Stage({ pieces: 2 });
  stage.join();
  const spare = stage.join([0]).connection;
  Array.from({ length: PEERS_PER_DOWNLOAD_MAX - 2 }, () => stage.join([1]).connection);
  stage.post({ kind: 'peersFound', incoming: false, peers: [{ host: '192.0.2.9', port: 1 }] });
  const effects = stage.pass(2 * PEER_PLACE_MIN_MS);
  assert.ok(!effects.some((effect) => effect.kind === 'hangUp'), `nobody goes, ${spare} least of all`);
});

test('when all places are taken and more peers are known, one that stands still while others send loses its place', () => {
  const pieces = 2_000;
  const stage = new Stage({ pieces });
  const allButOne = Array.from({ length: pieces - 1 }, (_, piece) => piece);
  const peers = Array.from({ length: PEERS_PER_DOWNLOAD_MAX }, () => stage.join(allButOne));
  const [still] = peers.map(({ connection }) => connection);
  stage.post({ kind: 'peersFound', incoming: false, peers: [{ host: '192.0.2.9', port: 1 }] });
  const given: number[] = [];
  let open: readonly Request[] = peers.flatMap(({ requests }) => requests);
  for (let turn = 0; turn < 20 && given.length === 0; turn += 1) {
    const effects = stage.pass(100).concat(
      // It brings one piece, and none after that.
      open
        .filter(({ connection }) => connection !== still || turn === 0)
        .flatMap((request) => [...stage.arrive(request), ...stage.stored(request)]),
    );
    given.push(...effects.flatMap((effect) => (effect.kind === 'hangUp' ? [effect.connection] : [])));
    open = requestsIn(effects);
  }
  assert.deepEqual(given, [still]);
  const [dial] = stage.lose(still as number);
  assert.ok(dial?.kind === 'dial' && dial.address.host === '192.0.2.9', 'and one that is not known gets it');
});
