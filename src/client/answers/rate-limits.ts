// The two rate limits of this client. They last for this run and begin with the settings; the threads enforce them.
// Pure.

import type { ClientEffect } from '../effects.js';
import type { ClientCommand, Rates } from '../messages.js';

export class RateLimits {
  #rates: Rates;

  constructor(rates: Rates) {
    this.#rates = rates;
  }

  get rates(): Rates {
    return this.#rates;
  }

  /** For the threads, before the first transfer. */
  begin(): readonly ClientEffect[] {
    return (['up', 'down'] as const)
      .filter((direction) => this.#rates[direction] !== 0)
      .map((direction) => ({ kind: 'limit', direction, rate: this.#rates[direction] }));
  }

  obey(command: Extract<ClientCommand, { kind: 'limit' | 'limits' }>): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    if (command.kind === 'limit') {
      const { direction, rate } = command;
      this.#rates = { ...this.#rates, [direction]: rate };
      effects.push({ kind: 'limit', direction, rate });
    }
    return [...effects, { kind: 'tell', event: { kind: 'limitsListed', ask: command.ask, ...this.#rates } }];
  }
}
