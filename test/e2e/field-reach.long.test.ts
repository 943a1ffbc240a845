// Field cases of reach, with real processes on machines of their own: ports that nobody reaches, packets that are lost,
// addresses that change.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { ClientProcess, ConsoleProcess, TrackerProcess } from '../../src/app/demo/processes.js';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import { completes, eventually, filesOf, getWhole, PIECE, share, stageSwarm } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { makeMachine, type NetworkMachine, twoMachines } from '../support/network.js';

const TRACKERS: readonly [Address, Address] = [
  { host: '10.77.0.3', port: 7_101 },
  { host: '10.77.0.3', port: 7_102 },
];

interface Land {
  readonly seederAt: NetworkMachine;
  readonly getterAt: NetworkMachine;
  readonly seeder: ClientProcess;
  readonly mtorrent: string;
  readonly source: string;
}

/** A seeder at 10.77.0.2:6901, a tracker at 10.77.0.3, and `rule` of nft on the seeder's machine. */
async function landWith(t: TestContext, rule?: string, options: readonly string[] = []): Promise<Land | undefined> {
  if (rule !== undefined && !hasTool(t, 'nft')) return undefined;
  const machines = await twoMachines(t);
  if (machines === undefined) return undefined;
  const [seederAt, getterAt] = machines;
  if (rule !== undefined)
    seederAt.run(
      `nft add table inet fw\nnft add chain inet fw in '{ type filter hook input priority 0; }'\nnft add chain inet fw out '{ type filter hook output priority 0; }'\nnft add rule inet fw ${rule}`,
    );
  const swarm = await stageSwarm(t);
  const tracker = swarm.adopt(
    new TrackerProcess('tracker-1', TRACKERS[0], TRACKERS[1], swarm.directory, [], { launcher: getterAt.on }),
  );
  await tracker.started();
  const seeder = swarm.adopt(
    new ClientProcess('seeder', { host: '10.77.0.2', port: 6_901 }, TRACKERS, swarm.directory, options, {
      launcher: seederAt.on,
    }),
  );
  const source = await swarm.makeFile('big.bin', 2 * PIECE);
  return { seederAt, getterAt, seeder, source, mtorrent: await share(seeder, source, 'big.mtorrent') };
}

/** What the doctor of a console calls bad. */
async function badFindings(client: ClientProcess): Promise<string> {
  const { rows } = await client.command('doctor');
  return rows.filter((row) => row.startsWith('BAD')).join('\n');
}

/** A getter on the machine of the tracker. */
async function getterIn(t: TestContext, { getterAt, mtorrent }: Land): Promise<ClientProcess> {
  const swarm = await stageSwarm(t);
  const own = { host: '10.77.0.3', port: 6_902 };
  const getter = swarm.adopt(
    new ClientProcess('getter', own, TRACKERS, swarm.directory, [], { launcher: getterAt.on }),
  );
  await getter.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  return getter;
}

test('FC-19: a port that others cannot reach is said by the seeder, by its doctor, and by the getter, which names the address', async (t) => {
  const land = await landWith(t, 'in iifname eth0 tcp dport 6901 drop');
  if (land === undefined) return;
  const { seeder } = land;
  const unreached = /tracker 10\.77\.0\.3:7101 cannot reach this client at 10\.77\.0\.2:6901: nobody answers there/;
  await seeder.said(unreached);
  assert.match(await badFindings(seeder), unreached);
  const getter = await getterIn(t, land);
  await getter.said(/big\.bin: 10\.77\.0\.2:6901 does not answer/, 60_000);
  assert.match(await badFindings(getter), /peer 10\.77\.0\.2:6901: has big\.bin, and does not answer/);
  const { rows } = await getter.command('show peers big.bin');
  assert.match(rows.join('\n'), /^silent 10\.77\.0\.2:6901 {2}does not answer; check that its machine runs/m);
});

