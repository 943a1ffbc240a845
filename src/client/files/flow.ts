// What a file's transfer was like in this run: when its download began and ended, and which rates it held. It is told
// to trackers as a summary, for reports about the whole swarm. Pure.

import { PROGRESS_MS } from '../../foundation/base/limits.js';
import type { Summary } from '../../tracking/announce/messages.js';
import { RATE_HELD_MS } from '../limits.js';
import type { Transfer } from './record.js';

export class Flow {
  readonly #down = new HeldRate();
  readonly #up = new HeldRate();
  readonly #received = new Sum();
  readonly #wasted = new Sum();
  readonly #sent = new Sum();
  #startedMs: number | undefined;
  #finishedMs: number | undefined;

  /** Its download runs from now on; paused and resumed it is the same one. */
  begun(nowMs: number): void {
    this.#startedMs ??= nowMs;
  }

  ended(nowMs: number): void {
    this.begun(nowMs);
    this.#finishedMs ??= nowMs;
  }

  /** @param transfer totals, which begin anew when a download is held and goes on. */
  saw({ received, wasted, sent }: Pick<Transfer, 'received' | 'wasted' | 'sent'>, nowMs: number): void {
    this.#received.saw(received);
    this.#wasted.saw(wasted);
    this.#sent.saw(sent);
    this.#down.saw(this.#received.total, nowMs);
    this.#up.saw(this.#sent.total, nowMs);
  }

  /** @param size of the share, where nothing less is wanted. */
  summary({ wanted, wantedBytes }: Pick<Transfer, 'wanted' | 'wantedBytes'>, size: number): Summary {
    return {
      wanted: wanted === 0 ? size : wantedBytes,
      ...{ received: this.#received.total, wasted: this.#wasted.total, sent: this.#sent.total },
      ...{ startedMs: this.#startedMs, finishedMs: this.#finishedMs },
      ...{ downRate: this.#down.highest, upRate: this.#up.highest },
    };
  }
}

/** Of totals that begin anew, each from zero. Never falls. */
class Sum {
  #former = 0;
  #latest = 0;

  get total(): number {
    return this.#former + this.#latest;
  }

  saw(total: number): void {
    if (total < this.#latest) this.#former += this.#latest;
    this.#latest = total;
  }
}

/** The highest rate of a growing total over RATE_HELD_MS; of less, while nothing lasted so long. Bytes a second. */
export class HeldRate {
  /** [when, total], oldest first, of a transfer without a pause. */
  #seen: (readonly [number, number])[] = [];
  #total = 0;
  #highest = 0;
  #isHeld = false;

  get highest(): number {
    return Math.round(this.#highest);
  }

  saw(total: number, nowMs: number): void {
    if (total === this.#total) return;
    const last = this.#seen.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
    // What is told now has come since the last report at the earliest.
    if (nowMs - last > 2 * PROGRESS_MS) this.#seen = [[nowMs - PROGRESS_MS, this.#total]];
    this.#total = total;
    this.#seen.push([nowMs, total]);
    while (nowMs - (this.#seen[1]?.[0] ?? nowMs) >= RATE_HELD_MS) this.#seen.shift();
    const [fromMs, from] = this.#seen[0] ?? [nowMs, total];
    const [tookMs, bytes] = [Math.max(1, nowMs - fromMs), total - from];
    const isHeld = tookMs >= RATE_HELD_MS;
    // A burst counts only while there is nothing better, and then the latest, which is the longest.
    if (isHeld) this.#highest = Math.max(this.#isHeld ? this.#highest : 0, (bytes * 1000) / tookMs);
    else if (!this.#isHeld) this.#highest = (bytes * 1000) / tookMs;
    this.#isHeld ||= isHeld;
  }
}
