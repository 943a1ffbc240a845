// `mtorrent` without a command: a console that works at once, with a tracker pair of its own that is found again in the
// next run. A new one is closed, and one pasted line lets a second machine join.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { freePort } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import { RESTARTS_MAX } from '../../src/foundation/base/limits.js';
import { trackerStatus } from '../../src/tracking/tracker/status.js';
import { CommandRun, makeUser, type User } from '../support/command-run.js';
import { eventually, namesIn, PIECE, stageSwarm } from '../support/e2e-stage.js';

const KILLER = new URL('../support/dying-thread.js', import.meta.url).href;
/** The trackers of some other swarm, at ports where nobody listens. */
const ELSEWHERE = { MTORRENT_TRACKERS: '127.0.0.1:1,127.0.0.1:2' };

/** Two ports for the pair, as if an earlier run had left them: tests of other files run beside this one. */
async function rememberPorts(user: User): Promise<readonly [number, number]> {
  const ports = [await freePort(), await freePort()] as const;
  await mkdir(homeOf(user), { recursive: true });
  await writeFile(`${homeOf(user)}/trackers.json`, JSON.stringify({ version: 1, host: '127.0.0.1', ports }));
  return ports;
}

function homeOf(user: User): string {
  return `${user.env['XDG_STATE_HOME']}/mtorrent/home`;
}

async function stage(t: TestContext): Promise<{ swarm: Swarm; ada: User; ports: readonly [number, number] }> {
  const swarm = await stageSwarm(t);
  const ada = await makeUser(swarm.directory, 'ada');
  return { swarm, ada, ports: await rememberPorts(ada) };
}

/** A user on a loopback address of their own, where the ports of a first run are free. */
async function newcomer(swarm: Swarm, name: string, host: string): Promise<User> {
  const { directory, env } = await makeUser(swarm.directory, name);
  return closable({ directory, env: { ...env, MTORRENT_ADDRESS: `${host}:0` } });
}

/** Tests are open where nobody says otherwise; a person's machine is not. */
function closable({ directory, env }: User): User {
  return { directory, env: { ...env, MTORRENT_SWARM: 'auto' } };
}

function freshHost(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

/** The line that a second machine types, as words. */
async function printedLine(console: CommandRun): Promise<readonly string[]> {
  const text = await console.said(/^ {2}mtorrent -t \S+ -t \S+$/m);
  return /^ {2}mtorrent (-t \S+ -t \S+)$/m.exec(text)?.[1]?.split(' ') ?? [];
}

test('the first share works with no set-up, and a second user joins by the printed line', async (t) => {
  const { swarm, ada, ports } = await stage(t);
  const source = await swarm.makeFile('film.bin', 4 * PIECE);
  const first = new CommandRun(t, ada, []);
  const words = await printedLine(first);
  assert.deepEqual(words, ['-t', `127.0.0.1:${ports[0]}`, '-t', `127.0.0.1:${ports[1]}`]);
  first.write('share film.bin film.mtorrent');
  await first.line(/^SUCCESS:film\.mtorrent$/);
  const second = new CommandRun(t, await makeUser(swarm.directory, 'bob'), words);
  second.write('get film.mtorrent copy.bin');
  await second.line(/^COMPLETED:.*copy\.bin$/);
  assert.equal(await sha256OfFile(swarm.path('copy.bin')), await sha256OfFile(source));
  // What the second one shares, the first one gets.
  await swarm.makeFile('back.bin', 2 * PIECE);
  second.write('share back.bin back.mtorrent');
  await second.line(/^SUCCESS:back\.mtorrent$/);
  first.write('get back.mtorrent back.copy');
  await first.line(/^COMPLETED:.*back\.copy$/);
  for (const console of [second, first]) {
    console.write('quit');
    await console.line(/^SUCCESS:BYE/);
    assert.equal(await console.exited, 0, console.stderr);
  }
});

test('the next run has the same trackers, so that a .mtorrent made before is good, and goes on sharing', async (t) => {
  const { swarm, ada } = await stage(t);
  await swarm.makeFile('film.bin', 2 * PIECE);
  const first = new CommandRun(t, ada, []);
  const words = await printedLine(first);
  first.write('share film.bin film.mtorrent');
  await first.line(/^SUCCESS:film/);
  first.kill('SIGINT');
  assert.equal(await first.exited, 130, first.stderr);
  const second = new CommandRun(t, ada, []);
  assert.deepEqual(await printedLine(second), words);
  const { code, stderr } = await new CommandRun(t, await makeUser(swarm.directory, 'bob'), [
    'get',
    'film.mtorrent',
    'copy.bin',
  ]).outcome();
  assert.equal(code, 0, stderr);
  second.kill('SIGTERM');
  assert.equal(await second.exited, 143, second.stderr);
  assert.ok(!(await namesIn(homeOf(ada))).some((name) => /pid$|-wal$/.test(name)), 'everything was closed');
});

test('a remembered port that another program has is told, and another one is taken', async (t) => {
  const { ada, ports } = await stage(t);
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: ports[1] }, resolve));
  t.after(() => server.close());
  const run = new CommandRun(t, ada, []);
  const [, one, , two] = await printedLine(run);
  assert.equal(one, `127.0.0.1:${ports[0]}`);
  assert.notEqual(two, `127.0.0.1:${ports[1]}`);
  assert.match(run.stderr, new RegExp(`port ${ports[1]} of the last run is used by another program`));
  assert.match(await readFile(`${homeOf(ada)}/trackers.json`, 'utf8'), new RegExp(`${two?.split(':')[1]}`));
  run.endInput();
  assert.equal(await run.exited, 0, run.stderr);
});

