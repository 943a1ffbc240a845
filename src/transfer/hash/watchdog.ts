// Decides which threads are stuck when a task runs past its deadline: nobody knows which thread runs it, so every
// thread that has been there as long is named, and never a younger one, since piscina would take its end for a failed
// start. All tasks are checked together now and then, without a timer for each. Pure.

/** A task that is watched. */
export interface Watched {
  sinceMs: number;
}

export class Watchdog<Thread> {
  readonly #deadlineMs: number;
  readonly #tasks = new Set<Watched>();
  /** When each thread was first seen. */
  #seen = new Map<Thread, number>();

  /** @param deadlineMs milliseconds that a task may take. */
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

  /** The threads to terminate: once when a task is late, and again after another deadline if it is still running. */
  look(threads: readonly Thread[], nowMs: number): readonly Thread[] {
    this.#seen = new Map(threads.map((thread) => [thread, this.#seen.get(thread) ?? nowMs]));
    const late = [...this.#tasks].filter(({ sinceMs }) => nowMs - sinceMs >= this.#deadlineMs);
    if (late.length === 0) return [];
    for (const task of late) task.sinceMs = nowMs;
    return threads.filter((thread) => nowMs - (this.#seen.get(thread) ?? nowMs) >= this.#deadlineMs);
  }
}
