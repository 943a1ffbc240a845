// What people hit where addresses change and names stay: trackers behind host names that move, a stranger's .mtorrent
// that names hosts, one configuration for machines with different addresses.

import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { ClientProcess, ConsoleProcess, ProgramProcess, runProgram } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { makeUser } from '../support/command-run.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { makeMachine, twoMachines } from '../support/network.js';

const NAMES = ['t1.example:7001', 't2.example:7002'] as const;
const TRACKERS = [
  { host: 't1.example', port: 7001 },
  { host: 't2.example', port: 7002 },
] as const;

interface NamedPlace {
  readonly swarm: Swarm;
  /** The machine, with a /etc/hosts of the test's own. */
  readonly launcher: readonly string[];
  /** The two names mean 127.0.0.last and the address after it. */
  point(last: number): Promise<void>;
}

async function stageNames(t: TestContext): Promise<NamedPlace | undefined> {
  const swarm = await stageSwarm(t);
  const machine = await makeMachine(t);
  if (machine === undefined) return undefined;
  const hosts = swarm.path('hosts');
  const point = (last: number): Promise<void> =>
    writeFile(hosts, `127.0.0.1 localhost\n127.0.0.${last} t1.example\n127.0.0.${last + 1} t2.example\n`);
  const mount = `mount --bind ${hosts} /etc/hosts; exec "$0" "$@"`;
  return { swarm, point, launcher: [...machine.on, 'unshare', '--mount', 'sh', '-c', mount] };
}

/** Both trackers; settles when each follows the other. */
async function startNamedPair({ swarm, launcher }: NamedPlace): Promise<readonly ProgramProcess[]> {
  const trackers = [NAMES, [...NAMES].reverse()].map(([own = '', other = '']) => {
    const name = own.slice(0, 2);
    const words = ['tracker', own, other, `${name}.db`, `${name}.log`];
    return swarm.adopt(new ProgramProcess(name, words, swarm.directory, { launcher }));
  });
  await eventually(
    () => runProgram(['tracker-status', 'T1.example.:7001'], swarm.directory, { launcher }),
    ({ stdout }) => /^partner t2\.example:7002 {2}connected$/m.test(stdout),
    'the pair follows itself',
    60_000,
  );
  return trackers;
}

test('host names: a pair of trackers moves behind its names, and clients, the partner and status follow', async (t) => {
  const place = await stageNames(t);
  if (place === undefined) return;
  const { swarm, launcher, point } = place;
  await point(11);
  const before = await startNamedPair(place);
  const seeder = swarm.adopt(
    new ClientProcess('seeder', { host: '127.0.0.1', port: 6901 }, TRACKERS, swarm.directory, [], { launcher }),
  );
  await swarm.makeFile('f.bin', 300_000);
  await seeder.succeed('share f.bin f.mtorrent');
  assert.deepEqual((await readFile(swarm.path('f.mtorrent'), 'utf8')).split('\n').slice(0, 2), NAMES);

  const { env } = await makeUser(swarm.directory, 'bob');
  const get = (...words: readonly string[]) =>
    runProgram(['get', 'f.mtorrent', '--timeout', '60s', ...words], swarm.directory, { launcher, env });
  const refused = await get('refused.bin');
  assert.equal(refused.code, 10, refused.stderr);
  assert.match(refused.stderr, /host name "t1\.example:7001", .* --allow-host-names yes, or .* setting trackers/);
  const allowed = await get('allowed.bin', '--allow-host-names', 'yes');
  assert.equal(allowed.code, 0, allowed.stderr);

  for (const tracker of before) await tracker.end();
  await point(21);
  await startNamedPair(place);
  // Its owner named these names, so they are no stranger's.
  const named = await runProgram(['get', 'f.mtorrent', 'named.bin', '--timeout', '60s'], swarm.directory, {
    launcher,
    env: { ...env, MTORRENT_TRACKERS: NAMES.join() },
  });
  assert.equal(named.code, 0, named.stderr);
  const { rows } = await seeder.command('show trackers');
  for (const name of NAMES)
    assert.ok(
      rows.some((row) => row.includes(name)),
      rows.join(),
    );
  const missing = await runProgram(['tracker-status', 'no.example:7001'], swarm.directory, { launcher });
  assert.equal(missing.code, 6);
  assert.match(missing.stderr, /the host name no\.example: (there is no such name|no name server answers)/);
});

