// `npm test [-- PART]`: the rules of style, then every compiled test, or those whose path contains PART. Node 20's runner
// takes no globs, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
const part = process.argv[2] ?? '';

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const files = readdirSync('dist/test', { recursive: true })
  .filter((path) => path.endsWith('.test.js') && path.includes(part))
  .map((path) => join('dist/test', path))
  .sort();
if (files.length === 0) {
  console.error(`no test file has "${part}" in its path`);
  process.exit(1);
}
if (part === '') run('node_modules/.bin/biome', ['check']);
// One more than there are cores: a test of real processes waits for them now and then.
const concurrency = availableParallelism() + 1;
// The timeout holds for each test and for each file as a whole: it ends what hangs, and is no measure.
run(process.execPath, ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=1200000', ...files]);
