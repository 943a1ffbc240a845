// The two trackers through faults that tests with one kind of failure do not reach: a network that carries one
// direction only, a transfer that is cut at any byte, clocks that are wrong and are put right, both trackers gone, one
// after the other renewed. Real processes; where the trackers reach each other only through proxies, the pair has a
// name.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, readFile, rm } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { freePort, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { DIGEST_SIZE } from '../../src/foundation/base/limits.js';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import { keyBytes, type SwarmKey, swarmKey, TRACKER_ID_SIZE } from '../../src/foundation/torrent/ids.js';
import { DialedConnection } from '../../src/foundation/wire/dialed.js';
import {
  type FollowerMessage,
  followerMessages,
  type LeaderMessage,
  leaderMessages,
  PAIR_VERSION,
} from '../../src/tracking/store/pair/messages.js';
import { TRACKER_MAGIC } from '../../src/tracking/tracker/messages.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { eventually, killHard, stageSwarm } from '../support/e2e-stage.js';
import { FalseClock } from '../support/faketime.js';
import { restoreList } from '../support/first-release.js';
import { PairClient, type PartnerFigures } from '../support/pair-client.js';
import { PATIENCE_MS } from '../support/patience.js';
import { startPatientTracker } from '../support/patient-tracker.js';
import { directoryInMemory, passes } from '../support/tracker-load.js';
import { type Run, run } from '../tracking/tracker/running.js';

const DEADLINE = { timeout: 600_000 };
/** A busy machine keeps a client silent for seconds. */
const LEASE_MS = 6_000;

function swarmOf(number: number): SwarmKey {
  return createHash('sha1').update(String(number)).digest('hex') as SwarmKey;
}

function lists(client: PairClient, swarm: SwarmKey, ports: readonly number[], what: string): Promise<number[]> {
  return eventually(
    () => client.listed(swarm),
    (found) => found.join() === ports.join(),
    what,
  );
}

function inTouch({ following, followedBy, lagChanges, behindChanges }: PartnerFigures): boolean {
  return following && followedBy && lagChanges === 0 && behindChanges === 0;
}

async function guestsOf(t: TestContext, swarm: Swarm): Promise<readonly [PairClient, PairClient]> {
  return [await PairClient.connect(t, swarm.trackers[0], 0), await PairClient.connect(t, swarm.trackers[1], 0)];
}

test(
  'R4: while the network carries one direction only, both trackers serve and do not wear each other out, and agree after',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    const ways = [await ChaosProxy.open(t, swarm.trackers[1]), await ChaosProxy.open(t, swarm.trackers[0])] as const;
    const options = ['--cluster', 'one-way'];
    await Promise.all([
      swarm.startTracker(0, options, ways[0].address),
      swarm.startTracker(1, options, ways[1].address),
    ]);
    const one = await PairClient.connect(t, swarm.trackers[0], 1);
    const other = await PairClient.connect(t, swarm.trackers[1], 2);
    await one.share(swarmOf(1));
    await lists(other, swarmOf(1), [1], 'tracker 2 lists the share');
    // Whatever tracker 1 sends is lost; what tracker 2 sends arrives.
    ways[0].stall('towards target');
    ways[1].stall('from target');
    await eventually(
      () => other.partner(),
      ({ following }) => !following,
      'tracker 2 knows that it hears nothing',
    );
    const joined = ways[0].joined + ways[1].joined;
    await one.share(swarmOf(2));
    await other.share(swarmOf(3));
    await one.remove(swarmOf(1));
    // Long enough for ten beats: what is tried again at each of them would be seen.
    await passes(10_000);
    const tries = ways[0].joined + ways[1].joined - joined;
    t.diagnostic(`${tries} connections in 10 s of a network with one direction`);
    assert.ok(tries <= 20, `${tries} connections`);
    const guests = await guestsOf(t, swarm);
    assert.deepEqual(await guests[0].listed(swarmOf(2)), [1]);
    assert.deepEqual(await guests[1].listed(swarmOf(3)), [2]);
    for (const way of ways) way.flow();
    for (const guest of guests) {
      await lists(guest, swarmOf(1), [], 'the removal is known');
      await lists(guest, swarmOf(2), [1], 'the share at tracker 1 is known');
      await lists(guest, swarmOf(3), [2], 'the share at tracker 2 is known');
    }
  },
);

