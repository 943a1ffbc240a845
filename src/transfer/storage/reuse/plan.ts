// Which bytes of a share lie in other files of this machine, as memory that threads share. A plan is a guess: bytes
// from it are verified like those of a peer. Invariant: runs are in the order of the piece space and do not overlap.
// Pure.

import { assert } from '../../../foundation/base/assert.js';

/** A file that has bytes which are wanted. */
export interface ReuseSource {
  /** Absolute. */
  readonly path: string;
  /** In bytes, and its modification time in ms when its digests were right; NaN: it may still be written to. */
  readonly size: number;
  readonly mtimeMs: number;
  /** Index of the name under which people know it. */
  readonly group: number;
}

/** Bytes of the piece space that lie side by side in one source. */
export interface ReuseRun {
  /** In bytes of the piece space. */
  readonly begin: number;
  /** In bytes; at least 1. */
  readonly length: number;
  /** Index of the source, and the byte of it where the run begins. */
  readonly source: number;
  readonly offset: number;
}

const HEADER_BYTES = 32;

export class ReusePlan {
  readonly memory: SharedArrayBuffer;
  readonly runCount: number;
  readonly sourceCount: number;
  readonly #begins: Float64Array;
  readonly #lengths: Float64Array;
  readonly #offsets: Float64Array;
  readonly #sizes: Float64Array;
  readonly #mtimes: Float64Array;
  readonly #sources: Uint32Array;
  readonly #groups: Uint32Array;
  readonly #pathEnds: Uint32Array;
  readonly #text: Buffer;

  /** @param memory of another plan, perhaps on another thread. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    const [runs = 0, sources = 0, textBytes = 0] = new Float64Array(memory, 0, 3);
    const at = sectionsOf(runs, sources, textBytes);
    this.runCount = runs;
    this.sourceCount = sources;
    this.#begins = new Float64Array(memory, at.begins, runs);
    this.#lengths = new Float64Array(memory, at.lengths, runs);
    this.#offsets = new Float64Array(memory, at.offsets, runs);
    this.#sizes = new Float64Array(memory, at.sizes, sources);
    this.#mtimes = new Float64Array(memory, at.mtimes, sources);
    this.#sources = new Uint32Array(memory, at.sources, runs);
    this.#groups = new Uint32Array(memory, at.groups, sources);
    this.#pathEnds = new Uint32Array(memory, at.pathEnds, sources);
    this.#text = Buffer.from(memory, at.text, textBytes);
  }

  /** Bytes of all runs. */
  get bytes(): number {
    let sum = 0;
    for (const length of this.#lengths) sum += length;
    return sum;
  }

  runAt(index: number): ReuseRun {
    return {
      begin: this.#begins[index] as number,
      length: this.#lengths[index] as number,
      source: this.#sources[index] as number,
      offset: this.#offsets[index] as number,
    };
  }

  sourceAt(index: number): ReuseSource {
    const from = index === 0 ? 0 : (this.#pathEnds[index - 1] as number);
    return {
      path: this.#text.toString('utf8', from, this.#pathEnds[index]),
      size: this.#sizes[index] as number,
      mtimeMs: this.#mtimes[index] as number,
      group: this.#groups[index] as number,
    };
  }

  groupOf(source: number): number {
    return this.#groups[source] as number;
  }

  /** What of the bytes from `begin` to `end` lies in sources, in order, cut to that range. */
  within(begin: number, end: number): readonly ReuseRun[] {
    const runs: ReuseRun[] = [];
    for (let at = this.#firstEndingAfter(begin); at < this.runCount; at += 1) {
      const run = this.runAt(at);
      if (run.begin >= end) break;
      const from = Math.max(run.begin, begin);
      const length = Math.min(run.begin + run.length, end) - from;
      runs.push({ begin: from, length, source: run.source, offset: run.offset + from - run.begin });
    }
    return runs;
  }

  #firstEndingAfter(offset: number): number {
    let [low, high] = [0, this.runCount];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#begins[middle] as number) + (this.#lengths[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Takes sources in any order, and runs in the order of the piece space. */
export class ReusePlanBuilder {
  readonly #sources: ReuseSource[] = [];
  readonly #begins: number[] = [];
  readonly #lengths: number[] = [];
  readonly #offsets: number[] = [];
  readonly #of: number[] = [];
  #end = 0;

  get isEmpty(): boolean {
    return this.#begins.length === 0;
  }

  /** @returns its index. */
  source(source: ReuseSource): number {
    return this.#sources.push(source) - 1;
  }

  run({ begin, length, source, offset }: ReuseRun): void {
    assert(begin >= this.#end && length > 0, 'runs come in order and do not overlap');
    assert(source < this.#sources.length, 'a run lies in a source');
    this.#end = begin + length;
    const last = this.#begins.length - 1;
    const [before = 0, width = 0, from = 0] = [this.#begins[last], this.#lengths[last], this.#offsets[last]];
    if (last >= 0 && before + width === begin && this.#of[last] === source && from + width === offset) {
      this.#lengths[last] = width + length;
      return;
    }
    this.#begins.push(begin);
    this.#lengths.push(length);
    this.#offsets.push(offset);
    this.#of.push(source);
  }

  /** The builder is used up. */
  build(): ReusePlan {
    const text = Buffer.from(this.#sources.map(({ path }) => path).join(''));
    const [runs, sources] = [this.#begins.length, this.#sources.length];
    const at = sectionsOf(runs, sources, text.length);
    const memory = new SharedArrayBuffer(at.end);
    new Float64Array(memory, 0, 3).set([runs, sources, text.length]);
    new Float64Array(memory, at.begins, runs).set(this.#begins);
    new Float64Array(memory, at.lengths, runs).set(this.#lengths);
    new Float64Array(memory, at.offsets, runs).set(this.#offsets);
    new Float64Array(memory, at.sizes, sources).set(this.#sources.map(({ size }) => size));
    new Float64Array(memory, at.mtimes, sources).set(this.#sources.map(({ mtimeMs }) => mtimeMs));
    new Uint32Array(memory, at.sources, runs).set(this.#of);
    new Uint32Array(memory, at.groups, sources).set(this.#sources.map(({ group }) => group));
    let end = 0;
    const ends = this.#sources.map(({ path }) => {
      end += Buffer.byteLength(path);
      return end;
    });
    new Uint32Array(memory, at.pathEnds, sources).set(ends);
    new Uint8Array(memory, at.text, text.length).set(text);
    return new ReusePlan(memory);
  }
}

/** Where each part of the memory begins. Numbers of 8 bytes come first, so that they are aligned. */
function sectionsOf(runs: number, sources: number, textBytes: number) {
  const begins = HEADER_BYTES;
  const lengths = begins + 8 * runs;
  const offsets = lengths + 8 * runs;
  const sizes = offsets + 8 * runs;
  const mtimes = sizes + 8 * sources;
  const of = mtimes + 8 * sources;
  const groups = of + 4 * runs;
  const pathEnds = groups + 4 * sources;
  const text = pathEnds + 4 * sources;
  return { begins, lengths, offsets, sizes, mtimes, sources: of, groups, pathEnds, text, end: text + textBytes };
}
