// How many blocks a client sends at a time: few, however many ask. A piece that goes out alone is whole at its peer soon, and is
// passed on while the next goes out; twenty that go out together are whole together, twenty times later. A block is under way until
// its peer acks it, since a socket takes megabytes that the link has yet to carry. What the links' length holds is added to
// the few (FAST TCP, Wei et al. 2006: window = window × least delay ÷ delay + a constant queue), so a long link is filled as
// well. A block that takes much longer than others do is waiting for its receiver: it stands in nobody's way. Pure.

import { UPLOAD_LATE_MIN_MS, UPLOAD_LATE_UNKNOWN_MS, UPLOADS_QUEUED, UPLOADS_UNDER_WAY_MAX } from '../limits.js';

/** A block is late when it takes this many times what blocks took before. */
const LATE_FACTOR = 2;
/** Weight of the newest block in averages, and how far one may pull them up. */
const NEWEST = 0.2;
const PULL_MAX = 4;
/** Blocks after which the least that one took counts as the length of its link. */
const PROVEN_BLOCKS = 8;

interface Sending {
  readonly connection: number;
  readonly sinceMs: number;
}

interface Link {
  /** Milliseconds that a block took at least. */
  leastMs: number;
  /** How many have come. */
  blocks: number;
}

export class UploadWindow {
  /** Oldest first. */
  readonly #sending: Sending[] = [];
  /** What a block took at least, by connection: the length of its link. */
  readonly #links = new Map<number, Link>();
  /** The least of all links that are known. */
  #nearestMs = Number.POSITIVE_INFINITY;
  /** Milliseconds from a block's begin to its end, averaged; undefined before the first. */
  #usualMs: number | undefined;
  /** Blocks that may be under way. */
  #window = UPLOADS_QUEUED;

  begun(connection: number, nowMs: number): void {
    this.#sending.push({ connection, sinceMs: nowMs });
  }

  /** The block of this connection that was begun first has arrived, or failed. */
  ended(connection: number, nowMs: number): void {
    const at = this.#sending.findIndex((one) => one.connection === connection);
    const [ended] = at < 0 ? [] : this.#sending.splice(at, 1);
    if (ended === undefined) return;
    const tookMs = Math.max(1e-3, nowMs - ended.sinceMs);
    const usualMs = this.#usualMs ?? tookMs;
    // One peer that hardly reads says little about the link.
    this.#usualMs = usualMs + NEWEST * (Math.min(tookMs, PULL_MAX * Math.max(1, usualMs)) - usualMs);
    const link = this.#links.get(connection) ?? { leastMs: tookMs, blocks: 0 };
    link.leastMs = Math.min(tookMs, link.leastMs);
    link.blocks += 1;
    this.#links.set(connection, link);
    this.#nearestMs = Math.min(this.#nearestMs, tookMs);
    // What the first blocks took was mostly the line on our own link: that many of a crowd have just come makes no link longer.
    const lengthMs = link.blocks < PROVEN_BLOCKS ? this.#nearestMs : link.leastMs;
    const window = UPLOADS_QUEUED + this.#window * (lengthMs / tookMs);
    this.#window = Math.min(UPLOADS_UNDER_WAY_MAX, this.#window + NEWEST * (window - this.#window));
  }

  /** The connection has gone, with all that was under way. */
  forget(connection: number): void {
    const link = this.#links.get(connection);
    this.#links.delete(connection);
    if (link?.leastMs === this.#nearestMs) {
      this.#nearestMs = Number.POSITIVE_INFINITY;
      for (const { leastMs } of this.#links.values()) this.#nearestMs = Math.min(this.#nearestMs, leastMs);
    }
    for (let at = this.#sending.length - 1; at >= 0; at -= 1) {
      if (this.#sending[at]?.connection === connection) this.#sending.splice(at, 1);
    }
  }

  /** When the next block may be begun: now, or when enough of those under way count as late. */
  readyMs(nowMs: number): number {
    const lateMs = this.#lateMs;
    const young = this.#sending.filter(({ sinceMs }) => nowMs - sinceMs < lateMs);
    const last = young[young.length - Math.floor(this.#window)];
    return last === undefined ? nowMs : last.sinceMs + lateMs;
  }

  get #lateMs(): number {
    if (this.#usualMs === undefined) return UPLOAD_LATE_UNKNOWN_MS;
    return Math.max(UPLOAD_LATE_MIN_MS, LATE_FACTOR * this.#usualMs);
  }
}
