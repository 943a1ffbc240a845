// Several users on one client: each counts its questions as it likes, the client hears numbers that are nobody else's, and an
// answer goes to whoever asked, under the number it was asked with. What happens unasked goes to everybody. Who leaves is
// forgotten with its open questions; their answers go nowhere. Pure.

import type { ClientCommand, ClientEvent } from '../../client/messages.js';
import { assert, present } from '../../foundation/base/assert.js';

/** An event for one user, with that user's own number. */
export interface Delivery {
  readonly user: number;
  readonly event: ClientEvent;
}

interface Open {
  readonly user: number;
  readonly ask: number;
}

/** `ask` is a u32 on the wire. */
const ASKS = 2 ** 32;

export class Lines {
  readonly #open = new Map<number, Open>();
  /** user → the client's numbers of its open questions. */
  readonly #users = new Map<number, Set<number>>();
  #lastUser = 0;
  readonly #asks: number;
  #lastAsk = 0;

  /** @param asks how many numbers there are: from 0 on. */
  constructor(asks = ASKS) {
    this.#asks = asks;
  }

  /** A new user's number. */
  join(): number {
    this.#lastUser += 1;
    this.#users.set(this.#lastUser, new Set());
    return this.#lastUser;
  }

  /** Idempotent. */
  leave(user: number): void {
    for (const ask of this.#users.get(user) ?? []) this.#open.delete(ask);
    this.#users.delete(user);
  }

  /** The command as the client gets it. */
  asked(user: number, command: ClientCommand): ClientCommand {
    const asks = present(this.#users.get(user), 'who asks has joined and not left');
    const ask = this.#freeAsk();
    this.#open.set(ask, { user, ask: command.ask });
    asks.add(ask);
    return { ...command, ask };
  }

  /** Questions of this user that are not answered yet. */
  openCount(user: number): number {
    return this.#users.get(user)?.size ?? 0;
  }

  /** To whom an event of the client goes. */
  said(event: ClientEvent): readonly Delivery[] {
    if (!('ask' in event)) return [...this.#users.keys()].map((user) => ({ user, event }));
    const open = this.#open.get(event.ask);
    // Who asked has left.
    if (open === undefined) return [];
    if (event.kind !== 'listed' || event.last) {
      this.#open.delete(event.ask);
      this.#users.get(open.user)?.delete(event.ask);
    }
    return [{ user: open.user, event: { ...event, ask: open.ask } }];
  }

  #freeAsk(): number {
    // A number is used anew after four billion questions, and then one may still be open: somebody's `wait`.
    assert(this.#open.size < this.#asks, 'fewer questions are open than there are numbers');
    do this.#lastAsk = (this.#lastAsk + 1) % this.#asks;
    while (this.#open.has(this.#lastAsk));
    return this.#lastAsk;
  }
}
