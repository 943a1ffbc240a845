// What a client may rely on with two trackers that come and go: what it shares is listed by the one that is there, what
// it asks is answered by the one that can, and a tracker that lies or hangs costs a connection and nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PART_BYTES_MAX, TRACKER_REPLY_DEADLINE_MS } from '../../../src/foundation/base/limits.js';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import {
  ANNOUNCE_PARTS_MAX,
  ANNOUNCE_PIPELINE_MAX,
  ANNOUNCE_PROGRESS_MS,
  ANNOUNCE_REFUSED_RETRY_MS,
  LEAVE_DEADLINE_MS,
  TRACKER_CONNECT_DEADLINE_MS,
  TRACKER_HEDGE_MS,
  TRACKER_RETRY_MAX_MS,
} from '../../../src/tracking/announce/limits.js';
import { cases } from '../../support/cases.js';
import { RENEW_MS, Theatre, TRACKERS } from './theatre.js';

function swarmOf(number: number): SwarmKey {
  return number.toString(16).padStart(40, '0') as SwarmKey;
}

const A = swarmOf(1);
const B = swarmOf(2);

test('the first tracker is asked, and the second is left alone while it answers', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.tell({ kind: 'findSeeders', swarm: A });
  assert.deepEqual(theatre.eventKinds(), ['trackerUp', 'registered', 'seedersFound']);
  theatre.advance(RENEW_MS * 5);
  assert.equal(theatre.trackers[1].dials, 0);
});

test('how the trackers are: in use, standing by, or away with the reason', () => {
  const theatre = new Theatre().start();
  const states = (): readonly string[] => theatre.machine.standings().map(({ state }) => state);
  assert.deepEqual(states(), ['talking', 'standby']);
  theatre.register(A);
  theatre.kill(0);
  assert.deepEqual(states(), ['away', 'talking']);
  assert.notEqual(theatre.machine.standings()[0]?.reason, '');
  theatre.trackers[0].state = 'up';
  theatre.advance(TRACKER_RETRY_MAX_MS);
  assert.deepEqual(states(), ['talking', 'standby']);
  theatre.kill(0);
  assert.deepEqual(states(), ['away', 'talking'], 'the second is in use again, though it is no news');
});

test('when its tracker dies, the other one is told everything at once', () => {
  const theatre = new Theatre().start();
  theatre.register(A, 1);
  theatre.register(B, 4);
  theatre.kill(0);
  assert.deepEqual(
    [...theatre.trackers[1].listed],
    [
      [A, 1],
      [B, 4],
    ],
  );
  assert.deepEqual(theatre.eventKinds().slice(3), ['trackerDown', 'trackerUp']);
});

test('the first tracker is talked to again once it is back, and only it', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.kill(0);
  theatre.trackers[0].listed.clear();
  theatre.trackers[0].state = 'up';
  theatre.advance(TRACKER_RETRY_MAX_MS);
  assert.deepEqual([...theatre.trackers[0].listed.keys()], [A]);
  assert.equal(theatre.trackers[1].link, undefined);
  assert.ok(!theatre.events.some((event) => event.kind === 'trackerDown' && event.tracker === TRACKERS[1]));
});

test('a question that was on its way when the tracker died is asked of the other', () => {
  const theatre = new Theatre().start();
  theatre.trackers[0].answer = (request) =>
    request.kind === 'hello' ? theatre.trackers[0].wellBehaved(request) : undefined;
  theatre.tell({ kind: 'findSeeders', swarm: A });
  theatre.tell({ kind: 'withdraw', swarm: B });
  assert.deepEqual(theatre.eventKinds(), ['trackerUp']);
  theatre.kill(0);
  assert.deepEqual(theatre.eventKinds().slice(3).sort(), ['seedersFound', 'withdrawn']);
});

test('a tracker that answers pings and no request is given up after the deadline of the request', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[0];
  tracker.answer = (request) => (request.kind === 'ping' ? tracker.wellBehaved(request) : undefined);
  theatre.register(A);
  theatre.advance(TRACKER_REPLY_DEADLINE_MS - 1);
  assert.equal(theatre.trackers[1].dials, 0);
  theatre.advance(1);
  assert.deepEqual([...theatre.trackers[1].listed.keys()], [A]);
});

