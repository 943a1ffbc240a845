// Field cases of reach, with real processes on machines of their own: ports that nobody reaches, packets that are lost,
// addresses that change.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { ClientProcess, TrackerProcess } from '../../src/app/demo/processes.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { PIECE, share, stageSwarm } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { type NetworkMachine, twoMachines } from '../support/network.js';

interface Land {
  readonly seederAt: NetworkMachine;
  readonly getterAt: NetworkMachine;
  readonly seeder: ClientProcess;
  readonly mtorrent: string;
  readonly source: string;
}

/** A seeder at 10.77.0.2:6901, a tracker at 10.77.0.3, and `rule` of nft on the seeder's machine. */
async function landWith(t: TestContext, rule: string): Promise<Land | undefined> {
  if (!hasTool(t, 'nft', '--version')) return undefined;
  const machines = await twoMachines(t);
  if (machines === undefined) return undefined;
  const [seederAt, getterAt] = machines;
  seederAt.run(
    `nft add table inet fw\nnft add chain inet fw in '{ type filter hook input priority 0; }'\nnft add chain inet fw out '{ type filter hook output priority 0; }'\nnft add rule inet fw ${rule}`,
  );
  const swarm = await stageSwarm(t);
  const trackers: readonly [Address, Address] = [
    { host: '10.77.0.3', port: 7_101 },
    { host: '10.77.0.3', port: 7_102 },
  ];
  const tracker = swarm.adopt(
    new TrackerProcess('tracker-1', trackers[0], trackers[1], swarm.directory, [], { launcher: getterAt.on }),
  );
  await tracker.started();
  const seeder = swarm.adopt(
    new ClientProcess('seeder', { host: '10.77.0.2', port: 6_901 }, trackers, swarm.directory, [], {
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
  const trackers: readonly [Address, Address] = [
    { host: '10.77.0.3', port: 7_101 },
    { host: '10.77.0.3', port: 7_102 },
  ];
  const own = { host: '10.77.0.3', port: 6_902 };
  const getter = swarm.adopt(
    new ClientProcess('getter', own, trackers, swarm.directory, [], { launcher: getterAt.on }),
  );
  await getter.succeed(`get ${mtorrent} ${swarm.path('got.bin')}`);
  return getter;
}

test('FC-19: a port that others cannot reach is said by the seeder, by its doctor, and by the getter, which names the address', async (t) => {
  const land = await landWith(t, 'in iifname eth0 tcp dport 6901 drop');
  if (land === undefined) return;
  const { seeder } = land;
  const unreached = /tracker 10\.77\.0\.3:7101 cannot reach this client at 10\.77\.0\.2:6901: nobody answers there/;
  await seeder.said(unreached, 20_000);
  assert.match(await badFindings(seeder), unreached);
  const getter = await getterIn(t, land);
  await getter.said(/big\.bin: 10\.77\.0\.2:6901 does not answer/, 60_000);
  assert.match(await badFindings(getter), /peer 10\.77\.0\.2:6901: has big\.bin, and does not answer/);
});

test('FC-20: a peer that says hello and whose bytes never arrive is named, by notice and by doctor', async (t) => {
  const land = await landWith(t, "out oifname eth0 meta length '>' 1200 drop");
  if (land === undefined) return;
  const getter = await getterIn(t, land);
  await getter.said(/big\.bin: 10\.77\.0\.2:6901 says hello, but none of its bytes arrive.*MTU/, 90_000);
  assert.match(await badFindings(getter), /peer 10\.77\.0\.2:6901: has big\.bin, and says hello, but none/);
});
