// Which time a closed tracker signs cards with: its own clock's or its partner's, whichever is later. Clocks that are
// far apart are an error that somebody has to mend. Pure.

import { Complaints } from '../../../foundation/base/complaints.js';
import { TrackerClock } from '../../../foundation/identity/swarm-time.js';
import { CLOCKS_APART_S } from '../../membership/limits.js';

export class SwarmClocks {
  readonly #own = new TrackerClock();
  readonly #partner: TrackerClock;
  readonly #complaints = new Complaints();
  readonly #complain: (fields: object, sentence: string) => void;
  #apartS: number | null = null;

  constructor(partner: TrackerClock, complain: (fields: object, sentence: string) => void) {
    this.#partner = partner;
    this.#complain = complain;
  }

  /** Seconds between the two; null: the partner's was not heard yet. */
  get apartS(): number | null {
    return this.#apartS;
  }

  /** @param seconds since 1970, by the wall clock of this machine. */
  own(seconds: number, nowMs: number): void {
    this.#own.heard(seconds, nowMs);
    this.#compare(nowMs);
  }

  partner(seconds: number, nowMs: number): void {
    this.#partner.heard(seconds, nowMs);
    this.#compare(nowMs);
  }

  ownS(nowMs: number): number {
    return this.#own.at(nowMs) ?? this.#partner.at(nowMs) ?? 0;
  }

  /** For what is signed. */
  issueS(nowMs: number): number {
    return Math.max(this.#own.at(nowMs) ?? 0, this.#partner.at(nowMs) ?? 0);
  }

  #compare(nowMs: number): void {
    const [own, partner] = [this.#own.at(nowMs), this.#partner.at(nowMs)];
    if (own === undefined || partner === undefined) return;
    this.#apartS = Math.abs(own - partner);
    if (this.#apartS <= CLOCKS_APART_S || this.#complaints.note('clocks', nowMs) === 0) return;
    const sentence =
      'the clocks of this tracker and its partner are more than an hour apart; cards are signed by the later one: set both right';
    this.#complain({ ownS: own, partnerS: partner, apartS: this.#apartS }, sentence);
  }
}