test('P22: a first tracker that does not answer its dial delays nobody for long', () => {
  const theatre = new Theatre();
  theatre.trackers[0].state = 'silent';
  theatre.start();
  theatre.register(A);
  theatre.advance(TRACKER_HEDGE_MS);
  assert.deepEqual([...theatre.trackers[1].listed.keys()], [A]);
  theatre.advance(TRACKER_CONNECT_DEADLINE_MS);
  assert.ok(theatre.trackers[0].dials >= 1);
});

test('P21: with both trackers away everything stays wanted, and tries thin out', () => {
  const theatre = new Theatre();
  for (const tracker of theatre.trackers) tracker.state = 'refuses';
  theatre.start();
  theatre.register(A);
  theatre.tell({ kind: 'findSeeders', swarm: B });
  theatre.advance(TRACKER_RETRY_MAX_MS * 60);
  const dials = theatre.trackers.map((tracker) => tracker.dials);
  for (const count of dials) assert.ok(count > 30 && count < 300, `${count} dials in an hour`);
  assert.deepEqual(theatre.eventKinds(), ['trackerDown', 'trackerDown', 'allTrackersDown']);
  theatre.trackers[1].state = 'up';
  theatre.advance(TRACKER_RETRY_MAX_MS + 1);
  assert.deepEqual(theatre.eventKinds().slice(3).sort(), ['registered', 'seedersFound', 'trackerUp', 'trackersBack']);
});

test('trackers that are being started are not dialed, nor called down, before they listen', () => {
  const theatre = new Theatre({ areTrackersStarting: true }).start();
  theatre.register(A);
  theatre.advance(TRACKER_RETRY_MAX_MS);
  assert.deepEqual([theatre.trackers.map(({ dials }) => dials), theatre.events], [[0, 0], []]);
  theatre.put({ kind: 'trackersListen' });
  assert.deepEqual(theatre.eventKinds(), ['trackerUp', 'registered']);
  theatre.put({ kind: 'trackersListen' });
  assert.deepEqual(
    theatre.trackers.map(({ dials }) => dials),
    [1, 0],
  );
});

test('who leaves before its trackers listen tries them at once, and waits for nobody', () => {
  const theatre = new Theatre({ areTrackersStarting: true }).start();
  for (const tracker of theatre.trackers) tracker.state = 'refuses';
  theatre.register(A);
  theatre.tell({ kind: 'leave' });
  assert.deepEqual(
    theatre.trackers.map(({ dials }) => dials),
    [1, 1],
  );
  assert.equal(theatre.eventKinds().at(-1), 'left');
});

test('a tracker that let entries lapse is told them again at the next heartbeat', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.register(B);
  theatre.trackers[0].listed.delete(A);
  theatre.advance(RENEW_MS);
  assert.deepEqual([...theatre.trackers[0].listed.keys()].sort(), [A, B]);
  assert.equal(theatre.eventKinds().filter((kind) => kind === 'registered').length, 2);
});

test('progress is told now and then, completion at once', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[0];
  const { listed } = tracker;
  theatre.register(A, 0);
  tracker.heard.length = 0;
  theatre.tell({ kind: 'progress', swarm: A, have: 1 });
  theatre.tell({ kind: 'progress', swarm: A, have: 2 });
  assert.deepEqual(tracker.requests(), []);
  theatre.advance(ANNOUNCE_PROGRESS_MS);
  assert.deepEqual([tracker.requests().length, listed.get(A)], [1, 2]);
  theatre.tell({ kind: 'progress', swarm: A, have: 3 });
  theatre.tell({ kind: 'progress', swarm: A, have: 4 });
  assert.deepEqual([tracker.requests().length, listed.get(A)], [2, 4]);
});

test('progress of a file that the tracker does not know shares it again', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[0];
  theatre.register(A, 3);
  tracker.answer = (request) =>
    request.kind === 'announce'
      ? { kind: 'error', id: request.id, code: 'unknown', sentence: '' }
      : tracker.wellBehaved(request);
  tracker.listed.clear();
  theatre.tell({ kind: 'progress', swarm: A, have: 4 });
  assert.deepEqual([...tracker.listed], [[A, 4]]);
});

