// Decides when a file that its disk failed is tried again, and which of its failures are news. Pauses grow, a reason is
// told once, and a file that fails again soon after each return stays told as failed. Pure.

import { LOOK_AGAIN_MS, RETRIES_TOLD_MAX, RETRY_FORGET_MS, RETRY_PAUSE_MS_MAX } from '../limits.js';

interface Attempt {
  readonly sentence: string;
  /** Failures in a row, returns in between included. */
  readonly tries: number;
  readonly failedMs: number;
  /** When to try again; Infinity while a try is in progress. */
  readonly dueMs: number;
  /** The last that the user was told is that it failed. */
  readonly isTold: boolean;
}

export class Retries {
  /** By file number. */
  readonly #attempts = new Map<number, Attempt>();

  /** Answers whether the reason is news. */
  failed(file: number, sentence: string, nowMs: number): boolean {
    const last = this.#recent(file, nowMs);
    const tries = (last?.tries ?? 0) + 1;
    const pauseMs = Math.min(LOOK_AGAIN_MS * 2 ** (tries - 1), RETRY_PAUSE_MS_MAX);
    this.#attempts.set(file, { sentence, tries, failedMs: nowMs, dueMs: nowMs + pauseMs, isTold: true });
    return last === undefined || !last.isTold || last.sentence !== sentence;
  }

  isDue(file: number, nowMs: number): boolean {
    return nowMs >= (this.#attempts.get(file)?.dueMs ?? 0);
  }

  /** `failed` or `returned` says how it ended. */
  begun(file: number): void {
    const attempt = this.#attempts.get(file);
    if (attempt !== undefined) this.#attempts.set(file, { ...attempt, dueMs: Number.POSITIVE_INFINITY });
  }

  /** The file works. Answers whether that is news. */
  returned(file: number): boolean {
    const attempt = this.#attempts.get(file);
    if (attempt === undefined || !attempt.isTold || attempt.tries > RETRIES_TOLD_MAX) return false;
    this.#attempts.set(file, { ...attempt, isTold: false });
    return true;
  }

  forget(file: number): void {
    this.#attempts.delete(file);
  }

  /** Forgets files that are gone. */
  keep(isThere: (file: number) => boolean): void {
    for (const file of this.#attempts.keys()) if (!isThere(file)) this.#attempts.delete(file);
  }

  #recent(file: number, nowMs: number): Attempt | undefined {
    const last = this.#attempts.get(file);
    return last !== undefined && nowMs - last.failedMs < RETRY_FORGET_MS ? last : undefined;
  }
}
