// Reads a long run of hex digits, cut anywhere, into bytes. The buffer grows as digits arrive, so a short file that
// declares many piece hashes costs nothing. Pure.

import { METAINFO_IO_BYTES } from '../base/limits.js';

const NO_DIGIT = 0xff;
const CARRIAGE_RETURN = 0x0d;

/** ASCII code → value of the hex digit, or NO_DIGIT. */
const DIGIT = new Uint8Array(256).fill(NO_DIGIT);
for (let value = 0; value < 16; value += 1) {
  DIGIT[value.toString(16).charCodeAt(0)] = value;
  DIGIT[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

export type HexFault = 'not hex' | 'too long';

export class HexReader {
  readonly #length: number;
  #bytes: Uint8Array;
  /** Whole bytes read. */
  #filled = 0;
  /** First digit of a pair whose second one is still to come. */
  #half = NO_DIGIT;
  /** A carriage return came: only the line's end may follow. */
  #ended = false;

  /** @param length bytes that the digits should make. */
  constructor(length: number) {
    this.#length = length;
    this.#bytes = new Uint8Array(Math.min(length, METAINFO_IO_BYTES));
  }

  get isComplete(): boolean {
    return this.#filled === this.#length && this.#half === NO_DIGIT;
  }

  get digitCount(): number {
    return this.#filled * 2 + (this.#half === NO_DIGIT ? 0 : 1);
  }

  /** What was read; exactly the declared length once complete. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** Takes digits, and one carriage return at the very end. Answers what is wrong with them, if anything. */
  push(text: Uint8Array): HexFault | undefined {
    if (text.length === 0) return undefined;
    if (this.#ended) return 'not hex';
    let digits = text;
    if (text[text.length - 1] === CARRIAGE_RETURN) {
      this.#ended = true;
      digits = text.subarray(0, -1);
    }
    if (this.digitCount + digits.length > this.#length * 2) return firstIsDigit(digits) ? 'too long' : 'not hex';
    return this.#decode(digits) ? undefined : 'not hex';
  }

  /** False when one of `digits` is none. */
  #decode(digits: Uint8Array): boolean {
    this.#makeRoom(this.#filled + Math.ceil(digits.length / 2));
    let at = 0;
    if (this.#half !== NO_DIGIT && digits.length > 0) {
      const low = DIGIT[digits[0] ?? 0] ?? NO_DIGIT;
      if (low === NO_DIGIT) return false;
      this.#bytes[this.#filled] = (this.#half << 4) | low;
      this.#filled += 1;
      this.#half = NO_DIGIT;
      at = 1;
    }
    const bytes = this.#bytes;
    let filled = this.#filled;
    // One check for all pairs: a digit's value has no high bits, NO_DIGIT has.
    let seen = 0;
    for (; at + 1 < digits.length; at += 2) {
      const high = DIGIT[digits[at] as number] as number;
      const low = DIGIT[digits[at + 1] as number] as number;
      seen |= high | low;
      bytes[filled] = (high << 4) | low;
      filled += 1;
    }
    this.#filled = filled;
    if (at < digits.length) {
      this.#half = DIGIT[digits[at] as number] as number;
      seen |= this.#half;
    }
    return seen < 16;
  }

  #makeRoom(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#length, Math.max(needed, this.#bytes.length * 2)));
    grown.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = grown;
  }
}

function firstIsDigit(digits: Uint8Array): boolean {
  return DIGIT[digits[0] ?? 0] !== NO_DIGIT;
}
