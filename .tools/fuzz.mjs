// `npm run fuzz [-- RUNS]`: the fuzz tests with a longer budget, RUNS inputs for each decoder (100,000 unless told). A
// failure prints its seed and its smallest input; MTORRENT_FUZZ_SEED repeats it. `npm run fuzz -- sim
// [downloads|trackers|database] [COUNT] [FIRST SEED]`: random schedules of faults in simulation instead, 10,000 unless
// told.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
if (process.argv[2] === 'sim') {
  const words = ['dist/test/sim/schedules.js', ...process.argv.slice(3)];
  const { status, error } = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  process.exit(status ?? 1);
}
const runs = Number(process.argv[2] ?? 100_000);
if (!Number.isSafeInteger(runs) || runs < 1) {
  console.error(`"${process.argv[2]}" is not a number of inputs, such as 100000`);
  process.exit(2);
}
const files = readdirSync('dist/test/fuzz')
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join('dist/test/fuzz', name));
const env = { ...process.env, MTORRENT_FUZZ_RUNS: String(runs) };
const { status, error } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit', env });
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
