// The tracker pair under load: two real tracker processes, and this process as all of their clients. `npm run bench --
// tracker [SCENE…] [--closed [--runs N]] [--quick] [--disk] [--json]`: `--closed` in a closed swarm and in an open one,
// in turn; `--disk` puts files into the temporary directory, and not into memory, where an fsync is free.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { printTable } from './figures.js';
import { announceScene } from './tracker-announces.js';
import { catalogueScene } from './tracker-catalogue.js';
import { catchUpScene } from './tracker-catchup.js';
import { CLOSED_SCENES, inTurn } from './tracker-closed.js';
import { idleScene, steadyScene } from './tracker-connections.js';
import { failoverScene } from './tracker-failover.js';
import { returnScene } from './tracker-return.js';
import { silenceScene } from './tracker-silence.js';
import type { Figure, SceneOptions } from './tracker-stage.js';
import { startScene } from './tracker-start.js';
import { fileSystemOf } from './tracker-vitals.js';

const SCENES: Readonly<Record<string, (options: SceneOptions) => Promise<readonly Figure[]>>> = {
  announces: announceScene,
  idle: idleScene,
  steady: steadyScene,
  start: startScene,
  catchup: catchUpScene,
  failover: failoverScene,
  return: returnScene,
  silence: silenceScene,
  catalogue: catalogueScene,
};

/** 1 when a request failed; a missed target of time or memory is shown, and no failure: machines differ. */
export async function runTrackerBench(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      closed: { type: 'boolean', default: false },
      runs: { type: 'string', default: '5' },
      disk: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(SCENES, name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no scene "${unknown}"; the scenes are ${Object.keys(SCENES).join(', ')}\n`);
    return 2;
  }
  const root = !values.disk && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const fileSystem = fileSystemOf(root);
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  if (!values.json) process.stdout.write(`seeder lists in ${root}, ${fileSystem}; ${machine}\n`);
  const scenes: Record<string, readonly Figure[]> = {};
  const wanted = Object.entries(SCENES).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  for (const [name, scene] of wanted) {
    const note = (text: string): boolean => process.stderr.write(`${name}: ${text}\n`);
    const options = { root, quick: values.quick, isClosed: false, note };
    if (values.closed) {
      if (!CLOSED_SCENES.includes(name)) continue;
      const rows = await inTurn(scene, options, Number(values.runs));
      process.stdout.write('\n');
      printTable([[name, 'open', 'closed', 'closed ÷ open', 'bar', ''], ...rows]);
      continue;
    }
    const figures = await scene(options);
    scenes[name] = figures;
    if (!values.json && figures.length > 0) show(name, figures);
  }
  if (values.json) {
    const facts = { schema: 1, bench: 'tracker', quick: values.quick, root, fileSystem, cores: cpus().length };
    process.stdout.write(`${JSON.stringify({ ...facts, node: process.versions.node, scenes })}\n`);
  }
  return Object.values(scenes).flat().some(isWrong) ? 1 : 0;
}

function show(name: string, figures: readonly Figure[]): void {
  process.stdout.write('\n');
  printTable([[name, '', 'target', ''], ...figures.map(rowOf)]);
}

function rowOf(figure: Figure): readonly string[] {
  const { what, value, unit, atMost, atLeast } = figure;
  const target = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '';
  const digits = unit === '' || Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return [
    what,
    `${value.toFixed(digits)} ${unit}`.trim(),
    target,
    target === '' ? '' : isMet(figure) ? 'met' : 'MISSED',
  ];
}

function isMet({ value, atMost, atLeast }: Figure): boolean {
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

/** Something was lost or refused, which no slow machine excuses. */
function isWrong(figure: Figure): boolean {
  return figure.unit === '' && figure.atMost === 0 && !isMet(figure);
}
