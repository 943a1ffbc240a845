// Which upload connections belong to one client: those from one host under one peer id of one file. Decides whether a
// further one of the same client may stay, and which goes first when others need its place. Pure.

import { UPLOAD_CONNECTIONS_PER_CLIENT_MAX, UPLOAD_EXTRA_MAX, UPLOAD_PLACES_CALM } from '../limits.js';
import { UploadAccount } from './account.js';

export interface UploadClient {
  readonly key: string;
  readonly host: string;
  /** What all its connections were served. */
  readonly account: UploadAccount;
  /** The first one stands for the client; those behind it are extra. */
  readonly connections: Set<number>;
}

export class UploadClients {
  readonly #clients = new Map<string, UploadClient>();
  #extra = 0;

  /** Connections beyond the first of each client. */
  get extra(): number {
    return this.#extra;
  }

  /** @param taken places of all clients. Undefined: it is one too many of this client. */
  join(connection: number, key: string, host: string, taken: number): UploadClient | undefined {
    const known = this.#clients.get(key);
    if (known !== undefined && !this.#mayHaveMore(known, taken)) return undefined;
    const client = known ?? { key, host, account: new UploadAccount(), connections: new Set() };
    if (known === undefined) this.#clients.set(key, client);
    else this.#extra += 1;
    client.connections.add(connection);
    return client;
  }

  leave(connection: number, client: UploadClient): void {
    if (!client.connections.delete(connection)) return;
    if (client.connections.size === 0) this.#clients.delete(client.key);
    else this.#extra -= 1;
  }

  /**
   * The connection that makes way for a new one: the last of the client that has most, of this host if it is named.
   * Undefined: no client has two.
   */
  toShed(host?: string): number | undefined {
    let most: UploadClient | undefined;
    for (const client of this.#extra === 0 ? [] : this.#clients.values()) {
      if (host !== undefined && client.host !== host) continue;
      if (client.connections.size > (most?.connections.size ?? 1)) most = client;
    }
    return most === undefined ? undefined : [...most.connections].at(-1);
  }

  #mayHaveMore({ connections }: UploadClient, taken: number): boolean {
    if (this.#extra >= UPLOAD_EXTRA_MAX || taken > UPLOAD_PLACES_CALM) return false;
    return connections.size < UPLOAD_CONNECTIONS_PER_CLIENT_MAX;
  }
}
