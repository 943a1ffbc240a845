// Which entries may be out of date after a standstill that outlived the tombstones. A connected client is believed once
// it is heard again; the entries of all others expire until their owner or another tracker lists them again. Pure.

import type { ClientId } from '../../foundation/torrent/ids.js';
import { STANDSTILL_DOUBT_MS } from './limits.js';

export class Doubts {
  /** Connected since before the standstill, and not heard since. */
  readonly #connected = new Set<ClientId>();
  readonly #absent = new Set<ClientId>();
  #sinceMs = 0;

  begin(listed: Iterable<ClientId>, connected: ReadonlySet<ClientId>, nowMs: number): void {
    this.#sinceMs = nowMs;
    for (const id of listed) (connected.has(id) ? this.#connected : this.#absent).add(id);
  }

  /** It spoke on a connection of before. */
  heard(id: ClientId, nowMs: number): void {
    if (this.#connected.size > 0 && nowMs >= this.#sinceMs + STANDSTILL_DOUBT_MS) this.#connected.delete(id);
  }

  /** It connected anew, or its connection ended: true when what it is listed for has to expire now. */
  ended(id: ClientId): boolean {
    return this.#connected.delete(id) || this.#absent.delete(id);
  }

  /** The next of those who are not connected. */
  take(): ClientId | undefined {
    for (const id of this.#absent) {
      this.#absent.delete(id);
      return id;
    }
    return undefined;
  }
}
