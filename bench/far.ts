// One seeder at the other end of a long link: how long a download takes, beside the least that the link allows and one
// plain TCP connection over a link of the same kind. The link is a relay (far-relay.ts); trackers are near.

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { freePort } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { MIB } from '../src/foundation/base/limits.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { atRest } from './at-rest.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { type FarLink, startRelay } from './far-relay.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { plainSeconds } from './raw-transfer.js';

/** What Linux buffers for a connection with its defaults: 9 MB/s at 300 ms. */
const BUFFER_BYTES = 2_900_000;
const DEADLINE_MS = 300_000;

interface Scene extends FarLink {
  readonly mib: number;
}

const SCENES: readonly Scene[] = [
  { rttMs: 30, mbit: 1_000, bufferBytes: BUFFER_BYTES, mib: 256 },
  { rttMs: 100, mbit: 400, bufferBytes: BUFFER_BYTES, mib: 256 },
  { rttMs: 300, mbit: 1_000, bufferBytes: BUFFER_BYTES, mib: 256 },
];
const QUICK: readonly Scene[] = [{ rttMs: 300, mbit: 200, bufferBytes: BUFFER_BYTES, mib: 64 }];

interface Run {
  readonly seconds: number;
  readonly plainSeconds: number;
  readonly connections: number;
}

interface Measured {
  readonly scene: Scene;
  readonly boundSeconds: number;
  readonly runs: readonly Run[];
}

export async function runFarBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rtt: { type: 'string' },
      runs: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const wanted = values.rtt?.split(',').map(Number);
  const scenes = values.quick ? QUICK : SCENES.filter(({ rttMs }) => wanted?.includes(rttMs) ?? true);
  const results: Measured[] = [];
  for (const scene of scenes) results.push(await measure(scene, values.quick ? 1 : Number(values.runs)));
  if (values.json) process.stdout.write(`${JSON.stringify({ schema: 1, bench: 'far', results })}\n`);
  else show(results);
  return 0;
}

/** The bytes at the rate of the link, and one round trip for the request. */
function boundOf({ mib, mbit, rttMs }: Scene): number {
  return (mib * MIB * 8) / (mbit * 1e6) + rttMs / 1_000;
}

function measure(scene: Scene, count: number): Promise<Measured> {
  return withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(tmpdir());
    cleanup.add(() => swarm.end());
    await swarm.startTrackers();
    const source = await swarm.makeFile('source.bin', scene.mib * MIB);
    const port = await freePort();
    const link = await startRelay({ host: '127.0.0.1', port }, scene);
    cleanup.add(() => link.end());
    const seeder = swarm.startClient('seeder', port, ['--advertise', formatAddress(link.address)]);
    await seeder.succeed(`share ${source} ${swarm.path('far.mtorrent')}`, DEADLINE_MS);
    const runs: Run[] = [];
    for (let at = 0; at < count; at += 1) {
      const plain = await plainOver(scene, cleanup);
      const leecher = swarm.startClient(`leecher-${at}`);
      await leecher.address();
      await atRest([seeder, leecher]);
      const startedMs = performance.now();
      const target = await leecher.succeed(`get ${swarm.path('far.mtorrent')} ${swarm.path(`${at}.bin`)}`, DEADLINE_MS);
      const event = await leecher.event((line) => line.includes(target), DEADLINE_MS);
      if (!event.startsWith('COMPLETED:')) throw new Error(`the download failed: ${event} ${leecher.stderr}`);
      const seconds = (performance.now() - startedMs) / 1_000;
      runs.push({ seconds, plainSeconds: plain, connections: (await link.connections()).most });
      // Were it left to seed, the next run would have a near seeder.
      await leecher.succeed('quit');
      await leecher.exited;
      rmSync(target);
    }
    return { scene, boundSeconds: boundOf(scene), runs };
  });
}

/** One connection over a relay of its own, from its dial to its last byte. */
async function plainOver(scene: Scene, cleanup: Cleanup): Promise<number> {
  const port = await freePort();
  const link = await startRelay({ host: '127.0.0.1', port }, scene);
  try {
    return await plainSeconds(port, link.address, scene.mib * MIB, cleanup);
  } finally {
    await link.end();
  }
}

function show(results: readonly Measured[]): void {
  process.stdout.write('one seeder far away; median (min–max); bound: the bytes at the rate, and one round trip\n');
  printTable([
    ['round trip ms', 'Mbit/s', 'MiB', 'bound s', 's', '× bound', 'plain TCP s', '× plain', 'connections'],
    ...results.map(({ scene, boundSeconds, runs }) => {
      const of = (figure: (run: Run) => number, digits: number): string =>
        showSpread(spreadOf(runs.map(figure)), digits);
      return [
        String(scene.rttMs),
        String(scene.mbit),
        String(scene.mib),
        boundSeconds.toFixed(2),
        of(({ seconds }) => seconds, 2),
        of(({ seconds }) => seconds / boundSeconds, 2),
        of((run) => run.plainSeconds, 2),
        of((run) => run.plainSeconds / run.seconds, 2),
        of(({ connections }) => connections, 0),
      ];
    }),
  ]);
}
