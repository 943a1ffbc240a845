// Requests about members are written one at a time, since each is decided by what is durable then: two that use up one
// invitation must not both find it good. The others wait in a bounded line. Pure.

import { BoundedQueue } from '../../../foundation/base/queue.js';
import { MEMBERSHIP_WAITING_MAX } from '../limits.js';
import type { MembershipRequest } from '../messages.js';

export type WriteRequest = Exclude<MembershipRequest, { kind: 'knownBans' | 'members' }>;

export interface Asked {
  readonly connection: number;
  readonly request: WriteRequest;
}

export class WriteLine {
  readonly #waiting = new BoundedQueue<Asked>(MEMBERSHIP_WAITING_MAX);
  /** How many requests of each connection wait, the one that is written included. */
  readonly #of = new Map<number, number>();
  #writing: Asked | undefined;

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  has(connection: number): boolean {
    return this.#of.has(connection);
  }

  /** False: too many wait. */
  wait(asked: Asked): boolean {
    if (!this.#waiting.push(asked)) return false;
    this.#count(asked, 1);
    return true;
  }

  next(): Asked | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#count(next, -1);
    return next;
  }

  begin(asked: Asked): void {
    this.#writing = asked;
    this.#count(asked, 1);
  }

  end(): void {
    if (this.#writing !== undefined) this.#count(this.#writing, -1);
    this.#writing = undefined;
  }

  #count({ connection }: Asked, by: number): void {
    const count = (this.#of.get(connection) ?? 0) + by;
    if (count > 0) this.#of.set(connection, count);
    else this.#of.delete(connection);
  }
}
