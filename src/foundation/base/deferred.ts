// A promise with its settling functions outside, for the edges that turn an event into a promise. Node 20 has no
// Promise.withResolvers.

import { TIMER_MAX_MS } from './limits.js';

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** `promise`, or `late()` after `deadlineMs`. The promise itself goes on; only the waiting ends. */
export async function within<T>(promise: Promise<T>, deadlineMs: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A time that passes, of any length, and can be called off; then it never does. */
export function alarm(ms: number, ring: () => void): { cancel(): void } {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const now = Math.min(leftMs, TIMER_MAX_MS);
    timer = setTimeout(() => (leftMs > now ? wait(leftMs - now) : ring()), now);
  };
  wait(ms);
  return { cancel: () => clearTimeout(timer) };
}
