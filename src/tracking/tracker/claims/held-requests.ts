// Requests that wait for the answer of a dial-back, by what is asked. Pure.

import { present } from '../../../foundation/base/assert.js';
import type { TrackerRequest } from '../messages.js';

export interface HeldRequest {
  readonly connection: number;
  readonly request: TrackerRequest;
}

export class HeldRequests {
  readonly #held = new Map<string, HeldRequest[]>();

  isOpen(key: string): boolean {
    return this.#held.has(key);
  }

  open(key: string): void {
    this.#held.set(key, []);
  }

  hold(key: string, held: HeldRequest): void {
    present(this.#held.get(key), 'a request waits for a dial-back that is under way').push(held);
  }

  /** Those that waited; nothing is asked under this key any more. */
  release(key: string): readonly HeldRequest[] {
    const held = this.#held.get(key) ?? [];
    this.#held.delete(key);
    return held;
  }

  /** Nobody waits for the answers any more. */
  dropped(connection: number): void {
    for (const [key, held] of this.#held)
      this.#held.set(
        key,
        held.filter((request) => request.connection !== connection),
      );
  }
}
