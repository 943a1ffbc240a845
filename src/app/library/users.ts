// Everybody who uses one client: gives each a line, and what the client says to whom it concerns. To whom that is, the lines
// decide.

import type { Client } from '../../client/actor.js';
import type { ClientCommand, ClientEvent } from '../../client/messages.js';
import { Lines } from './lines.js';

/** One user's way to a client that others use as well. */
export interface SharedLine {
  tell(command: ClientCommand): void;
  /** Questions that are not answered yet. */
  openCount(): number;
  /** Hears nothing any more; what it asked is done all the same. Idempotent. */
  leave(): void;
}

export class Users {
  readonly #client: Pick<Client, 'tell'>;
  readonly #lines = new Lines();
  readonly #hearers = new Map<number, (event: ClientEvent) => void>();

  constructor(client: Pick<Client, 'tell'>) {
    this.#client = client;
  }

  /** `hear` gets what happens, and the answers to what is told on the line. */
  join(hear: (event: ClientEvent) => void): SharedLine {
    const user = this.#lines.join();
    this.#hearers.set(user, hear);
    return {
      tell: (command) => this.#client.tell(this.#lines.asked(user, command)),
      openCount: () => this.#lines.openCount(user),
      leave: () => {
        this.#lines.leave(user);
        this.#hearers.delete(user);
      },
    };
  }

  /** Everything that the client says comes in here. */
  deliver(event: ClientEvent): void {
    for (const { user, event: own } of this.#lines.said(event)) this.#hearers.get(user)?.(own);
  }
}
