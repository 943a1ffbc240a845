// `npm test [-- PART]`: the rules of style, then every compiled test, or those whose path contains PART, but for the
// long ones (`*.long.test.ts`, see long.mjs). `npm run quick`: of these, what starts no processes, and the end-to-end
// tests named below. Node 20's runner takes no globs, so the files are listed here.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders whose tests start processes of the program. */
const STARTS_PROCESSES = /^(e2e|docs|release|app\/completion)\//;
/** Tests of processes that are quick, too: each way through the program once. */
const QUICK = ['e2e/hostile-bytes', 'e2e/refusals', 'e2e/remove', 'release/fixtures'];
/**
 * Test files that get a process of their own: they start processes or threads, take long, or lean on what is global.
 */
const ALONE =
  /^(e2e|docs|release|sim|fuzz|tidy|mutants|app\/(completion|library)|app\/cli\/tiering|transfer\/(hash|storage)|tracking\/(store\/sqlite|tracker))\b/;
/**
 * The others share a few processes: to start one for each, and to load the same modules in it, costs more than most of
 * them take.
 */
const SHARED_PROCESSES = 6;
/** Ends what hangs; it is no measure. Holds for each test and for each file as a whole. */
const TIMEOUT_MS = 1_200_000;

export function testFiles(isWanted) {
  return readdirSync('dist/test', { recursive: true })
    .filter((path) => path.endsWith('.test.js') && isWanted(path))
    .map((path) => join('dist/test', path))
    .sort();
}

export const isLong = (path) => path.endsWith('.long.test.js');
export const isQuick = (path) =>
  !isLong(path) && (!STARTS_PROCESSES.test(path) || QUICK.some((name) => path === `${name}.test.js`));

/** Exit code. */
export function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (error !== undefined) throw error;
  return status ?? 1;
}

export function runTests(files, node = process.execPath) {
  // One more than there are cores: a test of real processes waits for them now and then.
  const concurrency = availableParallelism() + 1;
  const arranged = arrange(files);
  return run(node, ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${TIMEOUT_MS}`, ...arranged]);
}

/** Files with a process of their own, then files that import those which share one. */
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
  return [...alone, ...groups];
}

function main([first = '', ...rest]) {
  const tier = first === 'quick' ? isQuick : (path) => !isLong(path);
  const part = first === 'quick' ? (rest[0] ?? '') : first;
  // Whoever names a long one gets it.
  const files = testFiles(
    (path) => path.includes(part) && (tier(path) || (part !== '' && isLong(path) && first !== 'quick')),
  );
  if (files.length === 0) {
    console.error(`no test file has "${part}" in its path`);
    return 1;
  }
  return (part === '' ? run('node_modules/.bin/biome', ['check']) : 0) || runTests(files);
}

process.chdir(join(import.meta.dirname, '..'));
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv.slice(2));
