// Which clients are listed under each address. There can be more than one: behind a NAT, or after a merge of what two trackers
// heard. Says who they are; which of them answers there is not decided here. Pure.

import type { Client, Place } from './records.js';

export class Addresses {
  readonly #places = new Map<string, Place>();
  #crowded = new Set<Place>();

  /** Those at this address except for `client`. */
  rivals(host: string, port: number, client: Client['id']): readonly Client[] {
    return this.#places.get(addressKey(host, port))?.clients.filter(({ id }) => id !== client) ?? [];
  }

  /** A live entry of this client was just written with that address. */
  moved(client: Client, host: string, port: number): void {
    let { place } = client;
    if (place === undefined || place.port !== port || place.host !== host) {
      this.left(client);
      place = this.#open(host, port);
      place.clients.push(client);
      client.place = place;
    }
    if (place.clients.length > 1) this.#crowded.add(place);
  }

  /** Nothing of this client is live any more. */
  left(client: Client): void {
    const { place } = client;
    if (place === undefined) return;
    client.place = undefined;
    place.clients.splice(place.clients.indexOf(client), 1);
    if (place.clients.length < 2) this.#crowded.delete(place);
    if (place.clients.length === 0) this.#places.delete(place.key);
  }

  /** Where more than one client is, and something was written since this was last asked. */
  takeCrowded(): ReadonlySet<Place> {
    const crowded = this.#crowded;
    if (crowded.size > 0) this.#crowded = new Set();
    return crowded;
  }

  #open(host: string, port: number): Place {
    const key = addressKey(host, port);
    let place = this.#places.get(key);
    if (place === undefined) {
      place = { key, host, port, clients: [] };
      this.#places.set(key, place);
    }
    return place;
  }
}

export function addressKey(host: string, port: number): string {
  return `${host} ${port}`;
}
