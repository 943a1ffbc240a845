// When threads count as stuck: a task is still at work after its deadline. Nobody knows which thread has it, so all that have been there
// as long are named. Never one that has begun since: piscina would take its end for a failure to start, and start no more. One look
// at all tasks now and then, instead of a timer for each: there are hundreds a second. Pure.

/** A task that is watched. */
export interface Watched {
  sinceMs: number;
}

export class Watchdog<Thread> {
  readonly #deadlineMs: number;
  readonly #tasks = new Set<Watched>();
  /** Since when each thread has been seen. */
  #seen = new Map<Thread, number>();

  /** @param deadlineMs milliseconds that a task may take from its begin. */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  begun(nowMs: number): Watched {
    const task = { sinceMs: nowMs };
    this.#tasks.add(task);
    return task;
  }

  ended(task: Watched): void {
    this.#tasks.delete(task);
  }

  /** The threads to end: some when a task is late, and some again after another deadline if it is there still. */
  look(threads: readonly Thread[], nowMs: number): readonly Thread[] {
    this.#seen = new Map(threads.map((thread) => [thread, this.#seen.get(thread) ?? nowMs]));
    const late = [...this.#tasks].filter(({ sinceMs }) => nowMs - sinceMs >= this.#deadlineMs);
    if (late.length === 0) return [];
    for (const task of late) task.sinceMs = nowMs;
    return threads.filter((thread) => nowMs - (this.#seen.get(thread) ?? nowMs) >= this.#deadlineMs);
  }
}
