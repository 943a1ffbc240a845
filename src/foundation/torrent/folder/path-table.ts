// The paths of a list as bytes in one memory, compared where they lie: a string for each of a hundred thousand would
// be as many objects to keep. Pure.

const SEPARATOR = '/'.charCodeAt(0);
/** A UTF-16 unit is three bytes at most. */
const UNIT_BYTES_MAX = 3;

/** Text in UTF-8 that grows at its end. */
export class PathText {
  #memory: Buffer;
  #length = 0;

  /** @param expected bytes. */
  constructor(expected: number) {
    this.#memory = Buffer.alloc(expected);
  }

  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  /** Its memory stays. */
  clear(): void {
    this.#length = 0;
  }

  /** @returns where it ends. */
  append(text: string): number {
    if (text === '') return this.#length;
    const needed = this.#length + text.length * UNIT_BYTES_MAX;
    if (needed > this.#memory.length) {
      const grown = Buffer.alloc(Math.max(this.#memory.length * 2, needed));
      this.#memory.copy(grown, 0, 0, this.#length);
      this.#memory = grown;
    }
    this.#length += this.#memory.write(text, this.#length);
    return this.#length;
  }
}

/** Bytes of a path for which memory is taken first. */
export const PATH_BYTES_EXPECTED = 32;

export class PathTable {
  readonly #text: Buffer;
  readonly #pathEnds: Uint32Array;
  readonly #textEnds: Uint32Array;

  /**
   * @param text of all paths in UTF-8, each with what else is kept there of its entry behind it.
   * @param pathEnds where in `text` each path ends.
   * @param textEnds where the text of the next entry begins.
   */
  constructor(text: Buffer, pathEnds: Uint32Array, textEnds: Uint32Array) {
    this.#text = text;
    this.#pathEnds = pathEnds;
    this.#textEnds = textEnds;
  }

  /** Of `count` paths; each is asked for once. */
  static of(count: number, pathOf: (index: number) => string): PathTable {
    const text = new PathText(count * PATH_BYTES_EXPECTED);
    const ends = Uint32Array.from({ length: count }, (_, index) => text.append(pathOf(index)));
    return new PathTable(text.bytes, ends, ends);
  }

  pathOf(index: number): string {
    return this.#text.toString('utf8', this.#beginOf(index), this.#pathEnds[index]);
  }

  /** What is kept behind its path. */
  targetOf(index: number): string {
    return this.#text.toString('utf8', this.#pathEnds[index], this.#textEnds[index]);
  }

  /** Indices by the bytes of their paths. */
  inByteOrder(indices: Uint32Array): Uint32Array {
    return sorted(indices, (one, two) => this.#compare(one, two, SEPARATOR));
  }

  /**
   * Indices so that whatever lies below a path follows it directly: the separator stands before every other
   * byte. Equal paths keep their order.
   */
  inTreeOrder(indices: Uint32Array): Uint32Array {
    return sorted(indices, (one, two) => this.#compare(one, two, 0));
  }

  /** Whether the path of `two` is that of `one`, or lies below it. */
  isAtOrBelow(two: number, one: number): boolean {
    const [begin, length] = [this.#beginOf(one), this.#lengthOf(one)];
    const [other, otherLength] = [this.#beginOf(two), this.#lengthOf(two)];
    if (otherLength < length || (otherLength > length && this.#text[other + length] !== SEPARATOR)) return false;
    for (let at = 0; at < length; at += 1) if (this.#text[begin + at] !== this.#text[other + at]) return false;
    return true;
  }

  isSamePath(one: number, two: number): boolean {
    return this.#lengthOf(one) === this.#lengthOf(two) && this.isAtOrBelow(two, one);
  }

  #compare(one: number, two: number, separator: number): number {
    const text = this.#text;
    let [at, other] = [this.#beginOf(one), this.#beginOf(two)];
    const [length, otherLength] = [this.#lengthOf(one), this.#lengthOf(two)];
    for (const end = at + Math.min(length, otherLength); at < end; at += 1, other += 1) {
      const [unit, otherUnit] = [text[at] as number, text[other] as number];
      if (unit === otherUnit) continue;
      return (unit === SEPARATOR ? separator : unit) - (otherUnit === SEPARATOR ? separator : otherUnit);
    }
    return length - otherLength;
  }

  #beginOf(index: number): number {
    return index === 0 ? 0 : (this.#textEnds[index - 1] as number);
  }

  #lengthOf(index: number): number {
    return (this.#pathEnds[index] as number) - this.#beginOf(index);
  }
}

/**
 * A merge sort of numbers in memory of their own kind, which keeps equal ones in order. What is in order already, as
 * most lists are, takes no memory.
 */
function sorted(indices: Uint32Array, compare: (one: number, two: number) => number): Uint32Array {
  const isSorted = (index: number, at: number): boolean => at === 0 || compare(indices[at - 1] as number, index) <= 0;
  if (indices.every(isSorted)) return indices;
  let [from, to] = [indices.slice(), new Uint32Array(indices.length)];
  for (let width = 1; width < from.length; width *= 2) {
    for (let begin = 0; begin < from.length; begin += 2 * width) merge(from, to, begin, begin + width, compare);
    [from, to] = [to, from];
  }
  return from;
}

/** Merges two neighbours that are as long as each other, unless the end cuts them off. */
function merge(
  from: Uint32Array,
  to: Uint32Array,
  begin: number,
  middle: number,
  compare: (one: number, two: number) => number,
): void {
  const end = Math.min(2 * middle - begin, from.length);
  let [left, right] = [begin, middle];
  const isOrdered = middle >= end || compare(from[middle - 1] as number, from[middle] as number) <= 0;
  if (isOrdered) {
    for (let at = begin; at < end; at += 1) to[at] = from[at] as number;
    return;
  }
  for (let at = begin; at < end; at += 1) {
    const isLeft = right >= end || (left < middle && compare(from[left] as number, from[right] as number) <= 0);
    to[at] = from[isLeft ? left++ : right++] as number;
  }
}
