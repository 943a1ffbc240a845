// What a client may rely on when its trackers fail, in figures: how soon the other one is told, how often a tracker is
// asked whether it lives, how tries thin out, how long `quit` takes. The clock is the test's own.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { REPLICA_WAIT_MS } from '../../../src/foundation/base/limits.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import type { SwarmKey } from '../../../src/foundation/torrent/ids.js';
import {
  LEAVE_DEADLINE_MS,
  TRACKER_PING_MS,
  TRACKER_RETRY_MAX_MS,
  TRACKER_RETRY_MIN_MS,
} from '../../../src/tracking/announce/limits.js';
import { Links } from '../../../src/tracking/announce/links.js';
import { cases } from '../../support/cases.js';
import { RENEW_MS, Theatre } from './theatre.js';

const A = '1'.repeat(40) as SwarmKey;
const B = '2'.repeat(40) as SwarmKey;
const PIECES = 4;

const SILENCE_MAX_MS = 5_000;
const QUIT_MAX_MS = 1_000;

const seed = fc.nat();
const moment = fc.nat(2 * RENEW_MS);

/** One client with one file, after some time of quiet. */
function playing(options: { readonly seed: number; readonly have: number; readonly forMs: number }): Theatre {
  const theatre = new Theatre({ seed: options.seed }).start();
  theatre.register(A, options.have, PIECES);
  theatre.advance(options.forMs);
  return theatre;
}

test('when its connection closes, the other tracker lists everything in the same moment', () => {
  fc.assert(
    fc.property(seed, moment, fc.nat(PIECES), (seedOf, forMs, have) => {
      const theatre = playing({ seed: seedOf, have, forMs });
      theatre.kill(0);
      assert.deepEqual([...theatre.trackers[1].listed], [[A, have]]);
    }),
  );
});

test('while a file is fetched, a tracker that freezes at any moment is replaced within 5 s', () => {
  fc.assert(
    fc.property(seed, moment, fc.boolean(), (seedOf, forMs, asks) => {
      const theatre = playing({ seed: seedOf, have: 1, forMs });
      theatre.trackers[0].freeze();
      if (asks) theatre.tell({ kind: 'findSeeders', swarm: A });
      theatre.advance(SILENCE_MAX_MS);
      assert.deepEqual([...theatre.trackers[1].listed], [[A, 1]]);
      assert.equal(theatre.eventKinds().includes('seedersFound'), asks);
    }),
  );
});

test('so is one that freezes before it is told of something, also to a client that only seeds', () => {
  fc.assert(
    fc.property(seed, moment, fc.boolean(), (seedOf, forMs, removes) => {
      const theatre = playing({ seed: seedOf, have: PIECES, forMs });
      theatre.trackers[0].freeze();
      if (removes) theatre.tell({ kind: 'withdraw', swarm: A });
      else theatre.register(B, PIECES, PIECES);
      theatre.advance(SILENCE_MAX_MS);
      assert.equal(theatre.eventKinds().at(-1), removes ? 'withdrawn' : 'registered');
      assert.equal(theatre.trackers[1].listed.has(A), !removes);
    }),
  );
});

test('when the second one freezes while the first is away, the first is tried at once', () => {
  const theatre = playing({ seed: 1, have: 1, forMs: 0 });
  theatre.kill(0);
  theatre.advance(TRACKER_RETRY_MAX_MS * 10);
  theatre.trackers[1].freeze();
  theatre.trackers[0].state = 'up';
  theatre.trackers[0].listed.clear();
  theatre.advance(SILENCE_MAX_MS);
  assert.deepEqual([...theatre.trackers[0].listed], [[A, 1]]);
});

test('a tracker that answers its pings and is slow with its disk is not left', () => {
  const theatre = new Theatre().start();
  const tracker = theatre.trackers[0];
  tracker.answer = (request) => (request.kind === 'share' ? undefined : tracker.wellBehaved(request));
  theatre.register(A);
  theatre.advance(4_900);
  const share = tracker.heard.find(({ kind }) => kind === 'share');
  assert.ok(share !== undefined);
  theatre.reply(0, tracker.wellBehaved(share));
  theatre.advance(RENEW_MS);
  assert.equal(theatre.trackers[1].dials, 0);
  assert.equal(theatre.eventKinds().at(-1), 'registered');
});

