// What one client was served over all its connections: uploads are shared out among clients, and a client with several
// connections gets what it would get with one. Pure.

import type { HeldByConnection } from './in-flight.js';

/** One connection of the client, as far as its account is concerned. */
export interface AccountFlow {
  readonly queue: readonly unknown[];
  readonly held: HeldByConnection;
}

export class UploadAccount {
  /** Bytes served so far, on the common scale of all accounts. */
  served = 0;
  readonly #flows = new Set<AccountFlow>();

  get connections(): number {
    return this.#flows.size;
  }

  add(flow: AccountFlow): void {
    this.#flows.add(flow);
  }

  remove(flow: AccountFlow): void {
    this.#flows.delete(flow);
  }

  /** None of its connections has a request. */
  get isIdle(): boolean {
    for (const { queue, held } of this.#flows) if (queue.length > 0 || held.bytes > 0) return false;
    return true;
  }

  /** Buffers that all its connections hold. */
  get buffers(): number {
    let buffers = 0;
    for (const { held } of this.#flows) buffers += held.buffers;
    return buffers;
  }
}