test('a client of trackers whose name has two families, of which one is broken, listens where a tracker sees it', async (t) => {
  if (!hasTool(t, 'nft')) return;
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [here, there] = machines;
  here.run('ip addr add fd00::2/64 dev eth0 nodad\nip -6 route add default via fd00::3');
  there.run(
    "ip addr add fd00::3/64 dev eth0 nodad\nnft add table inet fw\nnft add chain inet fw in '{ type filter hook input priority 0; }'\nnft add rule inet fw in ip6 saddr fd00::2 tcp dport 7001-7002 drop",
  );
  const swarm = await stageSwarm(t);
  const hosts = swarm.path('hosts');
  await writeFile(hosts, '127.0.0.1 localhost\nfd00::3 t.example\n10.77.0.3 t.example\n');
  const named = ['unshare', '--mount', 'sh', '-c', `mount --bind ${hosts} /etc/hosts; exec "$0" "$@"`];
  const words = ['tracker', '[::]:7001', 't.example:7002', 't1.db', 't1.log', '--cluster', 'x'];
  const tracker = swarm.adopt(new ProgramProcess('t1', words, swarm.directory, { launcher: [...there.on, ...named] }));
  await tracker.said(/whoever reaches this port/);
  const { env } = await makeUser(swarm.directory, 'bob');
  const client = swarm.adopt(
    new ConsoleProcess('client', ['-t', 't.example:7001', '-t', 't.example:7002'], swarm.directory, {
      launcher: [...here.on, ...named],
      env: { ...env, MTORRENT_ADDRESS: '' },
    }),
  );
  await client.said(/this client serves at \[fd00::2\]/);
  await swarm.makeFile('f.bin', 300_000);
  await client.succeed('share f.bin f.mtorrent');
  await client.said(
    /a tracker sees this client at another address .* than fd00::2; it listens at 10\.77\.0\.2:\d+ now/,
    60_000,
  );
  const got = await runProgram(
    ['get', 'f.mtorrent', 'got.bin', '--timeout', '60s', '--allow-host-names', 'yes'],
    swarm.directory,
    { launcher: [...there.on, ...named], env },
  );
  assert.equal(got.code, 0, got.stderr);
});

test('what others dial may be a host name or an interface, whose address is found at each connection to a tracker', async (t) => {
  const place = await stageNames(t);
  if (place === undefined) return;
  const { swarm, launcher, point } = place;
  await point(11);
  const trackers = await startNamedPair(place);
  const seeder = (name: string, port: number, advertised: string) =>
    swarm.adopt(
      new ClientProcess(
        name,
        { host: '0.0.0.0', port },
        TRACKERS,
        swarm.directory,
        ['--advertise', `${advertised}:${port}`],
        { launcher },
      ),
    );
  const named = seeder('named', 6901, 't1.example');
  const onInterface = seeder('interface', 6902, 'lo');
  const early = seeder('early', 6903, 't9.example');
  for (const [client, file] of [
    [named, 'a.bin'],
    [onInterface, 'b.bin'],
    [early, 'c.bin'],
  ] as const) {
    await swarm.makeFile(file, 1_000);
    await client.succeed(`share ${file} ${file}.mtorrent`);
  }
  await early.said(
    /--advertise t9\.example:6903: .*the host name t9\.example: .*; until then trackers list the address/,
  );
  const listed = (row: string) =>
    eventually(
      async () => (await runProgram(['tracker-list', 't1.db'], swarm.directory)).stdout,
      (rows) => rows.includes(row),
      `${row} is listed`,
      60_000,
    );
  await listed('127.0.0.11:6901');
  await listed('127.0.0.1:6902');
  await listed('127.0.0.1:6903');
  await appendFile(swarm.path('hosts'), '127.0.0.99 t9.example\n');
  await listed('127.0.0.99:6903');
  for (const tracker of trackers) await tracker.end();
  await point(21);
  await startNamedPair(place);
  await listed('127.0.0.21:6901');
});

test('one configuration for many machines: the own address by interface, by network and by host name', async (t) => {
  const swarm = await stageSwarm(t);
  const machine = await makeMachine(
    t,
    `ip link add ib0 type veth peer name p0; ip link set p0 up; ip addr add 10.1.0.7/16 dev ib0; ip link set ib0 up
     ip link add eth7 type veth peer name p7; ip link set p7 up; ip addr add 10.79.0.2/24 dev eth7; ip link set eth7 up
     ip route add default via 10.79.0.3`,
  );
  if (machine === undefined) return;
  const { env, directory } = await makeUser(swarm.directory, 'ada');
  const homeAt = (address: string) => {
    const run = { launcher: machine.on, env: { ...env, MTORRENT_ADDRESS: address } };
    return swarm.adopt(new ConsoleProcess('home', [], directory, run));
  };
  await swarm.makeFile('f.bin', 10_000);
  const console = homeAt('ib0:6901');
  await console.succeed('share f.bin f.mtorrent');
  assert.match(console.stderr, /this client serves at 10\.1\.0\.7:6901/);
  assert.equal((await readFile(swarm.path('f.mtorrent'), 'utf8')).split('\n')[0], '10.1.0.7:7001');
  await console.succeed('quit');
  await console.exited;
  for (const [address, found] of [
    ['10.0.0.0/15:6902', '10.1.0.7:6902'],
    ['localhost:6903', '127.0.0.1:6903'],
  ] as const) {
    const { code, stderr } = await runProgram(['--address', address], directory, { launcher: machine.on, env });
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`this client serves at ${found}`), stderr);
  }
  for (const [address, sentence] of [
    ['192.168.0.0/16:6901', /this machine has no address in the network 192\.168\.0\.0\/16/],
    ['ib7:6901', /ib7 is no interface of this machine, which has lo, .*ib0/],
  ] as const) {
    const { code, stderr } = await runProgram(['--address', address], directory, { launcher: machine.on, env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, sentence);
  }
});
