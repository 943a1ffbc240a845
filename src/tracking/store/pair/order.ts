// The order in which records were last changed here: what the partner lacks is what lies behind its position, each
// record once, as it is now. It is never longer than the list and needs no trimming. Pure.

import { assert } from '../../../foundation/base/assert.js';
import type { Positioned } from '../../registry/records.js';

/** Below this length stale places are not worth a clean-up. */
const COMPACT_MIN = 1_024;

export class ChangeOrder {
  #records: Positioned[] = [];
  #positions: number[] = [];
  #staleCount = 0;

  /**
   * `record` was changed by the change at its position, which is higher than all before. @param former its position
   * before.
   */
  touch(record: Positioned, former: number): void {
    assert(record.position > (this.#positions.at(-1) ?? 0), 'changes come in order');
    if (former > 0) this.#staleCount += 1;
    this.restore(record);
    if (this.#staleCount >= COMPACT_MIN && this.#staleCount * 2 > this.#records.length) this.#compact();
  }

  /** While the store is loaded, in any order; `sort` closes it. */
  restore(record: Positioned): void {
    this.#records.push(record);
    this.#positions.push(record.position);
  }

  sort(): void {
    this.#records.sort((a, b) => a.position - b.position);
    this.#positions = this.#records.map(({ position }) => position);
  }

  /** A record with a position is forgotten. */
  drop(): void {
    this.#staleCount += 1;
  }

  /** At most `max` records behind `position`, in order. */
  after(position: number, max: number): Positioned[] {
    const found: Positioned[] = [];
    for (let at = this.#firstAfter(position); at < this.#records.length && found.length < max; at += 1) {
      const record = this.#records[at];
      if (record !== undefined && record.position === this.#positions[at]) found.push(record);
    }
    return found;
  }

  /** How many there are behind `position`; counts some twice that were changed twice. */
  countAfter(position: number): number {
    return this.#records.length - this.#firstAfter(position);
  }

  #firstAfter(position: number): number {
    let low = 0;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #compact(): void {
    const isCurrent = (record: Positioned, at: number): boolean => record.position === this.#positions[at];
    this.#records = this.#records.filter(isCurrent);
    this.#positions = this.#records.map(({ position }) => position);
    this.#staleCount = 0;
  }
}
