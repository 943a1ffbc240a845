// How many uploads are in flight at a time: few, so that a whole piece arrives soon and is passed on, plus as many as
// the length of the links holds (FAST TCP). An upload that takes much longer than others holds up nobody. Why:
// decisions/009. Pure.

import { UPLOAD_LATE_MIN_MS, UPLOAD_LATE_UNKNOWN_MS, UPLOADS_IN_FLIGHT_MAX, UPLOADS_QUEUED } from '../limits.js';
import { UploadClients } from './clients.js';
import type { UploadsInFlight } from './in-flight.js';

/** An upload is late when it takes this many times what uploads took before. */
const LATE_FACTOR = 2;
/** Weight of the newest upload in averages, and how far one may pull them up. */
const NEWEST = 0.2;
const PULL_MAX = 4;
/** Uploads after which the least that one took counts as the length of its link. */
const PROVEN_UPLOADS = 8;

interface Link {
  /** Milliseconds that an upload took at least. */
  leastMs: number;
  /** How many have arrived. */
  uploads: number;
}

export class UploadWindow {
  readonly #inFlight: UploadsInFlight;
  readonly #clients: UploadClients;
  /** What an upload took at least, by connection: the length of its link. */
  readonly #links = new Map<number, Link>();
  /** The least of all links that are known. */
  #nearestMs = Number.POSITIVE_INFINITY;
  /** Milliseconds from an upload's begin to its arrival, averaged; undefined before the first. */
  #usualMs: number | undefined;
  /** Uploads that may be in flight. */
  #window = UPLOADS_QUEUED;

  /** @param clients a client opens several connections over a long link only: each may have an upload more. */
  constructor(inFlight: UploadsInFlight, clients = new UploadClients()) {
    this.#inFlight = inFlight;
    this.#clients = clients;
  }

  /** An upload of this connection has arrived, `tookMs` after it was begun. */
  arrived(connection: number, tookMs: number): void {
    const ms = Math.max(1e-3, tookMs);
    const usualMs = this.#usualMs ?? ms;
    // One peer that hardly reads says little about the link.
    this.#usualMs = usualMs + NEWEST * (Math.min(ms, PULL_MAX * Math.max(1, usualMs)) - usualMs);
    const link = this.#links.get(connection) ?? { leastMs: ms, uploads: 0 };
    link.leastMs = Math.min(ms, link.leastMs);
    link.uploads += 1;
    this.#links.set(connection, link);
    this.#nearestMs = Math.min(this.#nearestMs, ms);
    // The first uploads of a peer mostly waited for our own link, when many peers joined at once.
    const lengthMs = link.uploads < PROVEN_UPLOADS ? this.#nearestMs : link.leastMs;
    const window = UPLOADS_QUEUED + this.#clients.extra + this.#window * (lengthMs / ms);
    this.#window = Math.min(UPLOADS_IN_FLIGHT_MAX, this.#window + NEWEST * (window - this.#window));
  }

  /** The connection has gone. */
  forget(connection: number): void {
    const link = this.#links.get(connection);
    this.#links.delete(connection);
    if (link?.leastMs !== this.#nearestMs) return;
    this.#nearestMs = Number.POSITIVE_INFINITY;
    for (const { leastMs } of this.#links.values()) this.#nearestMs = Math.min(this.#nearestMs, leastMs);
  }

  /** When the next upload may begin: now, or when enough of those in flight count as late. */
  readyMs(nowMs: number): number {
    const lateMs = this.#lateMs;
    const young = this.#inFlight.unarrived.filter(({ sinceMs }) => nowMs - sinceMs < lateMs);
    const last = young[young.length - Math.floor(this.#window)];
    return last === undefined ? nowMs : last.sinceMs + lateMs;
  }

  get #lateMs(): number {
    if (this.#usualMs === undefined) return UPLOAD_LATE_UNKNOWN_MS;
    return Math.max(UPLOAD_LATE_MIN_MS, LATE_FACTOR * this.#usualMs);
  }
}
