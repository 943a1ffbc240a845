// The list of a folder as memory that all threads share: what each entry is, where its bytes lie in the piece space,
// what this client knows of it. Which lists are allowed is decided where they are read. Invariant: entries with bytes
// stand in the order of the piece space, and together they cover it without gaps.

import { assert } from '../../base/assert.js';
import { FOLDER_ENTRIES_MAX } from './limits.js';
import { PATH_BYTES_EXPECTED, PathTable } from './path-table.js';

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
/** Entries, bytes of the piece space, bytes of the text, and whether links are followed; numbers of 8 bytes. */
const HEADER_FIELDS = 4;

export class FolderList {
  readonly memory: SharedArrayBuffer;
  /** Entries, pads included. */
  readonly count: number;
  /** Bytes of the piece space. */
  readonly size: number;
  readonly paths: PathTable;
  readonly #head: Float64Array;
  readonly #columns: Columns;

  /** @param memory of another FolderList, perhaps on another thread: both see the same marks and stamps. */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#head = headOf(memory);
    const [count = 0, size = 0, textBytes = 0] = this.#head;
    const columns = columnsOf(memory, count, textBytes);
    this.count = count;
    this.size = size;
    this.#columns = columns;
    this.paths = new PathTable(columns.text, columns.pathEnds, columns.textEnds);
  }

  static of(entries: readonly FolderEntry[]): FolderList {
    const builder = new FolderListBuilder(entries.length);
    for (const entry of entries) builder.push(entry);
    return builder.build();
  }

  /** Bytes of all paths and targets. */
  get textBytes(): number {
    return this.#columns.text.length;
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
    if (this.count !== other.count || this.size !== other.size || !this.#columns.text.equals(other.#columns.text))
      return false;
    for (let index = 0; index < this.count; index += 1) if (!this.#isSameEntry(other, index)) return false;
    return true;
  }

  #isSameEntry(other: FolderList, index: number): boolean {
    return (
      this.#columns.kinds[index] === other.#columns.kinds[index] &&
      this.#columns.sizes[index] === other.#columns.sizes[index] &&
      this.#columns.digests[index] === other.#columns.digests[index] &&
      Object.is(this.#columns.seconds[index], other.#columns.seconds[index]) &&
      this.#columns.pathEnds[index] === other.#columns.pathEnds[index] &&
      this.#columns.textEnds[index] === other.#columns.textEnds[index]
    );
  }

  kindOf(index: number): EntryKind {
    return ENTRY_KINDS[(this.#columns.kinds[index] as number) & KIND_MASK] as EntryKind;
  }

  /** A file or an executable file, empty or not. */
  isFile(index: number): boolean {
    return ((this.#columns.kinds[index] as number) & KIND_MASK) <= 1;
  }

  isPad(index: number): boolean {
    return ((this.#columns.kinds[index] as number) & KIND_MASK) === 2;
  }

  pathOf(index: number): string {
    return this.paths.pathOf(index);
  }

  targetOf(index: number): string {
    return this.paths.targetOf(index);
  }

  sizeOf(index: number): number {
    return this.#columns.sizes[index] as number;
  }

  /** Where its bytes begin in the piece space. */
  beginOf(index: number): number {
    return this.#columns.begins[index] as number;
  }

  digestOf(index: number): bigint | undefined {
    return ((this.#columns.kinds[index] as number) & HAS_DIGEST) === 0 ? undefined : this.#columns.digests[index];
  }

  /** Gives an entry its digest, while the folder is hashed that this list is made of. */
  setDigest(index: number, digest: bigint): void {
    this.#columns.digests[index] = digest;
    Atomics.or(this.#columns.kinds, index, HAS_DIGEST);
  }

  secondsOf(index: number): number | undefined {
    const seconds = this.#columns.seconds[index] as number;
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

  /** The entries of which `isOne` says so, each asked for once. */
  indicesOf(isOne: (index: number) => boolean): Uint32Array {
    const indices = new Uint32Array(this.count);
    let count = 0;
    for (let index = 0; index < this.count; index += 1) {
      if (!isOne(index)) continue;
      indices[count] = index;
      count += 1;
    }
    return indices.subarray(0, count);
  }

  /** The entry that has the byte at `offset`, 0…size - 1; a piece space's end gives `count`. */
  indexAt(offset: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#columns.begins[middle] as number) + (this.#columns.sizes[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether this client wants the entry. True unless it was left out. */
  isChosen(index: number): boolean {
    return ((this.#columns.marks[index] as number) & LEFT_OUT) === 0;
  }

  leaveOut(index: number): void {
    Atomics.or(this.#columns.marks, index, LEFT_OUT);
  }

  chooseAll(): void {
    for (let index = 0; index < this.count; index += 1) Atomics.and(this.#columns.marks, index, ~LEFT_OUT);
  }

  /** Whether the file on this disk is not what it was when its pieces were right. */
  hasChanged(index: number): boolean {
    return ((this.#columns.marks[index] as number) & CHANGED) !== 0;
  }

  markChanged(index: number, changed: boolean): void {
    if (changed) Atomics.or(this.#columns.marks, index, CHANGED);
    else Atomics.and(this.#columns.marks, index, ~CHANGED);
  }

  /** The file has bytes that may not be on the disk yet. */
  markWritten(index: number): void {
    Atomics.or(this.#columns.marks, index, WRITTEN);
  }

  /** The entries with that mark, which they lose. */
  takeWritten(): Uint32Array {
    return this.indicesOf((index) => (Atomics.and(this.#columns.marks, index, ~WRITTEN) & WRITTEN) !== 0);
  }

  /** Modification time in nanoseconds that the file on this disk had when it was right, or NO_STAMP. */
  stampOf(index: number): bigint {
    return Atomics.load(this.#columns.stamps, index);
  }

  stamp(index: number, mtimeNs: bigint): void {
    Atomics.store(this.#columns.stamps, index, mtimeNs);
  }

  /** Its files are written anew. */
  forgetStamps(): void {
    for (let index = 0; index < this.count; index += 1) {
      this.stamp(index, NO_STAMP);
      this.markChanged(index, false);
    }
  }
}

/**
 * Takes the entries of a list in its order, straight into its memory; how many there may be, and which, its caller has
 * checked.
 */
export class FolderListBuilder {
  readonly #expected: number;
  #memory: SharedArrayBuffer;
  #columns: Columns;
  #textBytes = 0;
  #count = 0;
  #size = 0;

  /**
   * @param expected entries.
   * @param textBytes of all paths and targets, where that is known; otherwise memory is moved once they take more.
   */
  constructor(expected: number, textBytes = expected * PATH_BYTES_EXPECTED) {
    assert(expected <= FOLDER_ENTRIES_MAX, 'a list has a bounded number of entries');
    this.#expected = expected;
    this.#memory = new SharedArrayBuffer(sectionsOf(expected).text + textBytes);
    this.#columns = columnsOf(this.#memory, expected, textBytes);
  }

  /** Bytes of the piece space so far. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#count;
  }

  push({ kind, size, path, target, digest, seconds }: FolderEntry, stamp = NO_STAMP): void {
    const at = this.#count;
    assert(at < this.#expected, 'a list has as many entries as were expected');
    this.#reserve(path, target);
    const columns = this.#columns;
    columns.kinds[at] = ENTRY_KINDS.indexOf(kind) | (digest === undefined ? 0 : HAS_DIGEST);
    columns.begins[at] = this.#size;
    columns.sizes[at] = size;
    columns.stamps[at] = stamp;
    if (digest !== undefined) columns.digests[at] = digest;
    columns.seconds[at] = seconds ?? Number.NaN;
    columns.pathEnds[at] = this.#append(path);
    columns.textEnds[at] = this.#append(target);
    this.#count += 1;
    this.#size += size;
  }

  /** Once all that were expected are there. The builder is used up. */
  build(): FolderList {
    assert(this.#count === this.#expected, 'a list has as many entries as were expected');
    headOf(this.#memory).set([this.#count, this.#size, this.#textBytes]);
    return new FolderList(this.#memory);
  }

  #append(text: string): number {
    if (text !== '') this.#textBytes += this.#columns.text.write(text, this.#textBytes);
    return this.#textBytes;
  }

  #reserve(path: string, target: string): void {
    const { length } = this.#columns.text;
    const left = length - this.#textBytes;
    // Counted only where a unit of UTF-16 could be three bytes too many.
    if (3 * (path.length + target.length) <= left) return;
    const needed = Buffer.byteLength(path) + Buffer.byteLength(target);
    if (needed <= left) return;
    const textBytes = Math.max(2 * length, this.#textBytes + needed);
    const memory = new SharedArrayBuffer(sectionsOf(this.#expected).text + textBytes);
    new Uint8Array(memory).set(new Uint8Array(this.#memory));
    this.#memory = memory;
    this.#columns = columnsOf(memory, this.#expected, textBytes);
  }
}

type Columns = ReturnType<typeof columnsOf>;

function headOf(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory, 0, HEADER_FIELDS);
}

/** Memory may be longer than its text. */
function columnsOf(memory: SharedArrayBuffer, count: number, textBytes: number) {
  const at = sectionsOf(count);
  return {
    begins: new Float64Array(memory, at.begins, count),
    sizes: new Float64Array(memory, at.sizes, count),
    stamps: new BigInt64Array(memory, at.stamps, count),
    digests: new BigUint64Array(memory, at.digests, count),
    seconds: new Float64Array(memory, at.seconds, count),
    pathEnds: new Uint32Array(memory, at.pathEnds, count),
    textEnds: new Uint32Array(memory, at.textEnds, count),
    kinds: new Uint8Array(memory, at.kinds, count),
    marks: new Uint8Array(memory, at.marks, count),
    text: Buffer.from(memory, at.text, textBytes),
  };
}

/** Where each part of the memory begins. Numbers of 8 bytes come first, so that they are aligned. */
function sectionsOf(count: number) {
  const begins = HEADER_FIELDS * 8;
  const sizes = begins + 8 * count;
  const stamps = sizes + 8 * count;
  const digests = stamps + 8 * count;
  const seconds = digests + 8 * count;
  const pathEnds = seconds + 8 * count;
  const textEnds = pathEnds + 4 * count;
  const kinds = textEnds + 4 * count;
  const marks = kinds + count;
  const text = marks + count;
  return { begins, sizes, stamps, digests, seconds, pathEnds, textEnds, kinds, marks, text };
}
