// A token bucket with debt: tells when the next bytes may pass, and never who passes. While it is not in debt any
// number of bytes may pass at once, and the bucket owes them. In any t seconds at one rate at most rate × t + burst +
// one request passes. Pure.

import { BLOCK_BYTES_MIN, PIECE_SIZE, RATE_BURST_MS, RATE_STEP_MS } from './limits.js';

/** The rate that stands for no limit. */
export const NO_LIMIT = 0;

/** Less than one byte: what is left by rounding is no debt. */
const ROUNDING_BYTES = 1e-3;

export class Bucket {
  #rate: number;
  /** Bytes that may pass; below zero: the debt. */
  #balance = 0;
  #atMs: number;

  /** @param rate bytes a second, or NO_LIMIT. Starts empty. */
  constructor(rate: number, nowMs: number) {
    this.#rate = rate;
    this.#atMs = nowMs;
  }

  get isLimited(): boolean {
    return this.#rate !== NO_LIMIT;
  }

  get rate(): number {
    return this.#rate;
  }

  /** Bytes to pass at once, so that they flow evenly: a whole piece where the rate allows. */
  get blockBytes(): number {
    if (!this.isLimited) return PIECE_SIZE;
    let bytes = PIECE_SIZE;
    while (bytes > BLOCK_BYTES_MIN && bytes * 1_000 > this.#rate * RATE_STEP_MS) bytes /= 2;
    return bytes;
  }

  /** From now on. What is owed from the old rate is not paid at the new one, one block aside. */
  setRate(rate: number, nowMs: number): void {
    this.#settle(nowMs);
    this.#rate = rate;
    this.#balance = this.isLimited ? Math.min(Math.max(this.#balance, -this.blockBytes), this.#burst) : 0;
  }

  mayPass(nowMs: number): boolean {
    this.#settle(nowMs);
    return !this.isLimited || this.#balance >= -ROUNDING_BYTES;
  }

  passed(bytes: number, nowMs: number): void {
    this.#settle(nowMs);
    if (this.isLimited) this.#balance -= bytes;
  }

  /** They passed on paper and will not in truth. */
  gaveBack(bytes: number, nowMs: number): void {
    this.#settle(nowMs);
    if (this.isLimited) this.#balance = Math.min(this.#burst, this.#balance + bytes);
  }

  /** When the next may pass. */
  readyMs(nowMs: number): number {
    if (this.mayPass(nowMs)) return nowMs;
    return nowMs + (-this.#balance * 1_000) / this.#rate;
  }

  get #burst(): number {
    return (this.#rate * RATE_BURST_MS) / 1_000;
  }

  #settle(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    this.#balance = Math.min(this.#burst, this.#balance + (this.#rate * (nowMs - this.#atMs)) / 1_000);
    this.#atMs = nowMs;
  }
}
