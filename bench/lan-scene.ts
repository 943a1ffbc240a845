// One distribution on a shaped network: a host with both trackers, a seeder, and leechers that start at the same
// moment, each a real process on a host of its own. The lower bound comes from a raw transfer over the same links just
// before.

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ClientProcess, type ProgramProcess, TrackerProcess } from '../src/app/demo/processes.js';
import { randomFile } from '../src/app/demo/swarm.js';
import type { Address } from '../src/foundation/torrent/address.js';
import { atRest } from './at-rest.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { ClosedSwarm } from './closed-swarm.js';
import { rawRate } from './raw-transfer.js';
import { ShapedNetwork } from './shaped-network.js';
import { cpuSeconds, machineBusySeconds } from './tracker-vitals.js';

export interface LanScene {
  readonly size: number;
  readonly mbitPerSecond: number;
  readonly leechers: number;
  /** One more receiver at this rate; its own end is not waited for. */
  readonly slowMbitPerSecond?: number;
}

export interface LanRun {
  readonly scene: LanScene;
  readonly rawBytesPerSecond: number;
  readonly boundSeconds: number;
  /** Last of the leechers of full rate. */
  readonly makespanSeconds: number;
  readonly ratioToBound: number;
  readonly finishSeconds: readonly number[];
  /** Payload that the seeder sent until then, in files. */
  readonly seederCopies: number;
  /** All that left its link, in files. */
  readonly seederLinkCopies: number;
  readonly wasted: number;
  readonly seederCpuSeconds: number;
  readonly leechersCpuSeconds: number;
  /** Of all cores: share of the time that the machine was at work, whoever used it. */
  readonly machineBusy: number;
}

const DEADLINE_MS = 600_000;
const PORT = 6881;
const CORES = cpus().length;
const TRACKER_HOST = 0;
const SEEDER_HOST = 1;
/** Long enough that slow start does not show. */
const RAW_SECONDS = 1.5;

/** @param isClosed in a closed swarm, whose machines have identities; else in the clear. */
export async function runLanScene(root: string, scene: LanScene, isClosed = false): Promise<LanRun> {
  return withCleanup(async (cleanup) => {
    const { mbitPerSecond, leechers, slowMbitPerSecond } = scene;
    const rates = [...new Array<number>(leechers + 2).fill(mbitPerSecond), slowMbitPerSecond ?? []].flat();
    const network = new ShapedNetwork(rates.map((rate) => ({ mbitPerSecond: rate })));
    cleanup.add(async () => network.remove());
    network.create();
    const directory = await mkdtemp(join(root, 'mtorrent-lan-'));
    cleanup.add(() => rm(directory, { recursive: true, force: true }));
    const bytes = Math.round(((mbitPerSecond * 1e6) / 8) * RAW_SECONDS);
    const ends = { from: network.launcher(SEEDER_HOST), to: network.launcher(SEEDER_HOST + 1) };
    const rate = await rawRate({ ...ends, toHost: network.address(SEEDER_HOST + 1), bytes }, cleanup);
    const swarm = await startSwarm(network, directory, rates.length, isClosed, cleanup);
    return distribute(scene, rate, swarm);
  });
}

interface LanSwarm {
  readonly network: ShapedNetwork;
  readonly directory: string;
  readonly seeder: ClientProcess;
  readonly receivers: readonly ClientProcess[];
}

