// How many blocks a client sends at a time: few, however many ask. A piece that goes out alone is whole at its peer soon, and is
// passed on while the next goes out; twenty that go out together are whole together, twenty times later. A block that takes much
// longer than others do is waiting for its receiver, so it stands in nobody's way and another is begun beside it: the link is
// kept busy without being measured. Pure.

import { UPLOAD_LATE_MIN_MS, UPLOAD_LATE_UNKNOWN_MS, UPLOADS_AT_ONCE } from '../base/limits.js';

/** A block is late when it takes this many times what blocks took before. */
const LATE_FACTOR = 2;
/** Weight of the newest block in what blocks take, and how far one may pull it up. */
const NEWEST = 0.2;
const PULL_MAX = 4;

interface Sending {
  readonly connection: number;
  readonly sinceMs: number;
}

export class UnderWay {
  /** Oldest first. */
  readonly #sending: Sending[] = [];
  /** Milliseconds from a block's begin to its end, averaged; undefined before the first. */
  #usualMs: number | undefined;

  begun(connection: number, nowMs: number): void {
    this.#sending.push({ connection, sinceMs: nowMs });
  }

  /** The socket has taken the block of this connection that was begun first, or it failed. */
  ended(connection: number, nowMs: number): void {
    const at = this.#sending.findIndex((one) => one.connection === connection);
    const [ended] = at < 0 ? [] : this.#sending.splice(at, 1);
    if (ended === undefined) return;
    const tookMs = nowMs - ended.sinceMs;
    const usualMs = this.#usualMs ?? tookMs;
    // One peer that hardly reads says little about the link.
    this.#usualMs = usualMs + NEWEST * (Math.min(tookMs, PULL_MAX * Math.max(1, usualMs)) - usualMs);
  }

  /** The connection has gone, with all that was under way. */
  forget(connection: number): void {
    for (let at = this.#sending.length - 1; at >= 0; at -= 1) {
      if (this.#sending[at]?.connection === connection) this.#sending.splice(at, 1);
    }
  }

  /** When the next block may be begun: now, or when enough of those under way count as late. */
  readyMs(nowMs: number): number {
    const lateMs = this.#lateMs;
    const young = this.#sending.filter(({ sinceMs }) => nowMs - sinceMs < lateMs);
    const last = young[young.length - UPLOADS_AT_ONCE];
    return last === undefined ? nowMs : last.sinceMs + lateMs;
  }

  get #lateMs(): number {
    if (this.#usualMs === undefined) return UPLOAD_LATE_UNKNOWN_MS;
    return Math.max(UPLOAD_LATE_MIN_MS, LATE_FACTOR * this.#usualMs);
  }
}
