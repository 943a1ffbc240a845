// How a client notices that a tracker's list of it is not what it told: ghosts of removed files, words of somebody else
// with its id, removals that were lost with a disk. And that it does nothing about numbers that something under way
// explains.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TOMBSTONE_MS } from '../../../src/foundation/base/limits.js';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import {
  ANNOUNCE_PROGRESS_MS,
  ANNOUNCE_REFUSED_RETRY_MS,
  ANNOUNCE_REMOVALS_KEPT_MAX,
  CLIENT_ID_RENEWAL_MS,
} from '../../../src/tracking/announce/limits.js';
import { Wanted } from '../../../src/tracking/announce/wanted.js';
import type { TrackerRequest } from '../../../src/tracking/tracker/messages.js';
import { cases } from '../../support/cases.js';
import { RENEW_MS, type ScriptedTracker, Theatre } from './theatre.js';

function swarmOf(number: number): SwarmKey {
  return number.toString(16).padStart(40, '0') as SwarmKey;
}

const [A, B, GHOST] = [swarmOf(1), swarmOf(2), swarmOf(99)];

function kindsOf(requests: readonly TrackerRequest[]): string[] {
  return requests.map(({ kind }) => kind).filter((kind) => kind !== 'ping');
}

function sharing(...swarms: readonly SwarmKey[]): Theatre {
  const theatre = new Theatre().start();
  for (const swarm of swarms) theatre.register(swarm, 4);
  return theatre;
}

test('a tracker that lists a file too many is told to forget all and told everything again, after two pongs', () => {
  const theatre = sharing(A, B);
  const [tracker] = theatre.trackers;
  tracker.listed.set(GHOST, 4);
  tracker.heard.length = 0;
  theatre.advance(RENEW_MS);
  assert.deepEqual(kindsOf(tracker.heard), []);
  theatre.advance(RENEW_MS);
  assert.deepEqual(kindsOf(tracker.heard), ['leave', 'share', 'share']);
  assert.deepEqual([...tracker.listed.keys()].sort(), [A, B]);
  theatre.advance(RENEW_MS * 10);
  assert.deepEqual(kindsOf(tracker.heard), ['leave', 'share', 'share']);
  assert.ok(!theatre.eventKinds().includes('identityShared'));
});

test('while something is under way, a number that does not fit means nothing', () => {
  const theatre = sharing(A);
  const [tracker] = theatre.trackers;
  // One share stays unanswered, as on a busy disk, and the tracker lists more than it confirmed.
  tracker.answer = (request) => (request.kind === 'share' ? undefined : tracker.wellBehaved(request));
  theatre.register(B, 1);
  tracker.listed.set(B, 1);
  tracker.heard.length = 0;
  theatre.advance(4_500);
  assert.ok(tracker.heard.filter(({ kind }) => kind === 'ping').length >= 2);
  assert.deepEqual(kindsOf(tracker.heard), []);
});

test('removals of the last day are said again to the next tracker, and to the same one after a new connection', () => {
  const theatre = sharing(A, B);
  theatre.tell({ kind: 'withdraw', swarm: A });
  // It had the removal and lost it with its disk before the other heard of it.
  theatre.trackers[1].listed.set(A, 4);
  theatre.kill(0);
  assert.deepEqual([...theatre.trackers[1].listed.keys()], [B]);
  assert.equal(theatre.eventKinds().filter((kind) => kind === 'withdrawn').length, 1, 'it is news once');
  for (let hour = 0; hour <= TOMBSTONE_MS / 3_600_000; hour += 1) theatre.advance(3_600_000);
  const removals = theatre.trackers[1].heard.filter(({ kind }) => kind === 'remove').length;
  theatre.trackers[0].state = 'up';
  theatre.kill(1);
  theatre.advance(RENEW_MS);
  assert.ok(removals >= 1);
  assert.equal(
    theatre.trackers[0].heard.filter(({ kind }) => kind === 'remove').length,
    1,
    'only when it was asked first',
  );
});

test('a file that is shared again is not removed again, and no more removals are kept than a day brings', () => {
  const wanted = new Wanted();
  const file = (swarm: SwarmKey) => ({ swarm, name: 'a', size: 1, pieceCount: 1, have: 1 });
  const ask = (): string[] => {
    const asked: string[] = [];
    for (let question = wanted.next(0); question !== undefined; question = wanted.next(0)) {
      if (question.kind === 'share') wanted.shared(question.sharing.swarm, 1, false, 0);
      if (question.kind === 'remove') wanted.removed(question.swarm, 0);
      asked.push(question.kind);
    }
    return asked;
  };
  wanted.register(file(A));
  ask();
  wanted.withdraw(A);
  ask();
  wanted.startOver();
  assert.deepEqual(ask(), ['remove']);
  wanted.register(file(A));
  ask();
  wanted.startOver();
  assert.deepEqual(ask(), ['share']);
  for (let number = 0; number < ANNOUNCE_REMOVALS_KEPT_MAX + 9; number += 1) wanted.withdraw(swarmOf(1_000 + number));
  ask();
  wanted.startOver();
  assert.equal(ask().length, ANNOUNCE_REMOVALS_KEPT_MAX + 1);
});

function answer(wanted: Wanted, kind: string | undefined, isGood: boolean, have: number, nowMs: number): void {
  if (kind === 'share') isGood ? wanted.shared(A, have, false, nowMs) : wanted.shareRefused(A, false, nowMs);
  if (kind === 'remove') isGood ? wanted.removed(A, nowMs) : wanted.removeRefused(A, false, nowMs);
  if (kind === 'announce' && !isGood) wanted.progressRefused(A, nowMs);
}

