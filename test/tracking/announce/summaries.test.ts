// What an announcer says of what its client did: to a tracker that takes it and no other, the end of a download at
// once, other news in turns, what is untold before it leaves, and everything again to the next tracker.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { ANNOUNCE_PROGRESS_MS, ANNOUNCE_SUMMARIES_LAST_MAX } from '../../../src/tracking/announce/limits.js';
import type { Summary } from '../../../src/tracking/announce/messages.js';
import { OWN_FEATURES, TRACKER_FEATURES } from '../../../src/tracking/tracker/messages.js';
import { swarmOf } from '../tracker/stage.js';
import { type ScriptedTracker, Theatre } from './theatre.js';

const SWARM = swarmOf(1);

function summary(sent: number, more: Partial<Summary> = {}): Summary {
  const times = { startedMs: undefined, finishedMs: undefined, downRate: 0, upRate: 5 };
  return { wanted: 10, received: 0, wasted: 0, sent, ...times, ...more };
}

function begun(features: readonly number[] = OWN_FEATURES): Theatre {
  const theatre = new Theatre();
  for (const tracker of theatre.trackers) tracker.features = encodeFeatures(features);
  theatre.start();
  theatre.register(SWARM);
  return theatre;
}

/** What was sent, by the words that a tracker heard. */
function sentTo(tracker: ScriptedTracker): readonly number[] {
  return tracker.heard.flatMap((request) => (request.kind === 'summary' ? [request.summary.sent] : []));
}

test('a tracker of an earlier release hears no summary, whatever happens', () => {
  const theatre = begun(OWN_FEATURES.filter((feature) => feature !== TRACKER_FEATURES.reports));
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(5, { finishedMs: 1 }) });
  theatre.advance(ANNOUNCE_PROGRESS_MS * 3);
  theatre.tell({ kind: 'leave' });
  assert.deepEqual(sentTo(theatre.trackers[0]), []);
});

test('news are told in turns, however often they come, and nothing without news', () => {
  const theatre = begun();
  const [tracker] = theatre.trackers;
  for (let sent = 1; sent <= 40; sent += 1) {
    theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(sent) });
    theatre.advance(ANNOUNCE_PROGRESS_MS / 10);
  }
  assert.ok(sentTo(tracker).length <= 5, `one in a turn: ${sentTo(tracker)}`);
  theatre.advance(ANNOUNCE_PROGRESS_MS);
  assert.equal(sentTo(tracker).at(-1), 40, 'the last one is told in the end');
  const count = sentTo(tracker).length;
  theatre.advance(ANNOUNCE_PROGRESS_MS * 10);
  assert.equal(sentTo(tracker).length, count);
});

test('the end of a download is told at once, with its times as ages', () => {
  const theatre = begun();
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(1) });
  theatre.advance(2_000);
  const ended = summary(2, { startedMs: theatre.nowMs - 1_500, finishedMs: theatre.nowMs - 500 });
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: ended });
  const word = theatre.trackers[0].heard.findLast(({ kind }) => kind === 'summary');
  assert.ok(word?.kind === 'summary');
  const { startedMs: _started, finishedMs: _finished, ...counts } = ended;
  assert.deepEqual(word.summary, { ...counts, started: 1_500, finished: 500 });
});

test('whoever leaves says what is untold before it, and is listed until then', () => {
  const theatre = begun();
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(1) });
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(2) });
  theatre.tell({ kind: 'leave' });
  const kinds = theatre.trackers[0].requests().map(({ kind }) => kind);
  assert.deepEqual(kinds.slice(-2), ['summary', 'leave']);
  assert.deepEqual(sentTo(theatre.trackers[0]).at(-1), 2);
});

test('a client with very many files says a bounded number of summaries on its way out', () => {
  const theatre = begun();
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(1) });
  for (let file = 2; file < ANNOUNCE_SUMMARIES_LAST_MAX * 3; file += 1)
    theatre.tell({ kind: 'summary', swarm: swarmOf(file), summary: summary(file) });
  const before = sentTo(theatre.trackers[0]).length;
  theatre.tell({ kind: 'leave' });
  assert.equal(sentTo(theatre.trackers[0]).length - before, ANNOUNCE_SUMMARIES_LAST_MAX);
});

test('the next tracker is told everything again, and a file that was withdrawn is told of no more', () => {
  const theatre = begun();
  theatre.register(swarmOf(2));
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(7) });
  theatre.tell({ kind: 'summary', swarm: swarmOf(2), summary: summary(8) });
  theatre.advance(ANNOUNCE_PROGRESS_MS);
  theatre.tell({ kind: 'withdraw', swarm: swarmOf(2) });
  theatre.kill(0);
  theatre.advance(ANNOUNCE_PROGRESS_MS);
  assert.deepEqual(sentTo(theatre.trackers[1]), [7]);
});

test('a tracker that does not list us yet is told again in the next turn', () => {
  const theatre = begun();
  const [tracker] = theatre.trackers;
  let isListed = false;
  tracker.answer = (request) => {
    if (request.kind !== 'summary' || isListed) return tracker.wellBehaved(request);
    return { kind: 'error', id: request.id, code: 'unknown', sentence: 'you are not listed for this file' };
  };
  theatre.tell({ kind: 'summary', swarm: SWARM, summary: summary(7) });
  theatre.advance(ANNOUNCE_PROGRESS_MS * 3);
  const asked = sentTo(tracker).length;
  assert.ok(asked >= 2 && asked <= 5, `${asked}`);
  isListed = true;
  theatre.advance(ANNOUNCE_PROGRESS_MS * 5);
  assert.ok(sentTo(tracker).length <= asked + 1);
});
