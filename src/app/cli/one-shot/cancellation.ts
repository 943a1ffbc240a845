// What ends a one-shot command before its work is done: a signal, a reader of its output that has gone, its time limit.
// Only the waiting ends; what was waited for goes on until its owner closes it.

import { systemClock } from '../../../foundation/base/clock.js';
import { alarm } from '../../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { watchSignals } from '../../../foundation/base/signals.js';
import { letGoOfTerminal } from '../context.js';
import { endOfOutput } from '../lost-output.js';

/** Stands for a signal when nobody reads the results any more. */
export const READER_GONE = 'the end of its reader';
const OUTPUT_FAILED = 'an error of its standard output';

/** A signal came, or nobody reads the results any more. */
export interface Stopped {
  readonly kind: 'stopped';
  readonly signal: string;
  /** By which a shell knows the signal. */
  readonly exitCode: number;
}

export type Outcome<T> = { readonly kind: 'done'; readonly value: T } | Stopped | { readonly kind: 'late' };

type End = Stopped | { readonly kind: 'late' };

/** What is told of a time limit before which no tracker has answered. */
export function lateWithoutTracker(addresses: string): string {
  return `timed out before any tracker answered, of ${addresses}`;
}

export class Cancellation {
  readonly #sinceMs = systemClock.nowMs();
  /** Those who wait now. Each leaves when its wait is over: a command may wait a few million times. */
  readonly #waiting = new Set<(end: End) => void>();
  readonly #aborting = new AbortController();
  readonly #signals: { unwatch(): void };
  #end: End | undefined;
  #limit: { cancel(): void } | undefined;
  #isTerminalGone = false;

  /** Watches from now on. @param say gets what a person should know when a signal came. */
  constructor(say: (sentence: string) => void) {
    this.#signals = watchSignals({
      onStop: (signal, exitCode) => {
        this.#isTerminalGone ||= signal === 'SIGHUP';
        say('closing; press Ctrl-C again to exit immediately');
        this.#endAll({ kind: 'stopped', signal, exitCode });
      },
      onLogMoved: () => undefined,
    });
    process.stdout.on('error', (error: unknown) => {
      const end = endOfOutput(error);
      this.#isTerminalGone ||= end === 'terminalGone';
      this.#endAll({ kind: 'stopped', signal: end === 'failed' ? OUTPUT_FAILED : READER_GONE, exitCode: 0 });
    });
  }

  /** Sets the time limit. @param limitMs counted from the start of the command; undefined: none. */
  limitTo(limitMs: number | undefined): void {
    if (limitMs === undefined) return;
    const leftMs = Math.max(0, limitMs - (systemClock.nowMs() - this.#sinceMs));
    this.#limit = alarm(leftMs, () => this.#endAll({ kind: 'late' }));
  }

  /** What had to be done in time is done: no time limit holds from now on. */
  liftLimit(): void {
    this.#limit?.cancel();
    if (this.#end?.kind === 'late') this.#end = undefined;
  }

  /** Whichever comes first: the promise, or what ends the command. The promise itself goes on. */
  firstOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
    return new Promise((resolve, reject) => {
      const leave = (end: End): void => {
        this.#waiting.delete(leave);
        resolve(end);
      };
      // Its failure is still heard then, and nobody waits for it any more.
      if (this.#end === undefined) this.#waiting.add(leave);
      else resolve(this.#end);
      promise.then(
        (value) => {
          this.#waiting.delete(leave);
          resolve({ kind: 'done', value });
        },
        (error: unknown) => {
          this.#waiting.delete(leave);
          reject(error);
        },
      );
    });
  }

  /** Aborts when the command ends, its limit included; for work that need not go on then. */
  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  /**
   * The promise. Rejects with UNFINISHED, TIMED_OUT or NO_TRACKER when the command ends before it settles.
   * @param what settles it, as a clause.
   * @param withoutTracker its trackers, as long as none has answered: then the limit's code is NO_TRACKER.
   */
  async orEnd<T>(promise: Promise<T>, what: string, withoutTracker?: () => string | undefined): Promise<T> {
    const end = await this.firstOf(promise);
    if (end.kind === 'done') return end.value;
    const silent = end.kind === 'late' ? withoutTracker?.() : undefined;
    if (silent !== undefined)
      throw new MiniTorrentError('NO_TRACKER', `${lateWithoutTracker(silent)}; run the same command again`);
    const why = end.kind === 'late' ? 'timed out' : `stopped by ${end.signal}`;
    const code = end.kind === 'late' ? 'TIMED_OUT' : 'UNFINISHED';
    throw new MiniTorrentError(code, `${why} before ${what}; run the same command again`);
  }

  close(): void {
    this.liftLimit();
    this.#signals.unwatch();
    if (this.#isTerminalGone) letGoOfTerminal();
  }

  /** A later signal changes nothing. */
  #endAll(end: End): void {
    if (this.#end?.kind === 'stopped') return;
    this.#end = end;
    this.#aborting.abort();
    for (const leave of [...this.#waiting]) leave(end);
  }
}
