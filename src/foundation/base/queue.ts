// A first-in first-out queue with a capacity, O(1) at both ends. It never grows past its capacity: `push` says no. A
// ring, so that a mailbox through which one item passes at a time takes no memory for each.

import { assert } from './assert.js';

const ROOM_MIN = 16;
/** Places that an empty queue keeps. */
const ROOM_KEPT = 1_024;

export class BoundedQueue<T> {
  readonly capacity: number;
  /** A power of two places; none before the first item: most mailboxes never have one wait. */
  #items: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, 'a queue has room for at least one item');
    this.capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  /** False: the queue is full and the item was not taken. */
  push(item: T): boolean {
    if (this.#length >= this.capacity) return false;
    if (this.#length === this.#items.length) this.#lay(this.#inOrder(), Math.max(ROOM_MIN, this.#length * 2));
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
    return true;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    // What a burst took is given back after it.
    if (this.#length === 0 && this.#items.length > ROOM_KEPT) this.#lay([], ROOM_MIN);
    return item;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Removes every item that `matches`; answers how many. O(length). */
  removeWhere(matches: (item: T) => boolean): number {
    const before = this.#length;
    this.#lay(
      this.#inOrder().filter((item) => !matches(item as T)),
      this.#items.length,
    );
    return before - this.#length;
  }

  #inOrder(): (T | undefined)[] {
    const places = this.#items.length - 1;
    return Array.from({ length: this.#length }, (_, at) => this.#items[(this.#head + at) & places]);
  }

  #lay(items: readonly (T | undefined)[], places: number): void {
    this.#items = new Array(places);
    for (const [at, item] of items.entries()) this.#items[at] = item;
    this.#head = 0;
    this.#length = items.length;
  }
}