test('a loopback that is advertised to a tracker on another machine is told as that, by notice and by doctor', async (t) => {
  const land = await landWith(t, undefined, ['--advertise', '127.0.0.1:6901']);
  if (land === undefined) return;
  const misled =
    /tracker 10\.77\.0\.3:7101 looks for this client at 10\.77\.0\.2:6901: 127\.0\.0\.1, which it advertises, is a loopback, and leads every machine to itself/;
  await land.seeder.said(misled);
  const { rows } = await land.seeder.command('doctor');
  assert.match(rows.join('\n'), misled);
  assert.doesNotMatch(rows.join('\n'), /not as 127\.0\.0\.1/);
});

test('a firewall that turns a client away is told from a client that does not run', async (t) => {
  const land = await landWith(t, 'in iifname eth0 tcp dport 6901 reject with icmp type admin-prohibited');
  if (land === undefined) return;
  const getter = await getterIn(t, land);
  await getter.said(
    /big\.bin: 10\.77\.0\.2:6901 is out of reach: .*, or a firewall turns this client away; check/,
    60_000,
  );
  assert.match(await badFindings(getter), /peer 10\.77\.0\.2:6901: has big\.bin, and is out of reach/);
});

test('FC-20: a peer that says hello and whose bytes never arrive is named, by notice and by doctor', async (t) => {
  const land = await landWith(t, "out oifname eth0 meta length '>' 1200 drop");
  if (land === undefined) return;
  const getter = await getterIn(t, land);
  await getter.said(/big\.bin: 10\.77\.0\.2:6901 says hello, but none of its bytes arrive.*MTU/, 90_000);
  assert.match(await badFindings(getter), /peer 10\.77\.0\.2:6901: has big\.bin, and says hello, but none/);
});

test('FC-13: a client whose address nobody named moves to the one that its machine has now, its running download with it', async (t) => {
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [here, there] = machines;
  const swarm = await stageSwarm(t);
  const tracker = swarm.adopt(
    new TrackerProcess('tracker-1', TRACKERS[0], TRACKERS[1], swarm.directory, [], { launcher: there.on }),
  );
  await tracker.started();
  const run = { launcher: here.on };
  const [first, second] = TRACKERS.map(formatAddress);
  const words = ['-t', first ?? '', '-t', second ?? '', '--state-dir', swarm.path('found.state')];
  const found = swarm.adopt(
    new ConsoleProcess('found', [...words, '--socket', swarm.path('s.sock')], swarm.directory, run),
  );
  const seeder = swarm.adopt(
    new ClientProcess(
      'seeder',
      { host: '10.77.0.3', port: 6_902 },
      TRACKERS,
      swarm.directory,
      ['--upload-limit', '512K'],
      {
        launcher: there.on,
      },
    ),
  );
  const wanted = await share(seeder, await swarm.makeFile('wanted.bin', 8 * PIECE), 'wanted.mtorrent');
  const own = await share(found, await swarm.makeFile('own.bin', 2 * PIECE), swarm.path('own.mtorrent'));
  const target = await found.succeed(`get ${wanted} ${swarm.path('got.bin')}`);
  await eventually(
    () => filesOf(found),
    (files) => files.some(({ name, have }) => name === 'wanted.bin' && have > 0),
    'it downloads',
  );
  // As a lease that ends: for a while there is no address, and no route to the trackers.
  here.run('ip addr del 10.77.0.2/24 dev eth0');
  await found.said(/10\.77\.0\.2 is no longer an address of this machine/);
  here.run('ip addr add 10.77.0.4/24 dev eth0\nip route add default via 10.77.0.3');
  await found.said(/no longer 10\.77\.0\.2; this client listens at 10\.77\.0\.4:\d+ now/);
  await seeder.succeed('limit up off');
  await completes(found, target, 60_000);
  await getWhole(seeder, own, swarm.path('copy.bin'));
});

