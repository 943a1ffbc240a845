// `mtorrent` as a user with a home of their own runs it: a process with its own XDG directories, its output by lines as
// they come.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { type Outcome, ProgramProcess } from '../../src/app/demo/processes.js';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { mismatches } from './json-schema.js';
import { PATIENCE_MS } from './patience.js';

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../docs/events.schema.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

export interface EventLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What a user has: state, settings and a socket that no other user of the test shares. */
export interface User {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function makeUser(directory: string, name: string): Promise<User> {
  const home = `${directory}/${name}`;
  await mkdir(`${home}/run`, { recursive: true });
  return {
    directory,
    env: {
      XDG_STATE_HOME: `${home}/state`,
      XDG_CONFIG_HOME: `${home}/config`,
      XDG_RUNTIME_DIR: `${home}/run`,
      XDG_DOWNLOAD_DIR: '',
      MTORRENT_ADDRESS: '127.0.0.1:0',
    },
  };
}

export class CommandRun extends ProgramProcess {
  readonly lines: string[] = [];

  constructor(t: TestContext, user: User, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    super(`mtorrent ${words[0] ?? ''}`, words, user.directory, { env: { ...user.env, ...env } });
    this.onLine = (line) => {
      this.lines.push(line);
      this.lookAgain();
    };
    t.after(() => this.end());
  }

  /** The first line of stdout that `pattern` fits, as soon as it is there. */
  line(pattern: RegExp, deadlineMs?: number): Promise<string> {
    return this.lookUntil(
      () => this.lines.find((line) => pattern.test(line)),
      `line ${pattern}`,
      deadlineMs ?? PATIENCE_MS,
    );
  }

  /** Every line as an event, held against docs/events.schema.json. */
  events(): readonly EventLine[] {
    return this.lines.map((line) => {
      const event = JSON.parse(line) as EventLine;
      assert.deepEqual(mismatches(event, SCHEMA), [], line);
      return event;
    });
  }

  async outcome(): Promise<Outcome> {
    this.endInput();
    return { code: await this.exited, stdout: this.lines.join('\n'), stderr: this.stderr };
  }
}

/** `-t … -t …` of a swarm's trackers. */
export function trackerWords(swarm: Swarm): readonly string[] {
  return swarm.trackers.flatMap((tracker) => ['-t', formatAddress(tracker)]);
}
