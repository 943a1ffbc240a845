// What a closed swarm costs a download: each figure of the closed swarm over that of the open one, run by run.

import { showSpread, spreadOf } from './figures.js';
import type { InTurn, SeedersRun, SeedersScene } from './seeders-scene.js';

export interface ClosedRow extends InTurn {
  readonly name: string;
  readonly scene: SeedersScene;
}

interface Bars {
  readonly time: number;
  readonly processor?: number;
}

const MIB = 2 ** 20;
const LEECHER_GROWN_MIB = 10;
const SEEDER_GROWN_MIB = 30;

function barsOf({ seeders, leechers, files }: SeedersScene): Bars | undefined {
  if (leechers > 1) return undefined;
  if (files > 1) return { time: 1.8 };
  if (seeders === 1) return { time: 1.85, processor: 1.5 };
  return seeders === 4 ? { time: 1.85, processor: 1.65 } : undefined;
}

export function seedersClosedTable(rows: readonly ClosedRow[]): readonly (readonly string[])[] {
  return rows.flatMap((row) => [...tableOf(row), []]);
}

function tableOf({ name, scene, open, closed }: ClosedRow): readonly (readonly string[])[] {
  const bars = barsOf(scene);
  const line = (
    what: string,
    figure: (run: SeedersRun) => number,
    digits: number,
    compare: 'ratio' | 'difference' = 'ratio',
    bar?: number,
  ): readonly string[] => {
    const [plain, secure] = [open.map(figure), closed.map(figure)];
    const pairs = secure.map((value, at) =>
      compare === 'ratio' ? value / (plain[at] ?? Number.NaN) : value - (plain[at] ?? Number.NaN),
    );
    const compared = spreadOf(pairs);
    const verdict = bar === undefined ? ['', ''] : [`≤ ${bar}`, compared.median <= bar ? 'met' : 'MISSED'];
    const shown = showSpread(compared, compare === 'ratio' ? 2 : 0);
    return [what, showSpread(spreadOf(plain), digits), showSpread(spreadOf(secure), digits), shown, ...verdict];
  };
  return [
    [name, 'open', 'closed', 'closed ÷ open', 'bar', ''],
    line('s', ({ seconds }) => seconds, 2, 'ratio', bars?.time),
    line('CPU s leechers', ({ leechersCpu }) => leechersCpu, 2),
    line('CPU s seeders', ({ seedersCpu }) => seedersCpu, 2),
    line('CPU s all', ({ leechersCpu, seedersCpu }) => leechersCpu + seedersCpu, 2, 'ratio', bars?.processor),
    line('MiB leecher, difference', ({ leecherRss }) => leecherRss / MIB, 0, 'difference', LEECHER_GROWN_MIB),
    line('MiB seeder, difference', ({ seederRss }) => seederRss / MIB, 0, 'difference', SEEDER_GROWN_MIB),
  ];
}
