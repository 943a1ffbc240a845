// Space on the disk that is reserved now and released when the disk is full, so that removals can still be written. A
// file of zeros, as large as fits; on a disk that was full from the start there is none. Decides nothing.

import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { errnoOf } from '../../../foundation/base/errors.js';

const ZEROS = new Uint8Array(64 * 1024);

export class ReservedSpace {
  readonly #path: string;
  readonly #size: number;
  #filled = 0;

  /** @param size bytes it weighs where there is room. */
  constructor(path: string, size: number) {
    this.#path = path;
    this.#size = size;
  }

  /** It weighs less than it should, so the disk was full when it was loaded. */
  get isShort(): boolean {
    return this.#filled < this.#size;
  }

  /** Takes what is missing, as far as there is room. */
  fill(): void {
    let file: number | undefined;
    try {
      file = openSync(this.#path, 'a', 0o600);
      this.#filled = fstatSync(file).size;
      while (this.isShort) this.#filled += writeSync(file, ZEROS, 0, Math.min(ZEROS.length, this.#size - this.#filled));
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  /**
   * Whether the disk takes no more: asked after an error that does not say so. A quota is such a case, which SQLite
   * reports as an I/O error.
   */
  isDiskFull(): boolean {
    const probe = `${this.#path}-probe`;
    let file: number | undefined;
    try {
      file = openSync(probe, 'w', 0o600);
      writeSync(file, ZEROS, 0, ZEROS.length, 0);
      return false;
    } catch (error) {
      return isFull(error);
    } finally {
      if (file !== undefined) closeSync(file);
      rmSync(probe, { force: true });
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
    this.#filled = 0;
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
}
