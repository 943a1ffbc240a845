// One run of a hook: a process group of its own, without a shell and without input, whose output goes line by line to
// whoever wants it.

import { type ChildProcess, spawn } from 'node:child_process';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { HOOK_OUTPUT_REST_MS } from './limits.js';
import { OutputLines } from './output-lines.js';

export interface HookEnd {
  /** Why it counts as failed; undefined when it exited with 0. */
  readonly failure: string | undefined;
  /** Whether it could be started. */
  readonly hasRun: boolean;
}

/** What a person can mend, by what the system says when a program cannot be started. */
const WHY_NOT_STARTED: Readonly<Record<string, string>> = {
  ENOENT: 'what its first line names after #! is not there',
  EACCES: 'it, or what its first line names after #!, may not be executed',
  ELOOP: 'its first line names itself after #!, or a script that leads back to it',
  ETXTBSY: 'another program is writing to it',
  E2BIG: 'its environment is too large',
};

export class HookRun {
  /** Undefined: it could not be started. */
  readonly #child: ChildProcess | undefined;
  readonly #ended = deferred<HookEnd>();

  /** @param onLine gets each line of stdout and stderr. */
  constructor(program: string, env: Readonly<Record<string, string>>, onLine: (line: string) => void) {
    // Detached: a group of its own, which is ended as a whole, and which Ctrl-C at our terminal does not reach.
    try {
      this.#child = spawn(program, [], { cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      this.#follow(this.#child, onLine);
    } catch (error) {
      // Node throws most of the reasons, and emits a few.
      this.#notStarted(error);
    }
  }

  /** Settles when the program has ended, or could not be started. */
  get ended(): Promise<HookEnd> {
    return this.#ended.promise;
  }

  /** To it and all that it started in its group. */
  signal(signal: NodeJS.Signals): void {
    const child = this.#child;
    // Once it was waited for, its number may be that of another group.
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      // It has just ended.
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }

  #notStarted(error: unknown): void {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const why = WHY_NOT_STARTED[errno];
    const failure = `could not be started: ${why === undefined ? errno : `${why} (${errno})`}`;
    this.#ended.resolve({ failure, hasRun: false });
  }

  #follow(child: ChildProcess, onLine: (line: string) => void): void {
    const closed = deferred<void>();
    child.on('close', () => closed.resolve());
    child.on('error', (error) => {
      if (child.pid === undefined) this.#notStarted(error);
    });
    const streams = [child.stdout, child.stderr];
    for (const stream of streams) {
      const lines = new OutputLines();
      stream?.on('data', (bytes: Buffer) => lines.push(bytes).forEach(onLine));
      stream?.on('close', () => lines.end().forEach(onLine));
      stream?.on('error', () => stream.destroy());
    }
    child.on('exit', (code, signal) => {
      const failure =
        code === 0 ? undefined : signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      void within(closed.promise, HOOK_OUTPUT_REST_MS, () => undefined).then(() => {
        for (const stream of streams) stream?.destroy();
        this.#ended.resolve({ failure, hasRun: true });
      });
    });
  }
}
