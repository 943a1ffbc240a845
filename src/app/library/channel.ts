// The connection of a program to a client, within this process or through a socket. Pure.

import type { ClientCommand } from '../../client/messages.js';

export interface ClientFacts {
  /** ip:port where other clients fetch from it. */
  readonly address: string;
  /** Those that its shares are announced to. */
  readonly trackers: readonly [string, string, ...string[]];
  readonly pid: number;
}

/** The connection to a client, within this process or through a socket. */
export interface ClientChannel {
  readonly facts: ClientFacts;
  tell(command: ClientCommand): void;
  /** Releases what this program holds of the client; absent where that is nothing. Idempotent. */
  close?(): Promise<void>;
}
