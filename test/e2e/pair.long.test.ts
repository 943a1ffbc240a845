// The two trackers as one, with real processes: what one acknowledged the other lists; whoever was away has what it
// missed before it answers its first list; a partner that is gone, frozen or cut off costs nobody anything.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import { ChaosProxy } from '../support/chaos-proxy.js';
import { eventually, killHard, PIECE, refusedWith, share, stageSwarm } from '../support/e2e-stage.js';
import { PairClient, type PartnerFigures } from '../support/pair-client.js';
import { startPatientTracker } from '../support/patient-tracker.js';

function swarmOf(number: number): SwarmKey {
  return createHash('sha1').update(String(number)).digest('hex') as SwarmKey;
}

/** Waits until the tracker of this client lists exactly these. */
function lists(client: PairClient, swarm: SwarmKey, ports: readonly number[], what: string): Promise<number[]> {
  return eventually(
    () => client.listed(swarm),
    (found) => found.join() === ports.join(),
    what,
  );
}

test('a share at one tracker is listed at the other, and so is its removal', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.startTrackers();
  const seeder = await PairClient.connect(t, swarm.trackers[0], 1);
  const other = await PairClient.connect(t, swarm.trackers[1], 0);
  await eventually(
    () => other.partner(),
    ({ following }) => following,
    'tracker 2 follows tracker 1',
  );
  await seeder.share(swarmOf(1));
  const beganMs = performance.now();
  await lists(other, swarmOf(1), [1], 'tracker 2 lists the share');
  t.diagnostic(`listed at the other after ${(performance.now() - beganMs).toFixed(1)} ms`);
  await seeder.remove(swarmOf(1));
  await lists(other, swarmOf(1), [], 'tracker 2 knows of the removal');
});

test('R5: a tracker that was killed has what it missed before it answers its first list', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const early = await PairClient.connect(t, swarm.trackers[0], 1);
  await early.share(swarmOf(0));
  const seeder = await PairClient.connect(t, swarm.trackers[1], 2);
  await lists(seeder, swarmOf(0), [1], 'tracker 2 lists the early share');
  // Killed before it has heard anything from its partner, it would rightly be sent everything.
  await eventually(
    () => early.partner(),
    ({ lastCatchUp }) => lastCatchUp !== null,
    'tracker 1 has what tracker 2 had',
  );
  // A change of tracker 2 that tracker 1 has: its position means something there.
  await seeder.share(swarmOf(600));
  await lists(early, swarmOf(600), [2], 'tracker 1 has a change of tracker 2');
  await killHard(first);
  for (let number = 1; number <= 500; number += 1) await seeder.share(swarmOf(number));
  await seeder.remove(swarmOf(1));
  const beganMs = performance.now();
  await startPatientTracker(t, swarm, 0);
  const listensMs = performance.now();
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  assert.deepEqual(await guest.listed(swarmOf(500)), [2]);
  assert.deepEqual(await guest.listed(swarmOf(1)), []);
  assert.deepEqual(await guest.listed(swarmOf(0)), [1]);
  const answeredMs = performance.now();
  t.diagnostic(
    `start ${(listensMs - beganMs).toFixed(0)} ms, first list ${(answeredMs - listensMs).toFixed(0)} ms later`,
  );
  const figures = await guest.partner();
  assert.equal(figures.lastCatchUp?.isWhole, false);
  assert.ok((figures.lastCatchUp?.records ?? 0) >= 500, JSON.stringify(figures));
});

test('R6: a tracker that lost its file, or comes for the first time, is sent everything', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const seeder = await PairClient.connect(t, swarm.trackers[1], 2);
  for (let number = 1; number <= 300; number += 1) await seeder.share(swarmOf(number));
  await killHard(first);
  for (const end of ['', '-wal', '-shm']) await rm(swarm.path(`tracker-1.db${end}`), { force: true });
  await startPatientTracker(t, swarm, 0);
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  assert.deepEqual(await guest.listed(swarmOf(300)), [2]);
  assert.equal((await guest.partner()).lastCatchUp?.isWhole, true);
});

/** Two trackers that reach each other through proxies only: the first's way to the second, and the other. */
async function proxied(t: TestContext): Promise<{ swarm: Swarm; ways: readonly [ChaosProxy, ChaosProxy] }> {
  const swarm = await stageSwarm(t);
  const ways = [await ChaosProxy.open(t, swarm.trackers[1]), await ChaosProxy.open(t, swarm.trackers[0])] as const;
  const options = ['--cluster', 'proxied'];
  await Promise.all([swarm.startTracker(0, options, ways[0].address), swarm.startTracker(1, options, ways[1].address)]);
  return { swarm, ways };
}

function inTouch({ following, followedBy, lagChanges, behindChanges }: PartnerFigures): boolean {
  return following && followedBy && lagChanges === 0 && behindChanges === 0;
}

