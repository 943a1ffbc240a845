// What a look into directories finds, and its form in an answer between threads: rows of numbers, and behind them all
// texts as one. A folder has more entries than a frame has fields, and no object is made for any of them twice. Pure.

import { present } from '../../foundation/base/assert.js';

/** What a directory of a folder holds. */
export interface FoundEntry {
  /** `unsafe`, `unreadable`, `special`: it cannot be shared. */
  readonly kind: (typeof FOUND_KINDS)[number];
  /** Below the folder. */
  readonly path: string;
  /** In bytes; 0 of everything but files. */
  readonly size: number;
  /** Modification time in nanoseconds since 1970; 0n of everything but files. */
  readonly mtimeNs: bigint;
  /** The target of a link; why something cannot be shared. */
  readonly text: string;
  /** Tells a directory from every other one, where links are followed. */
  readonly identity: string;
}

const FOUND_KINDS = ['file', 'exec', 'link', 'directory', 'unsafe', 'unreadable', 'special'] as const;

/** Numbers of 8 bytes of one entry: kind, size, time, and the UTF-16 units of path, text and identity. */
const ROW = 6;
const NUMBER_BYTES = 8;
const FIRST_ROWS = 1_024;

/** Takes what is in one directory after the other. */
export class FoundEncoder {
  readonly #counts: number[] = [];
  #numbers = new Float64Array(FIRST_ROWS * ROW);
  #times = new BigInt64Array(this.#numbers.buffer);
  #rows = 0;
  #text = '';

  /** Of all directories so far. */
  get entries(): number {
    return this.#rows;
  }

  add(directory: readonly FoundEntry[]): void {
    this.#counts.push(directory.length);
    this.#reserve(directory.length);
    for (const { kind, path, size, mtimeNs, text, identity } of directory) {
      const at = this.#rows * ROW;
      this.#numbers[at] = FOUND_KINDS.indexOf(kind);
      this.#numbers[at + 1] = size;
      this.#times[at + 2] = mtimeNs;
      this.#numbers[at + 3] = path.length;
      this.#numbers[at + 4] = text.length;
      this.#numbers[at + 5] = identity.length;
      this.#text += path;
      this.#text += text;
      this.#text += identity;
      this.#rows += 1;
    }
  }

  finish(): Uint8Array {
    const head = Float64Array.of(this.#counts.length, ...this.#counts);
    const rows = this.#numbers.subarray(0, this.#rows * ROW);
    return Buffer.concat([bytesOf(head), bytesOf(rows), Buffer.from(this.#text)]);
  }

  #reserve(more: number): void {
    const needed = (this.#rows + more) * ROW;
    if (needed <= this.#numbers.length) return;
    const grown = new Float64Array(Math.max(needed, this.#numbers.length * 2));
    // As times, since some times would be read as numbers that are none, and not come out as they were.
    const times = new BigInt64Array(grown.buffer);
    times.set(this.#times);
    this.#numbers = grown;
    this.#times = times;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A list for each directory. @param bytes of `finish`, on another thread of this process. */
export function decodeFound(bytes: Uint8Array): readonly (readonly FoundEntry[])[] {
  // A copy: a field of a frame begins anywhere.
  const { buffer } = new Uint8Array(bytes);
  const all = Math.floor(buffer.byteLength / NUMBER_BYTES);
  const numbers = new Float64Array(buffer, 0, all);
  const times = new BigInt64Array(buffer, 0, all);
  const number = (at: number): number => present(numbers[at], 'what was found has all of its numbers');
  const counts = numbers.subarray(1, 1 + number(0));
  let row = 1 + counts.length;
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const text = Buffer.from(buffer, (row + rows * ROW) * NUMBER_BYTES).toString();
  let from = 0;
  const next = (length: number): string => {
    from += length;
    return text.substring(from - length, from);
  };
  return Array.from(counts, (count) =>
    Array.from({ length: count }, (): FoundEntry => {
      const at = row;
      row += ROW;
      return {
        kind: present(FOUND_KINDS[number(at)], 'an entry is of a known kind'),
        size: number(at + 1),
        mtimeNs: present(times[at + 2], 'what was found has all of its times'),
        path: next(number(at + 3)),
        text: next(number(at + 4)),
        identity: next(number(at + 5)),
      };
    }),
  );
}
