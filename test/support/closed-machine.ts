// A machine of a closed swarm as its user sees it: a home with an identity, and commands that are run there.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CommandRun, type User } from './command-run.js';

/** A machine with a home of its own. */
export class Machine {
  readonly directory: string;
  readonly #t: TestContext;
  readonly #user: User;

  private constructor(t: TestContext, directory: string) {
    this.#t = t;
    this.directory = directory;
    const env = {
      HOME: directory,
      XDG_STATE_HOME: join(directory, 'state'),
      XDG_CONFIG_HOME: join(directory, 'config'),
      XDG_RUNTIME_DIR: join(directory, 'run'),
      XDG_DOWNLOAD_DIR: '',
      USER: 'ada',
      MTORRENT_SWARM: 'auto',
      MTORRENT_ADDRESS: '127.0.0.1:0',
    };
    this.#user = { directory, env };
  }

  static async make(t: TestContext, parent: string, name: string): Promise<Machine> {
    const directory = join(parent, name);
    await mkdir(join(directory, 'run'), { recursive: true, mode: 0o700 });
    return new Machine(t, directory);
  }

  get identity(): string {
    return join(this.directory, 'config/mtorrent/swarm');
  }

  start(...words: readonly string[]): CommandRun {
    return this.startWith({}, ...words);
  }

  startWith(env: Readonly<Record<string, string>>, ...words: readonly string[]): CommandRun {
    return new CommandRun(this.#t, this.#user, words, env);
  }

  async run(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const run = this.start(...words);
    const code = await run.exited;
    return { code, stdout: run.lines.join('\n'), stderr: run.stderr };
  }

  async succeed(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...words);
    assert.equal(code, 0, `mtorrent ${words.join(' ')}: ${stderr}`);
    return stdout;
  }
}

export function invitationIn(text: string): string {
  const line = /\bmtj1[a-z2-7]+/.exec(text)?.[0];
  assert.ok(line !== undefined, text);
  return line;
}
