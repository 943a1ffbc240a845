// What people hit with addresses: a wildcard told to others, the wrong one of several interfaces, a sandbox that hides
// the interfaces. Real processes on machines of the test's own.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import {
  ConsoleProcess,
  type Outcome,
  type ProgramOptions,
  ProgramProcess,
  runProgram,
} from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { onlyFamilies } from '../support/address-families.js';
import { makeUser, type User } from '../support/command-run.js';
import { eventually, stageSwarm } from '../support/e2e-stage.js';
import { makeMachine, type NetworkMachine, twoMachines } from '../support/network.js';

/** Who works on one machine: nothing of their settings names an address. */
interface Person {
  readonly user: User;
  readonly machine: NetworkMachine;
}

async function personOn(swarm: Swarm, machine: NetworkMachine, name: string): Promise<Person> {
  const { env, ...user } = await makeUser(swarm.directory, name);
  return { user: { ...user, env: { ...env, MTORRENT_ADDRESS: '' } }, machine };
}

function mtorrent({ user, machine }: Person, ...words: readonly string[]): Promise<Outcome> {
  return runProgram(words, user.directory, { launcher: machine.on, env: user.env });
}

/** A console without a command, with its own pair. */
function home(swarm: Swarm, { user, machine }: Person, ...words: readonly string[]): ConsoleProcess {
  return swarm.adopt(new ConsoleProcess('home', words, user.directory, { launcher: machine.on, env: user.env }));
}

async function trackersIn(path: string): Promise<readonly string[]> {
  return (await readFile(path, 'utf8')).split('\n').slice(0, 2);
}

test('FC-05: an own pair at the wildcard is named by a real address, follows itself, and serves another machine', async (t) => {
  const swarm = await stageSwarm(t);
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const ada = await personOn(swarm, machines[0], 'ada');
  const bob = await personOn(swarm, machines[1], 'bob');
  await swarm.makeFile('small.bin', 300_000);
  const console = home(swarm, ada, '--address', '0.0.0.0:6901');
  await console.succeed('share small.bin w.mtorrent');
  assert.deepEqual(await trackersIn(swarm.path('w.mtorrent')), ['10.77.0.2:7001', '10.77.0.2:7002']);
  assert.match(console.stderr, /mtorrent -t 10\.77\.0\.2:7001 -t 10\.77\.0\.2:7002/);
  await eventually(
    () => mtorrent(ada, 'tracker-status', '127.0.0.1:7001'),
    ({ stdout }) => /partner 10\.77\.0\.2:7002 {2}connected\n/.test(`${stdout}\n`),
    'the pair follows itself',
  );
  const got = await mtorrent(bob, 'get', 'w.mtorrent', 'copy.bin', '--timeout', '60s');
  assert.equal(got.code, 0, got.stderr);
});

test('FC-05: a wildcard is refused as a tracker wherever others would be told of it', async (t) => {
  const swarm = await stageSwarm(t);
  await swarm.makeFile('f', 1_000);
  const lines = [
    ['create', 'f', '-t', '0.0.0.0:7001', '-t', '192.0.2.1:7001'],
    ['create', 'f', '-t', '[::]:7001', '-t', '[2001:db8::1]:7001'],
    ['share', 'f', '-t', '192.0.2.1:7001', '-t', '0.0.0.0:7002'],
    ['client', '127.0.0.1:0', '0.0.0.0:7001', '127.0.0.1:7002', 'log'],
    ['tracker', '127.0.0.1:0', '0.0.0.0:7002', 'a.db', 'log'],
  ];
  for (const words of lines) {
    const { code, stderr } = await runProgram(words, swarm.directory);
    assert.equal(code, 2, words.join(' '));
    assert.match(stderr, /(0\.0\.0\.0|\[::\]):700\d stands for every address of a machine/, words.join(' '));
  }
});

test('FC-16: the own address is that of the default route, whatever other interfaces there are', async (t) => {
  const swarm = await stageSwarm(t);
  const link = (name: string, address: string): string =>
    `ip link add ${name} type veth peer name p-${name}; ip link set p-${name} up
     ip addr add ${address} dev ${name} ${address.includes(':') ? 'nodad' : ''}; ip link set ${name} up`;
  const [behindBridge, linkLocal, onlyIPv6, withoutRoute] = [
    await makeMachine(
      t,
      `${link('docker0', '172.17.0.1/16')}\n${link('eth7', '10.79.0.2/24')}\nip route add default via 10.79.0.3`,
    ),
    await makeMachine(
      t,
      `${link('eth7', '169.254.7.7/16')}\n${link('eth8', '10.79.0.2/24')}\nip route add default via 10.79.0.3`,
    ),
    await makeMachine(t, `${link('eth7', 'fd00:79::2/64')}\nip -6 route add default via fd00:79::3 dev eth7`),
    await makeMachine(t, `${link('docker0', '172.17.0.1/16')}\n${link('eth7', '10.79.0.2/24')}`),
  ];
  if (!behindBridge || !linkLocal || !onlyIPv6 || !withoutRoute) return;
  const expected = [
    [behindBridge, '10.79.0.2:6881'],
    [linkLocal, '10.79.0.2:6881'],
    [onlyIPv6, '[fd00:79::2]:6881'],
    [withoutRoute, '10.79.0.2:6881'],
  ] as const;
  for (const [at, [machine, address]] of expected.entries()) {
    const { code, stderr } = await mtorrent(await personOn(swarm, machine, `user-${at}`));
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`this client serves at ${address}`), stderr);
  }
});

test('FC-14: the shipped units start the client in the background, and so does one that hides the interfaces', async (t) => {
  const swarm = await stageSwarm(t);
  const machine = await makeMachine(
    t,
    `ip link add eth7 type veth peer name p7; ip link set p7 up
     ip addr add 10.79.0.2/24 dev eth7; ip link set eth7 up; ip route add default via 10.79.0.3`,
  );
  if (machine === undefined) return;
  const unit = await readFile(new URL('../../../docs/systemd/mtorrent.service', import.meta.url), 'utf8');
  const shipped = /^RestrictAddressFamilies=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  const words = /^ExecStart=\/usr\/bin\/env mtorrent (.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  assert.deepEqual(words, ['daemon']);
  for (const [at, families] of [shipped, ['AF_INET', 'AF_INET6', 'AF_UNIX'], ['AF_INET', 'AF_UNIX']].entries()) {
    const filter = onlyFamilies(t, families);
    if (filter === undefined) return;
    const { user } = await personOn(swarm, machine, `user-${at}`);
    const run: ProgramOptions = { launcher: [...machine.on, ...filter], env: user.env };
    const daemon: ProgramProcess = swarm.adopt(new ProgramProcess(`daemon ${at}`, words, user.directory, run));
    const listening = new Promise<string>((resolve) => {
      daemon.onLine = resolve;
    });
    const first = await Promise.race([listening, daemon.exited.then((code) => `ended with ${code}: ${daemon.stderr}`)]);
    assert.match(first, /^DAEMON LISTENING 10\.79\.0\.2:6881 /, families.join());
    assert.equal(await daemon.end(), 0);
  }
});
