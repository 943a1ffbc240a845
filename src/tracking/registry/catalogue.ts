// The files whose owners want them to be found, in the order of their keys, a page at a time. A page looks at a bounded
// number of files and of their seeders, however few of them it takes. Pure.

import type { SwarmKey } from '../../foundation/torrent/ids.js';
import { CATALOGUE_LOOKS_MAX } from './limits.js';
import type { Entry, Swarm } from './records.js';

/** By the first byte of their keys, so that a change puts one small part out of order. */
const BUCKETS = 256;

export interface CataloguePage {
  readonly swarms: readonly Swarm[];
  /** Behind which the next page begins; undefined: there is none. */
  readonly next: SwarmKey | undefined;
}

interface Bucket {
  readonly swarms: Set<Swarm>;
  /** Undefined: out of order since a change. */
  sorted: readonly Swarm[] | undefined;
}

export class Catalogue {
  readonly #buckets: readonly Bucket[] = Array.from({ length: BUCKETS }, () => ({
    swarms: new Set<Swarm>(),
    sorted: undefined,
  }));
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** What the owner of the entry wants from now on. */
  note(entry: Entry, isListed: boolean): void {
    if (entry.isListed === isListed) return;
    entry.isListed = isListed;
    const { swarm } = entry;
    swarm.listers += isListed ? 1 : -1;
    if (swarm.listers === (isListed ? 1 : 0)) this.#set(swarm, isListed);
  }

  /**
   * Files that somebody has now and whose names contain `filter`, in lower case, at most `want`.
   * @param after a key, which need not be known any more; '': from the beginning.
   */
  page(after: string, filter: string, want: number): CataloguePage {
    const found: Swarm[] = [];
    let looks = 0;
    let last = after as SwarmKey;
    for (let at = after === '' ? 0 : bucketOf(after as SwarmKey); at < BUCKETS; at += 1) {
      const swarms = this.#sorted(at);
      for (let place = firstAfter(swarms, after); place < swarms.length; place += 1) {
        if (found.length >= want || looks >= CATALOGUE_LOOKS_MAX) return { swarms: found, next: last };
        const swarm = swarms[place];
        if (swarm === undefined) continue;
        last = swarm.key;
        looks += 1;
        if (swarm.live.length === 0 || swarm.facts === undefined) continue;
        if (filter !== '' && !swarm.facts.name.toLowerCase().includes(filter)) continue;
        found.push(swarm);
        looks += swarm.live.length;
      }
    }
    return { swarms: found, next: undefined };
  }

  #set(swarm: Swarm, isListed: boolean): void {
    const bucket = this.#buckets[bucketOf(swarm.key)];
    if (bucket === undefined) return;
    if (isListed) bucket.swarms.add(swarm);
    else bucket.swarms.delete(swarm);
    bucket.sorted = undefined;
    this.#count += isListed ? 1 : -1;
  }

  #sorted(at: number): readonly Swarm[] {
    const bucket = this.#buckets[at];
    if (bucket === undefined) return [];
    bucket.sorted ??= [...bucket.swarms].sort((a, b) => (a.key < b.key ? -1 : 1));
    return bucket.sorted;
  }
}

function bucketOf(key: SwarmKey): number {
  return Number.parseInt(key.slice(0, 2), 16);
}

function firstAfter(swarms: readonly Swarm[], after: string): number {
  let [low, high] = [0, swarms.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((swarms[middle]?.key ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
