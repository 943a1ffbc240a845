// Questions that the client answers from its file table, or passes on to threads, trackers or the disk.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DOCTOR_TROUBLES_MAX } from '../../src/client/limits.js';
import { answers, entryOf, eventsIn, kinds, PIECES, Stage } from './stage.js';

test('the pieces of a complete file are known, those of an unfinished one are looked up', () => {
  const stage = new Stage();
  stage.seeding(entryOf('a', 1));
  const [told] = eventsIn(stage.command({ kind: 'pieces', name: 'a' }));
  assert.ok(told?.kind === 'piecesListed' && told.have === PIECES && told.pieces === PIECES);
  assert.deepEqual([...told.cells], new Array(PIECES).fill(255));
  stage.downloading(entryOf('b'));
  assert.deepEqual(kinds(stage.command({ kind: 'pieces', name: 'b' })), ['mapPieces']);
  assert.deepEqual(answers(stage.command({ kind: 'pieces', name: 'c' })), ['FILE_NOT_FOUND']);
});

test('a map of any file is asked for at the threads, and one that is not known is refused', () => {
  const stage = new Stage();
  stage.downloading(entryOf('b'));
  assert.deepEqual(kinds(stage.command({ kind: 'map', name: 'b' })), ['mapSwarm']);
  assert.deepEqual(answers(stage.command({ kind: 'map', name: 'c' })), ['FILE_NOT_FOUND']);
});

test('trackers and the log level are passed on', () => {
  const stage = new Stage();
  assert.deepEqual(kinds(stage.command({ kind: 'trackers' })), ['listTrackers']);
  const effects = stage.command({ kind: 'logLevel', level: 'debug' });
  assert.deepEqual(kinds(effects), ['logLevel', 'tell accepted']);
  assert.deepEqual(answers(effects), ['accepted debug']);
});

test('a doctor is told what runs, what is wrong, and one announced swarm of each pair', () => {
  const stage = new Stage();
  stage.command({ kind: 'limit', direction: 'down', rate: 7_000 });
  const running = stage.downloading(entryOf('running'));
  const others = [
    { host: '192.0.2.8', port: 1 },
    { host: '192.0.2.9', port: 1 },
  ] as const;
  stage.seeding(entryOf('shared', 1, { trackers: others }));
  const lost = stage.seeding(entryOf('lost', 1));
  stage.post({ kind: 'serve', event: { kind: 'serveFailed', file: lost, path: '/files/lost', errno: 'ENOENT' } });
  const [effect] = stage.command({ kind: 'doctor' });
  assert.ok(effect?.kind === 'diagnose');
  assert.equal(effect.rates.down, 7_000);
  assert.deepEqual(
    effect.downloads.map(({ file, name, bytesToCome }) => [file, name, bytesToCome > 0]),
    [[running, 'running', true]],
  );
  assert.deepEqual(
    effect.troubles.map(({ name }) => name),
    ['lost'],
  );
  assert.deepEqual(
    effect.announced.map(({ swarm }) => swarm),
    [entryOf('running').swarm, entryOf('shared').swarm],
  );
});

test('a doctor is told of a bounded number of troubles', () => {
  const stage = new Stage();
  for (let at = 0; at < DOCTOR_TROUBLES_MAX + 5; at += 1) {
    const file = stage.seeding(entryOf(`f${at}`, 1));
    stage.post({ kind: 'serve', event: { kind: 'serveFailed', file, path: `/files/f${at}`, errno: 'ENOENT' } });
  }
  const [effect] = stage.command({ kind: 'doctor' });
  assert.ok(effect?.kind === 'diagnose' && effect.troubles.length === DOCTOR_TROUBLES_MAX);
});

test('what is announced is announced again, one file or all; what is not announced is left alone', () => {
  const stage = new Stage();
  stage.downloading(entryOf('running'));
  stage.seeding(entryOf('shared', 1));
  const lost = stage.seeding(entryOf('lost', 1));
  stage.post({ kind: 'serve', event: { kind: 'serveFailed', file: lost, path: '/files/lost', errno: 'ENOENT' } });
  const all = stage.command({ kind: 'reannounce', name: '' });
  assert.deepEqual(kinds(all), ['announce register', 'announce register', 'tell accepted']);
  assert.deepEqual(answers(all), ['accepted 2']);
  const one = stage.command({ kind: 'reannounce', name: 'shared' });
  assert.deepEqual(kinds(one), ['announce register', 'tell accepted']);
  assert.deepEqual(answers(stage.command({ kind: 'reannounce', name: 'lost' })), ['accepted 0']);
  assert.deepEqual(answers(stage.command({ kind: 'reannounce', name: 'unknown' })), ['FILE_NOT_FOUND']);
});
