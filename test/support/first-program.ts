// Programs of earlier commits, the first release among them, built for tests of how releases work together. Built once
// for each checkout and kept in node_modules/.cache. Where the history is not there or its packages cannot be had, the
// tests say so.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { errnoOf } from '../../src/foundation/base/errors.js';
import { lacksPlace } from './needs.js';

const FIRST_RELEASE = '37102150';
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/releases');
/** Without its tests: below node_modules they would not find their own package. */
const TAKEN = 'src workers .tools package.json package-lock.json tsconfig.json';
const BUILD_MS = 300_000;

/** What went wrong; undefined when it ended well. */
function fails(command: string, words: readonly string[], directory: string): string | undefined {
  const { status, error, stderr } = spawnSync(command, words, {
    cwd: directory,
    encoding: 'utf8',
    timeout: BUILD_MS,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return status === 0 ? undefined : `${command} ${words[0]}: ${error?.message ?? stderr.trim().slice(-300)}`;
}

/** The packages that a lock file asks for. */
function packagesOf(directory: string): string {
  const { packages } = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  return JSON.stringify(
    Object.entries(packages).flatMap(([path, { version }]) => (path === '' ? [] : [[path, version]])),
  );
}

/** Takes a commit into `directory` and builds it there. Answers why it could not. */
function build(commit: string, directory: string): string | undefined {
  const taken = fails(
    'sh',
    ['-c', `git -C "$0" archive ${commit} ${TAKEN} > taken.tar && tar xf taken.tar`, ROOT],
    directory,
  );
  if (taken !== undefined) return `the history has no commit ${commit} here (${taken})`;
  if (packagesOf(directory) === packagesOf(ROOT))
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  else {
    const installed = fails('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], directory);
    if (installed !== undefined) return `the packages of ${commit} cannot be installed (${installed})`;
  }
  const built = fails(process.execPath, ['.tools/ready.mjs'], directory);
  assert.equal(built, undefined, `${commit} cannot be built`);
  return undefined;
}

export function firstProgram(t: TestContext): string | undefined {
  return programOf(t, FIRST_RELEASE);
}

/** Path of the program of a commit. Undefined, and the test skipped with the reason, where it cannot be had. */
export function programOf(t: TestContext, commit: string): string | undefined {
  const place = join(CACHE, commit);
  const program = join(place, 'dist/bundle/mtorrent.cjs');
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(CACHE, 'building-'));
  try {
    const why = build(commit, directory);
    if (why !== undefined) {
      lacksPlace(t, why);
      return undefined;
    }
    renameSync(directory, place);
  } catch (error) {
    // Another test was sooner.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return program;
}
