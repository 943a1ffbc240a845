// A tracker as a process of its own, for tests that kill it or put it under another program. Every wait has a deadline.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deferred, within } from '../../../src/foundation/base/deferred.js';
import { type Address, parseAddress } from '../../../src/foundation/torrent/address.js';
import { PATIENCE_MS } from '../../support/patience.js';

const ENTRY = fileURLToPath(new URL('run-tracker.js', import.meta.url));

export interface Run {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code, or the signal's name. */
  ended(): Promise<number | string>;
  listening(): Promise<Address>;
  /** As `ended`; its address when it listens instead, so that nobody waits for the end of one that should not run. */
  endedOrListening(): Promise<number | string | Address>;
}

/** @param under a command that runs it, such as strace with its options. */
export function run(t: TestContext, args: readonly string[], under: readonly string[] = []): Run {
  const [command = '', ...rest] = [...under, process.execPath, ENTRY, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const text = { stdout: '', stderr: '' };
  const end = deferred<number | string>();
  const listening = deferred<Address>();
  const late = (what: string) => (): never => assert.fail(`the tracker ${what}: ${text.stderr}`);
  child.stderr?.on('data', (bytes: Buffer) => {
    text.stderr += bytes.toString();
  });
  child.stdout?.on('data', (bytes: Buffer) => {
    text.stdout += bytes.toString();
    const address = parseAddress(/^TRACKER LISTENING (.*)\n/.exec(text.stdout)?.[1] ?? '');
    if (address !== undefined) listening.resolve(address);
  });
  child.on('close', (code, signal) => end.resolve(code ?? signal ?? ''));
  return {
    child,
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    ended: () => within(end.promise, PATIENCE_MS, late('did not end')),
    listening: () => within(listening.promise, PATIENCE_MS, late('does not listen')),
    endedOrListening: () =>
      within(Promise.race([end.promise, listening.promise]), PATIENCE_MS, late('neither ends nor listens')),
  };
}
