// Which clients are listed under each address: several, behind a NAT or after a merge of two trackers' lists. Never
// decides which of them answers there. Pure.

import type { Client, ListedAddress } from './records.js';

export class Addresses {
  readonly #addresses = new Map<string, ListedAddress>();
  #crowded = new Set<ListedAddress>();

  /** Those at this address except for `client`. */
  rivals(host: string, port: number, client: Client['id']): readonly Client[] {
    return this.#addresses.get(addressKey(host, port))?.clients.filter(({ id }) => id !== client) ?? [];
  }

  /** A live entry of this client was just written with that address. */
  moved(client: Client, host: string, port: number): void {
    let { address } = client;
    if (address === undefined || address.port !== port || address.host !== host) {
      this.left(client);
      address = this.#open(host, port);
      address.clients.push(client);
      client.address = address;
    }
    if (address.clients.length > 1) this.#crowded.add(address);
  }

  /** Nothing of this client is live any more. */
  left(client: Client): void {
    const { address } = client;
    if (address === undefined) return;
    client.address = undefined;
    address.clients.splice(address.clients.indexOf(client), 1);
    if (address.clients.length < 2) this.#crowded.delete(address);
    if (address.clients.length === 0) this.#addresses.delete(address.key);
  }

  /** Where more than one client is, and something was written since this was last asked. */
  takeCrowded(): ReadonlySet<ListedAddress> {
    const crowded = this.#crowded;
    if (crowded.size > 0) this.#crowded = new Set();
    return crowded;
  }

  #open(host: string, port: number): ListedAddress {
    const key = addressKey(host, port);
    let place = this.#addresses.get(key);
    if (place === undefined) {
      place = { key, host, port, clients: [] };
      this.#addresses.set(key, place);
    }
    return place;
  }
}

export function addressKey(host: string, port: number): string {
  return `${host} ${port}`;
}