test('when both ports of the own pair are taken, the commands that are advised move what was shared', async (t) => {
  const { swarm, ada, ports } = await stage(t);
  const source = await swarm.makeFile('film.bin', 2 * PIECE);
  const first = new CommandRun(t, ada, []);
  await printedLine(first);
  first.write('share film.bin film.mtorrent');
  await first.line(/^SUCCESS:film/);
  first.write('quit');
  assert.equal(await first.exited, 0, first.stderr);
  const servers = ports.map((port) => net.createServer().listen({ host: '127.0.0.1', port }));
  t.after(() => {
    for (const server of servers) server.close();
  });
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const second = new CommandRun(t, ada, []);
  await printedLine(second);
  const calls = second.stderr.match(/retrack \S+:\d+ \S+:\d+/g) ?? [];
  assert.equal(calls.length, 2, second.stderr);
  for (const call of calls) {
    second.write(call);
    // `retrack OLD NEW`: each has an answer of its own.
    await second.line(new RegExp(`^moved 1 file from ${call.split(' ')[1]} `));
  }
  const words = ['get', 'film.mtorrent', 'copy.bin', '--timeout', '60s'];
  const { code, stderr } = await new CommandRun(t, await makeUser(swarm.directory, 'bob'), words).outcome();
  assert.equal(code, 0, stderr);
  assert.equal(await sha256OfFile(swarm.path('copy.bin')), await sha256OfFile(source));
  second.write('quit');
  assert.equal(await second.exited, 0, second.stderr);
});

test('a second console of the same user is a client of its own, on the trackers of the first, and they share', async (t) => {
  const { swarm, ada } = await stage(t);
  await swarm.makeFile('film.bin', 2 * PIECE);
  const first = new CommandRun(t, ada, []);
  const words = await printedLine(first);
  first.write('share film.bin film.mtorrent');
  await first.line(/^SUCCESS:film/);
  const second = new CommandRun(t, ada, []);
  await second.said(/your trackers already run in another process/);
  await second.said(/this one is client 2, with its own list of files in .*home\/client-2/);
  const third = new CommandRun(t, ada, words);
  await third.said(/this one is client 3/);
  for (const [console, name] of [
    [second, 'two.bin'],
    [third, 'three.bin'],
  ] as const) {
    console.write(`get film.mtorrent ${name}`);
    await console.line(/^COMPLETED:/);
    assert.equal(await sha256OfFile(swarm.path(name)), await sha256OfFile(swarm.path('film.bin')));
  }
  for (const console of [third, second, first]) {
    console.write('quit');
    assert.equal(await console.exited, 0, console.stderr);
  }
  // The next one alone is the first again, and shares what that shared.
  const again = new CommandRun(t, ada, []);
  await printedLine(again);
  again.write('show downloads');
  await again.line(/^\[S\] film\.bin/);
  assert.doesNotMatch(again.stderr, /client 2/);
  again.write('quit');
  assert.equal(await again.exited, 0, again.stderr);
});

