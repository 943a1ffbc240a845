// A client under kill -9 at each kind of write of a whole download: afterwards it goes on, keeps no wrong byte, leaves
// nothing behind, and fetches next to nothing twice. (That it fetches only what was under way again:
// client-life.long.test.ts.) MTORRENT_LONG=1 tries every position.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import test from 'node:test';
import type { ClientProcess } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { eventually, filesOf, namesIn, PIECE, quoted, share, stageSwarm } from '../support/e2e-stage.js';
import { canTrace, countCalls } from '../support/strace.js';

const PIECES = 32;
/** What changes a disk, but for lines of the log and what is written aside before it is flushed and renamed. */
const CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'rename', 'link', 'unlink', 'mkdir'];
const ROUNDS = 6;
const IS_LONG = process.env['MTORRENT_LONG'] === '1';

interface Life {
  readonly name: string;
  readonly mtorrent: string;
  readonly target: string;
}

function strace(...more: readonly string[]): readonly string[] {
  // One thread of libuv, since strace counts in each thread by itself.
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-D', '-f', '-qq', '-e', `trace=${CALLS.join(',')}`, ...more];
}

async function lifeOf(swarm: Swarm, name: string): Promise<Life> {
  const mtorrent = swarm.path(`${name}.mtorrent`);
  await copyFile(swarm.path('seeder.mtorrent'), mtorrent);
  return { name, mtorrent, target: swarm.path(`${name}.bin`) };
}

/** One download from `get` to the client's own end, or to its death. Answers its exit code. */
async function fetchUnder(swarm: Swarm, life: Life, launcher: readonly string[]): Promise<number> {
  const client = swarm.startClient(life.name, 0, [], { launcher });
  const isOver = client.exited.then(() => undefined);
  // Any of these may be what it dies in; its end is what is waited for.
  const wholeLife = client
    .command(`get ${quoted(life.mtorrent)} ${quoted(life.target)}`)
    .then(() => client.command('wait'))
    .then(() => client.command('quit'))
    .catch(() => undefined);
  await Promise.race([wholeLife, isOver]);
  return client.exited;
}

/** Starts it again, lets it complete, and looks at everything. Answers how many bytes this life fetched. */
async function goOn(swarm: Swarm, life: Life, source: string, when: string): Promise<number> {
  const client = swarm.startClient(life.name);
  await rememberedOrAsked(client, life);
  const [file] = await eventually(
    () => filesOf(client),
    ([only]) => only?.state === 'seeding',
    `${when}: it is complete`,
  );
  assert.equal(await sha256OfFile(life.target), await sha256OfFile(source), when);
  await client.command('quit');
  assert.equal(await client.exited, 0, when);
  const left = (await namesIn(swarm.directory)).filter((name) => name.endsWith('.part') || name.endsWith('.tmp'));
  assert.deepEqual(left, [], when);
  const state = swarm.path(`${life.name}.state`);
  const kept = (await readdir(state, { recursive: true })).filter((name) => name.endsWith('.tmp'));
  assert.deepEqual(kept, [], when);
  return file?.received ?? 0;
}

/** Killed before it had recorded the download, it knows nothing of it. */
async function rememberedOrAsked(client: ClientProcess, life: Life): Promise<void> {
  if ((await filesOf(client)).length > 0) return;
  await client.succeed(`get ${quoted(life.mtorrent)} ${quoted(life.target)}`);
}

/**
 * Which thread of the pool gets a piece differs from life to life: a position that did not come is halved, down to the
 * first.
 */
async function killAndGoOn(swarm: Swarm, source: string, call: string, position: number): Promise<void> {
  for (let at = position; at >= 1; at = Math.floor(at / 2)) {
    const when = `killed at ${call} number ${at}`;
    const life = await lifeOf(swarm, `${call}-${position}-${at}`);
    const inject = strace('-o', '/dev/null', '-e', `inject=${call}:signal=SIGKILL:when=${at}`);
    const end = await fetchUnder(swarm, life, inject);
    const received = await goOn(swarm, life, source, when);
    assert.ok(received <= (PIECES + 4) * PIECE, `${when}: ${received} bytes fetched again`);
    if (end === 137) return;
    assert.equal(end, 0, when);
  }
  assert.fail(`no life was killed at a ${call}`);
}

test('F2: kill -9 at any write of a download costs what was under way and never a byte', {
  timeout: 1_800_000,
}, async (t) => {
  if (!canTrace(t)) return;
  const swarm = await stageSwarm(t);
  await swarm.startTracker(0);
  const source = await swarm.makeFile('source.bin', PIECES * PIECE);
  await share(swarm.startClient('seeder'), source, 'seeder.mtorrent');
  const trace = swarm.path('trace');
  const first = await lifeOf(swarm, 'undisturbed');
  assert.equal(await fetchUnder(swarm, first, strace('-o', trace)), 0);
  const counts = countCalls(await readFile(trace, 'utf8'));
  const positions = [...counts].flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => [name, at + 1] as const),
  );
  const stride = IS_LONG ? 1 : Math.ceil(positions.length / ROUNDS);
  const offset = randomInt(stride);
  const tried = positions.filter((_, at) => at % stride === offset);
  for (const [name, at] of tried) await killAndGoOn(swarm, source, name, at);
  t.diagnostic(`${positions.length} positions, ${tried.length} tried: ${JSON.stringify([...counts])}`);
});
