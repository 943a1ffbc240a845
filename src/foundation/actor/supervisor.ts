// Starts children in order or together, stops them in reverse order, and decides by OTP's rules what happens when one
// ends by itself. `RestartPolicy` decides and is fed with time; the children's own functions start and stop them.

import { assert } from '../base/assert.js';
import { STOP_DEADLINE_MS } from '../base/limits.js';
import type { Log } from '../base/log.js';
import { systemTimers, type Timers } from '../base/timers.js';
import type { ThreadEnd } from './thread.js';

/** permanent: always restarted. transient: after a crash only. temporary: never. (OTP) */
export type Restart = 'permanent' | 'transient' | 'temporary';
export type Verdict = 'restart' | 'forget' | 'escalate';

export interface RestartRule {
  readonly restart: Restart;
  /** More than `restartsMax` restarts within `periodMs`: the fault is not the child's, so escalate. */
  readonly restartsMax: number;
  readonly periodMs: number;
}

export class RestartPolicy {
  readonly #rule: RestartRule;
  #restartsAtMs: number[] = [];

  constructor(rule: RestartRule) {
    this.#rule = rule;
  }

  onEnd(end: 'normal' | 'crash', nowMs: number): Verdict {
    const { restart, restartsMax, periodMs } = this.#rule;
    if (restart === 'temporary' || (restart === 'transient' && end === 'normal')) return 'forget';
    this.#restartsAtMs = this.#restartsAtMs.filter((atMs) => nowMs - atMs < periodMs);
    if (this.#restartsAtMs.length >= restartsMax) return 'escalate';
    this.#restartsAtMs.push(nowMs);
    return 'restart';
  }
}

/** A running child; a `Thread` is one. */
export interface Child {
  readonly ended: Promise<ThreadEnd>;
  stop(deadlineMs: number): Promise<boolean>;
}

export interface ChildSpec extends RestartRule {
  readonly id: string;
  /** Settles when the child works. */
  readonly start: () => Promise<Child>;
  readonly stopDeadlineMs?: number;
  /** Adjacent children of one group stop together, so that the end waits for the slowest of them only. */
  readonly group?: string;
}

interface Running {
  readonly spec: ChildSpec;
  readonly policy: RestartPolicy;
  child: Child;
}

export interface SupervisorOptions {
  readonly log: Log;
  readonly timers?: Timers;
  /** A child failed more often than its rule allows, or could not be started again. Called at most once. */
  readonly onEscalate: (childId: string, error: unknown) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #timers: Timers;
  readonly #running: Running[] = [];
  #phase: 'running' | 'stopping' | 'escalated' = 'running';

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
  }

  /** Starts one child. Rejects with the child's error; nothing is kept then. */
  start(spec: ChildSpec): Promise<void> {
    return this.startTogether([spec]);
  }

  /**
   * Starts independent children at once, in this order; they stop in the reverse order. Rejects with the first error in
   * this order, after the others have started and were stopped again: none of them is kept then.
   */
  async startTogether(specs: readonly ChildSpec[]): Promise<void> {
    assert(this.#phase === 'running', 'a stopping supervisor starts nothing');
    const starts = await Promise.allSettled(specs.map((spec) => spec.start()));
    const begun = specs.flatMap((spec, at): Running[] => {
      const start = starts[at];
      return start?.status === 'fulfilled' ? [{ spec, policy: new RestartPolicy(spec), child: start.value }] : [];
    });
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      await stopInReverse(begun);
      throw failed.reason;
    }
    for (const running of begun) {
      this.#running.push(running);
      this.#watch(running);
    }
  }

  /** Stops all children in reverse order of their start; answers the ids of those that had to be ended by force. */
  async stop(): Promise<readonly string[]> {
    this.#phase = 'stopping';
    return stopInReverse(this.#running);
  }

  #watch(running: Running): void {
    void running.child.ended.then((end) => this.#onEnd(running, end));
  }

  async #onEnd(running: Running, end: ThreadEnd): Promise<void> {
    if (this.#phase !== 'running') return;
    const { spec, policy } = running;
    const verdict = policy.onEnd(end.kind, this.#timers.nowMs());
    const error = end.kind === 'crash' ? end.error : undefined;
    this.#options.log.error({ child: spec.id, verdict, err: error }, `${spec.id} ended (${end.kind}): ${verdict}`);
    if (verdict === 'forget') this.#running.splice(this.#running.indexOf(running), 1);
    else if (verdict === 'escalate') this.#escalate(spec.id, error);
    else {
      try {
        running.child = await spec.start();
        if (this.#phase === 'running') this.#watch(running);
        else await running.child.stop(spec.stopDeadlineMs ?? STOP_DEADLINE_MS);
      } catch (startError) {
        this.#escalate(spec.id, startError);
      }
    }
  }

  #escalate(childId: string, error: unknown): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'escalated';
    this.#options.onEscalate(childId, error);
  }
}

/** Empties the list from its end; answers the ids of those that had to be ended by force. */
async function stopInReverse(children: Running[]): Promise<readonly string[]> {
  const forced: string[] = [];
  while (children.length > 0) {
    const together = lastGroup(children);
    const ends = await Promise.all(
      together.map(({ spec, child }) => child.stop(spec.stopDeadlineMs ?? STOP_DEADLINE_MS)),
    );
    forced.push(...together.flatMap(({ spec }, at) => (ends[at] === true ? [] : [spec.id])));
  }
  return forced;
}

/** Takes the last child away, and those of its group that stand beside it. */
function lastGroup(children: Running[]): readonly Running[] {
  const last = children.at(-1)?.spec;
  const first = children.findLastIndex(
    ({ spec }) => spec !== last && (spec.group === undefined || spec.group !== last?.group),
  );
  return children.splice(first + 1).reverse();
}
