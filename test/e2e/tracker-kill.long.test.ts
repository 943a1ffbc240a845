// A tracker under kill -9, at random moments of a load and at every write of a script; frozen for longer than a lease;
// and under a flood of connections. What it acknowledged is there afterwards, what it did not is there whole or not at
// all. MTORRENT_LONG=1 tries many more moments; MTORRENT_SEED repeats a failed run's choices.

import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Prng } from '../../src/foundation/base/prng.js';
import { type Address, parseAddress } from '../../src/foundation/torrent/address.js';
import { keyBytes, swarmKey } from '../../src/foundation/torrent/ids.js';
import type { TrackerReply, TrackerRequest } from '../../src/tracking/tracker/messages.js';
import { eventually } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { canTrace, countCalls } from '../support/strace.js';
import { directoryInMemory, listedAt, passes, Speaker, SWARMS } from '../support/tracker-load.js';
import { type Run, run } from '../tracking/tracker/running.js';
import { until, WireClient } from '../tracking/tracker/wire.js';

const PARTNER = '127.0.0.1:1';
const IS_LONG = process.env['MTORRENT_LONG'] === '1';
const DEADLINE = { timeout: IS_LONG ? 1_800_000 : 600_000 };

function argumentsIn(directory: string, more = {}): readonly string[] {
  return ['127.0.0.1:0', PARTNER, join(directory, 'list'), join(directory, 'log'), JSON.stringify(more)];
}

const KILLS = IS_LONG ? 200 : 20;

test(
  `F1: no acknowledged registration is lost over ${KILLS} kill -9 at random moments of a running load`,
  DEADLINE,
  async (t) => {
    const seed = Number(process.env['MTORRENT_SEED'] ?? randomInt(2 ** 31));
    const prng = new Prng(seed);
    const directory = directoryInMemory(t);
    const speakers = [1, 2, 3, 4].map((number) => new Speaker(number));
    let acknowledged = 0;
    for (let round = 0; round <= KILLS; round += 1) {
      const tracker = run(t, argumentsIn(directory));
      const address = await tracker.listening();
      const listed = await listedAt(t, address);
      const when = `seed ${seed}, after kill ${round}`;
      for (const speaker of speakers) speaker.check(listed.get(speaker.number) ?? new Map(), when);
      for (const speaker of speakers) await speaker.connect(t, address);
      const talks = speakers.map((speaker) => speaker.sayOn(prng));
      const target = 1 + prng.below(400);
      const count = (): number => speakers.reduce((sum, speaker) => sum + speaker.acknowledgedCount, 0);
      await until(() => count() >= target);
      // Anywhere between two commits, not only where an answer was just read.
      await passes(prng.below(12));
      tracker.child.kill('SIGKILL');
      assert.equal(await tracker.ended(), 'SIGKILL');
      await Promise.all([...talks, ...speakers.map((speaker) => speaker.ended())]);
      acknowledged += count();
    }
    t.diagnostic(`seed ${seed}: ${acknowledged} words were acknowledged`);
    assert.ok(acknowledged >= KILLS, `${acknowledged} words were acknowledged`);
  },
);

/** What SQLite and the ballast write with. */
const WRITES = ['pwrite64', 'write', 'fsync', 'fdatasync', 'ftruncate'] as const;

/** As a prefix of the command, so that the tracker itself is our child and takes our signals. */
function strace(directory: string, ...more: readonly string[]): readonly string[] {
  const files = ['list', 'list-wal', 'list-journal', 'list-shm', 'list-ballast'];
  const paths = files.flatMap((name) => ['-P', join(directory, name)]);
  const always = ['-D', '-f', '-qq', '-e', `trace=${WRITES.join(',')}`];
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', ...always, ...paths, ...more];
}

const DIGESTS = Buffer.alloc(40, 'digest');
const HASHED = swarmKey(createHash('sha1').update(DIGESTS).digest());
const HASHED_FACTS = { name: 'hashed.bin', size: 600_000, pieceCount: 2, have: 2, epoch: 1 };

const HASHED_SHARE = { kind: 'share', id: 1, swarm: keyBytes(HASHED), ...HASHED_FACTS } as const;

/** The answer, or undefined when the tracker ended before. */
async function ask(client: WireClient, request: TrackerRequest): Promise<TrackerReply | undefined> {
  const at = client.replies.length;
  client.send(request);
  await client.replyOrEnd(at);
  return client.replies[at];
}

