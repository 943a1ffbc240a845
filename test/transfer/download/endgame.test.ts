// The end of a download, and what it does while nobody has what it misses: duplicates where they help, cancelled when
// they lose, and questions for more peers that get rarer.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { DownloadEffect } from '../../../src/transfer/download/effects.js';
import { kinds, type Request, requestsIn, Stage } from './stage.js';

/** One piece is missing, asked of a peer that does not bring it; another peer has shown that it is fast. */
function stalled(): { stage: Stage; slow: Request; again: Request } {
  const stage = new Stage({ pieces: 3, have: [2] });
  const sleeper = stage.join([0]);
  const quick = stage.join([0, 1]);
  stage.nowMs += 100;
  stage.serve(quick.requests);
  const [again] = requestsIn(stage.pass(3_000));
  const [slow] = sleeper.requests;
  assert.ok(slow !== undefined && again !== undefined);
  assert.deepEqual([slow.piece, again.piece], [0, 0]);
  return { stage, slow, again };
}

test('P24: a piece that a slow peer owes is asked of a faster one as well, into another slot', () => {
  const { slow, again } = stalled();
  assert.notEqual(again.connection, slow.connection);
  assert.notDeepEqual(again.slots, slow.slots);
});

test('the loser of two is cancelled, and its slot comes back with its answer, however it answers', () => {
  for (const answer of ['reject', 'arrive', 'lose'] as const) {
    const { stage, slow, again } = stalled();
    const effects = stage.arrive(again);
    assert.deepEqual(kinds(effects), ['cancel', 'store']);
    const [cancel] = effects;
    assert.ok(cancel?.kind === 'cancel' && cancel.connection === slow.connection);
    assert.equal(stage.freeSlots, stage.slots.capacity - 2, 'the loser may still write into its slot');
    if (answer === 'lose') stage.lose(slow.connection);
    else stage[answer](slow);
    assert.equal(stage.freeSlots, stage.slots.capacity - 1, answer);
    stage.stored(again);
    assert.equal(stage.have.isComplete, true);
    assert.equal(stage.freeSlots, stage.slots.capacity);
  }
});

test('bytes that came twice count as wasted', () => {
  const { stage, slow, again } = stalled();
  stage.arrive(again);
  stage.arrive(slow);
  stage.stored(again);
  stage.lose(slow.connection);
  stage.lose(again.connection);
  stage.post({ kind: 'finished' });
  assert.ok(stage.ending?.kind === 'completed');
  assert.equal(stage.ending.wasted, slow.length);
});

test('after wrong bytes in the endgame, the peer whose request was withdrawn is asked again', () => {
  const { stage, slow, again } = stalled();
  stage.arrive(again);
  stage.stored(again, { kind: 'mismatch' });
  stage.lose(again.connection, 'asked');
  const [retry] = requestsIn(stage.reject(slow));
  assert.equal(retry?.piece, 0);
  assert.equal(retry?.connection, slow.connection);
});

test('a peer that is no faster duplicates nothing', () => {
  const stage = new Stage({ pieces: 1 });
  stage.join();
  const other = stage.join();
  assert.deepEqual(other.requests, []);
  stage.nowMs += 100;
  assert.deepEqual(requestsIn(stage.post({ kind: 'wake' })), []);
});

test('two peers that both drip cannot keep the last piece from a third that works', () => {
  const stage = new Stage({ pieces: 2 });
  const quick = stage.join([1]);
  const dripping = [stage.join([0]), stage.join([0])];
  stage.pass(3_000);
  assert.equal(requestsIn(stage.effects).filter(({ piece }) => piece === 0).length, 2, 'both are asked');
  stage.serve(quick.requests);
  assert.deepEqual(requestsIn(stage.haves(quick.connection, [0, 1])), [], 'quick, but not three times as quick yet');
  const rescue = stage.pass(60_000);
  assert.deepEqual(
    kinds(rescue).filter((kind) => kind === 'cancel' || kind === 'request'),
    ['cancel', 'request'],
  );
  stage.serve(requestsIn(rescue));
  assert.equal(stage.have.has(0), true, 'the third brings it');
  for (const { connection } of [...dripping, quick]) stage.lose(connection);
  assert.equal(stage.freeSlots, stage.slots.capacity);
});

function asked(effects: readonly DownloadEffect[]): number {
  return effects.filter(({ kind }) => kind === 'peersNeeded').length;
}

test('without peers it asks for more at once, then ever less often, up to every 10 s', () => {
  const stage = new Stage({ pieces: 2 });
  assert.equal(asked(stage.post({ kind: 'wake' })), 1);
  assert.equal(asked(stage.pass(60_000)), 8, '1, 3, 7, 15 s, then every 10 s');
  assert.equal(asked(stage.pass(300_000)), 30, 'every 10 s');
});

test('a peer that can help ends the asking, and its loss starts it anew', () => {
  const stage = new Stage({ pieces: 2 });
  stage.post({ kind: 'wake' });
  stage.pass(60_000);
  const { connection } = stage.join();
  assert.equal(asked(stage.pass(120_000)), 0);
  stage.lose(connection, 'protocol');
  assert.ok(asked(stage.pass(8_000)) >= 3);
});

test('peers that cannot or will not help do not end the asking', () => {
  const useless: Readonly<Record<string, (stage: Stage) => void>> = {
    'has nothing we miss': (stage) => stage.join([0]),
    'chokes us': (stage) => stage.say({ kind: 'choked', connection: stage.join([]).connection }),
    'says hello and no bitfield': (stage) => {
      const connection = stage.dial();
      stage.say({ kind: 'connected', connection, connectMs: 1, rttMs: 1, runs: false, parallel: false });
    },
    'offers everything and chokes us': (stage) => {
      const connection = stage.dial();
      stage.say({ kind: 'connected', connection, connectMs: 1, rttMs: 1, runs: false, parallel: false });
      stage.say({ kind: 'bitfieldPart', connection, offset: 0, part: Uint8Array.of(0xc0), last: true });
    },
  };
  for (const [what, happens] of Object.entries(useless)) {
    const stage = new Stage({ pieces: 2, have: [0] });
    stage.post({ kind: 'wake' });
    happens(stage);
    assert.ok(asked(stage.pass(120_000)) >= 3, what);
  }
});
