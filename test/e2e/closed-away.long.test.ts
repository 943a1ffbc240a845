// Both trackers of a closed swarm away while its clients run: members that know each other go on, by cards that are
// checked offline and with new connections too; who was banned meanwhile is cut when a tracker is back; and no date
// keeps anybody out.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { memberOf, ClosedSwarm as SwarmOnDisk } from '../../bench/closed-swarm.js';
import { type ClientProcess, freePort, ProgramProcess, type TrackerProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { Questions } from '../../src/client/administration/questions.js';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import { completes, eventually, hasPieces, killHard, PIECE, share, stageSwarm } from '../support/e2e-stage.js';
import { FalseClock } from '../support/faketime.js';

const DEADLINE_MS = 120_000;
const PIECES = 48;
/** So slow that nobody is whole before it shall be, on a machine that has other work. */
const SLOW = ['--download-limit', '100k'];
/** What a member that was away may take once it is started. */
const BACK_MS = 10_000;

interface Lab {
  readonly swarm: Swarm;
  readonly identities: string;
  readonly clock: FalseClock;
}

async function makeLab(t: TestContext): Promise<Lab | undefined> {
  const swarm = await stageSwarm(t);
  const clock = FalseClock.open(t, swarm.path('clock'), '+0d');
  if (clock === undefined) return undefined;
  const identities = swarm.path('identities');
  const closed = await SwarmOnDisk.make(identities, swarm.trackers, 0);
  await closed.makeMember('admin', 'admin');
  for (const name of ['seeder', 'carol', 'mallory', 'dave']) await closed.makeMember(name, 'client');
  const byClock = Object.fromEntries(clock.launcher.slice(1).map((word) => word.split('=', 2) as [string, string]));
  // What members learn lies beside their clients' state.
  swarm.environment = (name) => ({
    ...closed.environmentOf(name),
    ...byClock,
    XDG_STATE_HOME: swarm.path(`${name}.home`),
  });
  return { swarm, identities, clock };
}

async function peersOf(client: ClientProcess): Promise<string> {
  return (await client.command('show peers model.bin')).rows.join('\n');
}

/** The same list, where no client looks for a tracker. */
async function trackerElsewhere({ swarm }: Lab): Promise<{ address: Address; end: () => Promise<void> }> {
  const [address, nobody] = [await freePort(), await freePort()].map((port) => ({ host: '127.0.0.1', port })) as [
    Address,
    Address,
  ];
  const words = ['tracker', formatAddress(address), formatAddress(nobody), 'tracker-1.db', 'tracker-1.log'];
  const run = swarm.adopt(
    new ProgramProcess('elsewhere', words, swarm.directory, { env: swarm.environment('tracker-1') }),
  );
  const listening = new Promise<void>((resolve) => {
    run.onLine = (line) => line.startsWith('TRACKER LISTENING') && resolve();
  });
  await Promise.race([listening, run.exited.then(() => assert.fail(run.stderr))]);
  return { address, end: async () => void (await run.end()) };
}

/** As a join does, and the list of the first tracker, which is what is left of all this, has it: either answers him. */
async function makeKnown({ identities, swarm }: Lab, name: string): Promise<void> {
  const member = await memberOf(identities, name);
  await new Questions(member, swarm.trackers).renew();
  const admin = new Questions(await memberOf(identities, 'admin'), [swarm.trackers[0]]);
  await eventually(
    () => admin.members(),
    (members) => members.some(({ id }) => id === member.id),
    `the first tracker knows ${name}`,
  );
}

/** Waits until `client` is connected to the member `name`, or is no more. */
async function isPeer(client: ClientProcess, name: string, wanted: boolean): Promise<void> {
  await eventually(
    () => peersOf(client),
    (rows) => rows.includes(name) === wanted,
    `${client.name} is ${wanted ? '' : 'not '}connected to ${name}`,
    DEADLINE_MS,
  );
}

/** Into the list of the first tracker, and no client hears of it. */
async function banElsewhere(lab: Lab, name: string): Promise<void> {
  const elsewhere = await trackerElsewhere(lab);
  const { id } = await memberOf(lab.identities, name);
  await new Questions(await memberOf(lab.identities, 'admin'), [elsewhere.address]).ban(id, true);
  await elsewhere.end();
}

async function fetching(
  swarm: Swarm,
  name: string,
  mtorrent: string,
  limit: readonly string[],
): Promise<ClientProcess> {
  await copyFile(mtorrent, swarm.path(`${name}.mtorrent`));
  const client = swarm.startClient(name, 0, limit);
  await client.succeed(`get ${name}.mtorrent ${name}.bin`);
  return client;
}

test('C16: with both trackers away members go on, a ban of that time holds when one is back, and no date keeps anybody out', {
  timeout: 600_000,
}, async (t) => {
  const lab = await makeLab(t);
  if (lab === undefined) return;
  const { swarm, clock } = lab;
  const trackers = await swarm.startTrackers();
  await makeKnown(lab, 'dave');
  const source = await swarm.makeFile('model.bin', PIECES * PIECE);
  const port = await freePort();
  let seeder = swarm.startClient('seeder', port);
  const mtorrent = await share(seeder, source, 'model.mtorrent');
  const carol = await fetching(swarm, 'carol', mtorrent, SLOW);
  const mallory = await fetching(swarm, 'mallory', mtorrent, SLOW);
  await Promise.all([hasPieces(carol, 1), hasPieces(mallory, 1)]);

  for (const tracker of trackers) await killHard(tracker);
  clock.set('+12d');
  // Whoever fetches from it has to connect to it again, and nobody but the two of them can say who the other is.
  await killHard(seeder);
  seeder = swarm.startClient('seeder', port);
  const { have } = await hasPieces(carol, 1);
  assert.ok(have < PIECES);
  await carol.succeed('limit down off');
  await completes(carol, swarm.path('carol.bin'), DEADLINE_MS);
  assert.equal(
    await sha256OfFile(swarm.path('carol.bin')),
    await sha256OfFile(source),
    'twelve days without a tracker',
  );

  await banElsewhere(lab, 'mallory');
  const goesOn = await hasPieces(mallory, 1);
  await hasPieces(mallory, goesOn.have + 1);
  // Who has heard nothing serves her.
  await isPeer(seeder, 'mallory', true);
  // She would hang up by herself when a tracker turns her away; the others must not need that.
  mallory.kill('SIGSTOP');
  let tracker: TrackerProcess = await swarm.startTracker(0);
  const backMs = performance.now();
  await isPeer(seeder, 'mallory', false);
  t.diagnostic(`cut ${Math.round(performance.now() - backMs)} ms after a tracker was back`);
  await isPeer(carol, 'mallory', false);
  mallory.kill('SIGCONT');
  // What was on its way to her counts, before it is said what she had.
  for (const name of ['seeder', 'carol']) await isPeer(mallory, name, false);
  const { have: left } = await hasPieces(mallory, 1);
  assert.ok(left < PIECES);

  // For longer than any card is good; dave's is as old as the swarm.
  await killHard(tracker);
  clock.set('+29d');
  tracker = await swarm.startTracker(0);
  const startedMs = performance.now();
  const dave = await fetching(swarm, 'dave', mtorrent, []);
  await completes(dave, swarm.path('dave.bin'), DEADLINE_MS);
  const tookMs = performance.now() - startedMs;
  t.diagnostic(`a member that was away for 29 days had its file ${Math.round(tookMs)} ms after its start`);
  assert.ok(tookMs <= BACK_MS, `${tookMs} ms`);
  assert.equal(await sha256OfFile(swarm.path('dave.bin')), await sha256OfFile(source));
  assert.ok((await hasPieces(mallory, 1)).have - left <= 1, 'nobody serves her');
});
