// Decides which hook runs when: few at once, each for a limited time, the others in the order of their events. What
// would wait behind too many is dropped with its name, so that hooks never hold up a transfer. Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import type { HookEvent } from './hook-facts.js';
import { HOOK_END_MS, HOOK_TERM_MS, HOOKS_RUNNING_MAX, HOOKS_WAITING_MAX } from './limits.js';

export type HookInput =
  | { readonly kind: 'happened'; readonly event: HookEvent }
  /** The program of this run has ended, or did not start. */
  | { readonly kind: 'ended'; readonly run: number }
  /** The client ends: nothing new runs, and what runs is ended. */
  | { readonly kind: 'close' };

export type HookEffect =
  | { readonly kind: 'start'; readonly run: number; readonly event: HookEvent }
  | { readonly kind: 'signal'; readonly run: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** It ran for longer than it may, and is being ended. */
  | { readonly kind: 'late'; readonly run: number }
  | { readonly kind: 'dropped'; readonly event: HookEvent; readonly because: 'crowded' | 'closing' }
  /** Nothing runs or waits. */
  | { readonly kind: 'idle' };

interface Run {
  /** When the next signal is due. */
  dueMs: number;
  next: 'SIGTERM' | 'SIGKILL' | undefined;
}

export class HookQueue implements Machine<HookInput | Wake, HookEffect | WakeAt> {
  readonly #timeoutMs: number;
  readonly #waiting: HookEvent[] = [];
  readonly #running = new Map<number, Run>();
  #lastRun = 0;
  #isClosing = false;

  /** @param timeoutMs how long one hook may run. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  receive(input: HookInput | Wake, nowMs: number): readonly (HookEffect | WakeAt)[] {
    const effects: (HookEffect | WakeAt)[] = [
      ...this.#apply(input, nowMs),
      ...this.#startWaiting(nowMs),
      ...this.#signalLate(nowMs),
    ];
    const dues = [...this.#running.values()].filter(({ next }) => next !== undefined).map(({ dueMs }) => dueMs);
    if (dues.length > 0) effects.push({ kind: 'wakeAt', atMs: Math.min(...dues) });
    if (this.isIdle && (input.kind === 'ended' || input.kind === 'close')) effects.push({ kind: 'idle' });
    return effects;
  }

  get isIdle(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0;
  }

  #apply(input: HookInput | Wake, nowMs: number): readonly HookEffect[] {
    switch (input.kind) {
      case 'happened':
        if (this.#isClosing) return [{ kind: 'dropped', event: input.event, because: 'closing' }];
        if (this.#waiting.length >= HOOKS_WAITING_MAX)
          return [{ kind: 'dropped', event: input.event, because: 'crowded' }];
        this.#waiting.push(input.event);
        return NO_EFFECTS;
      case 'ended':
        this.#running.delete(input.run);
        return NO_EFFECTS;
      case 'close':
        this.#isClosing = true;
        return this.#close(nowMs);
      case 'wake':
        return NO_EFFECTS;
      default:
        return unreachable(input);
    }
  }

  #close(nowMs: number): readonly HookEffect[] {
    const effects: HookEffect[] = this.#waiting
      .splice(0)
      .map((event) => ({ kind: 'dropped', event, because: 'closing' }));
    for (const [run, state] of this.#running) {
      if (state.next === 'SIGTERM') effects.push({ kind: 'signal', run, signal: 'SIGTERM' });
      if (state.next === undefined) continue;
      state.next = 'SIGKILL';
      state.dueMs = Math.min(state.dueMs, nowMs + HOOK_END_MS);
    }
    return effects;
  }

  #startWaiting(nowMs: number): readonly HookEffect[] {
    const effects: HookEffect[] = [];
    while (this.#running.size < HOOKS_RUNNING_MAX) {
      const event = this.#waiting.shift();
      if (event === undefined) break;
      this.#lastRun += 1;
      this.#running.set(this.#lastRun, { dueMs: nowMs + this.#timeoutMs, next: 'SIGTERM' });
      effects.push({ kind: 'start', run: this.#lastRun, event });
    }
    return effects;
  }

  #signalLate(nowMs: number): readonly HookEffect[] {
    const effects: HookEffect[] = [];
    for (const [run, state] of this.#running) {
      if (state.next === undefined || state.dueMs > nowMs) continue;
      effects.push({ kind: 'signal', run, signal: state.next });
      if (state.next === 'SIGTERM') effects.push({ kind: 'late', run });
      state.next = state.next === 'SIGTERM' ? 'SIGKILL' : undefined;
      state.dueMs = nowMs + HOOK_TERM_MS;
    }
    return effects;
  }
}
