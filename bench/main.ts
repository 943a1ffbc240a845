// `npm run bench -- <name> [options]`: the benchmarks by name. Timings live here and nowhere in the tests. Each prints a table
// on stderr's side of things for people and, with --json, one object on stdout.

import { runHashBench } from './hash.js';
import { runLanBench } from './lan.js';
import { runLimitsBench } from './limits.js';
import { runSeedersBench } from './seeders.js';
import { runSimBench } from './sim.js';
import { runTrackerBench } from './tracker.js';
import { runVerifyBench } from './verify.js';

const BENCHES: Readonly<Record<string, (words: readonly string[]) => Promise<number>>> = {
  seeders: runSeedersBench,
  hash: runHashBench,
  limits: runLimitsBench,
  sim: runSimBench,
  tracker: runTrackerBench,
  lan: runLanBench,
  verify: runVerifyBench,
};

const [name = '', ...words] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`npm run bench -- <${Object.keys(BENCHES).join(' | ')}> [--quick] [--json] [--out DIR]\n`);
  process.exitCode = 2;
} else process.exitCode = await bench(words);