/**
 * Two lists of a pair whose second tracker has much that the first has never heard of, and the first something of its
 * own.
 */
async function makeLists(t: TestContext, swarm: Swarm, options: readonly string[], shares: number): Promise<void> {
  const way = await ChaosProxy.open(t, swarm.trackers[1]);
  const alone = await swarm.startTracker(0, options, way.address);
  const client = await PairClient.connect(t, swarm.trackers[0], 9);
  await client.share(swarmOf(0));
  client.close();
  assert.equal(await alone.end(), 0);
  way.close();
  await copyFile(swarm.path('tracker-1.db'), swarm.path('before.db'));
  const full = await swarm.startTracker(1, options, swarm.trackers[0]);
  const seeder = await PairClient.connect(t, swarm.trackers[1], 1);
  for (let first = 1; first <= shares; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => seeder.share(swarmOf(first + at))));
  }
  seeder.close();
  assert.equal(await full.end(), 0);
}

/** Bytes of a transfer after which it is cut; all 2,000 records are some more. */
const CUTS = [1, 60, 20_000, 90_000];

test(
  'R8: a transfer of everything that is cut at any byte leaves the list of before, and is whole in the end',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    const options = ['--cluster', 'cut'];
    const shares = 2_000;
    await makeLists(t, swarm, options, shares);
    for (const bytes of CUTS) {
      for (const end of ['', '-wal', '-shm']) await rm(swarm.path(`tracker-1.db${end}`), { force: true });
      await copyFile(swarm.path('before.db'), swarm.path('tracker-1.db'));
      const way = await ChaosProxy.open(t, swarm.trackers[1]);
      way.cutAfter(bytes);
      const [first, second] = [
        await swarm.startTracker(0, options, way.address),
        await swarm.startTracker(1, options, swarm.trackers[0]),
      ];
      await eventually(
        () => way.cuts,
        (cuts) => cuts >= 1,
        `cut after ${bytes} bytes`,
      );
      // The source dies with it.
      await killHard(second);
      const guest = await PairClient.connect(t, swarm.trackers[0], 0);
      assert.deepEqual(await guest.listed(swarmOf(0)), [9], `the list of before, after ${bytes} bytes`);
      way.cutAfter(Number.POSITIVE_INFINITY);
      const again = await swarm.startTracker(1, options, swarm.trackers[0]);
      for (const number of [1, shares / 2, shares]) await lists(guest, swarmOf(number), [1], `share ${number} arrived`);
      const both = await eventually(
        () => guest.partner(),
        (figures) => inTouch(figures) && figures.lastCatchUp !== null,
        'they are in touch',
      );
      t.diagnostic(`cut after ${bytes} bytes: ${both.lastCatchUp?.records} records in the end`);
      assert.deepEqual(await guest.listed(swarmOf(0)), [9]);
      guest.close();
      await Promise.all([first, again].map((tracker) => killHard(tracker)));
      way.close();
    }
  },
);

test(
  'R7: both trackers gone and back in either order, with and without time between, lose nothing and wait for nobody',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    let running = await swarm.startTrackers();
    const seeders = await Promise.all([0, 1].map((at) => PairClient.connect(t, swarm.trackers[at as 0 | 1], at + 1)));
    for (let number = 1; number <= 20; number += 1) await seeders[number % 2]?.share(swarmOf(number));
    await seeders[0]?.remove(swarmOf(2));
    for (const order of [[0, 1] as const, [1, 0] as const]) {
      for (const waitsForList of [false, true]) {
        for (const tracker of running) await killHard(tracker);
        const early = await swarm.startTracker(order[0]);
        if (waitsForList) {
          // Alone, it serves what it knows after a while.
          const guest = await PairClient.connect(t, swarm.trackers[order[0]], 0);
          assert.deepEqual(await guest.listed(swarmOf(4)), [1]);
          assert.equal((await guest.partner()).isAlone, true);
        }
        const late = await swarm.startTracker(order[1]);
        running = order[0] === 0 ? [early, late] : [late, early];
        for (const guest of await guestsOf(t, swarm)) {
          for (let number = 1; number <= 20; number += 1)
            await lists(
              guest,
              swarmOf(number),
              number === 2 ? [] : [(number % 2) + 1],
              `share ${number}, order ${order}`,
            );
          guest.close();
        }
      }
    }
  },
);

