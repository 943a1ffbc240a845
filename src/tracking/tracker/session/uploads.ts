// Which uploads of piece hashes are open, from which address and until when. A slow one loses its place, and so does
// one of a crowded address when another address wants it; what is kept is bounded for each client, each address and in
// total. Pure.

import { Admission } from '../../../foundation/base/admission.js';
import { DIGEST_SIZE, TOMBSTONE_MS } from '../../../foundation/base/limits.js';
import type { Registry } from '../../registry/registry.js';
import {
  STORE_MARK_MS,
  TRACKER_HASH_BYTES_MAX,
  TRACKER_HASH_BYTES_PER_ADDRESS_MAX,
  TRACKER_UPLOAD_BYTES_PER_S,
  TRACKER_UPLOAD_MIN_MS,
  TRACKER_UPLOADS_MAX,
  TRACKER_UPLOADS_PER_ADDRESS_MAX,
} from '../limits.js';
import { Budget } from './budget.js';

interface Upload {
  readonly host: string;
  readonly untilMs: number;
}

export type Opening =
  | {
      readonly number: number /** It has lost its place; the store has parts of it. */;
      readonly displaced: number | undefined;
    }
  | { readonly refusal: string };

export class Uploads {
  /** Highest number that was given out; the partner's piece hashes take theirs from here, too. */
  last = 0;
  /** Bytes of all that are kept, about: as counted at the last look, and what came since. */
  #keptBytes = 0;
  #nextCountMs = 0;
  readonly #open = new Map<number, Upload>();
  readonly #places = new Admission({
    placesMax: TRACKER_UPLOADS_MAX,
    perAddressMax: TRACKER_UPLOADS_PER_ADDRESS_MAX,
  });
  readonly #budget = new Budget(TRACKER_HASH_BYTES_PER_ADDRESS_MAX, TOMBSTONE_MS);

  has(number: number): boolean {
    return this.#open.has(number);
  }

  open(host: string, bytes: number, nowMs: number): Opening {
    if (this.#keptBytes + bytes > TRACKER_HASH_BYTES_MAX)
      return { refusal: 'this tracker keeps as many piece hashes as it may; free some by removing files' };
    if (!this.#budget.take(host, bytes, nowMs))
      return { refusal: 'too many piece hashes came from this address within a day; share again tomorrow' };
    const number = this.last + 1;
    const verdict = this.#places.admit(number, host);
    if (verdict.kind === 'refused') return { refusal: 'too many uploads of piece hashes are open; share again later' };
    this.last = number;
    const displaced = verdict.kind === 'displaces' ? verdict.connection : undefined;
    if (displaced !== undefined) this.#open.delete(displaced);
    const untilMs = nowMs + TRACKER_UPLOAD_MIN_MS + (bytes * 1_000) / TRACKER_UPLOAD_BYTES_PER_S;
    this.#open.set(number, { host, untilMs });
    this.#keptBytes += bytes;
    return { number, displaced };
  }

  /** A part came. */
  moved(number: number): void {
    const upload = this.#open.get(number);
    if (upload !== undefined) this.#places.served(number, upload.host);
  }

  close(number: number): void {
    const upload = this.#open.get(number);
    if (upload === undefined) return;
    this.#open.delete(number);
    this.#places.leave(number, upload.host);
  }

  /** Those that took too long, which have lost their places. */
  overdue(registry: Registry, nowMs: number): number[] {
    if (nowMs >= this.#nextCountMs) this.#count(registry, nowMs);
    const late: number[] = [];
    for (const [number, { untilMs }] of this.#open) if (nowMs > untilMs) late.push(number);
    for (const number of late) this.close(number);
    return late;
  }

  #count(registry: Registry, nowMs: number): void {
    this.#nextCountMs = nowMs + STORE_MARK_MS;
    this.#keptBytes = 0;
    for (const { complete, facts } of registry.swarms())
      if (complete) this.#keptBytes += (facts?.pieceCount ?? 0) * DIGEST_SIZE;
  }
}
