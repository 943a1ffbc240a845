// Whether the tracker lists us for what we told it: what follows from the number in a pong. It never asks; a number
// that something under way explains is not brought here. Pure.

/**
 * fits; tell: say all registrations again; renew: leave, then say them again, since what is wrong is not ours to name.
 */
export type Verdict = 'fits' | 'wait' | 'tell' | 'renew';

export class Tally {
  /** Pongs in a row that did not fit. */
  #misfits = 0;

  /** @param entries on how many lists the tracker says we are. @param told on how many we should be. */
  compare(entries: number, told: number): Verdict {
    if (entries === told) {
      this.#misfits = 0;
      return 'fits';
    }
    this.#misfits += 1;
    if (this.#misfits >= 2) {
      this.#misfits = 0;
      return 'renew';
    }
    return entries < told ? 'tell' : 'wait';
  }

  /** A new connection: what it told is not comparable yet. */
  startOver(): void {
    this.#misfits = 0;
  }
}
