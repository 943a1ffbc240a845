// The list of a folder as memory that all threads share: what each entry is, where its bytes lie in the piece space,
// what this client knows of it. Which lists are allowed is decided where they are read. Invariant: entries with bytes
// stand in the order of the piece space, and together they cover it without gaps.

import { assert } from '../../base/assert.js';
import { FOLDER_ENTRIES_MAX } from './limits.js';

/** In place of a stamp: not known. No file has this time; many have that of 1970. */
export const NO_STAMP = 2n ** 63n - 1n;

export const ENTRY_KINDS = ['file', 'exec', 'pad', 'dir', 'link'] as const;
/** `exec`: a file that may be executed. `pad`: zeros up to the next piece, which are no file. */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** One line of a list. */
export interface FolderEntry {
  readonly kind: EntryKind;
  /** Bytes in the piece space; 0 for `dir` and `link`. */
  readonly size: number;
  /** Below the folder, parts separated by `/`; '' for a pad. */
  readonly path: string;
  /** Of a link; else ''. */
  readonly target: string;
  /** The first 8 bytes of the SHA-1 of its bytes, big-endian; undefined where the list has none. */
  readonly digest: bigint | undefined;
  /** Modification time in whole seconds since 1970; undefined where the list has none. */
  readonly seconds: number | undefined;
}

/** Marks of this client on an entry. */
const LEFT_OUT = 1;
const CHANGED = 2;
const WRITTEN = 4;

const HAS_DIGEST = 0x40;
const KIND_MASK = 0x0f;
const HEADER_BYTES = 32;

export class FolderList {
  readonly memory: SharedArrayBuffer;
  /** Entries, pads included. */
  readonly count: number;
  /** Bytes of the piece space. */
  readonly size: number;
  readonly #head: Float64Array;
  readonly #begins: Float64Array;
  readonly #sizes: Float64Array;
  readonly #stamps: BigInt64Array;
  readonly #digests: BigUint64Array;
  readonly #seconds: Float64Array;
  readonly #pathEnds: Uint32Array;
  readonly #textEnds: Uint32Array;
  readonly #kinds: Uint8Array;
  readonly #marks: Uint8Array;
  readonly #text: Buffer;

  /** @param memory of another FolderList, perhaps on another thread: both see the same marks and stamps. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#head = new Float64Array(memory, 0, 4);
    const [count = 0, size = 0, textBytes = 0] = this.#head;
    const at = sectionsOf(count, textBytes);
    this.count = count;
    this.size = size;
    this.#begins = new Float64Array(memory, at.begins, count);
    this.#sizes = new Float64Array(memory, at.sizes, count);
    this.#stamps = new BigInt64Array(memory, at.stamps, count);
    this.#digests = new BigUint64Array(memory, at.digests, count);
    this.#seconds = new Float64Array(memory, at.seconds, count);
    this.#pathEnds = new Uint32Array(memory, at.pathEnds, count);
    this.#textEnds = new Uint32Array(memory, at.textEnds, count);
    this.#kinds = new Uint8Array(memory, at.kinds, count);
    this.#marks = new Uint8Array(memory, at.marks, count);
    this.#text = Buffer.from(memory, at.text, textBytes);
  }

  static of(entries: Iterable<FolderEntry>): FolderList {
    const builder = new FolderListBuilder();
    for (const entry of entries) builder.push(entry);
    return builder.build();
  }

  /** Whether this client's files may be reached through links: its folder was shared with what they point to. */
  get followsLinks(): boolean {
    return this.#head[3] === 1;
  }

  /** Before anything of it is opened. */
  followLinks(): void {
    this.#head[3] = 1;
  }