/** Sends the hash string in two parts; true when it was acknowledged whole. */
async function storeHashString(client: WireClient): Promise<boolean> {
  await ask(client, { ...HASHED_SHARE, sequence: 1 });
  await ask(client, { kind: 'pieces', id: 2, swarm: keyBytes(HASHED), offset: 0, part: DIGESTS.subarray(0, 20) });
  const rest = { kind: 'pieces', id: 3, swarm: keyBytes(HASHED), offset: 20, part: DIGESTS.subarray(20) } as const;
  return (await ask(client, rest))?.kind === 'stored';
}

/** The same words each time, one after the other, so that the writes are the same too; until the tracker ends. */
async function play(t: TestContext, speaker: Speaker, tracker: Address): Promise<{ readonly isStored: boolean }> {
  await speaker.connect(t, tracker);
  const sender = new WireClient(t, tracker);
  await sender.hello(2);
  for (let swarm = 1; swarm <= SWARMS / 2; swarm += 1) await speaker.say([['share', swarm]]);
  await speaker.say([['announce', 1]]);
  await speaker.say([['remove', 2]]);
  await speaker.say([
    ['share', 7],
    ['share', 8],
    ['announce', 3],
  ]);
  const isStored = await storeHashString(sender);
  await speaker.say([['leave', 0]]);
  await speaker.say([
    ['share', 9],
    ['share', 2],
  ]);
  return { isStored };
}

/** Where it listens, or undefined when it ended before. */
async function listeningOrEnded(tracker: Run): Promise<Address | undefined> {
  for (;;) {
    const address = parseAddress(/^TRACKER LISTENING (.*)\n/.exec(tracker.stdout)?.[1] ?? '');
    if (address !== undefined || tracker.child.exitCode !== null || tracker.child.signalCode !== null) return address;
    await passes(5);
  }
}

/** One life of a tracker under strace with the script, and a second one in which everything is looked at. */
async function dieAndLookAgain(t: TestContext, directory: string, inject: readonly string[]): Promise<number | string> {
  mkdirSync(directory);
  const tracker = run(t, argumentsIn(directory), strace(directory, ...inject));
  const address = await listeningOrEnded(tracker);
  const speaker = new Speaker(1);
  const { isStored } = address === undefined ? { isStored: false } : await play(t, speaker, address);
  tracker.child.kill('SIGTERM');
  const end = await tracker.ended();
  if (address !== undefined) await speaker.ended();
  const again = run(t, argumentsIn(directory));
  const secondAddress = await again.listening();
  speaker.check((await listedAt(t, secondAddress)).get(1) ?? new Map(), inject.join(' '));
  const onlooker = new WireClient(t, secondAddress);
  await onlooker.hello(3);
  const shared = await ask(onlooker, { ...HASHED_SHARE, sequence: 1 });
  assert.ok(
    shared?.kind === 'shared' && !(isStored && shared.piecesNeeded),
    `${inject.join(' ')}: the hash string is kept`,
  );
  again.child.kill('SIGKILL');
  await again.ended();
  return end;
}

/** How often each kind of write happens in an undisturbed life. */
async function countWrites(t: TestContext, directory: string): Promise<ReadonlyMap<string, number>> {
  const trace = `${directory}.trace`;
  assert.equal(await dieAndLookAgain(t, directory, ['-o', trace]), 0);
  return countCalls(readFileSync(trace, 'utf8'));
}

/** Rounds of the suite: each is two lives of a tracker. */
const ROUNDS = 12;

test('F1: no acknowledged word is lost by kill -9 at every write position of a script', DEADLINE, async (t) => {
  if (!canTrace(t)) return;
  const directory = directoryInMemory(t);
  const counts = await countWrites(t, join(directory, 'undisturbed'));
  const positions = [...counts].flatMap(([name, count]) =>
    // Beyond the last one, since a life is not quite like another; a life that survives is checked as well.
    Array.from({ length: count + 1 }, (_, at) => [name, at + 1] as const),
  );
  const stride = IS_LONG ? 1 : Math.ceil(positions.length / ROUNDS);
  // Another offset each time, so that the runs of a week cover what one leaves out.
  const offset = randomInt(stride);
  const tried = positions.filter((_, at) => at % stride === offset);
  let killed = 0;
  for (const [name, when] of tried) {
    const inject = ['-o', '/dev/null', '-e', `inject=${name}:signal=SIGKILL:when=${when}`];
    if ((await dieAndLookAgain(t, join(directory, `${name}-${when}`), inject)) === 'SIGKILL') killed += 1;
  }
  t.diagnostic(
    `${positions.length} positions, ${tried.length} tried, ${killed} killed: ${JSON.stringify([...counts])}`,
  );
  assert.ok(killed >= tried.length - WRITES.length, `${killed} of ${tried.length} lives were killed`);
});

