// Rate-limits log lines about what strangers do: one a minute from each source, with the number of reports since the
// last. A flood neither fills the disk nor hides the other sources. Pure.

import { COMPLAINT_MS, COMPLAINT_SOURCES_MAX } from './limits.js';

interface Source {
  saidMs: number;
  count: number;
}

export class Complaints {
  /** Those that spoke longest ago first. */
  readonly #sources = new Map<string, Source>();

  /** How many there were since the last line about this source, this one included; 0: it is not worth a line now. */
  note(source: string, nowMs: number): number {
    this.#forget(nowMs);
    let known = this.#sources.get(source);
    // Sources without number are one.
    if (known === undefined && source !== '' && this.#sources.size >= COMPLAINT_SOURCES_MAX)
      return this.note('', nowMs);
    known ??= { saidMs: Number.NEGATIVE_INFINITY, count: 0 };
    known.count += 1;
    if (nowMs - known.saidMs < COMPLAINT_MS) return 0;
    const { count } = known;
    this.#sources.delete(source);
    this.#sources.set(source, { saidMs: nowMs, count: 0 });
    return count;
  }

  #forget(nowMs: number): void {
    for (const [source, { saidMs, count }] of this.#sources) {
      if (nowMs - saidMs < COMPLAINT_MS * (count === 0 ? 1 : 2)) return;
      this.#sources.delete(source);
    }
  }
}
