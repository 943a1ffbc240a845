// Compares the lists of two trackers by one digest a bucket of swarms, in which only live entries count. A bucket that
// goes on differing is requested ever more seldom. Never decides when two digests may be compared. Pure.

import { assert } from '../../../foundation/base/assert.js';
import { equalBytes } from '../../../foundation/base/bytes.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { Entry } from '../../registry/records.js';
import { DIGEST_BUCKETS, PAIR_DIGEST_MS, PAIR_REPAIR_BUCKETS_MAX, PAIR_REPAIR_RETRY_MAX_MS } from './limits.js';

/** Bytes of a bucket's digest: 64 bits miss a difference once in 10^19. */
const BUCKET_SIZE = 8;
export const DIGESTS_SIZE = DIGEST_BUCKETS * BUCKET_SIZE;

/** 0…255, of a key in hex. */
export function bucketOf(key: SwarmKey): number {
  return Number.parseInt(key.slice(0, 2), 16);
}

export class Digests {
  readonly #sums = new Int32Array(DIGEST_BUCKETS * 2);
  /** For each bucket, the position of the last change of it that was made here. */
  readonly #positions = new Float64Array(DIGEST_BUCKETS);

  /** An entry of this swarm was changed by the change at `position`; 0: not by one that was made here. */
  changed(key: SwarmKey, position: number): void {
    if (position > 0) this.#positions[bucketOf(key)] = position;
  }

  /** Any bucket may have been changed by any position up to this one: nobody remembers which. */
  changedAll(position: number): void {
    this.#positions.fill(position);
  }

  /** Whether all changes of this bucket that were made here are among those up to `position`. */
  isWithin(bucket: number, position: number): boolean {
    return (this.#positions[bucket] ?? 0) <= position;
  }

  /** The entry came, changed or went. */
  update(entry: Entry): void {
    const high = bucketOf(entry.swarm.key) * 2;
    let digestHigh = 0;
    let digestLow = 0;
    if (entry.state === 'live') {
      if (entry.addressHashHigh === 0 && entry.addressHashLow === 0) rememberAddressHash(entry);
      sumHigh = entry.addressHashHigh;
      sumLow = entry.addressHashLow;
      add(` ${entry.have} ${entry.epoch} ${entry.sequence}`);
      digestHigh = finished(sumHigh);
      digestLow = finished(sumLow);
    }
    this.#sums[high] = (this.#sums[high] ?? 0) ^ entry.digestHigh ^ digestHigh;
    this.#sums[high + 1] = (this.#sums[high + 1] ?? 0) ^ entry.digestLow ^ digestLow;
    entry.digestHigh = digestHigh;
    entry.digestLow = digestLow;
  }

  /** DIGESTS_SIZE bytes, big-endian. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(DIGESTS_SIZE);
    const view = new DataView(bytes.buffer);
    for (const [at, sum] of this.#sums.entries()) view.setInt32(at * 4, sum);
    return bytes;
  }
}

interface Difference {
  /** How often its bucket was asked for. */
  readonly asks: number;
  readonly nextMs: number;
}

/** Two sides' digests, look after look. */
export class Comparison {
  /** The buckets that differed when they were last compared. */
  readonly #differences = new Map<number, Difference>();
  #wasCompared = false;

  /** How many buckets are known to differ; undefined before the first look. */
  get differing(): number | undefined {
    return this.#wasCompared ? this.#differences.size : undefined;
  }

  /**
   * The buckets to ask for now, at most PAIR_REPAIR_BUCKETS_MAX.
   * @param isComparable false for a bucket with changes of ours that the other side may not have counted yet.
   */
  compare(ours: Uint8Array, theirs: Uint8Array, isComparable: (bucket: number) => boolean, nowMs: number): number[] {
    assert(ours.length === DIGESTS_SIZE && theirs.length === DIGESTS_SIZE, 'digests of all buckets');
    this.#wasCompared = true;
    const asked: number[] = [];
    for (let bucket = 0; bucket < DIGEST_BUCKETS; bucket += 1) {
      if (!isComparable(bucket)) continue;
      const [begin, end] = [bucket * BUCKET_SIZE, (bucket + 1) * BUCKET_SIZE];
      if (equalBytes(ours.subarray(begin, end), theirs.subarray(begin, end))) this.#differences.delete(bucket);
      else if (this.#isDue(bucket, nowMs, asked.length)) asked.push(bucket);
    }
    return asked;
  }

  /** Notes the difference, and whether its bucket is asked for now. */
  #isDue(bucket: number, nowMs: number, askedCount: number): boolean {
    const { asks, nextMs } = this.#differences.get(bucket) ?? { asks: 0, nextMs: nowMs };
    const isDue = nowMs >= nextMs && askedCount < PAIR_REPAIR_BUCKETS_MAX;
    const pauseMs = Math.min(PAIR_REPAIR_RETRY_MAX_MS, PAIR_DIGEST_MS * 2 ** (asks + 1));
    this.#differences.set(bucket, isDue ? { asks: asks + 1, nextMs: nowMs + pauseMs } : { asks, nextMs });
    return isDue;
  }
}

/**
 * FNV-1a with two primes, then MurmurHash3's finish: no secret, only spread. The sums of the text that is added now.
 */
let sumHigh = 0;
let sumLow = 0;

function add(text: string): void {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    sumHigh = Math.imul(sumHigh ^ code, 0x01000193);
    sumLow = Math.imul(sumLow ^ code, 0x85ebca6b) ^ (sumLow >>> 15);
  }
}

/** The sums of an entry's longest part, which stays the same while it only makes progress. */
function rememberAddressHash(entry: Entry): void {
  sumHigh = 0x811c9dc5;
  sumLow = 0x9747b28c;
  add(entry.swarm.key);
  add(entry.client.id);
  add(`${entry.host} ${entry.port}`);
  entry.addressHashHigh = sumHigh;
  entry.addressHashLow = sumLow;
}

function finished(sum: number): number {
  let mixed = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
