// A closed swarm and wrong clocks, with processes that live by clocks of their own: a date locks nobody out, and nobody
// has to do anything when a machine comes back after months.

import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { CommandRun, type User } from '../support/command-run.js';
import { PIECE, stageSwarm } from '../support/e2e-stage.js';
import { FalseClock } from '../support/faketime.js';

const DEADLINE_MS = 60_000;
/** What a member may take from its start to its file, whatever its clock says and however long it was away. */
const BACK_MS = 10_000;

/** A machine with a home, and a wall clock of its own. */
class Machine {
  readonly directory: string;
  readonly clock: FalseClock;
  readonly #t: TestContext;
  readonly #user: User;

  constructor(t: TestContext, directory: string, clock: FalseClock) {
    this.#t = t;
    this.directory = directory;
    this.clock = clock;
    const env = {
      HOME: directory,
      XDG_STATE_HOME: join(directory, 'state'),
      XDG_CONFIG_HOME: join(directory, 'config'),
      XDG_RUNTIME_DIR: join(directory, 'run'),
      XDG_DOWNLOAD_DIR: '',
      MTORRENT_SWARM: 'auto',
      MTORRENT_ADDRESS: '127.0.0.1:0',
    };
    this.#user = { directory, env };
  }

  start(...words: readonly string[]): CommandRun {
    return new CommandRun(this.#t, this.#user, words, clockEnv(this.clock));
  }

  async succeed(...words: readonly string[]): Promise<string> {
    const run = this.start(...words);
    const code = await run.exited;
    assert.equal(code, 0, `mtorrent ${words.join(' ')}: ${run.stderr}`);
    return run.lines.join('\n');
  }
}

function clockEnv({ launcher }: FalseClock): Record<string, string> {
  return Object.fromEntries(launcher.slice(1).map((word) => word.split('=', 2) as [string, string]));
}

async function machinesOf(t: TestContext, parent: string): Promise<readonly [Machine, Machine, Machine] | undefined> {
  const machines: Machine[] = [];
  for (const name of ['trackers', 'seeder', 'laptop']) {
    const directory = join(parent, name);
    await mkdir(join(directory, 'run'), { recursive: true, mode: 0o700 });
    const clock = FalseClock.open(t, join(parent, `${name}.clock`), '+0d');
    if (clock === undefined) return undefined;
    machines.push(new Machine(t, directory, clock));
  }
  return machines as [Machine, Machine, Machine];
}

async function end(run: CommandRun): Promise<void> {
  run.kill('SIGTERM');
  await run.exited;
}

test('C16: months away, a clock of 1970 and trackers that are a year ahead or behind keep no member from its file', {
  timeout: 300_000,
}, async (t) => {
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress) as [string, string];
  const machines = await machinesOf(t, swarm.directory);
  if (machines === undefined) return;
  const [trackers, seeder, laptop] = machines;
  await trackers.succeed('swarm', 'init', 'lab', one, two);
  const tracker = async (): Promise<CommandRun> => {
    const run = trackers.start('tracker', one, two, 'seeders.db', 'tracker.log');
    await run.line(/^TRACKER LISTENING/, DEADLINE_MS);
    return run;
  };
  let running = await tracker();
  for (const machine of [seeder, laptop]) {
    const line = /\bmtj1[a-z2-7]+/.exec(await trackers.succeed('swarm', 'invite'))?.[0] ?? '';
    await machine.succeed('join', line);
  }
  const source = join(seeder.directory, 'model.bin');
  await writeFile(source, Buffer.alloc(2 * PIECE, 'model'));
  const share = async (): Promise<CommandRun> => {
    const run = seeder.start('share', 'model.bin');
    await run.line(/model\.bin\.mtorrent/, DEADLINE_MS);
    return run;
  };
  let sharing = await share();
  const mtorrent = join(laptop.directory, 'model.bin.mtorrent');
  await copyFile(`${source}.mtorrent`, mtorrent);
  const fetches = async (how: string): Promise<void> => {
    const beganMs = performance.now();
    const run = laptop.start('get', 'model.bin.mtorrent', `${how}.bin`, '--timeout', '60s');
    assert.equal(await run.exited, 0, `${how}: ${run.stderr}`);
    assert.doesNotMatch(run.stderr, /good no more|ran out|no new card/, how);
    assert.equal(await sha256OfFile(join(laptop.directory, `${how}.bin`)), await sha256OfFile(source), how);
    const tookMs = performance.now() - beganMs;
    t.diagnostic(`${how}: ${Math.round(tookMs)} ms`);
    assert.ok(tookMs <= BACK_MS, `${how}: ${tookMs} ms from its start`);
  };
  const everybody = (time: string): void => {
    for (const { clock } of machines) clock.set(time);
  };

  await fetches('today');
  laptop.clock.set('@1970-01-02 00:00:00');
  await fetches('in-1970');

  // Everything was off, for longer than any card is good.
  await end(sharing);
  await end(running);
  everybody('+60d');
  running = await tracker();
  sharing = await share();
  await fetches('after-60-days');

  // The tracker's clock jumps while the seeder goes on.
  for (const [time, how] of [
    ['+425d', 'a-year-ahead'],
    ['-305d', 'a-year-behind'],
  ] as const) {
    await end(running);
    trackers.clock.set(time);
    running = await tracker();
    await fetches(how);
  }
  await end(running);
  everybody('+62d');
  running = await tracker();
  await fetches('right-again');
});
