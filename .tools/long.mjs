// `npm run long`: what takes too long for `npm test`: the tests named `*.long.test.ts`, every case of each property, ten
// thousand schedules of faults of downloads, of the tracker pair and of trackers on one database in simulation, and
// every decoder of a stranger's bytes. Its last line is a row for docs/RELIABILITY.md: commit, result and time of each.
import { execFileSync } from 'node:child_process';
import { isLong, isUnit, run, runTests, testFiles } from './test.mjs';

const node = (...words) => run(process.execPath, words);
const STEPS = [
  ['long tests', () => runTests(testFiles(isLong))],
  ['all cases of each property', () => runTests(testFiles(isUnit))],
  ['10,000 schedules of downloads', () => node('.tools/fuzz.mjs', 'sim', 'downloads', '10000', '0')],
  ['10,000 schedules of the tracker pair', () => node('.tools/fuzz.mjs', 'sim', 'trackers', '10000', '0')],
  ['10,000 schedules of trackers on a database', () => node('.tools/fuzz.mjs', 'sim', 'database', '10000', '0')],
  ['100,000 hostile inputs each', () => node('.tools/fuzz.mjs')],
];

const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
const cells = STEPS.map(([name, step]) => {
  const startMs = performance.now();
  const code = step();
  if (code !== 0) process.exitCode = 1;
  return `${name}: ${code === 0 ? 'passed' : 'FAILED'}, ${Math.round((performance.now() - startMs) / 1_000)} s`;
});
console.log(`\n| ${commit}, Node ${process.versions.node} | ${cells.join(' · ')} |`);