interface TimedPair {
  readonly trackers: readonly [Run, Run];
  readonly addresses: readonly [Address, Address];
}

/** Two trackers with leases of `leaseMs`, each under its own words. */
async function timedPair(
  t: TestContext,
  leaseMs: number,
  under: readonly (readonly string[])[] = [],
): Promise<TimedPair> {
  const directory = directoryInMemory(t);
  const addresses = [0, 0].map(() => freePort());
  const [one, other] = (await Promise.all(addresses)).map((port) => ({ host: '127.0.0.1', port }));
  assert.ok(one !== undefined && other !== undefined);
  const start = (own: Address, partner: Address, which: number): Run => {
    const files = [`${directory}/list-${which}`, `${directory}/log-${which}`];
    const options = JSON.stringify({ leaseMs, renewMs: leaseMs / 6 });
    return run(t, [formatAddress(own), formatAddress(partner), ...files, options], under[which] ?? []);
  };
  const trackers = [start(one, other, 0), start(other, one, 1)] as const;
  await Promise.all(trackers.map((tracker) => tracker.listening()));
  return { trackers, addresses: [one, other] };
}

/** Any question renews a lease. */
async function pingFor(ms: number, clients: readonly PairClient[]): Promise<void> {
  for (const endMs = performance.now() + ms; performance.now() < endMs; await passes(100)) {
    for (const client of clients) await client.ask({ kind: 'ping' }, 'pong');
  }
}

test(
  'F15: a tracker of the pair that stood still for two leases expires nobody, and knows who left meanwhile',
  DEADLINE,
  async (t) => {
    const { trackers, addresses } = await timedPair(t, LEASE_MS);
    const [stays, leaves] = [
      await PairClient.connect(t, addresses[1], 1),
      await PairClient.connect(t, addresses[1], 2),
    ];
    for (const client of [stays, leaves]) await client.share(swarmOf(1));
    const onlookers = [
      await PairClient.connect(t, addresses[0], 0),
      await PairClient.connect(t, addresses[1], 0),
    ] as const;
    await lists(onlookers[0], swarmOf(1), [1, 2], 'tracker 1 lists both');
    trackers[0].child.kill('SIGSTOP');
    await pingFor(LEASE_MS, [stays, leaves]);
    await leaves.remove(swarmOf(1));
    await pingFor(LEASE_MS, [stays]);
    trackers[0].child.kill('SIGCONT');
    // The frozen one hung up on nobody: the onlooker's connection is the one of before.
    const guest = await PairClient.connect(t, addresses[0], 0);
    await lists(guest, swarmOf(1), [1], 'it lists who stayed');
    const endMs = performance.now() + 2 * LEASE_MS;
    while (performance.now() < endMs) {
      await pingFor(200, [stays]);
      for (const onlooker of [guest, onlookers[1]]) assert.deepEqual(await onlooker.listed(swarmOf(1)), [1]);
    }
    assert.ok(((await guest.stats()) as unknown as { freezes: number }).freezes >= 1);
  },
);

