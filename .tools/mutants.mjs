// `npm run mutants [-- PART]`: plants each defect of test/mutants/catalogue.ts, or those whose name contains PART, one
// at a time in a copy of the project, and runs the test file that it names, which must fail in the named test. Exit
// code 1 when a defect survives or cannot be planted. What cannot run on this machine is NOT TESTED, with the reason.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CATALOGUE } from '../dist/test/mutants/catalogue.js';
import { bundle } from './bundle.mjs';

/**
 * End what hangs, and are no measures: a test waits 60 s at most for anything, and a machine may be busy. The deadline
 * of a run is for each test file.
 */
const RUN_DEADLINE_MS = 300_000;
const TEST_DEADLINE_MS = 120_000;
/** A defect may leave something unused. */
const TSC = [
  'node_modules/.bin/tsc',
  '-p',
  'tsconfig.json',
  '--noUnusedLocals',
  'false',
  '--noUnusedParameters',
  'false',
];

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'mtorrent-mutants-'));
/** The process group under way. */
let running;
process.on('exit', () => {
  killRunning();
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** With all processes that it started: a test may leave a tracker behind. */
function killRunning() {
  if (running === undefined) return;
  try {
    process.kill(-running.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
  running = undefined;
}

/** Exit code (undefined: it hung and was killed) and what was printed. */
function run(command, args, files = 1) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    let output = '';
    let code;
    const deadline = setTimeout(killRunning, files * RUN_DEADLINE_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        output += bytes;
      });
    }
    child.on('error', reject);
    child.on('exit', (status) => {
      code = status ?? undefined;
      killRunning();
    });
    child.on('close', () => {
      clearTimeout(deadline);
      resolve({ code, output });
    });
  });
}

function copyProject() {
  for (const path of ['src', 'workers', 'test', 'bench', 'docs', 'dist', '.tools', 'package.json', 'tsconfig.json'])
    cpSync(join(root, path), join(copy, path), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Name → why it cannot run on this machine. */
const skipped = new Map();

/**
 * The names of the tests that failed. One that bears the name of its file never began: its modules could not be loaded.
 */
async function failedTests(paths) {
  const files = paths.map((path) => join('dist', path.replace(/\.ts$/, '.js')));
  const args = ['--test', '--test-reporter=tap', `--test-timeout=${TEST_DEADLINE_MS}`, ...files];
  const { code, output } = await run(process.execPath, args, files.length);
  if (code === undefined) throw new Error(`${paths.join(' ')} hung`);
  for (const [, name, why] of output.matchAll(/^ *ok \d+ - (.*) # SKIP (.*)$/gm)) skipped.set(name, why);
  const names = [...output.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name]) => name.replaceAll('\\', ''));
  const failed = names.filter((name) => !files.some((file) => name.endsWith(file)));
  if (code === 0 && failed.length === 0) return [];
  if (code === 0 || failed.length === 0)
    throw new Error(`${paths.join(' ')} ended with ${code}, without a test:\n${output}`);
  return failed;
}

/** Puts the defect in, and answers how to take it out. */
function plant({ file, right, wrong }) {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  const count = text.split(right).length - 1;
  if (count !== 1) throw new Error(`no longer fits the code: ${file} has its text ${count} times; adapt the catalogue`);
  writeFileSync(
    path,
    text.replace(right, () => wrong),
  );
  return () => writeFileSync(path, text);
}

/** What became of one defect, for its line. */
async function trial(defect) {
  if (skipped.has(defect.rule)) return `NOT TESTED  ${defect.name}: ${skipped.get(defect.rule)}`;
  const takeOut = plant(defect);
  try {
    const compiled = await run(process.execPath, TSC);
    if (compiled.code !== 0) throw new Error(`does not compile:\n${compiled.output}`);
    await bundle(copy);
    const failed = await failedTests([defect.test]);
    if (failed.length === 0) return `SURVIVED  ${defect.name}: ${defect.breaks}`;
    // The name of a test may end with a number, such as that of its seeds.
    if (!failed.some((name) => name.startsWith(defect.rule)))
      return `SURVIVED  ${defect.name}: "${defect.rule}" passed, only these failed: ${failed.join('; ')}`;
    return `RED  ${defect.name}  (${defect.rule})`;
  } finally {
    takeOut();
  }
}

const part = process.argv[2] ?? '';
const chosen = CATALOGUE.filter(({ name }) => name.includes(part));
if (chosen.length === 0) {
  console.error(`no defect has "${part}" in its name`);
  process.exit(1);
}
copyProject();
const red = await failedTests([...new Set(chosen.map(({ test }) => test))]);
if (red.length > 0) {
  console.error(`red without any defect, so nothing can be proved: ${red.join('; ')}`);
  process.exit(1);
}
for (const defect of chosen) {
  let line;
  try {
    line = await trial(defect);
  } catch (error) {
    line = `BROKEN  ${defect.name}: ${error.message}`;
  }
  console.log(line);
  if (!/^(RED|NOT TESTED) /.test(line)) process.exitCode = 1;
}