async function startSwarm(
  network: ShapedNetwork,
  directory: string,
  hosts: number,
  isClosed: boolean,
  cleanup: Cleanup,
): Promise<LanSwarm> {
  const programs: ProgramProcess[] = [];
  cleanup.add(() => Promise.all(programs.map(killed)));
  const at = (host: number, port: number): Address => ({ host: network.address(host), port });
  const trackers = [at(TRACKER_HOST, 7001), at(TRACKER_HOST, 7002)] as const;
  const closed = isClosed ? await ClosedSwarm.make(join(directory, 'identities'), trackers) : undefined;
  const runOn = (host: number, name: string) => ({
    launcher: network.launcher(host),
    env: closed?.environment(name),
  });
  const pair = trackers.map((own, which) => {
    const partner = trackers[1 - which] as Address;
    const name = `tracker-${which + 1}`;
    const tracker = new TrackerProcess(name, own, partner, directory, [], runOn(TRACKER_HOST, name));
    programs.push(tracker);
    return tracker;
  });
  await Promise.all(pair.map((tracker) => tracker.started()));
  const clients: ClientProcess[] = [];
  for (let host = SEEDER_HOST; host < hosts; host += 1) {
    const name = host === SEEDER_HOST ? 'seeder' : `leecher-${host - SEEDER_HOST}`;
    const client = new ClientProcess(name, at(host, PORT), trackers, directory, [], runOn(host, name));
    programs.push(client);
    clients.push(client);
  }
  await Promise.all(clients.map((client) => client.address()));
  const [seeder, ...receivers] = clients as [ClientProcess, ...ClientProcess[]];
  return { network, directory, seeder, receivers };
}

async function distribute(scene: LanScene, rate: number, swarm: LanSwarm): Promise<LanRun> {
  const { network, directory, seeder, receivers } = swarm;
  const source = await randomFile(join(directory, 'source.bin'), scene.size);
  const mtorrent = join(directory, 'source.mtorrent');
  await seeder.succeed(`share ${source} ${mtorrent}`, DEADLINE_MS);
  await atRest([seeder, ...receivers]);
  const full = receivers.slice(0, scene.leechers);
  const cpuOf = (clients: readonly ClientProcess[]): number =>
    clients.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  const look = () => [network.sentBytes(SEEDER_HOST), cpuOf([seeder]), cpuOf(receivers), machineBusySeconds()] as const;
  const before = look();
  const startedMs = performance.now();
  const secondsNow = (): number => (performance.now() - startedMs) / 1000;
  const started = receivers.map((client) => client.succeed(`get ${mtorrent} ${directory}/${client.name}.bin`));
  const finished = Promise.all(
    full.map(async (client) => {
      const event = await client.event((line) => line.includes(`${client.name}.bin`), DEADLINE_MS);
      if (!event.startsWith('COMPLETED:'))
        throw new Error(`${client.name} did not complete: ${event} ${client.stderr}`);
      return secondsNow();
    }),
  );
  const [finishSeconds] = await Promise.all([finished, ...started]);
  const after = look();
  const totals = (client: ClientProcess) =>
    client.json<{ files: { sent: number; wasted: number }[] }>('show downloads --json');
  const [ofSeeder, ...ofReceivers] = await Promise.all([seeder, ...receivers].map(totals));
  const makespanSeconds = Math.max(...finishSeconds);
  const boundSeconds = lowerBound(scene, rate);
  const spent = after.map((value, which) => value - (before[which] ?? 0));
  const [linkBytes = 0, seederCpuSeconds = 0, leechersCpuSeconds = 0, busySeconds = 0] = spent;
  return {
    scene,
    rawBytesPerSecond: rate,
    boundSeconds,
    makespanSeconds,
    ratioToBound: makespanSeconds / boundSeconds,
    finishSeconds,
    seederCopies: (ofSeeder?.files[0]?.sent ?? Number.NaN) / scene.size,
    seederLinkCopies: linkBytes / scene.size,
    wasted: ofReceivers.reduce((sum, { files }) => sum + (files[0]?.wasted ?? 0), 0),
    seederCpuSeconds,
    leechersCpuSeconds,
    machineBusy: busySeconds / makespanSeconds / CORES,
  };
}

/** Nothing it holds is wanted any more. */
async function killed(program: ProgramProcess): Promise<void> {
  program.kill('SIGKILL');
  await program.exited;
}

/**
 * No distribution ends sooner: the seeder must send one copy, each receiver take one, and all that is taken be sent.
 */
function lowerBound({ size, leechers }: LanScene, rate: number): number {
  return Math.max(size / rate, (leechers * size) / ((leechers + 1) * rate));
}