test(
  'R11: clocks that are wrong, and are stepped by days and decades, keep nobody off the lists and undo nothing',
  DEADLINE,
  async (t) => {
    const directory = directoryInMemory(t);
    const clocks = [
      FalseClock.open(t, `${directory}/clock-0`, '+1d'),
      FalseClock.open(t, `${directory}/clock-1`, '-1h'),
    ];
    const [ahead, behind] = clocks;
    if (ahead === undefined || behind === undefined) return;
    const { addresses, trackers } = await timedPair(t, LEASE_MS, [ahead.launcher, behind.launcher]);
    const [one, other] = [await PairClient.connect(t, addresses[0], 1), await PairClient.connect(t, addresses[1], 2)];
    const silent = await PairClient.connect(t, addresses[0], 3);
    for (const client of [one, other, silent]) await client.share(swarmOf(1));
    const onlookers = [await PairClient.connect(t, addresses[0], 0), await PairClient.connect(t, addresses[1], 0)];
    for (const onlooker of onlookers) await lists(onlooker, swarmOf(1), [1, 2, 3], 'all are listed');
    // Forwards and backwards, beyond 2038 and the length of any lease.
    const steps = ['+0', '@2100-01-01 00:00:00', '-1d', '@2038-01-19 03:14:00', '@1971-01-01 00:00:00'];
    for (const [at, step] of steps.entries()) {
      clocks[at % 2]?.set(step);
      // The one who is behind removes, the one who is ahead takes it; then the other way round.
      await one.share(swarmOf(100 + at));
      await other.share(swarmOf(100 + at));
      for (const onlooker of onlookers) await lists(onlooker, swarmOf(100 + at), [1, 2], `shares after ${step}`);
      await (at % 2 === 0 ? one : other).remove(swarmOf(100 + at));
      for (const onlooker of onlookers)
        await lists(onlooker, swarmOf(100 + at), [at % 2 === 0 ? 2 : 1], `the removal after ${step}`);
      await pingFor(LEASE_MS / 2, [one, other]);
      // A step of more than a day may have been a standstill: who is connected elsewhere is listed by the partner's
      // word again.
      for (const onlooker of onlookers) {
        await eventually(
          () => onlooker.listed(swarmOf(1)),
          (ports) => ports.includes(1) && ports.includes(2),
          `both are listed after ${step}`,
        );
      }
    }
    for (const onlooker of onlookers) await lists(onlooker, swarmOf(1), [1, 2], 'who said nothing has lapsed');
    for (const tracker of trackers) assert.equal(tracker.child.exitCode, null, tracker.stderr);
  },
);

test('R18: trackers that are renewed one after the other serve all the time, and lose nothing', DEADLINE, async (t) => {
  const swarm = await stageSwarm(t);
  const running = await swarm.startTrackers();
  let number = 0;
  for (const which of [1, 0] as const) {
    const staying = which === 1 ? 0 : 1;
    const seeder = await PairClient.connect(t, swarm.trackers[staying], 1 + staying);
    const shareSome = async (): Promise<void> => {
      for (let count = 0; count < 25; count += 1) {
        number += 1;
        await seeder.share(swarmOf(number));
      }
    };
    await shareSome();
    const ended = running[which].end();
    await shareSome();
    assert.equal(await ended, 0);
    await shareSome();
    await startPatientTracker(t, swarm, which);
    const guest = await PairClient.connect(t, swarm.trackers[which], 0);
    // Its first list has what it missed.
    assert.deepEqual(await guest.listed(swarmOf(number)), [1 + staying]);
    await shareSome();
    await eventually(() => guest.partner(), inTouch, 'they are in touch before the other one goes');
    seeder.close();
    guest.close();
  }
  for (const guest of await guestsOf(t, swarm)) {
    for (let share = 1; share <= number; share += 1)
      await lists(guest, swarmOf(share), [share <= number / 2 ? 1 : 2], `share ${share}`);
  }
});

