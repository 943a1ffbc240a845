// How fast all downloads of this client together may ask: what is not asked for does not come, so the limit is kept before a
// byte is on its way, and no peer ever waits for us to read. One bucket for all files and all peer threads, since every
// request is made on this one thread. Who is refused stands in line, and only the first in line may ask: no download
// starves another. Pure. Invariant: bytes asked for and not given back stay within the bucket's bound.

import { Bucket, NO_LIMIT } from '../../../foundation/base/bucket.js';

export class Pacer {
  readonly #bucket: Bucket;
  /** Downloads that were refused, by file number, in the order they came. */
  readonly #line: number[] = [];

  constructor(rate = NO_LIMIT, nowMs = 0) {
    this.#bucket = new Bucket(rate, nowMs);
  }

  get isLimited(): boolean {
    return this.#bucket.isLimited;
  }

  /** Bytes of one request. */
  get blockBytes(): number {
    return this.#bucket.blockBytes;
  }

  /** Bytes on their way that fit this rate: what comes within a second. */
  get awaitedMax(): number {
    return this.isLimited ? Math.max(this.#bucket.rate, this.blockBytes) : Number.POSITIVE_INFINITY;
  }

  setRate(rate: number, nowMs: number): void {
    this.#bucket.setRate(rate, nowMs);
  }

  /** May this download ask now? If not, it is in line, and asks again at `readyMs`. */
  mayAsk(file: number, nowMs: number): boolean {
    if (!this.isLimited) return true;
    const [first = file] = this.#line;
    if (first === file && this.#bucket.mayPass(nowMs)) return true;
    if (!this.#line.includes(file)) this.#line.push(file);
    return false;
  }

  asked(file: number, bytes: number, nowMs: number): void {
    this.#bucket.passed(bytes, nowMs);
    this.leave(file);
  }

  /** Asked for, and will not come. */
  gaveBack(bytes: number, nowMs: number): void {
    this.#bucket.gaveBack(bytes, nowMs);
  }

  /** It has nothing to ask for: others go on. */
  leave(file: number): void {
    if (this.#line.length === 0) return;
    const at = this.#line.indexOf(file);
    if (at >= 0) this.#line.splice(at, 1);
  }

  /** When to ask again after a refusal; undefined for who is not in line. */
  readyMs(file: number, nowMs: number): number | undefined {
    return this.#line.length > 0 && this.#line.includes(file) ? this.#bucket.readyMs(nowMs) : undefined;
  }
}