test('a client whose default route moves into a tunnel that drops its address moves there, and stays who it is', async (t) => {
  if (!hasTool(t, 'nft')) return;
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [here, there] = machines;
  const trackers: readonly [Address, Address] = [
    { host: '172.20.0.1', port: 7_101 },
    { host: '172.20.0.1', port: 7_102 },
  ];
  here.run(`ip link add tun0 type veth peer name tun0 netns ${there.pid}\nip link set tun0 up`);
  there.run(
    "ip link set tun0 up\nip addr add 10.78.0.3/24 dev tun0\nip addr add 172.20.0.1/32 dev lo\nnft add table inet fw\nnft add chain inet fw in '{ type filter hook input priority 0; }'\nnft add rule inet fw in iifname tun0 ip saddr 10.77.0.2 drop",
  );
  const swarm = await stageSwarm(t);
  const tracker = new TrackerProcess('tracker-1', trackers[0], trackers[1], swarm.directory, [], {
    launcher: there.on,
  });
  await swarm.adopt(tracker).started();
  const words = trackers.flatMap((each) => ['-t', formatAddress(each)]);
  const found = swarm.adopt(
    new ConsoleProcess('found', [...words, '--state-dir', swarm.path('found.state')], swarm.directory, {
      launcher: here.on,
    }),
  );
  const own = await share(found, await swarm.makeFile('own.bin', 2 * PIECE), swarm.path('own.mtorrent'));
  here.run('ip addr add 10.78.0.2/24 dev tun0\nip route replace default via 10.78.0.3');
  await found.said(/no tracker answers at 10\.77\.0\.2, and .*; this client listens at 10\.78\.0\.2:\d+ now/, 90_000);
  await found.said(/a tracker of .* answers again/);
  const getter = swarm.adopt(
    new ClientProcess('getter', { host: '172.20.0.1', port: 6_902 }, trackers, swarm.directory, [], {
      launcher: there.on,
    }),
  );
  await getWhole(getter, own, swarm.path('copy.bin'));
  here.run('ip addr del 10.78.0.2/24 dev tun0\nip route replace default via 10.77.0.3');
  await found.said(/no longer 10\.78\.0\.2; this client listens at 10\.77\.0\.2:\d+ now/);
  await eventually(
    () => found.command('show trackers'),
    ({ rows }) => rows.some((row) => /in use$/.test(row)),
    'a tracker is used again',
    60_000,
  );
  assert.doesNotMatch(found.stderr, /identity/);
});

test('FC-13: a named address that is gone is said, by doctor, too, and the client goes on when it is back', async (t) => {
  const land = await landWith(t, undefined);
  if (land === undefined) return;
  const { seeder, seederAt } = land;
  await seeder.succeed('show downloads');
  seederAt.run('ip addr del 10.77.0.2/24 dev eth0');
  await seeder.said(/10\.77\.0\.2 is no longer an address of this machine.*--address/);
  assert.match(await badFindings(seeder), /upload port 10\.77\.0\.2:6901: is no longer an address of this machine/);
  seederAt.run('ip addr add 10.77.0.2/24 dev eth0\nip route add default via 10.77.0.3');
  await seeder.said(/10\.77\.0\.2 is an address of this machine again/);
  const getter = await getterIn(t, land);
  await getter.event((line) => line.startsWith('COMPLETED:'), 60_000);
});

test('FC-13: a client at a new address of its machine knows the files of the former one, and says so', async (t) => {
  const machines = await twoMachines(t);
  if (machines === undefined) return;
  const [here] = machines;
  const swarm = await stageSwarm(t);
  const at = (host: string): ConsoleProcess => {
    const words = ['client', `${host}:6901`, ...TRACKERS.map(formatAddress), 'client.log'];
    const env = { XDG_STATE_HOME: swarm.path('state'), XDG_RUNTIME_DIR: swarm.directory };
    return swarm.adopt(new ConsoleProcess(host, words, swarm.directory, { launcher: here.on, env }));
  };
  const former = at('10.77.0.2');
  await share(former, await swarm.makeFile('own.bin', PIECE), swarm.path('own.mtorrent'));
  await former.succeed('quit');
  await former.exited;
  here.run('ip addr del 10.77.0.2/24 dev eth0\nip addr add 10.77.0.5/24 dev eth0');
  const now = at('10.77.0.5');
  await now.said(
    /10\.77\.0\.2:6901 is no longer an address of this machine, so the files known there are those of this client/,
  );
  assert.deepEqual(
    (await filesOf(now)).map(({ name }) => name),
    ['own.bin'],
  );
});

