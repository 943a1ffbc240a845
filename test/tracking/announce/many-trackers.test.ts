// A client that knows more than two trackers of one database: it speaks to one at a time, prefers the earlier ones, and
// finds whichever of them lives.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TRACKERS_MAX } from '../../../src/foundation/base/limits.js';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { type TrackerList, trackerList } from '../../../src/foundation/torrent/tracker-pair.js';
import { LEAVE_DEADLINE_MS, TRACKER_HEDGE_MS, TRACKER_RETRY_MAX_MS } from '../../../src/tracking/announce/limits.js';
import { cases } from '../../support/cases.js';
import { type ScriptedTracker, Theatre } from './theatre.js';

const A = '1'.repeat(40) as SwarmKey;
const PIECES = 4;
const SILENCE_MAX_MS = 5_000;
const seed = fc.nat();
const count = fc.integer({ min: 3, max: TRACKERS_MAX });

function listOf(many: number): TrackerList {
  const list = trackerList(Array.from({ length: many }, (_, at) => ({ host: `10.0.0.${at + 1}`, port: at + 1 })));
  assert.ok(list !== undefined);
  return list;
}

function lives(tracker: ScriptedTracker): void {
  tracker.state = 'up';
  tracker.answer = (request) => tracker.wellBehaved(request);
}

function connected({ trackers }: Theatre): number[] {
  return trackers.flatMap(({ link }, at) => (link === undefined ? [] : [at]));
}

test('of any number of trackers a client comes to be listed at the first that lives, and speaks to it alone', () => {
  const fates = count.chain((many) =>
    fc.array(fc.constantFrom('up', 'dead', 'frozen'), { minLength: many, maxLength: many }),
  );
  fc.assert(
    fc.property(seed, fates, (seedOf, fate) => {
      const theatre = new Theatre({ seed: seedOf, trackers: listOf(fate.length) });
      for (const [at, how] of fate.entries()) {
        if (how === 'dead') theatre.kill(at);
        if (how === 'frozen') theatre.trackers[at]?.freeze();
      }
      theatre.start();
      theatre.register(A, 1, PIECES);
      theatre.advance(TRACKER_HEDGE_MS * TRACKERS_MAX);
      const first = fate.indexOf('up');
      if (first < 0) {
        theatre.advance(TRACKER_RETRY_MAX_MS);
        assert.deepEqual(theatre.eventKinds().filter((kind) => kind === 'allTrackersDown').length, 1);
        return;
      }
      assert.deepEqual([...(theatre.trackers[first]?.listed ?? [])], [[A, 1]]);
      assert.deepEqual(
        connected(theatre).filter((at) => fate[at] === 'up'),
        [first],
      );
    }),
    { numRuns: cases(60) },
  );
});

test('while all are well, no tracker but the first is dialed', () => {
  fc.assert(
    fc.property(seed, count, (seedOf, many) => {
      const theatre = new Theatre({ seed: seedOf, trackers: listOf(many) }).start();
      theatre.register(A, 1, PIECES);
      theatre.advance(600_000);
      assert.deepEqual(
        theatre.trackers.map(({ dials }) => dials),
        [1, ...Array.from({ length: many - 1 }, () => 0)],
      );
    }),
    { numRuns: cases(20) },
  );
});

test('whichever trackers die, freeze and come back, the client is listed at one that lives 5 s later, if one does', () => {
  const step = fc.record({
    at: fc.nat(TRACKERS_MAX - 1),
    how: fc.constantFrom('dies', 'freezes', 'returns'),
    ms: fc.nat(40_000),
  });
  fc.assert(
    fc.property(seed, count, fc.array(step, { maxLength: 20 }), (seedOf, many, steps) => {
      const theatre = new Theatre({ seed: seedOf, trackers: listOf(many) }).start();
      theatre.register(A, 1, PIECES);
      for (const { at, how, ms } of steps) {
        const tracker = theatre.trackers[at % many];
        assert.ok(tracker !== undefined);
        if (how === 'dies') theatre.kill(at % many);
        else if (how === 'freezes') tracker.freeze();
        else lives(tracker);
        theatre.advance(ms);
      }
      // The last failure is noticed, each later tracker gets its moment, and whatever backs off is tried again.
      theatre.advance(SILENCE_MAX_MS + TRACKER_HEDGE_MS * many + TRACKER_RETRY_MAX_MS);
      const living = theatre.trackers.filter(({ state }) => state === 'up');
      const listing = living.filter(({ link, listed }) => link !== undefined && listed.get(A) === 1);
      assert.equal(listing.length, living.length === 0 ? 0 : 1);
      assert.equal(listing[0], living[0]);
      const said = theatre.eventKinds().filter((kind) => kind === 'allTrackersDown' || kind === 'trackersBack');
      for (const [at, kind] of said.entries()) assert.equal(kind, at % 2 === 0 ? 'allTrackersDown' : 'trackersBack');
      assert.equal(said.length % 2, living.length === 0 ? 1 : 0);
    }),
    { numRuns: cases(100) },
  );
});

test('leaving takes less than a second of any number of trackers, and reaches one when the first is dead', () => {
  fc.assert(
    fc.property(seed, count, fc.nat(TRACKERS_MAX - 1), (seedOf, many, dead) => {
      const theatre = new Theatre({ seed: seedOf, trackers: listOf(many) }).start();
      theatre.register(A, 1, PIECES);
      for (let at = 0; at < Math.min(dead, many - 1); at += 1) theatre.kill(at);
      theatre.tell({ kind: 'leave' });
      theatre.advance(LEAVE_DEADLINE_MS);
      assert.equal(theatre.eventKinds().at(-1), 'left');
      assert.equal(theatre.trackers.filter(({ heard }) => heard.some(({ kind }) => kind === 'leave')).length, 1);
    }),
    { numRuns: cases(40) },
  );
});
