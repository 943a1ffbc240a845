// Who gets one of a bounded number of places. Free places go to anybody, within a bound for each address; when all are
// taken, an address with fewer places displaces the least recently used one of the most crowded address, so a crowd
// from few addresses keeps nobody else out. Pure.

import { assert } from './assert.js';

export type Verdict =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused' }
  /** Admitted in the place of `connection`, which has lost it. */
  | { readonly kind: 'displaces'; readonly connection: number };

export interface Places {
  readonly placesMax: number;
  readonly perAddressMax: number;
}

export class Admission {
  readonly #limits: Places;
  /** By address; of each the one that used its place last stands last. */
  readonly #places = new Map<string, Set<number>>();
  /** Addresses by how many places they have: the most crowded one is found without a look at all. */
  readonly #crowds: Set<string>[] = [];
  #taken = 0;

  constructor(limits: Places) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#taken;
  }

  /** What there is for one more of this address. */
  roomFor(host: string): 'free' | 'addressFull' | 'full' {
    if ((this.#places.get(host)?.size ?? 0) >= this.#limits.perAddressMax) return 'addressFull';
    return this.#taken < this.#limits.placesMax ? 'free' : 'full';
  }

  admit(connection: number, host: string): Verdict {
    const own = this.#places.get(host)?.size ?? 0;
    if (own >= this.#limits.perAddressMax) return { kind: 'refused' };
    if (this.#taken < this.#limits.placesMax) {
      this.#enter(connection, host);
      return { kind: 'admitted' };
    }
    const [crowdedHost, crowd] = this.#mostCrowded();
    // Changing places between equals would only go on for ever.
    if (crowd.size <= own + 1) return { kind: 'refused' };
    const [displaced] = crowd;
    assert(displaced !== undefined, 'a crowded address has connections');
    this.leave(displaced, crowdedHost);
    this.#enter(connection, host);
    return { kind: 'displaces', connection: displaced };
  }

  /** It used its place: the others of its address are displaced before it. Nothing for one without a place. */
  served(connection: number, host: string): void {
    const places = this.#places.get(host);
    if (places?.delete(connection) === true) places.add(connection);
  }

  /** Nothing for one without a place. */
  leave(connection: number, host: string): void {
    const places = this.#places.get(host);
    if (places?.delete(connection) !== true) return;
    this.#taken -= 1;
    this.#counted(host, places.size + 1, places.size);
    if (places.size === 0) this.#places.delete(host);
  }

  #enter(connection: number, host: string): void {
    const places = this.#places.get(host) ?? new Set();
    this.#places.set(host, places.add(connection));
    this.#taken += 1;
    this.#counted(host, places.size - 1, places.size);
  }

  #counted(host: string, before: number, after: number): void {
    this.#crowds[before]?.delete(host);
    while (this.#crowds.length <= after) this.#crowds.push(new Set());
    if (after > 0) this.#crowds[after]?.add(host);
    while (this.#crowds.at(-1)?.size === 0) this.#crowds.pop();
  }

  #mostCrowded(): readonly [host: string, crowd: Set<number>] {
    const [host] = this.#crowds.at(-1) ?? [];
    assert(host !== undefined, 'taken places are of somebody');
    const crowd = this.#places.get(host);
    assert(crowd !== undefined, 'a counted address has places');
    return [host, crowd];
  }
}