test('damaged ports are refused with their path, never guessed', async (t) => {
  const { ada } = await stage(t);
  await writeFile(`${homeOf(ada)}/trackers.json`, '{"version":1,"host":"127.0.0.1","ports":[1]}');
  const { code, stderr } = await new CommandRun(t, ada, []).outcome();
  assert.equal(code, 5);
  assert.match(stderr, /^STATE_DAMAGED: .*trackers\.json is damaged; delete it/);
});

test('a tracker thread that dies is started anew, with its list; too often, and the console says so and goes on', async (t) => {
  const { swarm, ada, ports } = await stage(t);
  const deaths = swarm.path('deaths');
  await mkdir(deaths);
  const run = new CommandRun(t, ada, [], { MTORRENT_TEST_DEATHS: deaths, NODE_OPTIONS: `--import=${KILLER}` });
  await printedLine(run);
  await swarm.makeFile('film.bin', 2 * PIECE);
  run.write('share film.bin film.mtorrent');
  await run.line(/^SUCCESS:film/);
  const isGivenUp = (): boolean => /tracker 1 cannot be kept running/.test(run.stderr);
  const kill = async (): Promise<void> => {
    await writeFile(`${deaths}/tracker-1`, '');
    await eventually(
      () => namesIn(deaths),
      (names) => names.length === 0 || isGivenUp(),
      'tracker 1 is dead',
    );
  };
  const answers = async (): Promise<boolean> => {
    const tracker = { host: '127.0.0.1', port: ports[0] };
    return trackerStatus(tracker, { json: true }).then(
      () => true,
      () => false,
    );
  };
  // The prompt does not wait for it.
  await eventually(answers, Boolean, 'tracker 1 answers');
  for (let count = 0; count < RESTARTS_MAX; count += 1) {
    await kill();
    await eventually(answers, Boolean, 'tracker 1 answers again');
  }
  // On a slow machine so many may take longer than the time in which they count.
  await eventually(kill, isGivenUp, 'tracker 1 is given up');
  const { code, stderr } = await new CommandRun(t, ada, ['get', 'film.mtorrent', 'copy.bin', '--alone']).outcome();
  assert.equal(code, 0, `tracker 2 suffices: ${stderr}`);
  run.write('quit');
  assert.equal(await run.exited, 0, run.stderr);
});

test('a pair that cannot run is told at the prompt, which is there all the same, and quits', async (t) => {
  const { ada } = await stage(t);
  await mkdir(`${homeOf(ada)}/tracker-1.db`);
  await mkdir(`${homeOf(ada)}/tracker-2.db`);
  const run = new CommandRun(t, ada, []);
  await printedLine(run);
  await run.said(/a tracker of this console could not start: .*tracker-1\.db/);
  run.write('show downloads');
  await run.line(/^SUCCESS:0$/);
  run.write('quit');
  assert.equal(await run.exited, 0, run.stderr);
});

/** What the console answers to `invite`, as words. */
async function invitation(console: CommandRun): Promise<readonly string[]> {
  console.write('invite');
  const line = await console.line(/^SUCCESS:mtorrent join mtj1[a-z2-7]+$/);
  return line.split(' ').slice(1);
}