  /** Whether both describe the same folder, whatever this client has marked in them. */
  isSameAs(other: FolderList): boolean {
    if (this.memory === other.memory) return true;
    if (this.count !== other.count || this.size !== other.size || !this.#text.equals(other.#text)) return false;
    for (let index = 0; index < this.count; index += 1) if (!this.#isSameEntry(other, index)) return false;
    return true;
  }

  #isSameEntry(other: FolderList, index: number): boolean {
    return (
      this.#kinds[index] === other.#kinds[index] &&
      this.#sizes[index] === other.#sizes[index] &&
      this.#digests[index] === other.#digests[index] &&
      Object.is(this.#seconds[index], other.#seconds[index]) &&
      this.#pathEnds[index] === other.#pathEnds[index] &&
      this.#textEnds[index] === other.#textEnds[index]
    );
  }

  kindOf(index: number): EntryKind {
    return ENTRY_KINDS[(this.#kinds[index] as number) & KIND_MASK] as EntryKind;
  }

  /** A file or an executable file, empty or not. */
  isFile(index: number): boolean {
    return ((this.#kinds[index] as number) & KIND_MASK) <= 1;
  }

  isPad(index: number): boolean {
    return ((this.#kinds[index] as number) & KIND_MASK) === 2;
  }

  pathOf(index: number): string {
    const begin = index === 0 ? 0 : (this.#textEnds[index - 1] as number);
    return this.#text.toString('utf8', begin, this.#pathEnds[index]);
  }

  targetOf(index: number): string {
    return this.#text.toString('utf8', this.#pathEnds[index], this.#textEnds[index]);
  }

  sizeOf(index: number): number {
    return this.#sizes[index] as number;
  }

  /** Where its bytes begin in the piece space. */
  beginOf(index: number): number {
    return this.#begins[index] as number;
  }

  digestOf(index: number): bigint | undefined {
    return ((this.#kinds[index] as number) & HAS_DIGEST) === 0 ? undefined : this.#digests[index];
  }

  /** Gives an entry its digest, while the folder is hashed that this list is made of. */
  setDigest(index: number, digest: bigint): void {
    this.#digests[index] = digest;
    Atomics.or(this.#kinds, index, HAS_DIGEST);
  }

  secondsOf(index: number): number | undefined {
    const seconds = this.#seconds[index] as number;
    return Number.isNaN(seconds) ? undefined : seconds;
  }

  entryOf(index: number): FolderEntry {
    return {
      kind: this.kindOf(index),
      size: this.sizeOf(index),
      path: this.pathOf(index),
      target: this.targetOf(index),
      digest: this.digestOf(index),
      seconds: this.secondsOf(index),
    };
  }

  /** Files, empty ones too, and their bytes, which are those of the piece space without pads. */
  totals(): { readonly files: number; readonly bytes: number } {
    const totals = { files: 0, bytes: 0 };
    for (let index = 0; index < this.count; index += 1) {
      if (!this.isFile(index)) continue;
      totals.files += 1;
      totals.bytes += this.sizeOf(index);
    }
    return totals;
  }

  /** The entry that has the byte at `offset`, 0…size - 1; a piece space's end gives `count`. */
  indexAt(offset: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#begins[middle] as number) + (this.#sizes[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether this client wants the entry. True unless it was left out. */
  isChosen(index: number): boolean {
    return ((this.#marks[index] as number) & LEFT_OUT) === 0;
  }

  leaveOut(index: number): void {
    Atomics.or(this.#marks, index, LEFT_OUT);
  }

  chooseAll(): void {
    for (let index = 0; index < this.count; index += 1) Atomics.and(this.#marks, index, ~LEFT_OUT);
  }

  /** Whether the file on this disk is not what it was when its pieces were right. */
  hasChanged(index: number): boolean {
    return ((this.#marks[index] as number) & CHANGED) !== 0;
  }

  markChanged(index: number, changed: boolean): void {
    if (changed) Atomics.or(this.#marks, index, CHANGED);
    else Atomics.and(this.#marks, index, ~CHANGED);
  }

  /** The file has bytes that may not be on the disk yet. */
  markWritten(index: number): void {
    Atomics.or(this.#marks, index, WRITTEN);
  }

  /** The entries with that mark, which they lose. */
  takeWritten(): readonly number[] {
    const written: number[] = [];
    for (let index = 0; index < this.count; index += 1)
      if ((Atomics.and(this.#marks, index, ~WRITTEN) & WRITTEN) !== 0) written.push(index);
    return written;
  }

  /** Modification time in nanoseconds that the file on this disk had when it was right, or NO_STAMP. */
  stampOf(index: number): bigint {
    return Atomics.load(this.#stamps, index);
  }

  stamp(index: number, mtimeNs: bigint): void {
    Atomics.store(this.#stamps, index, mtimeNs);
  }

  /** Its files are written anew. */
  forgetStamps(): void {
    for (let index = 0; index < this.count; index += 1) {
      this.stamp(index, NO_STAMP);
      this.markChanged(index, false);
    }
  }
}

/** Takes entries in the order of the list; how many there may be, and which, its caller has checked. */
export class FolderListBuilder {
  // Numbers in arrays of their own kind: a list of a hundred thousand would otherwise be as many objects to collect.
  #kinds = new Uint8Array(64);
  #begins = new Float64Array(64);
  #sizes = new Float64Array(64);
  #digests = new BigUint64Array(64);
  #seconds = new Float64Array(64);
  #pathEnds = new Uint32Array(64);
  #textEnds = new Uint32Array(64);
  #text = Buffer.alloc(4 * 1024);
  #textBytes = 0;
  #count = 0;
  #size = 0;

  /** Bytes of the piece space so far. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#count;
  }

  push({ kind, size, path, target, digest, seconds }: FolderEntry): void {
    const at = this.#count;
    assert(at < FOLDER_ENTRIES_MAX, 'a list has a bounded number of entries');
    if (at === this.#kinds.length) this.#grow();
    this.#kinds[at] = ENTRY_KINDS.indexOf(kind) | (digest === undefined ? 0 : HAS_DIGEST);
    this.#begins[at] = this.#size;
    this.#sizes[at] = size;
    if (digest !== undefined) this.#digests[at] = digest;
    this.#seconds[at] = seconds ?? Number.NaN;
    this.#append(path);
    this.#pathEnds[at] = this.#textBytes;
    this.#append(target);
    this.#textEnds[at] = this.#textBytes;
    this.#count += 1;
    this.#size += size;
  }

  /** The builder is used up. */
  build(): FolderList {
    const count = this.#count;
    const at = sectionsOf(count, this.#textBytes);
    const memory = new SharedArrayBuffer(at.end);
    new Float64Array(memory, 0, 3).set([count, this.#size, this.#textBytes]);
    new Float64Array(memory, at.begins, count).set(this.#begins.subarray(0, count));
    new Float64Array(memory, at.sizes, count).set(this.#sizes.subarray(0, count));
    new BigInt64Array(memory, at.stamps, count).fill(NO_STAMP);
    new BigUint64Array(memory, at.digests, count).set(this.#digests.subarray(0, count));
    new Float64Array(memory, at.seconds, count).set(this.#seconds.subarray(0, count));
    new Uint32Array(memory, at.pathEnds, count).set(this.#pathEnds.subarray(0, count));
    new Uint32Array(memory, at.textEnds, count).set(this.#textEnds.subarray(0, count));
    new Uint8Array(memory, at.kinds, count).set(this.#kinds.subarray(0, count));
    new Uint8Array(memory, at.text, this.#textBytes).set(this.#text.subarray(0, this.#textBytes));
    return new FolderList(memory);
  }

  #grow(): void {
    const count = this.#kinds.length * 2;
    const grown = <T extends { set(from: T): void }>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#kinds = grown(new Uint8Array(count), this.#kinds);
    this.#begins = grown(new Float64Array(count), this.#begins);
    this.#sizes = grown(new Float64Array(count), this.#sizes);
    this.#digests = grown(new BigUint64Array(count), this.#digests);
    this.#seconds = grown(new Float64Array(count), this.#seconds);
    this.#pathEnds = grown(new Uint32Array(count), this.#pathEnds);
    this.#textEnds = grown(new Uint32Array(count), this.#textEnds);
  }

  #append(text: string): void {
    if (text === '') return;
    // A UTF-16 unit is three bytes at most.
    if (this.#textBytes + text.length * 3 > this.#text.length) {
      const grown = Buffer.alloc(Math.max(this.#text.length * 2, this.#textBytes + text.length * 3));
      this.#text.copy(grown, 0, 0, this.#textBytes);
      this.#text = grown;
    }
    this.#textBytes += this.#text.write(text, this.#textBytes);
  }
}

/** Where each part of the memory begins. Numbers of 8 bytes come first, so that they are aligned. */
function sectionsOf(count: number, textBytes: number) {
  const begins = HEADER_BYTES;
  const sizes = begins + 8 * count;
  const stamps = sizes + 8 * count;
  const digests = stamps + 8 * count;
  const seconds = digests + 8 * count;
  const pathEnds = seconds + 8 * count;
  const textEnds = pathEnds + 4 * count;
  const kinds = textEnds + 4 * count;
  const marks = kinds + count;
  const text = marks + count;
  return { begins, sizes, stamps, digests, seconds, pathEnds, textEnds, kinds, marks, text, end: text + textBytes };
}
