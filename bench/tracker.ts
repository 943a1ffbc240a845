// Trackers under load, and this process as all of their clients. `npm run bench -- tracker [SCENE…]`: `--closed` in a
// closed swarm and in an open one, in turn; `--disk` puts lists where an fsync costs something; `--store postgres`:
// trackers on one database, which is on the disk.

import { existsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { databaseAnnounces, databaseTogether } from './database-announces.js';
import { databaseFailover } from './database-failover.js';
import { databaseSeen } from './database-seen.js';
import type { DatabaseSceneOptions } from './database-stage.js';
import { databaseStart } from './database-start.js';
import { printTable } from './figures.js';
import { announceScene } from './tracker-announces.js';
import { catalogueScene } from './tracker-catalogue.js';
import { catchUpScene } from './tracker-catchup.js';
import { CLOSED_SCENES, inTurn } from './tracker-closed.js';
import { idleScene, steadyScene } from './tracker-connections.js';
import { failoverScene } from './tracker-failover.js';
import { mixedScene, returnScene } from './tracker-return.js';
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
  mixed: mixedScene,
  silence: silenceScene,
  catalogue: catalogueScene,
};

const DATABASE_SCENES: Readonly<Record<string, (options: DatabaseSceneOptions) => Promise<readonly Figure[]>>> = {
  announces: databaseAnnounces,
  together: databaseTogether,
  seen: databaseSeen,
  start: databaseStart,
  failover: databaseFailover,
};

/** 1 when a request failed; a missed target of time or memory is shown, and no failure: machines differ. */
export async function runTrackerBench(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      closed: { type: 'boolean', default: false },
      runs: { type: 'string', default: '5' },
      store: { type: 'string', default: 'sqlite' },
      disk: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const isDatabase = values.store === 'postgres';
  const names = Object.keys(isDatabase ? DATABASE_SCENES : SCENES);
  const unknown = positionals.find((name) => !names.includes(name));
  const complaint =
    unknown !== undefined
      ? `there is no scene "${unknown}"; the scenes are ${names.join(', ')}`
      : whyNot(values.store, values.closed, Number(values.runs));
  if (complaint !== undefined) {
    process.stderr.write(`${complaint}\n`);
    return 2;
  }
  const root = isDatabase || values.disk || !existsSync('/dev/shm') ? tmpdir() : '/dev/shm';
  const fileSystem = fileSystemOf(root);
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const where = isDatabase ? `the database in ${root}` : `seeder lists in ${root}`;
  if (!values.json) process.stdout.write(`${where}, ${fileSystem}; ${machine}\n`);
  const scenes: Record<string, readonly Figure[]> = {};
  for (const name of names.filter((name) => positionals.length === 0 || positionals.includes(name))) {
    const note = (text: string): boolean => process.stderr.write(`${name}: ${text}\n`);
    const options = { root, quick: values.quick, isClosed: false, note, runs: Number(values.runs) };
    const scene = SCENES[name];
    if (values.closed && scene !== undefined) {
      if (!CLOSED_SCENES.includes(name)) continue;
      const rows = await inTurn(scene, options, options.runs);
      process.stdout.write('\n');
      printTable([[name, 'open', 'closed', 'closed ÷ open', 'bar', ''], ...rows]);
      continue;
    }
    const figures = await (isDatabase ? DATABASE_SCENES[name]?.(options) : scene?.(options));
    if (figures === undefined) continue;
    scenes[name] = figures;
    if (!values.json && figures.length > 0) show(name, figures);
  }
  if (values.json) {
    const facts = { schema: 1, bench: 'tracker', quick: values.quick, root, fileSystem, cores: cpus().length };
    process.stdout.write(`${JSON.stringify({ ...facts, store: values.store, node: process.versions.node, scenes })}\n`);
  }
  return Object.values(scenes).flat().some(isWrong) ? 1 : 0;
}

function whyNot(store: string, isClosed: boolean, runs: number): string | undefined {
  if (store !== 'sqlite' && store !== 'postgres')
    return `there is no store "${store}"; the stores are sqlite, postgres`;
  if (store === 'postgres' && isClosed) return 'a closed swarm is measured on the store sqlite';
  return Number.isSafeInteger(runs) && runs > 0 ? undefined : '--runs is a whole number from 1';
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
