// When a group of commits goes to the store: at once for one who waits for each answer, at a measured pace while many
// ask, and never later than that pace.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { LINK_BACKLOG_MAX, LINK_CREDIT_MAX } from '../../../src/foundation/actor/limits.js';
import { AssertionFailed } from '../../../src/foundation/base/assert.js';
import { type Change, freesRoom } from '../../../src/tracking/registry/changes.js';
import { CommitQueue, type Queued } from '../../../src/tracking/store/groups.js';
import {
  STORE_BUSY_ASKERS,
  STORE_COMMIT_CHANGES_MAX,
  STORE_GROUP_CHANGES_MAX,
  STORE_GROUP_MAX,
  STORE_PACE_MS,
} from '../../../src/tracking/store/limits.js';

const RULES = { freesRoom, streamsOf: () => [] };

function queueOf(): CommitQueue<Change> {
  return new CommitQueue<Change>(RULES);
}

function commitOf(asker: number, weight = 1): Queued<Change> {
  return { changes: [], weight, asker };
}

/**
 * Each millisecond the same so many connections ask once; the store takes `storeMs` for a group. When the groups began.
 */
function beginnings(askers: number, durationMs: number, storeMs: number): number[] {
  const queue = queueOf();
  const began: number[] = [];
  let underWay: { readonly number: number; readonly atMs: number } | undefined;
  for (let nowMs = 0; nowMs < durationMs; nowMs += 1) {
    if (underWay !== undefined && nowMs - underWay.atMs >= storeMs) {
      queue.committed(underWay.number);
      underWay = undefined;
    }
    for (let connection = 0; connection < askers; connection += 1) queue.push(commitOf(connection));
    const isAllowed = queue.nextAtMs() <= nowMs;
    const group = queue.next(nowMs);
    if (isAllowed) assert.ok(group !== undefined, 'what may be sent is sent');
    if (group === undefined) continue;
    underWay = { number: group.number, atMs: nowMs };
    began.push(nowMs);
  }
  return began;
}

test('one who asks again after each answer waits for nothing', () => {
  const queue = queueOf();
  for (let nowMs = 0; nowMs < 100; nowMs += 0.5) {
    queue.push(commitOf(1));
    const group = queue.next(nowMs);
    assert.ok(group !== undefined);
    assert.equal(queue.committed(group.number).length, 1);
  }
});

test('what the partner sends waits for nothing', () => {
  const queue = queueOf();
  for (let nowMs = 0; nowMs < 100; nowMs += 0.5) {
    queue.push({ changes: [], weight: 1 });
    const group = queue.next(nowMs);
    assert.ok(group !== undefined);
    queue.committed(group.number);
  }
});

test('while many ask, groups begin at the pace and not later', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: STORE_BUSY_ASKERS, max: 100 }),
      fc.integer({ min: 1, max: STORE_PACE_MS }),
      (askers, storeMs) => {
        const began = beginnings(askers, 300, storeMs);
        // The first groups find out how much comes.
        const gaps = began.slice(1).map((atMs, at) => atMs - (began[at] ?? 0));
        assert.ok(
          gaps.slice(STORE_PACE_MS + 1).every((gap) => gap === STORE_PACE_MS),
          gaps.join(),
        );
      },
    ),
  );
});

test('a whole group waits for no pace', () => {
  const queue = queueOf();
  for (let nowMs = 0; nowMs <= STORE_PACE_MS; nowMs += 1) {
    for (let connection = 0; connection < STORE_BUSY_ASKERS; connection += 1) queue.push(commitOf(connection));
    const group = queue.next(nowMs);
    if (group !== undefined) queue.committed(group.number);
  }
  queue.push(commitOf(1));
  assert.equal(queue.next(STORE_PACE_MS + 1), undefined);
  assert.equal(queue.nextAtMs() > STORE_PACE_MS + 1, true);
  queue.push(commitOf(2, STORE_GROUP_MAX));
  assert.ok(queue.next(STORE_PACE_MS + 1) !== undefined);
});

test('a group has no more changes than the link to the store carries, whatever its commits weigh', () => {
  const queue = queueOf();
  const changes = Array.from({ length: 4 }, (): Change => ({ kind: 'dropParts', upload: 1 }));
  for (let count = 0; count < STORE_GROUP_CHANGES_MAX; count += 1)
    queue.push({ changes: [...changes, ...changes], weight: 1 });
  let most = 0;
  for (let group = queue.next(0); group !== undefined; group = queue.next(0)) {
    most = Math.max(
      most,
      group.commits.reduce((sum, commit) => sum + commit.changes.length, 0),
    );
    queue.committed(group.number);
  }
  assert.equal(most, STORE_GROUP_CHANGES_MAX);
  assert.ok(most + 1 <= LINK_CREDIT_MAX + LINK_BACKLOG_MAX);
});

test('a commit that the store could not take is a mistake of whoever made it', () => {
  const changes = new Array<Change>(STORE_COMMIT_CHANGES_MAX + 1).fill({ kind: 'dropParts', upload: 1 });
  assert.throws(() => queueOf().push({ changes, weight: 1 }), AssertionFailed);
});
