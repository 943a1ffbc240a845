// Runs one machine: a bounded mailbox, its effects, and its wake-ups. Inputs are handled one at a time in the order
// they arrived; an effect that posts to the same host waits for its turn. A throw stops this actor and is reported
// once; the supervisor decides about a restart.

import { assert } from '../base/assert.js';
import { BoundedQueue } from '../base/queue.js';
import { systemTimers, type Timer, type Timers } from '../base/timers.js';
import { MAILBOX_MAX } from './limits.js';
import type { Machine, Wake, WakeAt } from './machine.js';

export interface HostOptions<Input, Effect> {
  /** For logs and errors: `download/ubuntu.iso`. */
  readonly name: string;
  readonly machine: Machine<Input | Wake, Effect | WakeAt>;
  /** Performs one effect and decides nothing. */
  readonly perform: (effect: Effect) => void;
  /** The machine or its shell threw: the actor is stopped already. */
  readonly onCrash: (error: unknown) => void;
  readonly timers?: Timers;
  readonly mailboxMax?: number;
}

const WAKE: Wake = { kind: 'wake' };

export class Host<Input extends { readonly kind: string }, Effect extends { readonly kind: string }> {
  readonly name: string;
  readonly #options: HostOptions<Input, Effect>;
  readonly #timers: Timers;
  readonly #mailbox: BoundedQueue<Input | Wake>;
  #timer: Timer | undefined;
  readonly #ring = (): void => {
    this.#timer = undefined;
    this.post(WAKE);
  };
  #draining = false;
  #stopped = false;

  constructor(options: HostOptions<Input, Effect>) {
    this.name = options.name;
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#mailbox = new BoundedQueue(options.mailboxMax ?? MAILBOX_MAX);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes one input; a stopped host ignores it, a full mailbox crashes the actor. */
  post(input: Input | Wake): void {
    if (this.#stopped) return;
    // Nothing waits while nothing is being handled, so this one is the next.
    if (!this.#draining) this.#drain(input);
    else if (!this.#mailbox.push(input)) {
      this.#crash(new Error(`${this.name}: mailbox full (${this.#mailbox.capacity}) at ${input.kind}`));
    }
  }

  /** No further input is handled and no timer rings. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #drain(first: Input | Wake): void {
    this.#draining = true;
    try {
      for (let input: Input | Wake | undefined = first; input !== undefined; input = this.#mailbox.shift()) {
        if (this.#stopped) break;
        for (const effect of this.#options.machine.receive(input, this.#timers.nowMs())) {
          if (this.#stopped) break;
          if (isWakeAt(effect)) this.#wakeAt(effect.atMs);
          else this.#options.perform(effect);
        }
      }
    } catch (error) {
      this.#crash(error);
    } finally {
      this.#draining = false;
    }
  }

  #wakeAt(atMs: number): void {
    assert(Number.isFinite(atMs), 'a wake-up has a time');
    this.#timer?.cancel();
    this.#timer = this.#timers.at(atMs, this.#ring);
  }

  #crash(error: unknown): void {
    this.stop();
    this.#options.onCrash(error);
  }
}

function isWakeAt(effect: { readonly kind: string }): effect is WakeAt {
  return effect.kind === 'wakeAt';
}
