// The package as npm makes it: it holds what is needed and nothing else, and runs where there is nothing but its
// tarball and the packages that it depends on (copied from this checkout: a test needs no network).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hasTool } from '../support/needs.js';
import { copyDependencies, pack, run } from '../support/packing.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ROOT = new URL('../../..', import.meta.url).pathname;

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly man: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

const packing = mkdtempSync(join(tmpdir(), 'mtorrent-package-'));
after(() => rmSync(packing, { recursive: true, force: true }));
let made: ReturnType<typeof pack> | undefined;
/** Made once for all tests. */
const packed = (): ReturnType<typeof pack> => {
  made ??= pack(packing);
  return made;
};

test('the package holds program, threads, manual and units, and nothing else', (t) => {
  if (!hasTool(t, 'npm')) return;
  const { paths } = packed();
  const allowed =
    /^(package\.json|README\.md|LICENSE|dist\/src\/[\w/-]+\.(js|d\.ts)|dist\/bundle\/(\w+(\.code)?\.cjs|\w+\.compiled|page\/\w+\.(html|js|css|svg)|(LICENSES|COMPILED)\.txt)|docs\/[\w/@.-]+\.(md|[158]|service|json|yml|svg|png)|docs\/(Dockerfile|compose\.yaml))$/;
  assert.deepEqual(
    paths.filter((path) => !allowed.test(path)),
    [],
  );
  const compiled = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    // The page is one script of the bundle.
    .filter((path) => path.endsWith('.ts') && !path.startsWith('app/page/'))
    .map((path) => `dist/src/${path.replace(/\.ts$/, '.js')}`);
  const threads = readdirSync(join(ROOT, 'workers')).map((path) => `dist/bundle/${path.replace(/\.ts$/, '.cjs')}`);
  const needed = [
    ...compiled,
    ...threads,
    'dist/bundle/LICENSES.txt',
    ...manifest.man,
    ...Object.values(manifest.bin),
    'README.md',
    'LICENSE',
  ];
  assert.deepEqual(
    needed.filter((path) => !paths.includes(path)),
    [],
  );
  for (const unit of readdirSync(join(ROOT, 'docs/systemd'))) assert.ok(paths.includes(`docs/systemd/${unit}`), unit);
});

test('a checkout that is made ready again keeps all that was built, the page with its script too', () => {
  const built = (): string[] => readdirSync(join(ROOT, 'dist/bundle'), { recursive: true, encoding: 'utf8' }).sort();
  const before = built();
  assert.ok(before.includes('page/app.js'), before.join(' '));
  execFileSync(process.execPath, [join(ROOT, '.tools/ready.mjs')], { cwd: ROOT, stdio: 'ignore' });
  assert.deepEqual(built(), before);
});

test('installed from its tarball alone it tells its version, completes, and runs a whole swarm', (t) => {
  if (!hasTool(t, 'npm')) return;
  const directory = temporaryDirectory(t);
  const { filename } = packed();
  copyDependencies(directory);
  // Another version around it, which is not the one to tell.
  writeFileSync(join(directory, 'package.json'), '{"name": "elsewhere", "version": "9.9.9", "private": true}');
  run(directory, 'npm', [
    'install',
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    join(packing, filename),
  ]);
  const program = join(directory, 'node_modules', '.bin', 'mtorrent');
  assert.equal(run(directory, program, ['--version']), `${manifest.version}\n`);
  assert.match(run(directory, program, ['completion', 'bash']), /^complete -F _mtorrent mtorrent$/m);
  assert.match(run(directory, program, ['config', 'show', '--origin']), /^log-level +info +default$/m);
  assert.match(run(directory, program, ['demo', '--size', '1MiB']), /equal: every byte arrived/);
});
