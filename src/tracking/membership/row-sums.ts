// A sum over the rows of one table, kept as they change: equal at two trackers whose rows are. Pure.

import { createHash } from 'node:crypto';

/** Bytes of the sum of one table: 64 bits miss a difference once in 10^19. */
export const ROW_SUM_SIZE = 8;

export class RowSum {
  readonly #sum = new Uint8Array(ROW_SUM_SIZE);

  /** A row came or went: the same call undoes itself. @param row all that makes it this one. */
  toggle(row: readonly (string | number | boolean)[]): void {
    const hash = createHash('sha256').update(JSON.stringify(row)).digest();
    for (let at = 0; at < ROW_SUM_SIZE; at += 1) this.#sum[at] = (this.#sum[at] ?? 0) ^ (hash[at] ?? 0);
  }

  /** ROW_SUM_SIZE bytes, which go on changing. */
  get bytes(): Uint8Array {
    return this.#sum;
  }
}