/** A tracker of a shared database may not have read yet what another one was told. */
test('how much it has of a file a client says only to a tracker that it told of the file after its last removal', () => {
  const doings = fc.constantFrom('register', 'withdraw', 'progress', 'ask', 'answer', 'another', 'expired', 'refuse');
  fc.assert(
    fc.property(fc.array(doings, { minLength: 60, maxLength: 60 }), (done) => {
      const wanted = new Wanted();
      const file = { swarm: A, name: 'a', size: 9, pieceCount: 9, have: 1 };
      const asked: string[] = [];
      let [nowMs, have, isTold] = [0, 1, false];
      for (const doing of done) {
        nowMs += ANNOUNCE_PROGRESS_MS;
        if (doing === 'register') wanted.register({ ...file, have });
        if (doing === 'withdraw') wanted.withdraw(A);
        if (doing === 'expired') wanted.tellAllAgain();
        if (doing === 'progress') {
          have = Math.min(8, have + 1);
          wanted.progressed(A, have);
        }
        if (doing === 'another') {
          wanted.startOver();
          asked.length = 0;
          isTold = false;
        }
        if (doing === 'ask') {
          const question = wanted.next(nowMs)?.kind;
          assert.ok(question !== 'announce' || isTold, done.join(' '));
          if (question === 'share') isTold = true;
          if (question === 'remove') isTold = false;
          if (question !== undefined) asked.push(question);
        }
        if (doing === 'answer' || doing === 'refuse') answer(wanted, asked.shift(), doing === 'answer', have, nowMs);
      }
    }),
    { numRuns: cases(300) },
  );
});

/** It knows a word of this epoch for everything. */
function knows(tracker: ScriptedTracker, epoch: () => number): void {
  const { answer } = tracker;
  tracker.answer = (request) => {
    if (!('epoch' in request) || request.kind === 'hello' || request.epoch > epoch()) return answer(request);
    return { kind: 'stale', id: request.id, epoch: epoch(), sequence: 5 };
  };
}

test('a client whose words are out of date says them again in an epoch above, removals and its leaving too', () => {
  const theatre = new Theatre({ epoch: 1 }).start();
  const [tracker] = theatre.trackers;
  let known = 7;
  knows(tracker, () => known);
  theatre.register(A, 4);
  theatre.register(B, 4);
  assert.deepEqual([...tracker.listed.keys()].sort(), [A, B]);
  const raised = () => theatre.events.flatMap((event) => (event.kind === 'epochRaised' ? [event.epoch] : []));
  assert.deepEqual(raised(), [8]);
  theatre.advance(3_600_000);
  known = 20;
  theatre.tell({ kind: 'withdraw', swarm: A });
  assert.deepEqual([[...tracker.listed.keys()], raised()], [[B], [8, 21]]);
  assert.equal(theatre.eventKinds().at(-1), 'withdrawn');
  known = 30;
  theatre.tell({ kind: 'leave' });
  assert.deepEqual([[...tracker.listed.keys()], theatre.eventKinds().at(-1)], [[], 'left']);
  assert.ok(!theatre.eventKinds().includes('identityShared'));
});

test('a client whose epochs are overtaken again and again asks for a new id, and at most once an hour', () => {
  const theatre = new Theatre().start();
  const [tracker] = theatre.trackers;
  let known = 0;
  knows(tracker, () => known);
  const asked = (): number => theatre.eventKinds().filter((kind) => kind === 'identityShared').length;
  for (let turn = 1; turn <= 12; turn += 1) {
    // Its twin has gone on above.
    known += 2;
    theatre.register(swarmOf(turn), 4);
    assert.equal(asked(), turn < 3 ? 0 : 1, `turn ${turn}`);
  }
  theatre.advance(CLIENT_ID_RENEWAL_MS);
  for (let turn = 1; turn <= 3; turn += 1) {
    known += 2;
    theatre.register(swarmOf(100 + turn), 4);
  }
  assert.equal(asked(), 2);
});

test('a state that was put back is one clash: a renewal that comes out of date is said again, under the same id', () => {
  const theatre = sharing(A);
  const [tracker] = theatre.trackers;
  // Its partner has told it words of a later run of ours.
  tracker.listed.set(GHOST, 4);
  const { answer } = tracker;
  tracker.answer = (request) => {
    const isOld = 'epoch' in request && request.kind !== 'hello' && request.epoch <= 7;
    return isOld ? { kind: 'stale', id: request.id, epoch: 7, sequence: 5 } : answer(request);
  };
  theatre.advance(RENEW_MS * 2);
  assert.deepEqual([...tracker.listed.keys()], [GHOST, A].sort());
  theatre.advance(RENEW_MS * 2);
  assert.deepEqual([...tracker.listed.keys()], [A]);
  assert.ok(!theatre.eventKinds().includes('identityShared'));
});

test('how much a client has is said again when the tracker could not write it', () => {
  const theatre = sharing(B);
  theatre.register(A, 1);
  const [tracker] = theatre.trackers;
  tracker.answer = (request) =>
    request.kind === 'announce'
      ? { kind: 'error', id: request.id, code: 'diskFull', sentence: 'no room' }
      : tracker.wellBehaved(request);
  theatre.tell({ kind: 'progress', swarm: A, have: 4 });
  theatre.advance(1_000);
  assert.equal(tracker.listed.get(A), 1);
  tracker.heard.length = 0;
  theatre.advance(ANNOUNCE_REFUSED_RETRY_MS);
  assert.equal(tracker.listed.get(A), 4);
  assert.deepEqual(kindsOf(tracker.heard), ['share']);
});
