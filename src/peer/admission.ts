// Who of those that dial us gets one of our places. While there are any, everybody up to a bound for each address; when all are taken
// they are shared fairly between addresses: who comes from one with fewer takes the place of whoever of the most crowded one has
// gone longest without taking payload. So a crowd from few addresses, however busy, keeps nobody else out. Pure.

import { assert } from '../base/assert.js';
import { UPLOAD_CONNECTIONS_MAX, UPLOAD_CONNECTIONS_PER_ADDRESS_MAX } from '../base/limits.js';

export type Verdict =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused' }
  /** Admitted in the place of `connection`, which has lost it. */
  | { readonly kind: 'displaces'; readonly connection: number };

export class Admission {
  /** By address; of each the one that took payload last stands last. */
  readonly #places = new Map<string, Set<number>>();
  #taken = 0;

  get count(): number {
    return this.#taken;
  }

  admit(connection: number, host: string): Verdict {
    const own = this.#places.get(host)?.size ?? 0;
    if (own >= UPLOAD_CONNECTIONS_PER_ADDRESS_MAX) return { kind: 'refused' };
    if (this.#taken < UPLOAD_CONNECTIONS_MAX) {
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

  /** It took payload: the others of its address are displaced before it. Nothing for one without a place. */
  served(connection: number, host: string): void {
    const places = this.#places.get(host);
    if (places?.delete(connection) === true) places.add(connection);
  }

  /** Nothing for one without a place. */
  leave(connection: number, host: string): void {
    const places = this.#places.get(host);
    if (places?.delete(connection) !== true) return;
    this.#taken -= 1;
    if (places.size === 0) this.#places.delete(host);
  }

  #enter(connection: number, host: string): void {
    const places = this.#places.get(host) ?? new Set();
    this.#places.set(host, places.add(connection));
    this.#taken += 1;
  }

  #mostCrowded(): readonly [host: string, crowd: Set<number>] {
    let most: readonly [string, Set<number>] | undefined;
    for (const entry of this.#places) if (most === undefined || entry[1].size > most[1].size) most = entry;
    assert(most !== undefined, 'taken places are of somebody');
    return most;
  }
}