test('versions only grow, and a newer epoch at the tracker raises ours', () => {
  const theatre = new Theatre();
  for (const tracker of theatre.trackers) tracker.highestEpoch = 7;
  theatre.start();
  theatre.register(A);
  theatre.register(B);
  theatre.kill(0);
  assert.deepEqual(
    theatre.events.filter(({ kind }) => kind === 'epochRaised'),
    [{ kind: 'epochRaised', epoch: 8 }],
  );
  const versions = theatre.trackers
    .flatMap(({ heard }) => heard)
    .flatMap((request) => (request.kind === 'share' ? [request.epoch * 1_000 + request.sequence] : []));
  assert.deepEqual(versions, [8_001, 8_002, 8_003, 8_004]);
});

test('our own epoch coming back from the other tracker is no reason to raise it', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.trackers[1].highestEpoch = 1;
  theatre.kill(0);
  assert.ok(!theatre.eventKinds().includes('epochRaised'));
});

test('the same epoch known before our first word is a start that we forgot', () => {
  const theatre = new Theatre();
  theatre.trackers[0].highestEpoch = 1;
  theatre.start();
  assert.deepEqual(theatre.eventKinds(), ['epochRaised', 'trackerUp']);
});

test('hash strings are sent in parts, one file after the other, a few parts at a time', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[0];
  tracker.piecesNeeded = true;
  tracker.answer = (request) => (request.kind === 'pieces' ? undefined : tracker.wellBehaved(request));
  const pieceCount = (PART_BYTES_MAX * 10) / 20 + 1;
  theatre.register(A, 1, pieceCount);
  theatre.register(B, 1, 1);
  assert.equal(theatre.parts.length, ANNOUNCE_PARTS_MAX);
  for (const { kind, ...rest } of [...tracker.heard]) {
    if (kind === 'pieces' && 'id' in rest) theatre.reply(0, { kind: 'stored', id: rest.id });
  }
  assert.deepEqual(
    theatre.parts.map(({ swarm, offset, length }) => [swarm === A, offset, length]),
    [
      ...Array.from({ length: 10 }, (_, at) => [true, at * PART_BYTES_MAX, PART_BYTES_MAX]),
      [true, 10 * PART_BYTES_MAX, 20],
      [false, 0, 20],
    ],
  );
});

test('thousands of files are told again through a bounded pipeline', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[1];
  let waiting = 0;
  let most = 0;
  tracker.answer = (request) => {
    if (request.kind === 'hello') return tracker.wellBehaved(request);
    waiting += 1;
    most = Math.max(most, waiting);
    return undefined;
  };
  for (let number = 0; number < 3_000; number += 1) theatre.register(swarmOf(number));
  theatre.kill(0);
  for (let at = 1; at < tracker.heard.length; at += 1) {
    const request = tracker.heard[at];
    assert.ok(request !== undefined);
    waiting -= 1;
    theatre.reply(1, tracker.wellBehaved(request));
  }
  assert.equal(most, ANNOUNCE_PIPELINE_MAX);
  assert.equal(tracker.listed.size, 3_000);
});

test('leaving jumps the queue, and is over in time whatever the trackers do', () => {
  for (const answers of [true, false]) {
    const theatre = new Theatre().start();
    for (let number = 0; number < 10; number += 1) theatre.register(swarmOf(number));
    const tracker = theatre.trackers[0];
    if (!answers) tracker.answer = () => undefined;
    theatre.tell({ kind: 'leave' });
    assert.equal(theatre.eventKinds().at(-1) === 'left', answers);
    theatre.advance(LEAVE_DEADLINE_MS);
    assert.equal(theatre.eventKinds().filter((kind) => kind === 'left').length, 1);
    assert.equal(tracker.heard.at(-1)?.kind, 'leave');
    assert.deepEqual(
      theatre.trackers.map(({ link }) => link),
      [undefined, undefined],
    );
    const count = theatre.events.length;
    theatre.register(A);
    theatre.advance(TRACKER_RETRY_MAX_MS);
    assert.equal(theatre.events.length, count);
  }
});

