// Reads one frame at a time in place, in the plain forms of our own messages. Anything else (a longer form, text beyond
// ASCII, damage) is a miss, which the thorough way decides. Never throws, never reads past the frame, shares no memory
// with it. Pure.

import { EMPTY_BYTES } from '../base/bytes.js';

/** Not read here. The position in the frame is then undefined. */
export const MISS: unique symbol = Symbol('miss');
export type Miss = typeof MISS;

/** Up to so many bytes, a loop copies faster than a call. */
const FEW = 64;
const { latin1Slice } = Buffer.prototype;

const float = new DataView(new ArrayBuffer(8));

class Reading {
  #bytes: Uint8Array = EMPTY_BYTES;
  #at = 0;
  /** Values seen so far, nested ones included. */
  items = 0;

  open(frame: Uint8Array): void {
    this.#bytes = frame;
    this.#at = 0;
    this.items = 1;
  }

  /** Releases the frame. @returns whether it was read to its end. */
  close(): boolean {
    const isWhole = this.#at === this.#bytes.length;
    this.#bytes = EMPTY_BYTES;
    return isWhole;
  }

  /** NaN when the next value is not a number in plain form. */
  number(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const head = bytes[at];
    if (head === undefined) return Number.NaN;
    if (head <= 0x7f || head >= 0xe0) {
      this.#at = at + 1;
      return head <= 0x7f ? head : head - 0x100;
    }
    const size = head === 0xcc ? 1 : head === 0xcd ? 2 : head === 0xce ? 4 : head === 0xcb ? 8 : 0;
    if (size === 0 || at + 1 + size > bytes.length) return Number.NaN;
    this.#at = at + 1 + size;
    if (size === 8) {
      for (let byte = 0; byte < 8; byte += 1) float.setUint8(byte, bytes[at + 1 + byte] ?? 0);
      return float.getFloat64(0);
    }
    let value = 0;
    for (let byte = at + 1; byte <= at + size; byte += 1) value = value * 0x100 + (bytes[byte] ?? 0);
    return value;
  }

  flag(): boolean | Miss {
    const head = this.#bytes[this.#at];
    if (head !== 0xc2 && head !== 0xc3) return MISS;
    this.#at += 1;
    return head === 0xc3;
  }

  /** @returns whether nil was there; then it is passed. */
  nil(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#at += 1;
    return true;
  }

  /** The number of values in the array that begins here; -1 when none does. */
  array(): number {
    const head = this.#bytes[this.#at] ?? 0;
    const size = (head & 0xf0) === 0x90 ? 0 : head === 0xdc ? 2 : -1;
    const count = size === 0 ? head & 0x0f : this.#length(size);
    if (count < 0) return -1;
    this.#at += 1 + size;
    this.items += count;
    return count;
  }

  bytes(min: number, max: number): Uint8Array | Miss {
    const head = this.#bytes[this.#at];
    const size = head === 0xc4 ? 1 : head === 0xc5 ? 2 : -1;
    const length = this.#length(size);
    const begin = this.#at + 1 + size;
    if (length < min || length > max || begin + length > this.#bytes.length) return MISS;
    this.#at = begin + length;
    const copy = new Uint8Array(length);
    if (length > FEW) copy.set(this.#bytes.subarray(begin, begin + length));
    else for (let at = 0; at < length; at += 1) copy[at] = this.#bytes[begin + at] ?? 0;
    return copy;
  }

  text(max: number): string | Miss {
    const length = this.#textHead(max);
    if (length < 0) return MISS;
    const end = this.#at + length;
    let high = 0;
    for (let at = this.#at; at < end; at += 1) high |= this.#bytes[at] ?? 0;
    if (high > 0x7f) return MISS;
    const text = latin1Slice.call(this.#bytes, this.#at, end);
    this.#at = end;
    return text;
  }

  /** The one of `choices` that is there. All choices are ASCII. */
  choice<T extends string>(choices: readonly T[]): T | Miss {
    const length = this.#textHead(0xff);
    if (length < 0) return MISS;
    for (const choice of choices) {
      if (choice.length !== length || !this.#says(choice)) continue;
      this.#at += length;
      return choice;
    }
    return MISS;
  }

  #says(word: string): boolean {
    for (let at = 0; at < word.length; at += 1) {
      if (this.#bytes[this.#at + at] !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  /** Passes the head of a text. @returns how many bytes follow; -1 when it is not a text, too long or cut off. */
  #textHead(max: number): number {
    const head = this.#bytes[this.#at] ?? 0;
    const size = (head & 0xe0) === 0xa0 ? 0 : head === 0xd9 ? 1 : head === 0xda ? 2 : -1;
    const length = size === 0 ? head & 0x1f : this.#length(size);
    if (length < 0 || length > max || this.#at + 1 + size + length > this.#bytes.length) return -1;
    this.#at += 1 + size;
    return length;
  }

  /** A length of `size` bytes after the head; -1 when there is none. */
  #length(size: number): number {
    if (size < 1 || this.#at + size >= this.#bytes.length) return -1;
    const first = this.#bytes[this.#at + 1] ?? 0;
    return size === 1 ? first : first * 0x100 + (this.#bytes[this.#at + 2] ?? 0);
  }
}

/** The one frame that is being read: reading never awaits. */
export const reading = new Reading();