test('a client at rest pings to keep its lease and no more often; one that fetches asks every 2 s', () => {
  const hourMs = 3_600_000;
  for (const [have, paceMs] of [
    [PIECES, RENEW_MS],
    [1, TRACKER_PING_MS],
  ] as const) {
    const theatre = playing({ seed: 1, have, forMs: hourMs });
    const count = theatre.trackers[0].pingCount();
    const most = hourMs / paceMs;
    assert.ok(count >= most - 1 && count <= most + 1, `${count} pings in an hour, not about ${most}`);
  }
});

test('clients that come in one moment do not ping in one moment', () => {
  const moments = new Set<number>();
  for (let client = 0; client < 50; client += 1) {
    const theatre = playing({ seed: client, have: PIECES, forMs: 0 });
    const { heard } = theatre.trackers[0];
    for (let ms = 0; ms < RENEW_MS && heard.at(-1)?.kind !== 'ping'; ms += 100) theatre.advance(100);
    moments.add(theatre.nowMs);
  }
  assert.ok(moments.size >= 10, `${moments.size} different moments`);
});

test('tries of a tracker that is away thin out from 1 s to 60 s, each with full jitter', () => {
  /** For each failure in a row: shares of its bound that were waited. */
  const waited: number[][] = [];
  fc.assert(
    fc.property(seed, (seedOf) => {
      const links = new Links(new Prng(seedOf), 2, false);
      let nowMs = 0;
      for (let failure = 0; failure < 12; failure += 1) {
        assert.ok(links.due(nowMs).some(({ index }) => index === 0));
        links.failed(0, nowMs);
        // Nobody else is to be dialed, so the next moment is the first one's.
        links.failed(1, Number.POSITIVE_INFINITY);
        const delayMs = links.nextAtMs(nowMs) - nowMs;
        const boundMs = Math.min(TRACKER_RETRY_MAX_MS, TRACKER_RETRY_MIN_MS * 2 ** failure);
        assert.ok(delayMs >= 1 && delayMs <= boundMs + 1, `${delayMs} ms after ${failure + 1} failures`);
        waited[failure] = [...(waited[failure] ?? []), delayMs / boundMs];
        nowMs += delayMs;
      }
    }),
  );
  for (const shares of waited) {
    assert.ok(Math.min(...shares) < 0.2 && Math.max(...shares) > 0.8, 'the whole range is used');
  }
});

test('the first tracker is used again within a minute of its return, whatever kept it away', () => {
  fc.assert(
    fc.property(seed, fc.constantFrom('dead', 'frozen'), fc.nat(600_000), (seedOf, how, awayMs) => {
      const theatre = playing({ seed: seedOf, have: 1, forMs: 0 });
      const [first, second] = theatre.trackers;
      if (how === 'dead') theatre.kill(0);
      else first.freeze();
      theatre.advance(SILENCE_MAX_MS + awayMs);
      assert.equal(second.listed.get(A), 1);
      first.state = 'up';
      first.answer = (request) => first.wellBehaved(request);
      first.listed.clear();
      // A dial that began before has its deadline first.
      theatre.advance(TRACKER_RETRY_MAX_MS + SILENCE_MAX_MS);
      assert.deepEqual([[...first.listed], second.link], [[[A, 1]], undefined]);
    }),
  );
});

test('that both are away is said once, and once that one is back', () => {
  fc.assert(
    fc.property(seed, fc.constantFrom('dead', 'frozen'), fc.constantFrom(0, 1), (seedOf, how, back) => {
      const theatre = playing({ seed: seedOf, have: 1, forMs: 0 });
      for (const index of [0, 1] as const) {
        if (how === 'dead') theatre.kill(index);
        else theatre.trackers[index].freeze();
      }
      theatre.advance(3_600_000);
      const tracker = theatre.trackers[back];
      tracker.state = 'up';
      tracker.answer = (request) => tracker.wellBehaved(request);
      theatre.advance(3_600_000);
      const said = theatre.eventKinds().filter((kind) => kind === 'allTrackersDown' || kind === 'trackersBack');
      assert.deepEqual(said, ['allTrackersDown', 'trackersBack']);
    }),
    { numRuns: cases(30) },
  );
});