test('leaving goes to the other tracker when the first dies, and ends even with none', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.trackers[0].answer = () => undefined;
  theatre.tell({ kind: 'leave' });
  theatre.kill(0);
  assert.equal(theatre.trackers[1].heard.at(-1)?.kind, 'leave');
  const doomed = new Theatre();
  for (const tracker of doomed.trackers) tracker.state = 'refuses';
  doomed.start();
  doomed.tell({ kind: 'leave' });
  assert.deepEqual([doomed.eventKinds().at(-1), doomed.trackers.map(({ dials }) => dials)], ['left', [2, 2]]);
  const alone = new Theatre();
  for (const tracker of alone.trackers) tracker.state = 'silent';
  alone.start();
  alone.tell({ kind: 'leave' });
  alone.advance(LEAVE_DEADLINE_MS);
  assert.equal(alone.eventKinds().at(-1), 'left');
});

test('a withdrawn file is not told again; registered anew it is, and the removal is over', () => {
  const theatre = new Theatre().start();
  theatre.register(A);
  theatre.tell({ kind: 'withdraw', swarm: A });
  assert.equal(theatre.eventKinds().at(-1), 'withdrawn');
  theatre.kill(0);
  assert.equal(theatre.trackers[1].listed.size, 0);
  theatre.kill(1);
  theatre.tell({ kind: 'withdraw', swarm: B });
  theatre.register(B);
  assert.equal(theatre.eventKinds().at(-1), 'withdrawn');
  theatre.trackers[1].state = 'up';
  theatre.advance(TRACKER_RETRY_MAX_MS);
  assert.deepEqual([...theatre.trackers[1].listed.keys()], [B]);
});

test('a refusal that can pass is tried again, one that cannot is not', () => {
  for (const code of ['diskFull', 'limit', 'invalid'] as const) {
    const theatre = new Theatre().start();
    const tracker = theatre.trackers[0];
    tracker.answer = (request) =>
      request.kind === 'share' ? { kind: 'error', id: request.id, code, sentence: 'no' } : tracker.wellBehaved(request);
    theatre.register(A);
    assert.deepEqual(theatre.events.at(-1), { kind: 'refused', swarm: A, code, sentence: 'no' });
    tracker.answer = (request) => tracker.wellBehaved(request);
    theatre.advance(ANNOUNCE_REFUSED_RETRY_MS);
    assert.equal(theatre.eventKinds().includes('registered'), code !== 'invalid', code);
  }
});

const turn = fc.record({
  kind: fc.constantFrom('register', 'withdraw', 'progress', 'find', 'kill', 'raise', 'mute', 'lapse', 'wait'),
  swarm: fc.integer({ min: 1, max: 3 }),
  tracker: fc.constantFrom<0 | 1>(0, 1),
  have: fc.nat(4),
});

test('whatever the trackers do, once they are well the first lists all that is wanted, and every question is answered', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 30 }), fc.nat(), (turns, seed) => {
      const theatre = new Theatre({ seed }).start();
      const wanted = new Map<string, number>();
      let finds = 0;
      for (const { kind, swarm: number, tracker: index, have } of turns) {
        const swarm = swarmOf(number);
        const tracker = theatre.trackers[index];
        if (kind === 'register') {
          wanted.set(swarm, have);
          theatre.register(swarm, have);
        } else if (kind === 'withdraw') {
          wanted.delete(swarm);
          theatre.tell({ kind, swarm });
        } else if (kind === 'progress') {
          if (wanted.has(swarm)) wanted.set(swarm, have);
          theatre.tell({ kind, swarm, have });
        } else if (kind === 'find') {
          finds += 1;
          theatre.tell({ kind: 'findSeeders', swarm: swarmOf(100 + finds) });
        } else if (kind === 'kill') theatre.kill(index);
        else if (kind === 'mute') tracker.answer = () => undefined;
        else if (kind === 'lapse') tracker.listed.clear();
        else if (kind === 'wait') theatre.advance(4_000);
        else {
          tracker.state = 'up';
          tracker.answer = (request) => tracker.wellBehaved(request);
        }
      }
      for (const tracker of theatre.trackers) {
        tracker.state = 'up';
        tracker.answer = (request) => tracker.wellBehaved(request);
      }
      theatre.advance(TRACKER_RETRY_MAX_MS * 3 + RENEW_MS * 2);
      const served = [...theatre.trackers[0].listed].filter(([swarm]) => wanted.has(swarm)).sort();
      assert.deepEqual(served, [...wanted].sort());
      assert.equal(theatre.eventKinds().filter((kind) => kind === 'seedersFound').length, finds);
      assert.equal(theatre.trackers[1].link, undefined);
    }),
    { numRuns: cases(500) },
  );
});