test('a new home swarm is closed from its first run: a stranger gets nothing, one pasted line lets a machine in, and the next run knows it', async (t) => {
  const swarm = await stageSwarm(t);
  const host = freshHost();
  const [ada, bob] = [await newcomer(swarm, 'ada', host), await newcomer(swarm, 'bob', host)];
  const source = await swarm.makeFile('film.bin', 2 * PIECE);
  const first = new CommandRun(t, ada, []);
  await first.said(/let in only whom you invite; type: invite/);
  assert.doesNotMatch(first.stderr, /open:|mtorrent -t/);
  first.write('share film.bin film.mtorrent');
  await first.line(/^SUCCESS:film\.mtorrent$/);
  const get = ['get', 'film.mtorrent', 'copy.bin', '--timeout', '20s'];
  const refused = await new CommandRun(t, bob, get).outcome();
  assert.equal(refused.code, 8, refused.stderr);
  assert.match(refused.stderr, /this swarm is closed; ask its administrator for an invitation/);
  const joined = await new CommandRun(t, bob, await invitation(first)).outcome();
  assert.equal(joined.code, 0, joined.stderr);
  assert.match(joined.stdout, /^joined swarm home as client /);
  // This user's own commands take part; that machine is told of by name, in the place where its keys lie.
  const own = await new CommandRun(t, ada, ['get', 'film.mtorrent', 'own.bin']).outcome();
  assert.equal(own.code, 0, own.stderr);
  const status = await new CommandRun(t, ada, ['swarm', 'members']).outcome();
  assert.equal(status.code, 8, status.stderr);
  const [, directory = ''] = /swarm of your consoles ask with: --identity (\S+)$/m.exec(status.stderr) ?? [];
  assert.equal(directory, `${homeOf(ada)}/swarm`);
  // Either tracker may have let the other machine in, and either is asked.
  await eventually(
    () => new CommandRun(t, ada, ['swarm', 'members', '--identity', directory], ELSEWHERE).outcome(),
    ({ stdout }) => [/ admin /, / client /].every((role) => role.test(stdout)),
    'both are known',
  );
  first.write('quit');
  assert.equal(await first.exited, 0, first.stderr);

  const second = new CommandRun(t, ada, []);
  await second.said(/type: invite/);
  const console = new CommandRun(t, bob, []);
  console.write('get film.mtorrent copy.bin');
  await console.line(/^COMPLETED:.*copy\.bin$/);
  assert.equal(await sha256OfFile(swarm.path('copy.bin')), await sha256OfFile(source));
  for (const run of [console, second]) {
    run.write('quit');
    assert.equal(await run.exited, 0, run.stderr);
  }
});

test('while a closed home swarm does not run, its addresses are as open as whoever listens there', async (t) => {
  const swarm = await stageSwarm(t);
  const host = freshHost();
  const ada = await newcomer(swarm, 'ada', host);
  const console = new CommandRun(t, ada, []);
  await console.said(/type: invite/);
  console.write('quit');
  assert.equal(await console.exited, 0, console.stderr);
  const pair = [`${host}:7001`, `${host}:7002`] as const;
  for (const [name, own, other] of [
    ['one', pair[0], pair[1]],
    ['two', pair[1], pair[0]],
  ] as const)
    await new CommandRun(t, ada, ['tracker', own, other, `${name}.db`, `${name}.log`]).line(/^TRACKER LISTENING/);
  await swarm.makeFile('film.bin', PIECE);
  const sharing = new CommandRun(t, ada, ['share', 'film.bin', '-t', pair[0], '-t', pair[1]]);
  await sharing.line(/^film\.bin\.mtorrent$/);
  const got = await new CommandRun(t, ada, ['get', 'film.bin.mtorrent', 'copy.bin', '--timeout', '60s']).outcome();
  assert.equal(got.code, 0, got.stderr);
});

test('a home swarm that an earlier release made stays open and says how to close it; its owner closes it', async (t) => {
  const ada = closable((await stage(t)).ada);
  const before = new CommandRun(t, ada, []);
  await before.said(/^open: whoever reaches this port may take part; mtorrent swarm init --home closes it$/m);
  await printedLine(before);
  before.write('quit');
  assert.equal(await before.exited, 0, before.stderr);
  const closing = await new CommandRun(t, ada, ['swarm', 'init', '--home']).outcome();
  assert.equal(closing.code, 0, closing.stderr);
  const after = new CommandRun(t, ada, []);
  await after.said(/let in only whom you invite; type: invite/);
  await invitation(after);
  after.write('quit');
  assert.equal(await after.exited, 0, after.stderr);
});
