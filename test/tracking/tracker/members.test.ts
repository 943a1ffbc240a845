// What a report asks of trackers: pages are put together, who spoke to both trackers counts once with its latest word,
// and a tracker that tells nothing is named with the reason.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { askMembers, type Gathered } from '../../../src/tracking/tracker/members.js';
import { TRACKER_FEATURES, type TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { answering } from './answering.js';
import { swarmOf } from './stage.js';

const NOWHERE = { host: '127.0.0.1', port: 1 };
type Page = Extract<TrackerReply, { kind: 'summaries' }>;
type Row = Page['rows'][number];

function rowOf(peer: number, saidMs: number, sent: number, isListed = true, host = '192.0.2.7'): Row {
  return {
    ...{ peer: new Uint8Array(16).fill(peer), host, port: 6881, isListed, said: saidMs },
    ...{ wanted: 100, received: 100, wasted: 3, sent, started: 9_000, finished: null, downRate: 50, upRate: 60 },
  };
}

function page(id: number, rows: readonly Row[], total: number, listed = 2): Page {
  return { kind: 'summaries', id, rows, total, listed };
}

function sentBy(told: Gathered): readonly (readonly [string, number])[] {
  return told.members.map(({ peer, sent }) => [peer.slice(0, 2), sent] as const);
}

test('pages of both trackers are one list, and the latest word of a member counts', async (t) => {
  const first = await answering(t, [page(1, [rowOf(1, 500, 10)], 2), page(2, [rowOf(2, 500, 20, false)], 2)]);
  const second = await answering(t, [page(1, [rowOf(2, 90, 25, true), rowOf(3, 5, 30)], 2)]);
  const told = await askMembers([first, second], swarmOf(1));
  assert.deepEqual(sentBy(told), [
    ['01', 10],
    ['02', 25],
    ['03', 30],
  ]);
  assert.deepEqual([told.known, told.listed], [3, 2]);
  assert.ok(
    told.members.every(({ isListed }) => isListed),
    'listed at one is listed',
  );
  assert.deepEqual(
    told.trackers.map(({ problem }) => problem),
    ['', ''],
  );
});

test('what a tracker chose is printable, and the times of a download are as it said', async (t) => {
  const [host] = ['\u001b[31m'];
  const tracker = await answering(t, [page(1, [rowOf(1, 5, 1, true, host)], 1)]);
  const [member] = (await askMembers([tracker, NOWHERE], swarmOf(1))).members;
  assert.doesNotMatch(member?.address ?? '', /\p{Cc}/u);
  assert.deepEqual([member?.startedMs, member?.finishedMs], [9_000, undefined]);
});

test('a tracker that is away, of an earlier release, or answers something else is named; none is an error', async (t) => {
  const { readsFeatures, describes, lists } = TRACKER_FEATURES;
  const old = await answering(t, [], encodeFeatures([readsFeatures, describes, lists]));
  const other = await answering(t, [page(1, [rowOf(1, 5, 1)], 1)]);
  const told = await askMembers([old, other], swarmOf(1));
  assert.equal(told.members.length, 1);
  assert.match(told.trackers[0]?.problem ?? '', /earlier release, which keeps no reports/);
  const odd = await answering(t, [{ kind: 'pong', id: 1, entries: 0 }]);
  await assert.rejects(
    askMembers([odd, NOWHERE], swarmOf(1)),
    /NO_TRACKER|neither tracker .*not asked; .*ECONNREFUSED/,
  );
});

test('a tracker that never comes to its last page is believed as far as one report goes', async (t) => {
  const endless = await answering(t, [page(1, [rowOf(1, 5, 1)], 4_000_000), page(2, [], 4_000_000)]);
  const told = await askMembers([endless, NOWHERE], swarmOf(1));
  assert.deepEqual([told.members.length, told.known], [1, 4_000_000]);
});
