// A machine with an identity on its disk whose programs run under strace: what they write and in which order, and
// their end by kill -9 at one of these writes.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ProgramProcess } from '../../src/app/demo/processes.js';
import { makeIdentityDirectory, writeCard, writeSwarmFile } from '../../src/app/identity/identity-directory.js';
import { makeKeyFile } from '../../src/app/identity/key-file.js';
import type { Identity } from '../../src/foundation/identity/credentials.js';
import type { ClosedStage } from './closed-stage.js';
import { countCalls } from './strace.js';

const ROUNDS = 6;
const IS_LONG = process.env['MTORRENT_LONG'] === '1';
const ORDER_CALLS = ['openat', 'mkdir', 'link', 'rename', 'fsync', 'fdatasync', 'pwrite64', 'write', 'execve'];

export function strace(calls: readonly string[], ...more: readonly string[]): readonly string[] {
  return ['env', 'UV_THREADPOOL_SIZE=1', 'strace', '-D', '-f', '-qq', '-e', `trace=${calls.join(',')}`, ...more];
}

/** A trace in which each call says which files it is about, and whole texts. */
export function inOrder(trace: string): readonly string[] {
  return strace(ORDER_CALLS, '-y', '-v', '-s', '8192', '-o', trace);
}

/** Some of all calls at which a process may be killed, as options of strace. @param after which share of each kind. */
export function moments(
  trace: string,
  after = 0,
): readonly { readonly when: string; readonly inject: readonly string[] }[] {
  const positions = [...countCalls(trace)].flatMap(([call, count]) =>
    Array.from({ length: count }, (_, at) => ({
      share: (at + 1) / count,
      when: `killed at ${call} number ${at + 1}`,
      inject: ['-o', '/dev/null', '-e', `inject=${call}:signal=SIGKILL:when=${at + 1}`],
    })),
  );
  const late = positions.filter(({ share }) => IS_LONG || share > after);
  const stride = IS_LONG ? 1 : Math.max(1, Math.ceil(late.length / ROUNDS));
  const offset = randomInt(stride);
  return late.filter((_, index) => index % stride === offset);
}

/** A machine with files of its own, whose programs run under strace. */
export class TracedMachine {
  readonly directory: string;
  readonly identity: string;
  readonly #t: TestContext;

  private constructor(t: TestContext, directory: string, identity: string) {
    this.#t = t;
    this.directory = directory;
    this.identity = identity;
  }

  static async make(
    t: TestContext,
    directory: string,
    identity = join(directory, 'config/lab'),
  ): Promise<TracedMachine> {
    await mkdir(directory, { recursive: true });
    writeFileSync(join(directory, 'small.bin'), 'small');
    return new TracedMachine(t, directory, identity);
  }

  start(words: readonly string[], launcher: readonly string[] = []): ProgramProcess {
    const env = {
      HOME: this.directory,
      XDG_STATE_HOME: join(this.directory, 'state'),
      XDG_RUNTIME_DIR: this.directory,
      MTORRENT_SWARM: 'auto',
      MTORRENT_IDENTITY: this.identity,
    };
    const run = new ProgramProcess(`mtorrent ${words[0]}`, words, this.directory, { env, launcher });
    this.#t.after(() => run.end());
    return run;
  }

  /** Every file of it. */
  files(): readonly string[] {
    const found = readdirSync(this.directory, { recursive: true, encoding: 'utf8', withFileTypes: true });
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }
}

export async function writeIdentity(
  directory: string,
  part: 'client' | 'tracker',
  of: Identity,
  stage: ClosedStage,
): Promise<void> {
  await makeIdentityDirectory(directory);
  await makeKeyFile(join(directory, part === 'client' ? 'identity.key' : 'tracker.key'), of.secret);
  await writeCard(directory, part, of.card);
  await writeSwarmFile(directory, { name: of.swarm, root: of.root, trackers: [...stage.addresses] });
}

/** The bytes of a key as text of any kind that a program might write. */
export function keyTexts(path: string): readonly (string | Buffer)[] {
  const base64 = readFileSync(path, 'latin1').split('\n')[1] ?? '';
  const seed = Buffer.from(base64, 'base64').subarray(-32);
  assert.equal(seed.length, 32);
  return [base64, seed.toString('hex'), seed.toString('base64'), seed.toString('base64url'), seed];
}
