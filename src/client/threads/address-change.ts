// What a look at the addresses of this machine means for the one that the client listens on. An address that was not
// listed when the client began to listen there is never called gone: a route may make it ours. Pure.

import { isLoopback, isWildcard } from '../../foundation/base/hosts.js';

export type AddressNews = 'nothing' | 'gone' | 'stillGone' | 'back';

export class AddressChange {
  #wasSeen = false;
  #isGone = false;

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The client listens at another address from now on. */
  moved(): void {
    this.#wasSeen = false;
    this.#isGone = false;
  }

  /** @param here canonical hosts of all interfaces. */
  look(own: string, here: readonly string[]): AddressNews {
    if (isWildcard(own)) return 'nothing';
    if (isLoopback(own) || here.includes(own)) {
      const wasGone = this.#isGone;
      this.#wasSeen = true;
      this.#isGone = false;
      return wasGone ? 'back' : 'nothing';
    }
    if (!this.#wasSeen) return 'nothing';
    if (this.#isGone) return 'stillGone';
    this.#isGone = true;
    return 'gone';
  }
}