test('leaving takes less than a second whatever the trackers do, and reaches one that lives', () => {
  const fate = fc.constantFrom<'well' | 'dead' | 'frozen'>('well', 'dead', 'frozen');
  fc.assert(
    fc.property(seed, moment, fate, fate, fc.boolean(), (seedOf, forMs, first, second, isFresh) => {
      const theatre = new Theatre({ seed: seedOf });
      if (!isFresh) theatre.start();
      theatre.register(A, 1, PIECES);
      theatre.advance(isFresh ? 0 : forMs);
      for (const [index, how] of [first, second].entries()) {
        if (how === 'dead') theatre.kill(index === 0 ? 0 : 1);
        if (how === 'frozen') theatre.trackers[index]?.freeze();
      }
      theatre.tell({ kind: 'leave' });
      theatre.advance(LEAVE_DEADLINE_MS);
      assert.ok(LEAVE_DEADLINE_MS < QUIT_MAX_MS);
      assert.equal(theatre.eventKinds().at(-1), 'left');
      const living = [first, second].indexOf('well');
      if (living >= 0) assert.ok(theatre.trackers.some(({ heard }) => heard.some(({ kind }) => kind === 'leave')));
      if (first !== 'well' && second === 'well') assert.equal(theatre.trackers[1].heard.at(-1)?.kind, 'leave');
    }),
  );
});

test('a first tracker that comes back and is not ready is left alone until it is', () => {
  const theatre = playing({ seed: 1, have: 1, forMs: 0 });
  const [first, second] = theatre.trackers;
  theatre.kill(0);
  first.listed.clear();
  first.isReady = false;
  first.state = 'up';
  theatre.advance(30_000);
  assert.deepEqual([first.listed.size, first.link], [0, undefined]);
  assert.ok(first.dials > 2 && first.dials < 20, `${first.dials} dials`);
  assert.equal(second.dials, 1);
  first.isReady = true;
  theatre.advance(TRACKER_RETRY_MAX_MS);
  assert.deepEqual([[...first.listed], second.link], [[[A, 1]], undefined]);
});

test('a tracker that is not ready is used while the other is away, and left for one that is ready', () => {
  const theatre = new Theatre();
  const [first, second] = theatre.trackers;
  first.isReady = false;
  second.state = 'refuses';
  theatre.start();
  theatre.register(A);
  assert.deepEqual([...first.listed], [[A, 1]]);
  second.state = 'up';
  theatre.advance(2_000);
  assert.deepEqual([[...second.listed], first.link], [[[A, 1]], undefined]);
});

test('of two trackers that are not ready one is used, without going to and fro', () => {
  const theatre = new Theatre();
  for (const tracker of theatre.trackers) tracker.isReady = false;
  theatre.start();
  theatre.register(A);
  theatre.advance(60_000);
  assert.deepEqual([...theatre.trackers[0].listed], [[A, 1]]);
  const dials = theatre.trackers.map((tracker) => tracker.dials);
  assert.ok(dials[0] === 1 && (dials[1] ?? 0) < 5, `${dials} dials`);
});

test('once the first tracker has had time to become ready, the second is waited for no more', () => {
  const links = new Links(new Prng(1), 2, false);
  links.due(0);
  links.greeted(0, false, 0);
  links.due(0);
  // It answers when the first counts as ready, so it is not kept.
  links.greeted(1, true, REPLICA_WAIT_MS);
  assert.deepEqual([links.active, links.due(REPLICA_WAIT_MS)], [0, []]);
  assert.equal(links.nextAtMs(REPLICA_WAIT_MS), Number.POSITIVE_INFINITY);
});
