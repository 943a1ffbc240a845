// The two rate limits of this client. They last for this run and begin with the settings; the threads enforce them.
// Pure.

import { unreachable } from '../../foundation/base/assert.js';
import type { ClientEffect } from '../effects.js';
import type { ClientCommand, Rates } from '../messages.js';
import { accept } from './answers.js';

export class RateLimits {
  #rates: Rates;
  #note = '';
  /** A limit was set by hand since the timetable spoke. */
  #isByHand = false;

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

  obey(
    command: Extract<ClientCommand, { kind: 'limit' | 'limits' | 'limitBySchedule' | 'limitNote' }>,
  ): readonly ClientEffect[] {
    switch (command.kind) {
      case 'limit':
        this.#isByHand = this.#note !== '';
        return [...this.#set(command.direction, command.rate), this.#listed(command.ask)];
      case 'limitBySchedule':
        this.#note = command.note;
        this.#isByHand = false;
        return [...this.#set('up', command.up), ...this.#set('down', command.down), this.#listed(command.ask)];
      case 'limits':
        return [this.#listed(command.ask)];
      case 'limitNote':
        return [accept(command.ask, this.#isByHand ? `set by hand, although ${this.#note}` : this.#note)];
      default:
        return unreachable(command);
    }
  }

  #set(direction: 'up' | 'down', rate: number): readonly ClientEffect[] {
    this.#rates = { ...this.#rates, [direction]: rate };
    return [{ kind: 'limit', direction, rate }];
  }

  #listed(ask: number): ClientEffect {
    return { kind: 'tell', event: { kind: 'limitsListed', ask, ...this.#rates } };
  }
}
