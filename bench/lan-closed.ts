// What a closed swarm costs a distribution on shaped links: each run in the clear and in a closed swarm, in turn, so
// that a busy machine is as busy for each. Bars: of one seeder to eight on links of 200 Mbit/s, and of one link of
// 1 Gbit/s.

import { printTable, showSpread, spreadOf } from './figures.js';
import { type LanRun, type LanScene, runLanScene } from './lan-scene.js';

interface Bars {
  /** Closed over open. */
  readonly time: number;
  /** Makespan of the closed swarm over the lower bound. */
  readonly bound?: number;
}

export interface LanClosedRow {
  readonly name: string;
  readonly bars: Bars;
  readonly open: readonly LanRun[];
  readonly closed: readonly LanRun[];
}

const MIB = 2 ** 20;
const FULL: readonly (readonly [LanScene, Bars])[] = [
  [
    { size: 128 * MIB, mbitPerSecond: 200, leechers: 8 },
    { time: 1.1, bound: 1.25 },
  ],
  [{ size: 512 * MIB, mbitPerSecond: 1_000, leechers: 1 }, { time: 1.02 }],
];
const QUICK: readonly (readonly [LanScene, Bars])[] = [
  [
    { size: 16 * MIB, mbitPerSecond: 200, leechers: 3 },
    { time: 1.1, bound: 1.25 },
  ],
];

export async function measureClosed(
  root: string,
  runs: number,
  quick: boolean,
  scene: number | undefined,
): Promise<readonly LanClosedRow[]> {
  const scenes = quick ? QUICK : FULL;
  const wanted = scene === undefined ? scenes : scenes.slice(scene - 1, scene);
  const rows: LanClosedRow[] = [];
  for (const [setting, bars] of wanted) {
    const { leechers, mbitPerSecond, size } = setting;
    const name = `1→${leechers} at ${mbitPerSecond} Mbit/s, ${size / MIB} MiB`;
    const measured = { open: [] as LanRun[], closed: [] as LanRun[] };
    for (let run = 0; run < runs; run += 1) {
      process.stderr.write(`lan: ${name}, open and closed in turn, run ${run + 1} of ${runs}\n`);
      for (const kind of run % 2 === 0 ? (['open', 'closed'] as const) : (['closed', 'open'] as const))
        measured[kind].push(await runLanScene(root, setting, kind === 'closed'));
    }
    rows.push({ name, bars, ...measured });
  }
  return rows;
}

export function showClosed(rows: readonly LanClosedRow[]): void {
  for (const row of rows) {
    printTable(tableOf(row));
    process.stdout.write('\n');
  }
}

function tableOf({ name, bars, open, closed }: LanClosedRow): readonly (readonly string[])[] {
  const judged = (value: number, bar: number | undefined): readonly string[] =>
    bar === undefined ? ['', ''] : [`≤ ${bar}`, value <= bar ? 'met' : 'MISSED'];
  const line = (what: string, figure: (run: LanRun) => number, digits: number, bar?: number): readonly string[] => {
    const [plain, secure] = [open.map(figure), closed.map(figure)];
    const ratios = spreadOf(secure.map((value, at) => value / (plain[at] ?? Number.NaN)));
    const spreads = [plain, secure].map((values) => showSpread(spreadOf(values), digits));
    return [what, ...spreads, showSpread(ratios, 2), ...judged(ratios.median, bar)];
  };
  const bound = spreadOf(closed.map(({ ratioToBound }) => ratioToBound));
  return [
    [name, 'open', 'closed', 'closed ÷ open', 'bar', ''],
    line('makespan, s', ({ makespanSeconds }) => makespanSeconds, 2, bars.time),
    [
      ...line('makespan / bound', ({ ratioToBound }) => ratioToBound, 2).slice(0, 3),
      'of closed',
      ...judged(bound.median, bars.bound),
    ],
    line('copies sent by the seeder', ({ seederCopies }) => seederCopies, 2),
    line('CPU of the seeder, s', ({ seederCpuSeconds }) => seederCpuSeconds, 2),
    line('CPU of all leechers, s', ({ leechersCpuSeconds }) => leechersCpuSeconds, 2),
    line('machine busy, whoever used it, %', ({ machineBusy }) => machineBusy * 100, 0),
  ];
}
