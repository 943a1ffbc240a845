// The package as npm makes it, and the packages that it depends on, copied from this checkout: a test needs no network.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../../..', import.meta.url).pathname;

export function run(directory: string, program: string, words: readonly string[]): string {
  // npm hands its own settings to the tests that it runs; none of them is meant here. The cache is of no use, and not
  // touched.
  const others = Object.entries(process.env).filter(([name]) => !/^(npm_|MTORRENT_)/i.test(name));
  const env = {
    ...Object.fromEntries(others),
    npm_config_cache: join(directory, '.npm'),
    MTORRENT_CONFIG: '/dev/null',
  };
  return execFileSync(program, words, { cwd: directory, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Makes the tarball of `source` in `directory`; answers its name and what it holds. */
export function pack(
  directory: string,
  source = ROOT,
): { readonly filename: string; readonly paths: readonly string[] } {
  // What is compiled is compiled already.
  const text = run(directory, 'npm', ['pack', source, '--json', '--ignore-scripts', '--silent']);
  const [packed] = JSON.parse(text) as readonly [{ filename: string; files: readonly { path: string }[] }];
  return { filename: packed.filename, paths: packed.files.map(({ path }) => path) };
}

interface LockEntry {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
}

/** What `npm install` would fetch: packages that are not for development, as they are locked. */
export function copyDependencies(directory: string): void {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  mkdirSync(join(directory, 'node_modules', '.bin'), { recursive: true });
  for (const [path, { dev, optional, bin }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true) continue;
    const from = join(ROOT, path);
    if (optional === true && !existsSync(from)) continue;
    mkdirSync(join(directory, path, '..'), { recursive: true });
    cpSync(from, join(directory, path), { recursive: true });
    // A package without its links counts as damaged, and npm would fetch it anew.
    for (const [name, file] of Object.entries(bin ?? {}))
      symlinkSync(join('..', '..', path, file), join(directory, 'node_modules', '.bin', name));
  }
}
