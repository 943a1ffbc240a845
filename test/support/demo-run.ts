// `mtorrent demo` as a process of its own, as a shell starts it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { within } from '../../src/foundation/base/deferred.js';
import { PATIENCE_MS } from './patience.js';

const PROGRAM = new URL('../../bundle/mtorrent.cjs', import.meta.url).pathname;

export interface DemoRun {
  readonly pid: number;
  readonly stderr: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** In a process group of its own, as a shell starts it, with `directory` for its temporary files. */
export function runDemo(directory: string, ...words: readonly string[]): DemoRun {
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...words], {
    cwd: directory,
    env: { ...process.env, TMPDIR: directory },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += String(text);
  });
  child.stderr.on('data', (text) => {
    stderr += String(text);
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    pid: child.pid ?? 0,
    stderr: () => stderr,
    ended: within(ended, PATIENCE_MS, () => assert.fail(`the demo did not end: ${stderr}`)).then((code) => ({
      code,
      stdout,
      stderr,
    })),
  };
}
