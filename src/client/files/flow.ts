// What a file's transfer was like in this run of the client: when its download began and ended, how many bytes went
// each way over all its pauses, and which rates it held. Rows add what earlier runs had; trackers are told of this one
// as a summary. Pure.

import { PROGRESS_MS } from '../../foundation/base/limits.js';
import type { Summary } from '../../tracking/announce/messages.js';
import type { Progress } from '../../transfer/download/messages.js';
import { NO_TOTALS, sumOf, type Totals } from '../../transfer/storage/part/totals.js';
import { RATE_HELD_MS } from '../limits.js';

export class Flow {
  readonly #down = new HeldRate();
  readonly #up = new HeldRate();
  readonly #received = new Sum();
  readonly #wasted = new Sum();
  readonly #reused = new Sum();
  readonly #sent = new Sum();
  #before: Totals | undefined;
  #startedMs: number | undefined;
  #finishedMs: number | undefined;

  /** Its download runs from now on; paused and resumed it is the same one. */
  begun(nowMs: number): void {
    this.#startedMs ??= nowMs;
  }

  /** What it had received and reused in earlier runs of the client: told first counts, since later it includes ours. */
  ranBefore(totals: Totals): void {
    this.#before ??= totals;
  }

  /** The download is opened, again maybe, and counts from zero. */
  opened(): void {
    for (const count of [this.#received, this.#wasted, this.#reused]) count.startsAnew();
  }

  /** Of what rows say, the part of earlier runs of the client. */
  get before(): { readonly receivedBefore: number; readonly wastedBefore: number } {
    const { received, wasted } = this.#before ?? NO_TOTALS;
    return { receivedBefore: received, wastedBefore: wasted };
  }

  /** Over all pauses and runs. @param transfer the counts since it was opened last. */
  counted({ received, wasted, reused }: Totals): Totals {
    const run = {
      received: this.#received.with(received),
      wasted: this.#wasted.with(wasted),
      reused: this.#reused.with(reused),
    };
    return sumOf(run, this.#before ?? NO_TOTALS);
  }

  /** What the download had before it was opened last. */
  get earlier(): Totals {
    const [received, wasted, reused] = [this.#received.former, this.#wasted.former, this.#reused.former];
    return sumOf({ received, wasted, reused }, this.#before ?? NO_TOTALS);
  }

  ended(nowMs: number): void {
    this.begun(nowMs);
    this.#finishedMs ??= nowMs;
  }

  /** @param transfer totals, of which all but `sent` begin anew when the download is opened again. */
  saw({ received, wasted, reused, sent }: Totals & { readonly sent: number }, nowMs: number): void {
    this.#received.saw(received);
    this.#wasted.saw(wasted);
    this.#reused.saw(reused);
    this.#sent.saw(sent);
    this.#down.saw(this.#received.total, nowMs);
    this.#up.saw(this.#sent.total, nowMs);
  }

  /** @param size of the share, where nothing less is wanted. */
  summary({ wanted, wantedBytes }: Pick<Progress, 'wanted' | 'wantedBytes'>, size: number): Summary {
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

  /** What was counted before it began anew. */
  get former(): number {
    return this.#former;
  }

  get total(): number {
    return this.#former + this.#latest;
  }

  startsAnew(): void {
    this.#former += this.#latest;
    this.#latest = 0;
  }

  saw(total: number): void {
    if (total < this.#latest) this.startsAnew();
    this.#latest = total;
  }

  /** The total once `total` is seen. */
  with(total: number): number {
    return total < this.#latest ? this.total + total : this.#former + total;
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
