// Which entries are listed under each file, so that a random sample of them costs no more than its size. Says nothing
// of why an entry is listed. Pure.

import { assert } from '../../foundation/base/assert.js';
import type { Prng } from '../../foundation/base/prng.js';
import type { Entry, Swarm } from './records.js';

export class Listings {
  #count = 0;

  /** Of all files. */
  get count(): number {
    return this.#count;
  }

  add(entry: Entry): void {
    if (entry.slot >= 0) return;
    entry.slot = entry.swarm.live.push(entry) - 1;
    entry.client.liveCount += 1;
    this.#count += 1;
  }

  /** True: it was listed until now. */
  remove(entry: Entry): boolean {
    if (entry.slot < 0) return false;
    const { live } = entry.swarm;
    swap(live, entry.slot, live.length - 1);
    live.pop();
    entry.slot = -1;
    entry.client.liveCount -= 1;
    this.#count -= 1;
    return true;
  }

  /** At most `want` entries but `own`, each set of them as likely as any other; and how many there are. O(want). */
  sample({ live }: Swarm, own: Entry | undefined, want: number, prng: Prng): { entries: Entry[]; total: number } {
    const isListed = own !== undefined && own.slot >= 0;
    // Our own goes to the end, then the first `want` slots are dealt as in a shuffle.
    if (isListed) swap(live, own.slot, live.length - 1);
    const total = live.length - (isListed ? 1 : 0);
    const count = Math.min(want, total);
    if (count < total) for (let at = 0; at < count; at += 1) swap(live, at, at + prng.below(total - at));
    return { entries: live.slice(0, count), total };
  }
}

function swap(live: Entry[], a: number, b: number): void {
  const first = live[a];
  const second = live[b];
  assert(first !== undefined && second !== undefined, 'a slot is an index of the live list');
  live[a] = second;
  live[b] = first;
  second.slot = a;
  first.slot = b;
}
