// The client's download limit: how fast all its downloads together may request. What is not requested does not come,
// so the limit holds before a byte is in flight (docs/decisions/008). Downloads that were refused queue, and only the
// first in the queue may request: none starves another. Pure.

import { Bucket, NO_LIMIT } from '../../../foundation/base/bucket.js';

export class Pacer {
  readonly #bucket: Bucket;
  /** File numbers of the downloads that were refused, the longest waiting first. */
  readonly #queue: number[] = [];

  constructor(rate = NO_LIMIT, nowMs = 0) {
    this.#bucket = new Bucket(rate, nowMs);
  }

  get isLimited(): boolean {
    return this.#bucket.isLimited;
  }

  /** Bytes that one request may ask for. */
  get blockBytes(): number {
    return this.#bucket.blockBytes;
  }

  /** Bytes that may be in flight at this rate: what arrives within a second. */
  get awaitedMax(): number {
    return this.isLimited ? Math.max(this.#bucket.rate, this.blockBytes) : Number.POSITIVE_INFINITY;
  }

  setRate(rate: number, nowMs: number): void {
    this.#bucket.setRate(rate, nowMs);
  }

  /** May this download request now? If not, it is in the queue and asks again at `readyMs`. */
  mayAsk(file: number, nowMs: number): boolean {
    if (!this.isLimited) return true;
    const [first = file] = this.#queue;
    if (first === file && this.#bucket.mayPass(nowMs)) return true;
    if (!this.#queue.includes(file)) this.#queue.push(file);
    return false;
  }

  asked(file: number, bytes: number, nowMs: number): void {
    this.#bucket.passed(bytes, nowMs);
    this.leave(file);
  }

  /** These bytes were requested and will not come. */
  gaveBack(bytes: number, nowMs: number): void {
    this.#bucket.gaveBack(bytes, nowMs);
  }

  /** It has nothing to request: the next in the queue may go on. */
  leave(file: number): void {
    if (this.#queue.length === 0) return;
    const at = this.#queue.indexOf(file);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** When to ask again after a refusal; undefined for a download that is not in the queue. */
  readyMs(file: number, nowMs: number): number | undefined {
    return this.#queue.length > 0 && this.#queue.includes(file) ? this.#bucket.readyMs(nowMs) : undefined;
  }
}
