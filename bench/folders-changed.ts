// A folder of which one file changes while it is fetched, at any moment, in each of the ways in which a file changes:
// what its fetcher has at the end is what was shared. A second seeder has what the changed one cannot give any more.

import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Swarm } from '../src/app/demo/swarm.js';
import { Prng } from '../src/foundation/base/prng.js';
import { shellLine } from '../src/foundation/base/shell-line.js';
import { withCleanup } from './cleanup.js';
import { differenceOf, type Measure, share } from './folders-stage.js';
import { filesIn, makeTree } from './folders-trees.js';

const RUNS = 1_000;
/** Of a folder of fewer entries than those of the bench. */
const RUNS_QUICK = 20;
const ENTRIES_QUICK_MAX = 2_000;
const FILES = 24;
/** Two and a half to a piece, so that a file that changes takes others along. */
const FILE_BYTES = 200_000;
/** From before the first byte to after the last. */
const CHANGED_WITHIN_MS = 80;
const DEADLINE_MS = 60_000;

const CHANGES: readonly ((path: string) => void)[] = [
  (path) => writeFileSync(path, 'more', { flag: 'a' }),
  (path) => writeFileSync(path, Buffer.alloc(FILE_BYTES, 7), { flag: 'r+' }),
  (path) => {
    writeFileSync(`${path}.new`, Buffer.alloc(FILE_BYTES, 9));
    renameSync(`${path}.new`, path);
  },
  (path) => rmSync(path),
  (path) => {
    rmSync(path);
    symlinkSync('/dev/zero', path);
  },
  (path) => {
    rmSync(path);
    mkdirSync(path);
  },
];

export const measureChanged: Measure = (root, { entries }) =>
  withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(root);
    cleanup.add(() => swarm.end());
    await swarm.startTrackers();
    const [seeder, keeper, leecher] = ['seeder', 'keeper', 'leecher'].map((name) => swarm.startClient(name));
    if (seeder === undefined || keeper === undefined || leecher === undefined) return [];
    const prng = new Prng(1);
    const pristine = swarm.path('kept/folder');
    makeTree(pristine, FILES, FILE_BYTES);
    const kept = await share(keeper, swarm, pristine, 'kept');
    const files = filesIn(pristine).map((path) => relative(pristine, path));
    const runs = entries <= ENTRIES_QUICK_MAX ? RUNS_QUICK : RUNS;
    let [wrong, during] = [0, 0];
    for (let run = 0; run < runs; run += 1) {
      const [source, target] = [swarm.path(`${run}/folder`), swarm.path(`got-${run}`)];
      // `remove` takes its .mtorrent along.
      const mtorrent = swarm.path(`${run}.of-kept.mtorrent`);
      cpSync(kept, mtorrent);
      cpSync(pristine, source, { recursive: true });
      await seeder.succeed(shellLine('share', source, `${run}.mtorrent`), DEADLINE_MS);
      await leecher.succeed(shellLine('get', mtorrent, target), DEADLINE_MS);
      let isRunning = true;
      const ended = leecher
        .event((line) => line.includes(target), DEADLINE_MS)
        .finally(() => {
          isRunning = false;
        });
      await pause(prng.below(CHANGED_WITHIN_MS));
      if (isRunning) during += 1;
      CHANGES[run % CHANGES.length]?.(join(source, files[prng.below(files.length)] ?? ''));
      const event = await ended;
      if (!event.startsWith('COMPLETED:') || differenceOf(pristine, target) !== undefined) wrong += 1;
      await leecher.succeed(shellLine('remove', target), DEADLINE_MS);
      await seeder.succeed(shellLine('remove', source), DEADLINE_MS);
      for (const path of [target, swarm.path(String(run))]) rmSync(path, { recursive: true });
    }
    const what = `${runs} times a file changed while its folder was fetched`;
    return [
      { name: `${what}: wrong`, value: wrong, unit: '', wanted: 0 },
      { name: `${what}: before the end`, value: during, unit: '' },
    ];
  });
