// Which dial-backs may begin: how many are under way, and how many one source has caused lately. Numbers them, and
// knows nothing of why they are made. Pure.

import {
  DIAL_BACK_PERIOD_MS,
  DIAL_BACKS_MAX,
  DIAL_BACKS_PER_PERIOD_MAX,
  DIAL_BACKS_PER_SOURCE_MAX,
} from '../limits.js';
import type { DialBack } from './claim.js';
import { remember } from './memory.js';

export class DialQueue {
  /** Number → the source that caused it. */
  readonly #underWay = new Map<number, string>();
  readonly #sources = new Map<string, { readonly sinceMs: number; count: number }>();
  #dials: DialBack[] = [];
  #lastNumber = 0;

  /** Dial-backs since the start. */
  get count(): number {
    return this.#lastNumber;
  }

  /**
   * Takes the place of one dial-back that `source` causes; false when there is none now.
   * @param urgency `idle`: nothing is decided by it, so it leaves half of all places to those that decide.
   */
  take(source: string, nowMs: number, urgency: 'deciding' | 'idle' = 'deciding'): boolean {
    const part = urgency === 'idle' ? 0.5 : 1;
    if (this.#underWay.size >= DIAL_BACKS_MAX * part) return false;
    let underWay = 0;
    for (const other of this.#underWay.values()) if (other === source) underWay += 1;
    if (underWay >= DIAL_BACKS_PER_SOURCE_MAX * part) return false;
    const counted = this.#sources.get(source);
    const isOver = counted === undefined || nowMs - counted.sinceMs >= DIAL_BACK_PERIOD_MS;
    const period = isOver ? { sinceMs: nowMs, count: 0 } : counted;
    if (period.count >= DIAL_BACKS_PER_PERIOD_MAX * part) return false;
    period.count += 1;
    remember(this.#sources, source, period);
    return true;
  }

  /** Answers its number. */
  dial(source: string, dial: Omit<DialBack, 'number'>): number {
    this.#lastNumber += 1;
    this.#underWay.set(this.#lastNumber, source);
    this.#dials.push({ ...dial, number: this.#lastNumber });
    return this.#lastNumber;
  }

  ended(number: number): void {
    this.#underWay.delete(number);
  }

  takeDials(): readonly DialBack[] {
    const dials = this.#dials;
    if (dials.length > 0) this.#dials = [];
    return dials;
  }
}
