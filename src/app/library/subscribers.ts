// Shares one client among several users: the client sees request ids that no two users share, and each answer goes to
// whoever asked, under the user's own id. Notifications go to everybody; a user who leaves is forgotten with its open
// requests. Pure.

import type { ClientCommand, ClientEvent } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';

/** One user's way to a client that others use as well. */
export interface Subscription {
  /** Sends a command under the user's own request id. Throws when the user has left. */
  tell(command: ClientCommand): void;
  /** Requests that are not answered yet. */
  openCount(): number;
  /** Hears nothing any more; what was asked is still done. Idempotent. */
  leave(): void;
}

type Hear = (event: ClientEvent) => void;

interface OpenRequest {
  readonly user: User;
  /** The user's own id. */
  readonly ask: number;
}

interface User {
  readonly hear: Hear;
  /** The client's ids of this user's open requests. */
  readonly open: Set<number>;
}

/** A request id is a u32 on the wire. */
const REQUEST_IDS = 2 ** 32;

export class Subscribers {
  readonly #send: (command: ClientCommand) => void;
  readonly #idCount: number;
  readonly #users = new Set<User>();
  readonly #open = new Map<number, OpenRequest>();
  #lastId = 0;

  /** @param idCount how many request ids there are, from 0 on. */
  constructor(send: (command: ClientCommand) => void, idCount = REQUEST_IDS) {
    this.#send = send;
    this.#idCount = idCount;
  }

  join(hear: Hear): Subscription {
    const user: User = { hear, open: new Set() };
    this.#users.add(user);
    return {
      tell: (command) => this.#tell(user, command),
      openCount: () => user.open.size,
      leave: () => this.#leave(user),
    };
  }

  /** Passes on an event of the client. */
  deliver(event: ClientEvent): void {
    if (!('ask' in event)) {
      for (const { hear } of [...this.#users]) hear(event);
      return;
    }
    const request = this.#open.get(event.ask);
    // The user has left.
    if (request === undefined) return;
    const { user, ask } = request;
    if (event.kind !== 'listed' || event.last) {
      this.#open.delete(event.ask);
      user.open.delete(event.ask);
    }
    user.hear({ ...event, ask });
  }

  #tell(user: User, command: ClientCommand): void {
    assert(this.#users.has(user), 'a user asks before it leaves');
    const id = this.#freeId();
    this.#open.set(id, { user, ask: command.ask });
    user.open.add(id);
    this.#send({ ...command, ask: id });
  }

  #leave(user: User): void {
    for (const id of user.open) this.#open.delete(id);
    user.open.clear();
    this.#users.delete(user);
  }

  #freeId(): number {
    // Ids wrap after four billion requests, when an old request may still be open: somebody's `wait`.
    assert(this.#open.size < this.#idCount, 'fewer requests are open than there are ids');
    do this.#lastId = (this.#lastId + 1) % this.#idCount;
    while (this.#open.has(this.#lastId));
    return this.#lastId;
  }
}
