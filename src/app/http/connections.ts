// Which connections are kept when there are too many: those with a request under way, and of the others the newest. So
// whoever holds connections without asking locks nobody out.

import { HTTP_CONNECTIONS_MAX } from './limits.js';

/** What is looked at of a connection. */
export interface Kept {
  once(event: 'close', heard: () => void): unknown;
  destroy(): unknown;
}

export class Connections {
  /** Without a request, the longest first. */
  readonly #quiet = new Set<Kept>();
  readonly #busy = new Set<Kept>();

  get count(): number {
    return this.#quiet.size + this.#busy.size;
  }

  opened(connection: Kept): void {
    connection.once('close', () => this.#forget(connection));
    this.#quiet.add(connection);
    if (this.count <= HTTP_CONNECTIONS_MAX) return;
    // The new one itself, when all the others have requests.
    for (const longest of this.#quiet) {
      this.#forget(longest);
      longest.destroy();
      return;
    }
  }

  asked(connection: Kept): void {
    if (this.#quiet.delete(connection)) this.#busy.add(connection);
  }

  answered(connection: Kept): void {
    if (this.#busy.delete(connection)) this.#quiet.add(connection);
  }

  #forget(connection: Kept): void {
    this.#quiet.delete(connection);
    this.#busy.delete(connection);
  }
}
