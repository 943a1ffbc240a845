// Whether two trackers list the same: one digest for each bucket of swarms, independent of the order in which entries came.
// Only live entries count: tomb stones and lapsed entries are forgotten at either tracker in its own time. A difference is
// believed when both sides of it stood still between two looks, since then nothing on its way can explain it. Pure.

import { assert } from '../base/assert.js';
import { equalBytes, toHex } from '../base/bytes.js';
import { DIGEST_BUCKETS } from '../base/limits.js';
import type { SwarmKey } from '../torrent/ids.js';
import type { Entry } from './records.js';

/** Bytes of a bucket's digest: 64 bits miss a difference once in 10^19. */
const BUCKET_SIZE = 8;
export const DIGESTS_SIZE = DIGEST_BUCKETS * BUCKET_SIZE;

/** 0…255, of a key in hex. */
export function bucketOf(key: SwarmKey): number {
  return Number.parseInt(key.slice(0, 2), 16);
}

export class Digests {
  readonly #sums = new Int32Array(DIGEST_BUCKETS * 2);

  /** The entry came, changed or went. */
  update(entry: Entry): void {
    const high = bucketOf(entry.swarm.key) * 2;
    let digestHigh = 0;
    let digestLow = 0;
    if (entry.state === 'live') {
      if (entry.placeHigh === 0 && entry.placeLow === 0) rememberPlace(entry);
      sumHigh = entry.placeHigh;
      sumLow = entry.placeLow;
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

/** Two sides' digests, look after look. */
export class Comparison {
  #former = new Map<number, string>();
  #count = -1;

  /** How many buckets differed at the last look; undefined before the first. */
  get differing(): number | undefined {
    return this.#count < 0 ? undefined : this.#count;
  }

  /** The buckets that differ just as they did at the look before. */
  look(ours: Uint8Array, theirs: Uint8Array): number[] {
    assert(ours.length === DIGESTS_SIZE && theirs.length === DIGESTS_SIZE, 'digests of all buckets');
    const now = new Map<number, string>();
    for (let bucket = 0; bucket < DIGEST_BUCKETS; bucket += 1) {
      const [begin, end] = [bucket * BUCKET_SIZE, (bucket + 1) * BUCKET_SIZE];
      const [our, their] = [ours.subarray(begin, end), theirs.subarray(begin, end)];
      if (!equalBytes(our, their)) now.set(bucket, `${toHex(our)} ${toHex(their)}`);
    }
    const stubborn = [...now].flatMap(([bucket, what]) => (this.#former.get(bucket) === what ? [bucket] : []));
    for (const bucket of stubborn) now.delete(bucket);
    this.#count = now.size + stubborn.length;
    // What is asked for now gets one look's time to arrive before it is asked for again.
    this.#former = now;
    return stubborn;
  }
}

/** FNV-1a with two primes, then MurmurHash3's finish: no secret, only spread. The sums of the text that is added now. */
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
function rememberPlace(entry: Entry): void {
  sumHigh = 0x811c9dc5;
  sumLow = 0x9747b28c;
  add(entry.swarm.key);
  add(entry.client.id);
  add(`${entry.host} ${entry.port}`);
  entry.placeHigh = sumHigh;
  entry.placeLow = sumLow;
}

function finished(sum: number): number {
  let mixed = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
