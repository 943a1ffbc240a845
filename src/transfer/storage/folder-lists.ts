// The lists of folders that this thread knows, by number, so that messages name a list and never carry it. The main
// thread gives the numbers; each other thread holds a list from the first message that names it for as long as it works
// with it. A list and its number belong together in all threads.

import { assert, present } from '../../foundation/base/assert.js';
import { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import type { Layout } from '../../foundation/torrent/layout.js';

interface Held {
  readonly list: FolderList;
  holders: number;
}

class FolderLists {
  readonly #held = new Map<number, Held>();
  readonly #numbers = new WeakMap<SharedArrayBuffer, number>();
  #last = 0;

  /** Gives a new list its number. Of the main thread only. It is held until `release`. */
  add(list: FolderList): number {
    assert(!this.#numbers.has(list.memory), 'a list gets one number');
    this.#last += 1;
    this.#hold(this.#last, list);
    return this.#last;
  }

  /**
   * Holds the list of a layout for its user, and gives it a number when it has none yet. Of the main thread only.
   * @returns its number, 0 for a single file; the caller passes it to `letGo`.
   */
  use({ folder }: Layout): number {
    if (folder === undefined) return 0;
    const number = this.#numbers.get(folder.memory);
    if (number === undefined) return this.add(folder);
    this.hold(number, folder.memory);
    return number;
  }

  /** Ends one `use`. */
  letGo(number: number): void {
    if (number !== 0) this.release(number);
  }

  /** Holds what another thread named; each hold needs its `release`. */
  hold(number: number, memory: SharedArrayBuffer): FolderList {
    const held = this.#held.get(number);
    if (held === undefined) return this.#hold(number, new FolderList(memory));
    held.holders += 1;
    return held.list;
  }

  release(number: number): void {
    const held = present(this.#held.get(number), 'a list is released by its holders');
    held.holders -= 1;
    if (held.holders === 0) this.#held.delete(number);
  }

  has(number: number): boolean {
    return this.#held.has(number);
  }

  /** Throws (assertion) when this thread does not hold it. */
  listOf(number: number): FolderList {
    return present(this.#held.get(number), 'a thread holds the lists that it works with').list;
  }

  /** 0 for a single file. Throws (assertion) for a list without a number. */
  numberOf({ folder }: Layout): number {
    return folder === undefined ? 0 : present(this.#numbers.get(folder.memory), 'a list has its number');
  }

  #hold(number: number, list: FolderList): FolderList {
    this.#held.set(number, { list, holders: 1 });
    this.#numbers.set(list.memory, number);
    return list;
  }
}

/** Those of this thread. */
export const folderLists = new FolderLists();

/**
 * Holds the list that a message names and that rides beside it.
 * @returns its number, 0 for a single file; for `letGo`.
 */
export function holdList(number: number, memory: unknown): number {
  if (number === 0) return 0;
  assert(memory instanceof SharedArrayBuffer, 'a folder comes with its list');
  folderLists.hold(number, memory);
  return number;
}
