// `npm run fuzz [-- RUNS]`: the fuzz tests with a longer budget, RUNS inputs for each decoder (100,000 unless told). A failure
// prints its seed and its smallest input; MTORRENT_FUZZ_SEED repeats it.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
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
