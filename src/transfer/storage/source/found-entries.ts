// What a look into directories finds, and its form in an answer between threads: rows of numbers, and behind them all
// texts as one. A folder has more entries than a frame has fields, and no object is made for any of them twice. Pure.

import { present } from '../../../foundation/base/assert.js';
import { PATH_BYTES_EXPECTED, PathText } from '../../../foundation/torrent/folder/path-table.js';

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

/** Numbers of 8 bytes of one entry: kind, size, time, and the bytes of path, text and identity. */
const ROW = 6;
const NUMBER_BYTES = 8;
/** Of this machine, as its typed arrays have it. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const FIRST_ROWS = 1_024;

/**
 * Takes what is in one directory after the other. Its memory serves look after look: what lives as long as a look is
 * collected late, and would be as much as all that is found.
 */
export class FoundEncoder {
  readonly #counts: number[] = [];
  #numbers = new Float64Array(FIRST_ROWS * ROW);
  #times = new BigInt64Array(this.#numbers.buffer);
  readonly #text = new PathText(FIRST_ROWS * PATH_BYTES_EXPECTED);
  #rows = 0;

  /** Before a look. */
  clear(): void {
    this.#counts.length = 0;
    this.#rows = 0;
    this.#text.clear();
  }

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
      this.#numbers[at + 3] = this.#append(path);
      this.#numbers[at + 4] = this.#append(text);
      this.#numbers[at + 5] = this.#append(identity);
      this.#rows += 1;
    }
  }

  /** A copy of what was found. */
  finish(): Uint8Array {
    const head = Float64Array.of(this.#counts.length, ...this.#counts);
    const rows = this.#numbers.subarray(0, this.#rows * ROW);
    return Buffer.concat([bytesOf(head), bytesOf(rows), this.#text.bytes]);
  }

  /** @returns its bytes. */
  #append(text: string): number {
    const begin = this.#text.length;
    return this.#text.append(text) - begin;
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

/**
 * What is in each directory, made one entry at a time while it is walked through.
 * @param bytes of `finish`, on another thread of this process, and anywhere in its memory.
 */
export function decodeFound(bytes: Uint8Array): readonly Iterable<FoundEntry>[] {
  const found = new FoundRows(bytes);
  const directories = found.numberAt(0);
  const counts = Array.from({ length: directories }, (_, at) => found.numberAt(1 + at));
  let row = 1 + directories;
  let from = NUMBER_BYTES * (row + ROW * counts.reduce((sum, count) => sum + count, 0));
  return counts.map((count) => {
    const [begin, textBegin] = [row, from];
    for (; row < begin + count * ROW; row += ROW) from += found.textBytesAt(row);
    return { [Symbol.iterator]: () => found.entriesAt(begin, textBegin, count) };
  });
}

class FoundRows {
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  /** Throws (RangeError) past the end. */
  numberAt(at: number): number {
    return this.#view.getFloat64(at * NUMBER_BYTES, IS_LITTLE_ENDIAN);
  }

  textBytesAt(row: number): number {
    return this.numberAt(row + 3) + this.numberAt(row + 4) + this.numberAt(row + 5);
  }

  /** @param from where their text begins. */
  *entriesAt(row: number, from: number, count: number): Generator<FoundEntry> {
    let end = from;
    const next = (length: number): string => {
      end += length;
      return length === 0 ? '' : this.#bytes.toString('utf8', end - length, end);
    };
    for (let at = row; at < row + count * ROW; at += ROW) {
      yield {
        kind: present(FOUND_KINDS[this.numberAt(at)], 'an entry is of a known kind'),
        size: this.numberAt(at + 1),
        mtimeNs: this.#view.getBigInt64((at + 2) * NUMBER_BYTES, IS_LITTLE_ENDIAN),
        path: next(this.numberAt(at + 3)),
        text: next(this.numberAt(at + 4)),
        identity: next(this.numberAt(at + 5)),
      };
    }
  }
}
