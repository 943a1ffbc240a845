// `mtorrent report` with real clients and trackers: what a seeder and three receivers did, one of them of the first
// release; who has left is told of; a tracker that takes over is told everything; trackers of before tell nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram, TrackerProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import type { SwarmReport } from '../../src/app/library/swarm-report.js';
import {
  eventually,
  getWhole,
  killHard,
  PIECE,
  quit,
  refusedWith,
  share,
  shareHere,
  stageSwarm,
  startClientHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { firstProgram } from '../support/first-program.js';

const PIECES = 8;
const SIZE = PIECES * PIECE - 1_000;

/** Asks as somebody without a client, who has the .mtorrent. */
async function reported(swarm: Swarm): Promise<SwarmReport> {
  const { code, stdout, stderr } = await runProgram(['report', 'disk.mtorrent', '--json'], swarm.directory);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as SwarmReport;
}

/** Once members have told what fits. */
function report(swarm: Swarm, fits: (report: SwarmReport) => boolean, what: string): Promise<SwarmReport> {
  return eventually(() => reported(swarm), fits, what);
}

function sentBySource({ rows }: SwarmReport): number {
  return rows.find(({ role }) => role === 'source')?.sent ?? 0;
}

test('a seeder and its receivers are in the report, of now and of before; who has left is told of', async (t) => {
  const program = firstProgram(t);
  const swarm = await stageSwarm(t);
  await Promise.all([startTrackerHere(swarm, 0), startTrackerHere(swarm, 1)]);
  const source = await swarm.makeFile('disk.img', SIZE);
  const seeder = await shareHere(swarm, source, 'disk.mtorrent');
  const mtorrent = swarm.path('disk.mtorrent');
  const receivers = await Promise.all(['a', 'b'].map((name) => startClientHere(swarm, name)));
  const old = program === undefined ? undefined : swarm.startClient('old', 0, [], { program });
  await Promise.all([
    ...receivers.map(async (client, at) => (await client.get(mtorrent, swarm.path(`got-${at}`))).finished()),
    old === undefined ? undefined : getWhole(old, mtorrent, swarm.path('got-old')),
  ]);

  const first = await report(swarm, ({ finished }) => finished === 2, 'the end of both is told');
  assert.deepEqual([first.members, first.running, first.left, first.earlier], [2, 0, 0, 0]);
  assert.ok(first.received >= 2 * SIZE && first.makespanMs > 0);
  assert.ok((first.p50Ms ?? 0) <= (first.p99Ms ?? 0) && (first.p99Ms ?? 0) <= first.makespanMs);
  assert.ok(first.bound !== null && first.bound.distance >= 1);

  // Whatever the receivers exchanged, each piece has left the seeder.
  const all = await report(swarm, (now) => sentBySource(now) >= SIZE, 'the seeder tells of a whole copy');
  assert.equal(all.silent, old === undefined ? 0 : 1, 'a client of the first release is listed, and tells nothing');
  assert.deepEqual((await seeder.report('disk.img')).rows.length, all.rows.length, 'a client answers the same');

  await receivers[0]?.close();
  const last = await report(swarm, ({ rows }) => rows.some(({ isListed }) => !isListed), 'one has left');
  assert.deepEqual([last.members, last.finished], [2, 2]);
  if (old !== undefined) await quit(old);
});

test('the report of a one-shot get that has ended is there, and a tracker that takes over is told it', async (t) => {
  const swarm = await stageSwarm(t);
  const tracker = await swarm.startTracker(0);
  await startTrackerHere(swarm, 1);
  await shareHere(swarm, await swarm.makeFile('disk.img', SIZE), 'disk.mtorrent');
  const got = await runProgram(['get', 'disk.mtorrent', 'got.img', '--alone'], swarm.directory);
  assert.equal(got.code, 0, got.stderr);
  await report(swarm, ({ finished }) => finished === 1, 'it told of its end before it left');
  await report(swarm, ({ rows }) => rows.some(({ role, isListed }) => role === 'done' && !isListed), 'it has left');
  await report(swarm, (now) => sentBySource(now) >= SIZE, 'the seeder tells of it');
  await killHard(tracker);
  const text = await eventually(
    () => runProgram(['report', 'disk.mtorrent'], swarm.directory),
    ({ stdout }) => / source {2}sent 1\.\d+ copies$/m.test(stdout),
    'the seeder tells the other tracker',
  );
  assert.match(text.stdout, /^not asked: .* does not answer/m);
});

test('trackers of the first release get nothing that they do not know, and tell nothing', async (t) => {
  const program = firstProgram(t);
  if (program === undefined) return;
  const swarm = await stageSwarm(t);
  const [own, partner] = swarm.trackers;
  const tracker = swarm.adopt(new TrackerProcess('tracker-1', own, partner, swarm.directory, [], { program }));
  await tracker.started();
  const seeder = swarm.startClient('seeder');
  await share(seeder, await swarm.makeFile('disk.img', SIZE), 'disk.mtorrent');
  await getWhole(swarm.startClient('leecher'), swarm.path('disk.mtorrent'), swarm.path('got.img'));
  const told = await runProgram(['report', 'disk.mtorrent'], swarm.directory);
  refusedWith(told, 6, 'NO_TRACKER', /runs an earlier release, which keeps no reports; .* does not answer/);
  assert.match(await seeder.succeed('show trackers'), /^2$/);
});
