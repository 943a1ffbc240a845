// `npm test [-- PART [N/M]]`: the rules of style and every compiled test but the long ones (see long.mjs), or those
// whose path contains PART, or of these the Nth of M shares. `npm run quick`: what starts no processes, and two files
// that do. Node 20's runner takes no globs, so files are listed here; docs/decisions/047 has the tiers.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Tests that start processes of the program, or whole clients. */
const STARTS_PROCESSES = /^(e2e|docs|release|app\/completion|app\/library\/library|tracking\/tracker\/daemon)\b/;
/** Of those, what is quick, too. */
const QUICK = ['e2e/refusals', 'release/fixtures'];
/**
 * Test files that get a process of their own: they start processes or threads, take long, or lean on what is global.
 */
const ALONE = new RegExp(
  `^(${[
    'e2e|docs|release|fuzz|tidy|mutants|sim/(crowd|one-address|pair|repair|swarm)|app/(completion|library/library|cli/tiering)',
    'transfer/hash/pool|transfer/storage/(storage|lock|generation-lock|metainfo-file|read-place)',
    'tracking/store/sqlite/(disk-faults|durability|places|store)|tracking/tracker/(daemon|clean-up|hostile|standstill)',
  ].join('|')})\\b`,
);
/**
 * The others share a few processes: to start one for each, and to load the same modules in it, costs more than most of
 * them take.
 */
const SHARED_PROCESSES = 6;
/** The share of its random cases that a property is tried on, as test/support/cases.ts reads it. */
const CASES = { quick: '0.1', usual: '0.25', all: '1' };
/** Ends what hangs; it is no measure. Holds for each test and for each file as a whole. */
const TIMEOUT_MS = 1_200_000;

export function testFiles(isWanted) {
  return readdirSync('dist/test', { recursive: true })
    .filter((path) => path.endsWith('.test.js') && isWanted(path))
    .map((path) => join('dist/test', path))
    .sort();
}

export const isLong = (path) => path.endsWith('.long.test.js');
/** What starts no processes, and so has most of the properties. */
export const isUnit = (path) => !isLong(path) && !STARTS_PROCESSES.test(path);
export const isQuick = (path) => isUnit(path) || QUICK.some((name) => path === `${name}.test.js`);

/** Exit code. */
export function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** @param cases a key of CASES. */
export function runTests(files, cases = 'all', node = process.execPath) {
  // A test of real processes waits for them now and then; a long one does so for two thirds of its time.
  const cores = availableParallelism();
  const concurrency = files.every(isLong) ? 2 * cores + 1 : cores + 1;
  const arranged = arrange(files);
  const words = ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${TIMEOUT_MS}`, ...arranged];
  return run(node, words, { MTORRENT_TEST_CASES: CASES[cases], ...process.env });
}

/** Files that import those which share a process, and take longest; then those with a process of their own. */
function arrange(files) {
  const shared = files.filter((file) => !ALONE.test(file.replace(/^dist\/test\//, '')));
  const alone = files.filter((file) => !shared.includes(file));
  rmSync('dist/together', { recursive: true, force: true });
  if (shared.length <= SHARED_PROCESSES) return files;
  mkdirSync('dist/together', { recursive: true });
  const groups = Array.from({ length: SHARED_PROCESSES }, (_, at) => {
    const members = shared.filter((_, index) => index % SHARED_PROCESSES === at);
    const path = `dist/together/${at + 1}.test.js`;
    writeFileSync(path, members.map((file) => `import '../../${file}';\n`).join(''));
    return path;
  });
  return [...groups, ...alone];
}

/** Every Mth file from the Nth on; undefined when `share` does not say which. */
function shareOf(files, share) {
  const [, n = 0, m = 0] = (/^(\d+)\/(\d+)$/.exec(share) ?? []).map(Number);
  return n >= 1 && n <= m ? files.filter((_, at) => at % m === n - 1) : undefined;
}

function main([first = '', ...rest]) {
  const tier = first === 'quick' ? isQuick : (path) => !isLong(path);
  const [part = '', share = '1/1'] = first === 'quick' ? rest : [first, ...rest];
  // Whoever names a long one gets it.
  const named = testFiles(
    (path) => path.includes(part) && (tier(path) || (part !== '' && isLong(path) && first !== 'quick')),
  );
  const files = shareOf(named, share);
  if (files === undefined) {
    console.error(`"${share}" is no share of the tests; write 2/3 for the second of three`);
    return 1;
  }
  if (files.length === 0) {
    console.error(`no test file has "${part}" in its path`);
    return 1;
  }
  if (part !== '') return runTests(files);
  return run('node_modules/.bin/biome', ['check']) || runTests(files, first === 'quick' ? 'quick' : 'usual');
}

process.chdir(join(import.meta.dirname, '..'));
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv.slice(2));