test('R3: two trackers that are cut off from each other both serve, and agree when they meet again', async (t) => {
  const { swarm, ways } = await proxied(t);
  const [one, other] = [
    await PairClient.connect(t, swarm.trackers[0], 1),
    await PairClient.connect(t, swarm.trackers[1], 2),
  ];
  await one.share(swarmOf(1));
  // "In touch" alone would say that of a tracker that has not heard of the share yet.
  await lists(other, swarmOf(1), [1], 'tracker 2 lists the share');
  for (const way of ways) way.stall('both');
  await eventually(
    () => one.partner(),
    ({ following, followedBy }) => !following && !followedBy,
    'each is alone',
  );
  await one.remove(swarmOf(1));
  await one.share(swarmOf(2));
  await other.share(swarmOf(2));
  await other.share(swarmOf(3));
  assert.deepEqual(await other.listed(swarmOf(1)), [1]);
  for (const way of ways) way.flow();
  const beganMs = performance.now();
  const guests = [await PairClient.connect(t, swarm.trackers[0], 0), await PairClient.connect(t, swarm.trackers[1], 0)];
  for (const guest of guests) {
    const lists = () => Promise.all([1, 2, 3].map((number) => guest.listed(swarmOf(number))));
    await eventually(lists, (found) => JSON.stringify(found) === '[[],[1,2],[2]]', 'both list the same');
  }
  t.diagnostic(`the same ${(performance.now() - beganMs).toFixed(0)} ms after the partition`);
});

test('connections between the trackers that are cut again and again lose nothing', async (t) => {
  const { swarm, ways } = await proxied(t);
  const seeder = await PairClient.connect(t, swarm.trackers[0], 1);
  const other = await PairClient.connect(t, swarm.trackers[1], 0);
  for (let number = 1; number <= 400; number += 1) {
    await seeder.share(swarmOf(number));
    if (number % 40 === 0) for (const way of ways) way.cut();
  }
  for (const number of [1, 41, 200, 400]) await lists(other, swarmOf(number), [1], 'tracker 2 lists each share');
  await eventually(() => other.partner(), inTouch, 'they are in touch again');
});

test('R15: a frozen partner delays no acknowledgement, and has everything when it goes on', async (t) => {
  const swarm = await stageSwarm(t);
  const [, second] = await swarm.startTrackers();
  const seeder = await PairClient.connect(t, swarm.trackers[0], 1);
  await eventually(() => seeder.partner(), inTouch, 'the two are in touch');
  second.kill('SIGSTOP');
  t.after(() => second.kill('SIGCONT'));
  let [slowestMs, slowestOtherMs, isFollowed] = [0, 0, true];
  const took = async <T>(what: Promise<T>, beganMs = performance.now()): Promise<[T, number]> => [
    await what,
    performance.now() - beganMs,
  ];
  for (let number = 1; isFollowed; number += 1) {
    const [, ms] = await took(seeder.share(swarmOf(number)));
    // What waits for no partner is as late as the machine makes it.
    const [{ followedBy }, otherMs] = await took(seeder.partner());
    [slowestMs, slowestOtherMs, isFollowed] = [Math.max(slowestMs, ms), Math.max(slowestOtherMs, otherMs), followedBy];
  }
  const said = `an acknowledgement took ${slowestMs.toFixed(1)} ms, an answer ${slowestOtherMs.toFixed(1)} ms`;
  assert.ok(slowestMs < 1_000 + slowestOtherMs, said);
  t.diagnostic(said);
  await seeder.share(swarmOf(1_000_000));
  second.kill('SIGCONT');
  const other = await PairClient.connect(t, swarm.trackers[1], 0);
  await lists(other, swarmOf(1_000_000), [1], 'it caught up');
});

test('a leecher of tracker 2 fetches from a seeder that only tracker 1 has met', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const source = await swarm.makeFile('met.bin', 4 * PIECE);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, source, 'met.mtorrent');
  const other = await PairClient.connect(t, swarm.trackers[1], 0);
  await eventually(
    () => other.stats(),
    ({ liveEntries }) => liveEntries === 1,
    'tracker 2 has heard of the seeder',
  );
  // The seeder's failover has nothing to do with it.
  seeder.kill('SIGSTOP');
  await killHard(first);
  const leecher = swarm.startClient('leecher');
  const target = leecher.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  await target;
  seeder.kill('SIGCONT');
  await leecher.event((line) => line.startsWith('COMPLETED:'));
  assert.equal(await sha256OfFile(source), await sha256OfFile(await target));
});

test('R17: trackers of two pairs refuse each other, and say so', async (t) => {
  const swarm = await stageSwarm(t);
  await Promise.all([swarm.startTracker(0, ['--cluster', 'one']), swarm.startTracker(1, ['--cluster', 'two'])]);
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  // Between two tries it is not refused by anybody; each try ends in the sentence.
  const { refusedBy } = await eventually(
    () => guest.partner(),
    (partner) => partner.refused > 0 && partner.refusedBy !== '',
    'each refused the other',
  );
  assert.match(refusedBy, /belongs to another pair/);
});

test('tracker-status tells how the pair is, and that nobody is there', async (t) => {
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const guest = await PairClient.connect(t, swarm.trackers[0], 0);
  await eventually(
    () => guest.partner(),
    ({ digestEqual }) => digestEqual === true,
    'the lists were compared',
  );
  const address = formatAddress(swarm.trackers[0]);
  // Equal lists say nothing of whether the partner follows, too.
  await eventually(
    () => runProgram(['tracker-status', address], swarm.directory),
    ({ code, stdout }) => code === 0 && /connected\n {2}we lack 0 .*\n {2}it lacks 0 .*\n {2}lists equal/.test(stdout),
    'it says that all is well',
  );
  const json = JSON.parse((await runProgram(['tracker-status', address, '--json'], swarm.directory)).stdout);
  assert.equal(json.partner.address, formatAddress(swarm.trackers[1]));
  await killHard(first);
  refusedWith(await runProgram(['tracker-status', address], swarm.directory), 6, 'NO_TRACKER', /no tracker answers at/);
});
