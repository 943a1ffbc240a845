// The lists of folders that a hash thread keeps: those of its last tasks, so that the next task of the same folder
// finds its list ready.

import { folderLists } from '../storage/folder-lists.js';
import { LISTS_KEPT_MAX } from './limits.js';
import type { HashJob } from './messages.js';

export class RecentLists {
  /** Least recently used first. */
  readonly #numbers = new Set<number>();

  /** Those of the next task. */
  learn(lists: HashJob['lists']): void {
    for (const [number, memory] of lists) {
      if (!this.#numbers.delete(number)) folderLists.hold(number, memory);
      this.#numbers.add(number);
    }
    for (const number of this.#numbers) {
      if (this.#numbers.size <= LISTS_KEPT_MAX) break;
      this.#numbers.delete(number);
      folderLists.release(number);
    }
  }
}
