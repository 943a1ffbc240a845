// Makes a checkout ready to run: installs the locked packages when they are missing or changed, then compiles and
// bundles what is older than its source. Called by npm before `demo`, `test` and `bench`. Prints nothing when there is
// nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compile, isCompiled } from './compile.mjs';

const root = join(import.meta.dirname, '..');
process.chdir(root);

function run(command, args) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    console.error(`${command} ${args.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}`);
    process.exit(result.status ?? 1);
  }
}

/** npm writes what it installed into node_modules/.package-lock.json; compare that with what the lock file asks for. */
function packagesAreCurrent() {
  const installedPath = 'node_modules/.package-lock.json';
  if (!existsSync(installedPath)) return false;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

/** The last file of each of the two: compiling, and bundling. */
const BUILT_LAST = ['dist/.tsbuildinfo', 'dist/bundle/LICENSES.txt'];
const sources = ['src', 'workers', 'test', 'bench'];
function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
  }
}

function compiledIsCurrent() {
  if (!BUILT_LAST.every((path) => existsSync(path))) return false;
  const builtMs = Math.min(...BUILT_LAST.map((path) => statSync(path).mtimeMs));
  if (
    ['package-lock.json', 'tsconfig.json', '.tools/bundle.mjs', '.tools/load.cjs'].some(
      (path) => statSync(path).mtimeMs > builtMs,
    )
  )
    return false;
  return sources.every((folder) => [...filesBelow(folder)].every((path) => statSync(path).mtimeMs <= builtMs));
}

/** A compiled test whose source was deleted must not run again, nor its types be found. */
function removeOrphans() {
  for (const folder of sources.map((name) => join('dist', name)).filter((path) => existsSync(path)))
    removeOrphansOf(folder);
}

function removeOrphansOf(folder) {
  for (const path of filesBelow(folder)) {
    const source = path.replace(/^dist\//, '').replace(/\.(?:js|d\.ts)$/, '.ts');
    if (source.endsWith('.ts') && source !== path && !existsSync(source) && !existsSync(`${source}x`)) rmSync(path);
  }
}

if (!packagesAreCurrent()) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
removeOrphans();
if (!compiledIsCurrent()) {
  // `--force`-like behaviour: without this, tsc leaves an unchanged build's time stamp and every later run compiles
  // again.
  rmSync('dist/.tsbuildinfo', { force: true });
  run('node_modules/.bin/tsc', ['-p', 'tsconfig.json']);
  const { bundle } = await import('./bundle.mjs');
  await bundle(root);
}
if (!isCompiled(root)) compile(root);