test(
  'F15: a tracker that stood still for longer than a lease expires nobody who pings, and who does not is expired later',
  DEADLINE,
  async (t) => {
    // A busy machine keeps a client silent for seconds.
    const leaseMs = 6_000;
    const tracker = run(t, argumentsIn(directoryInMemory(t), { leaseMs, renewMs: 300 }));
    const address = await tracker.listening();
    const speakers = [1, 2, 3].map((number) => new Speaker(number));
    for (const speaker of speakers) await speaker.connect(t, address);
    for (const speaker of speakers)
      await speaker.say([
        ['share', 1],
        ['share', 2],
      ]);
    const onlooker = new WireClient(t, address);
    await onlooker.hello(200);
    tracker.child.kill('SIGSTOP');
    // Longer than two leases: nobody's word can be heard meanwhile.
    await passes(2 * leaseMs + 500);
    tracker.child.kill('SIGCONT');
    const [pinging, silent] = [speakers.slice(0, 2), speakers.slice(2)];
    const clients = await Promise.all(pinging.map((speaker) => pingClient(t, address, speaker.number)));
    const listed = await listedAt(t, address);
    for (const speaker of speakers) speaker.check(listed.get(speaker.number) ?? new Map(), 'right after the freeze');
    const endMs = performance.now() + 2 * leaseMs;
    while (performance.now() < endMs) {
      for (const client of clients) {
        const pong = await ask(client, { kind: 'ping', id: 1 });
        assert.ok(pong?.kind === 'pong' && pong.entries === 2, JSON.stringify(pong));
      }
      await passes(200);
    }
    const later = await listedAt(t, address);
    for (const speaker of pinging) speaker.check(later.get(speaker.number) ?? new Map(), 'two leases later');
    await eventually(
      () => listedAt(t, address),
      (now) => silent.every(({ number }) => !now.has(number)),
      'who says nothing expires',
    );
    const stats = await ask(onlooker, { kind: 'stats', id: 1 });
    assert.ok(stats?.kind === 'stats');
    assert.ok(JSON.parse(stats.json).freezes >= 1, stats.json);
  },
);

/** Another connection of the same client, as after a client's reconnect. */
async function pingClient(t: TestContext, tracker: Address, number: number): Promise<WireClient> {
  const client = new WireClient(t, tracker);
  await client.hello(number);
  return client;
}

const FLOOD = 2_000;

test(`T7: ${FLOOD} connections that are opened and closed at once leave no descriptor behind`, DEADLINE, async (t) => {
  const descriptors = ({ child }: Run): number => readdirSync(`/proc/${child.pid}/fd`).length;
  if (process.platform !== 'linux') {
    lacksPlace(t, 'descriptors of another process are counted on Linux only');
    return;
  }
  const tracker = run(t, argumentsIn(directoryInMemory(t)));
  const address = await tracker.listening();
  const honest = new WireClient(t, address);
  await honest.hello(1);
  const before = descriptors(tracker);
  for (let first = 0; first < FLOOD; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => touch(address, first + at)));
    assert.equal((await ask(honest, { kind: 'ping', id: 1 }))?.kind, 'pong');
  }
  await eventually(
    () => descriptors(tracker),
    // It may have been dialing its partner when it was looked at first.
    (count) => count <= before,
    `back to ${before} descriptors`,
  );
  await new WireClient(t, address).hello(2);
  await eventually(
    async () => {
      const stats = await ask(honest, { kind: 'stats', id: 1 });
      return stats?.kind === 'stats' ? (JSON.parse(stats.json) as { connections: number }).connections : undefined;
    },
    (connections) => connections === 2,
    'it counts the two that are there',
  );
});

/** Connects and goes, in one of the ways that strangers do: a clean end, a reset, in the midst of a frame. */
async function touch(tracker: Address, way: number): Promise<void> {
  const socket = net.connect({ host: tracker.host, port: tracker.port });
  socket.on('error', () => undefined);
  // Who does not read does not learn of the end.
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('connect', () => {
      if (way % 4 === 0) socket.resetAndDestroy();
      else if (way % 4 === 1) socket.destroy();
      else if (way % 4 === 2) socket.end('MTTR', () => socket.destroy());
      else socket.end();
    });
  });
}
