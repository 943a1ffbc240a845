// One run of a hook: a process group of its own, without a shell and without input, whose output goes line by line to
// whoever wants it.

import { type ChildProcess, spawn } from 'node:child_process';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { HOOK_OUTPUT_REST_MS } from './limits.js';
import { OutputLines } from './output-lines.js';

/** `failure`: why it counts as failed; undefined when it exited with 0. */
export interface HookEnd {
  readonly failure: string | undefined;
}

export class HookRun {
  readonly #child: ChildProcess;
  readonly #ended = deferred<HookEnd>();

  /** @param onLine gets each line of stdout and stderr. */
  constructor(program: string, env: Readonly<Record<string, string>>, onLine: (line: string) => void) {
    // Detached: a group of its own, which is ended as a whole, and which Ctrl-C at our terminal does not reach.
    this.#child = spawn(program, [], { cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = deferred<void>();
    this.#child.on('close', () => closed.resolve());
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined)
        this.#ended.resolve({ failure: `could not be started: ${errnoOf(error) ?? error.message}` });
    });
    const streams = [this.#child.stdout, this.#child.stderr];
    for (const stream of streams) {
      const lines = new OutputLines();
      stream?.on('data', (bytes: Buffer) => lines.push(bytes).forEach(onLine));
      stream?.on('close', () => lines.end().forEach(onLine));
      stream?.on('error', () => stream.destroy());
    }
    this.#child.on('exit', (code, signal) => {
      const failure =
        code === 0 ? undefined : signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      void within(closed.promise, HOOK_OUTPUT_REST_MS, () => undefined).then(() => {
        for (const stream of streams) stream?.destroy();
        this.#ended.resolve({ failure });
      });
    });
  }

  /** Settles when the program has ended, or could not be started. */
  get ended(): Promise<HookEnd> {
    return this.#ended.promise;
  }

  /** To it and all that it started in its group. */
  signal(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    // Once it was waited for, its number may be that of another group.
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // It has just ended.
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }
}