/** A router that does not lead back to itself, two machines behind it, and one outside. */
async function behindOneNat(t: TestContext): Promise<readonly NetworkMachine[] | undefined> {
  if (!hasTool(t, 'nft')) return undefined;
  const machines = [await makeMachine(t), await makeMachine(t), await makeMachine(t), await makeMachine(t)];
  const [router, seederAt, getterAt, trackerAt] = machines;
  if (!router || !seederAt || !getterAt || !trackerAt) return undefined;
  const cable = (name: string, { pid }: NetworkMachine): string =>
    `ip link add ${name} type veth peer name eth0 netns ${pid}\nip link set ${name} up`;
  router.run(`ip link add inner type bridge
ip addr add 10.78.0.1/24 dev inner
ip link set inner up
${cable('first', seederAt)}\nip link set first master inner
${cable('second', getterAt)}\nip link set second master inner
${cable('outer', trackerAt)}\nip addr add 203.0.113.1/24 dev outer
echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table ip nat
nft add chain ip nat pre '{ type nat hook prerouting priority -100; }'
nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
nft add rule ip nat pre iifname outer tcp dport 6901 dnat to 10.78.0.2
nft add rule ip nat post oifname outer masquerade`);
  const addressed = (machine: NetworkMachine, address: string): string =>
    machine.run(`ip addr add ${address}/24 dev eth0\nip link set eth0 up`);
  for (const [machine, address] of [
    [seederAt, '10.78.0.2'],
    [getterAt, '10.78.0.3'],
  ] as const) {
    addressed(machine, address);
    machine.run('ip route add default via 10.78.0.1');
  }
  addressed(trackerAt, '203.0.113.9');
  return [seederAt, getterAt, trackerAt];
}

test('of two clients behind one NAT that does not lead back to itself the getter says so, and how they meet', async (t) => {
  const machines = await behindOneNat(t);
  const [seederAt, getterAt, trackerAt] = machines ?? [];
  if (!seederAt || !getterAt || !trackerAt) return;
  const swarm = await stageSwarm(t);
  const trackers = [
    { host: '203.0.113.9', port: 7_101 },
    { host: '203.0.113.9', port: 7_102 },
  ] as const;
  const run = { launcher: trackerAt.on };
  const tracker = swarm.adopt(new TrackerProcess('tracker-1', trackers[0], trackers[1], swarm.directory, [], run));
  await tracker.started();
  const client = (name: string, port: number, machine: NetworkMachine, options: readonly string[]): ClientProcess => {
    const own = { host: '0.0.0.0', port };
    const process = new ClientProcess(name, own, trackers, swarm.directory, options, { launcher: machine.on });
    return swarm.adopt(process);
  };
  const seeder = client('seeder', 6_901, seederAt, ['--advertise', '203.0.113.1:6901']);
  const mtorrent = await share(seeder, await swarm.makeFile('big.bin', 2 * PIECE), 'big.mtorrent');
  const getter = client('getter', 6_902, getterAt, []);
  await getter.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  const sameNat = /203\.0\.113\.1:6901.* does not answer, and is behind the same NAT as this client/;
  assert.match(await getter.said(sameNat, 60_000), /that NAT has to lead back to itself \(hairpin/);
  assert.match(await badFindings(getter), sameNat);
  const { rows } = await getter.command('show peers big.bin');
  assert.match(rows.join('\n'), sameNat);
});
