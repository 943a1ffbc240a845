// What a walk through a folder has taken, as columns of numbers and one text: an object for each of a hundred thousand
// entries would take more memory than all that is made of them. Pure.

import { assert } from '../../foundation/base/assert.js';
import type { FoundEntries } from '../../foundation/torrent/folder/arrange.js';
import type { EntryKind, FolderEntry } from '../../foundation/torrent/folder/folder-list.js';
import { FOLDER_ENTRIES_MAX } from '../../foundation/torrent/folder/limits.js';
import { PATH_BYTES_EXPECTED, PathTable, PathText } from '../../foundation/torrent/folder/path-table.js';
import type { FoundEntry } from '../storage/source/found-entries.js';
import { TIME_SECONDS_MAX } from './limits.js';

const KINDS = ['file', 'exec', 'dir', 'link'] as const;
const NS_PER_S = 1_000_000_000n;

export class SurveyTable implements FoundEntries {
  readonly #withTimes: boolean;
  // For all that may come: what is never written takes no memory, and nothing is moved.
  readonly #kinds = new Uint8Array(FOLDER_ENTRIES_MAX);
  readonly #sizes = new Float64Array(FOLDER_ENTRIES_MAX);
  readonly #times = new BigInt64Array(FOLDER_ENTRIES_MAX);
  readonly #pathEnds = new Uint32Array(FOLDER_ENTRIES_MAX);
  readonly #textEnds = new Uint32Array(FOLDER_ENTRIES_MAX);
  readonly #text = new PathText(FOLDER_ENTRIES_MAX * PATH_BYTES_EXPECTED);
  #count = 0;
  /** Of what was there when they were asked for; undefined since the next one came. */
  #paths: PathTable | undefined;

  /** @param withTimes keeps modification times in the list. */
  constructor(withTimes: boolean) {
    this.#withTimes = withTimes;
  }

  get count(): number {
    return this.#count;
  }

  get textBytes(): number {
    return this.#text.length;
  }

  get paths(): PathTable {
    this.#paths ??= new PathTable(this.#text.bytes, this.#pathEnds, this.#textEnds);
    return this.#paths;
  }

  add({ kind, path, size, mtimeNs, text }: FoundEntry): void {
    const at = this.#count;
    assert(at < FOLDER_ENTRIES_MAX, 'a walk takes no more than a list holds');
    this.#paths = undefined;
    this.#kinds[at] = KINDS.indexOf(kind === 'file' || kind === 'exec' || kind === 'link' ? kind : 'dir');
    this.#sizes[at] = size;
    this.#times[at] = mtimeNs;
    this.#pathEnds[at] = this.#text.append(path);
    this.#textEnds[at] = this.#text.append(kind === 'link' ? text : '');
    this.#count += 1;
  }

  kindOf(index: number): EntryKind {
    return KINDS[this.#kinds[index] as number] as EntryKind;
  }

  isFile(index: number): boolean {
    return (this.#kinds[index] as number) <= 1;
  }

  sizeOf(index: number): number {
    return this.#sizes[index] as number;
  }

  stampOf(index: number): bigint {
    return this.#times[index] as bigint;
  }

  entryOf(index: number): FolderEntry {
    const { paths } = this;
    return {
      kind: this.kindOf(index),
      size: this.sizeOf(index),
      path: paths.pathOf(index),
      target: paths.targetOf(index),
      digest: undefined,
      seconds: this.#secondsOf(index),
    };
  }

  #secondsOf(index: number): number | undefined {
    const mtimeNs = this.stampOf(index);
    if (!this.#withTimes || !this.isFile(index) || mtimeNs < 0n) return undefined;
    const seconds = Number(mtimeNs / NS_PER_S);
    return seconds <= TIME_SECONDS_MAX ? seconds : undefined;
  }
}