/** What a tracker answers to a partner that says `follow`, until it hangs up. */
async function answerTo(
  t: TestContext,
  tracker: Address,
  follow: Partial<FollowerMessage>,
): Promise<readonly LeaderMessage[]> {
  const news: LeaderMessage[] = [];
  const closed = deferred<void>();
  const ids = { followerId: new Uint8Array(TRACKER_ID_SIZE).fill(7), originId: new Uint8Array(TRACKER_ID_SIZE) };
  const cluster = new Uint8Array(DIGEST_SIZE);
  const connection = new DialedConnection<FollowerMessage, LeaderMessage>({
    address: tracker,
    magic: TRACKER_MAGIC,
    sent: followerMessages,
    heard: leaderMessages,
    who: 'the tracker',
    onConnected: () =>
      connection.send({
        kind: 'follow',
        version: PAIR_VERSION,
        cluster,
        ...ids,
        position: 0,
        ...follow,
      } as FollowerMessage),
    onMessage: (message) => news.push(message),
    onClosed: () => closed.resolve(),
  });
  t.after(() => connection.hangUp());
  await within(closed.promise, PATIENCE_MS, () => assert.fail('the tracker did not hang up'));
  return news;
}

test(
  'R17: a partner of another version, of another pair, or the tracker itself is refused with a sentence, and clients are served',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    // Its partner's address leads back to itself.
    const loop = await ChaosProxy.open(t, swarm.trackers[0]);
    await swarm.startTracker(0, [], loop.address);
    const refusals = [
      [{ version: PAIR_VERSION + 1 }, /speaks version \d+ of the pair's protocol, not \d+/],
      [{}, /belongs to another pair/],
    ] as const;
    for (const [follow, sentence] of refusals) {
      const news = await answerTo(t, swarm.trackers[0], follow);
      assert.deepEqual(
        news.map(({ kind }) => kind),
        ['refused'],
      );
      assert.match(news[0]?.kind === 'refused' ? news[0].sentence : '', sentence);
    }
    const client = await PairClient.connect(t, swarm.trackers[0], 1);
    const { refusedBy } = await eventually(
      () => client.partner(),
      (figures) => figures.refusedBy !== '',
      'it refused itself',
    );
    assert.match(refusedBy, /leads back to this tracker itself/);
    await client.share(swarmOf(1));
    const guest = await PairClient.connect(t, swarm.trackers[0], 0);
    assert.deepEqual(await guest.listed(swarmOf(1)), [1]);
    const status = await runProgram(['tracker-status', formatAddress(swarm.trackers[0])], swarm.directory);
    assert.match(status.stdout, /leads back to this tracker itself/);
    await eventually(
      () => readFile(swarm.path('tracker-1.log'), 'utf8'),
      (text) => /refused to be followed/.test(text),
      'its log says so',
    );
  },
);

test(
  'FC-37: a list of the first release that was copied to the other machine makes a pair that agrees',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    for (const name of ['tracker-1.db', 'tracker-2.db']) restoreList(swarm.path(name));
    await swarm.startTrackers();
    const [first, second] = swarm.trackers;
    const [one, two] = [await PairClient.connect(t, first, 1), await PairClient.connect(t, second, 2)];
    for (const client of [one, two])
      await eventually(
        () => client.partner(),
        ({ digestEqual }) => digestEqual === true,
        'the two lists are equal',
      );
    await one.share(swarmOf(1));
    await lists(two, swarmOf(1), [1], 'what one is told the other lists');
  },
);

test(
  'a hash string that one tracker was given is at the other, too: no client has to send it again',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    const [first] = await swarm.startTrackers();
    const digests = Buffer.alloc(2 * DIGEST_SIZE, 'digest');
    const key = swarmKey(createHash('sha1').update(digests).digest());
    const seeder = await PairClient.connect(t, swarm.trackers[0], 1);
    assert.equal((await seeder.share(key)).piecesNeeded, true);
    await seeder.ask({ kind: 'pieces', swarm: keyBytes(key), offset: 0, part: digests }, 'stored');
    const other = await PairClient.connect(t, swarm.trackers[1], 2);
    await eventually(
      () => other.share(key),
      ({ piecesNeeded }) => !piecesNeeded,
      'tracker 2 has it',
    );
    await killHard(first);
    assert.equal((await other.share(key)).piecesNeeded, false);
  },
);
