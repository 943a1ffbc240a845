// What a tracker takes off its list by itself: in steps that its store and its clients can bear, however much there is
// of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { LINK_BACKLOG_MAX, LINK_CREDIT_MAX } from '../../../src/foundation/actor/limits.js';
import type { ClientId } from '../../../src/foundation/torrent/ids.js';
import { storeCommandsOf } from '../../../src/tracking/store/sqlite/rows.js';
import { TRACKER_CLEAN_UP_PACE_MS } from '../../../src/tracking/tracker/limits.js';
import { clientBytes, LEASE_MS, Stage, swarmOf } from './stage.js';

const SILENT_COUNT = 50_000;

function clientOf(number: number): ClientId {
  return number.toString(16).padStart(32, '0') as ClientId;
}

/** As many clients as the test is about, each with `files` of a hundred files, as a store gives them back. */
function stageOf(clientCount: number, files: number): Stage {
  const stage = new Stage();
  const rows = Array.from({ length: clientCount * files }, (_, at) => {
    const number = 1 + Math.floor(at / files);
    const host = `10.1.${(number >> 8) & 255}.${number & 255}`;
    return [swarmOf(at % 100), clientOf(number), host, 1_000 + (number >> 16), 1, 1, 1, 'live', 0, 0, 0] as const;
  });
  stage.put({ kind: 'loadedRows', loaded: { kind: 'loadedEntries', rows } });
  return stage;
}

/** Moves on in steps as short as the clean-up's, and answers how long it took until nobody is listed. */
function emptiedAfterMs(stage: Stage, untilMs: number): number {
  const beginMs = stage.nowMs;
  while (stage.machine.registry.counts.liveEntries > 0 && stage.nowMs < untilMs) {
    stage.nowMs += TRACKER_CLEAN_UP_PACE_MS / 2;
    stage.put({ kind: 'wake' });
  }
  return stage.nowMs - beginMs;
}

test('when 50,000 clients fall silent at once, every commit stays within the link to the store, and all are off soon', () => {
  const stage = stageOf(SILENT_COUNT, 1);
  stage.advance(LEASE_MS);
  const tookMs = emptiedAfterMs(stage, LEASE_MS * 20);
  assert.equal(stage.machine.registry.counts.liveEntries, 0);
  assert.ok(tookMs < 10_000, `all are off after ${tookMs} ms`);
  let commits = 0;
  for (const effect of stage.effects) {
    if (effect.kind !== 'commit') continue;
    commits += 1;
    const frames = storeCommandsOf(effect.changes, effect.position).length + 1;
    assert.ok(frames <= LINK_CREDIT_MAX + LINK_BACKLOG_MAX, `${frames} frames in one commit`);
    assert.ok(frames <= 16, `what lapses together shares frames: ${frames}`);
  }
  assert.ok(commits > 10, 'it is done in steps');
});

test('clients with many files each lapse in steps of as many files, not of as many clients', () => {
  const stage = stageOf(100, 100);
  stage.advance(LEASE_MS);
  emptiedAfterMs(stage, LEASE_MS * 20);
  const most = Math.max(
    ...stage.effects.map((effect) =>
      effect.kind === 'commit' ? effect.changes.filter(({ kind }) => kind === 'expire').length : 0,
    ),
  );
  assert.equal(stage.machine.registry.counts.liveEntries, 0);
  assert.ok(most <= 11, `${most} clients of 100 files in one step`);
});

test('who asks while a big clean-up goes on is answered in its turn', () => {
  const stage = stageOf(SILENT_COUNT, 1);
  stage.advance(LEASE_MS);
  stage.nowMs += LEASE_MS / 4;
  stage.put({ kind: 'wake' });
  assert.ok(stage.machine.registry.counts.liveEntries > 40_000);
  const client = stage.connect();
  client.hello(clientBytes(1), 6_001, 1);
  assert.equal(client.share(swarmOf(200)).kind, 'shared');
  emptiedAfterMs(stage, stage.nowMs + LEASE_MS / 2);
  assert.ok(stage.machine.registry.counts.liveEntries > 1, 'the clean-up is not over');
  assert.deepEqual(stage.listed(swarmOf(200)), ['10.0.0.1:6001 1']);
});

test('one log line tells of all whose leases ended together', () => {
  const stage = stageOf(2_000, 1);
  stage.advance(LEASE_MS);
  emptiedAfterMs(stage, LEASE_MS * 20);
  const lines = stage.effects.filter((effect) => effect.kind === 'log' && effect.sentence === 'leases expired');
  assert.equal(lines.length, 2);
});
