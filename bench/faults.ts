// `npm run bench -- faults [--only NAME] [--runs N] [--quick] [--json] [--out DIR]` shows what bad peers and bad days
// cost those who are honest, with real processes on this machine. A bar is held against the median of the runs; a
// missed one makes the exit code 1.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { attackScene } from './faults-attack.js';
import { banScene } from './faults-ban.js';
import { besideScene } from './faults-beside.js';
import { killedScene } from './faults-killed.js';
import { leaverScene } from './faults-leaver.js';
import { liarsScene } from './faults-liars.js';
import type { FaultFigure, FaultOptions } from './faults-stage.js';
import { strangersScene } from './faults-strangers.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';

const SCENES: Readonly<Record<string, (options: FaultOptions) => Promise<readonly FaultFigure[]>>> = {
  liars: liarsScene,
  killed: killedScene,
  leaver: leaverScene,
  attack: attackScene,
  ban: banScene,
  strangers: strangersScene,
  beside: besideScene,
};

export async function runFaultsBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const { quick, only } = values;
  const runs = Number(values.runs ?? (quick ? 1 : 5));
  if ((only !== undefined && !Object.hasOwn(SCENES, only)) || !Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`--only is one of ${Object.keys(SCENES).join(', ')}, --runs a number\n`);
    return 2;
  }
  const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const scenes: Record<string, readonly FaultFigure[]> = {};
  for (const [name, scene] of Object.entries(SCENES)) {
    if (only !== undefined && name !== only) continue;
    const note = (text: string): boolean => process.stderr.write(`${name}: ${text}\n`);
    scenes[name] = await scene({ root, runs, quick, note });
    if (!values.json) show(name, scenes[name]);
  }
  const figures = Object.values(scenes).flat();
  const isMet = figures.every(isFigureMet);
  const machine = { cores: cpus().length, node: process.versions.node, root };
  const facts = { schema: 1, bench: 'faults', quick, runs, ...machine, isMet, scenes };
  const saved = saveResults(values.out, only === undefined ? 'faults' : `faults-${only}`, facts, plot(figures));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else
    process.stdout.write(
      `\n${machine.cores} cores, Node ${machine.node}, files in ${root}; written: ${saved.join(' ')}\n`,
    );
  return isMet ? 0 : 1;
}

function isFigureMet({ values, always, ...bar }: FaultFigure): boolean {
  if (bar.atMost === undefined && bar.atLeast === undefined) return true;
  const { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY } = bar;
  // A figure that is not a number, as of a download that never came to its end, keeps no bar.
  const judged = always === true ? values : [spreadOf(values).median];
  return judged.every((value) => value <= atMost && value >= atLeast);
}

function show(name: string, figures: readonly FaultFigure[]): void {
  process.stdout.write('\n');
  printTable([
    [name, 'median (min–max)', 'bar', ''],
    ...figures.map((figure) => {
      const { what, unit, digits, values, atMost, atLeast } = figure;
      const bar = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '';
      const shown = `${showSpread(spreadOf(values), digits)} ${unit}`.trim();
      return [what, shown, bar, bar === '' ? '' : isFigureMet(figure) ? 'met' : 'MISSED'];
    }),
  ]);
}

function plot(figures: readonly FaultFigure[]): string {
  const limited = figures.filter(({ atMost }) => atMost !== undefined);
  return barChart({
    title: 'What faults cost, in per cent of what is allowed',
    unit: 'per cent of the bar (median; line: min–max)',
    bars: limited.map(({ what, values, atMost = 1 }) => ({
      name: what,
      spread: spreadOf(values.map((value) => (value / atMost) * 100)),
    })),
    marks: [{ name: 'allowed', value: 100 }],
  });
}
