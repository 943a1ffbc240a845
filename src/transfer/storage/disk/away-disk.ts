// One disk that may hang, such as a network disk, as one thread uses it: few calls at once, and whoever waits is told
// after a while that it is slow, and in the end that it does not answer. A call that never ends keeps its place.

import type { Timer, Timers } from '../../../foundation/base/timers.js';
import { AWAY_DEADLINE_MS, AWAY_LOOK_MS, AWAY_READ_BYTES, AWAY_READS_MAX, AWAY_SLOW_MS } from '../limits.js';

/** Work at a disk, as the disk sees it. */
export interface AwayTurn {
  /** AWAY_READ_BYTES that are nobody else's until the work has ended. */
  readonly memory: Buffer;
  /** The disk did not answer in time: nobody wants the result any more. */
  readonly isLate: boolean;
  /** The disk has answered a call. */
  answered(): void;
}

interface Job {
  readonly path: string;
  /** Never rejects. */
  readonly begin: (memory: Buffer) => Promise<void>;
  readonly onSlow: () => void;
  readonly onLate: () => void;
  /** When the disk last answered it, or it came. */
  sinceMs: number;
  state: 'waits' | 'slow' | 'late';
}

export class AwayDisk {
  readonly #timers: Timers;
  readonly #line: Job[] = [];
  readonly #running = new Set<Job>();
  readonly #spare: Buffer[] = [];
  #answeredMs = 0;
  #look: Timer | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Paths of calls that have not come back, each once. */
  get pending(): readonly string[] {
    return [...new Set([...this.#running].map(({ path }) => path))];
  }

  /**
   * Resolves to the result of `work`, or to 'late'. Rejects as `work` does.
   * @param onSlow called once when the disk has not answered for a while, and not after the end.
   */
  do<T>(path: string, work: (turn: AwayTurn) => Promise<T>, onSlow: () => void): Promise<T | 'late'> {
    return new Promise((resolve, reject) => {
      const job: Job = {
        path,
        begin: async (memory) => {
          const turn: AwayTurn = {
            memory,
            get isLate() {
              return job.state === 'late';
            },
            answered: () => this.#answered(job),
          };
          await work(turn).then(resolve, reject);
        },
        onSlow,
        onLate: () => resolve('late'),
        sinceMs: this.#timers.nowMs(),
        state: 'waits',
      };
      this.#line.push(job);
      this.#next();
    });
  }

  #next(): void {
    while (this.#running.size < AWAY_READS_MAX) {
      const job = this.#line.shift();
      if (job === undefined) break;
      this.#running.add(job);
      job.sinceMs = this.#timers.nowMs();
      void this.#run(job);
    }
    if (this.#look === undefined && this.#running.size > 0) this.#lookLater();
    if ([...this.#running].every(({ state }) => state === 'late')) for (const job of this.#line.splice(0)) late(job);
  }

  async #run(job: Job): Promise<void> {
    const memory = this.#spare.pop() ?? Buffer.allocUnsafeSlow(AWAY_READ_BYTES);
    await job.begin(memory);
    this.#spare.push(memory);
    this.#running.delete(job);
    this.#answered(job);
    this.#next();
  }

  #answered(job: Job): void {
    job.sinceMs = this.#timers.nowMs();
    this.#answeredMs = job.sinceMs;
  }

  #lookLater(): void {
    this.#look = this.#timers.at(this.#timers.nowMs() + AWAY_LOOK_MS, () => {
      this.#look = undefined;
      const nowMs = this.#timers.nowMs();
      for (const job of this.#running) judge(job, nowMs - job.sinceMs);
      for (const job of this.#line) judge(job, nowMs - Math.max(job.sinceMs, this.#answeredMs));
      for (let at = this.#line.length - 1; at >= 0; at -= 1)
        if (this.#line[at]?.state === 'late') this.#line.splice(at, 1);
      // Those that are late are not looked at any more.
      if (this.#line.length > 0 || [...this.#running].some(({ state }) => state !== 'late')) this.#lookLater();
    });
  }
}

function judge(job: Job, silentMs: number): void {
  if (job.state === 'waits' && silentMs >= AWAY_SLOW_MS) {
    job.state = 'slow';
    job.onSlow();
  }
  if (job.state === 'slow' && silentMs >= AWAY_DEADLINE_MS) late(job);
}

function late(job: Job): void {
  job.state = 'late';
  job.onLate();
}
