// Five seeders that send wrong bytes and one that is honest, against the same download from the honest one alone: two
// files of the same size and seeder, the liars are listed for one of them, and the two are downloaded in turn.

import { readFileSync } from 'node:fs';
import type { ClientProcess } from '../src/app/demo/processes.js';
import type { Swarm } from '../src/app/demo/swarm.js';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import {
  begin,
  completed,
  Driver,
  discard,
  type FaultFigure,
  type FaultOptions,
  fileOf,
  MIB,
  type Shared,
  shareNew,
  withSwarm,
} from './faults-stage.js';

const LIARS = 5;
const SLOWER_AT_MOST = 2;

interface Speed {
  readonly name: string;
  /** Bytes a second of the honest seeder; 0: none. */
  readonly limit: number;
  readonly size: number;
}

export function liarsScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  return withSwarm(root, async (swarm, cleanup) => {
    const speeds: readonly Speed[] = [
      { name: 'full speed', limit: 0, size: (quick ? 128 : 512) * MIB },
      { name: 'honest seeder limited to 32 MiB/s', limit: 32 * MIB, size: 64 * MIB },
    ];
    const figures: FaultFigure[] = [];
    for (const { name, limit, size } of speeds) {
      const seeder = swarm.startClient(`honest-${limit}`, 0, ['--upload-limit', String(limit)]);
      const attacked = await shareNew(swarm, seeder, `attacked-${limit}`, size);
      const alone = await shareNew(swarm, seeder, `alone-${limit}`, size);
      const [tracker] = swarm.trackers;
      const liars = await Driver.start('liars', [String(LIARS), formatAddress(tracker), attacked.mtorrent], cleanup);
      const measured = await measure(swarm, { name, attacked, alone, runs, note });
      await liars.end();
      await seeder.succeed('quit');
      figures.push(...measured);
    }
    return figures;
  });
}

interface Pair {
  readonly name: string;
  readonly attacked: Shared;
  readonly alone: Shared;
  readonly runs: number;
  readonly note: (text: string) => void;
}

async function measure(swarm: Swarm, pair: Pair): Promise<readonly FaultFigure[]> {
  const { name, attacked, alone, runs, note } = pair;
  const rows = { ratios: [] as number[], seconds: [] as number[], without: [] as number[], wrong: [] as number[] };
  const banned: number[] = [];
  // The first run warms caches and code; it is not counted.
  for (let run = 0; run <= runs; run += 1) {
    note(`${name}: run ${run} of ${runs}`);
    const leecher = swarm.startClient(`leecher-${attacked.size}-${run}`);
    await leecher.address();
    const wasted: number[] = [];
    const one = async (shared: Shared): Promise<number> => {
      const running = await begin(swarm, leecher, shared);
      const seconds = await completed(running, shared);
      if (shared === attacked) wasted.push((await fileOf(leecher)).wasted);
      await discard(running);
      return seconds;
    };
    const order = run % 2 === 0 ? [attacked, alone] : [alone, attacked];
    const times = new Map<Shared, number>();
    for (const shared of order) times.set(shared, await one(shared));
    const count = bannedBy(swarm, leecher);
    await leecher.succeed('quit');
    await leecher.exited;
    if (run === 0) continue;
    const [seconds = Number.NaN, without = Number.NaN] = [times.get(attacked), times.get(alone)];
    rows.seconds.push(seconds);
    rows.without.push(without);
    rows.ratios.push(seconds / without);
    rows.wrong.push((wasted[0] ?? Number.NaN) / PIECE_SIZE);
    banned.push(count);
  }
  return [
    { what: `${name}: ${LIARS} liars and one honest seeder`, unit: 's', digits: 2, values: rows.seconds },
    { what: `${name}: the honest seeder alone`, unit: 's', digits: 2, values: rows.without },
    { what: `${name}: ratio`, unit: '×', digits: 2, values: rows.ratios, atMost: SLOWER_AT_MOST },
    { what: `${name}: wrong pieces taken before they were banned`, unit: '', digits: 0, values: rows.wrong },
    { what: `${name}: liars banned`, unit: '', digits: 0, values: banned, atLeast: LIARS, always: true },
  ];
}

/** Peers that the leecher banned, in one of its downloads, since it was started. */
function bannedBy(swarm: Swarm, { name }: ClientProcess): number {
  const lines = readFileSync(swarm.path(`${name}.log`), 'utf8').split('\n');
  const bans = lines.filter((line) => line.includes('peer sent wrong bytes and is banned'));
  return new Set(bans.map((line) => JSON.stringify((JSON.parse(line) as { readonly peer: unknown }).peer))).size;
}
