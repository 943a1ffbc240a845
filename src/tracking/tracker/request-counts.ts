// How many requests of clients came since the tracker began, and how many of them said what sort of thing. Pure.

import type { TrackerRequest } from './messages.js';

export interface RequestFigures {
  /** All of them, also what is asked and the parts of what is shared. */
  readonly requests: number;
  /** Words about one file: that it is shared, or how much of it is there. */
  readonly announces: number;
  /** What was sent and received for one file, for the report of its swarm. */
  readonly summaries: number;
  /** Each keeps all files of its client listed, so a client at rest announces none of them. */
  readonly pings: number;
}

export class RequestCounts {
  readonly #counts = { requests: 0, announces: 0, summaries: 0, pings: 0 };

  came({ kind }: Pick<TrackerRequest, 'kind'>): void {
    this.#counts.requests += 1;
    if (kind === 'share' || kind === 'announce') this.#counts.announces += 1;
    else if (kind === 'summary') this.#counts.summaries += 1;
    else if (kind === 'ping') this.#counts.pings += 1;
  }

  get figures(): RequestFigures {
    return { ...this.#counts };
  }
}
