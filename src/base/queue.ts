// A first-in first-out queue with a capacity, O(1) at both ends. It never grows past its capacity: `push` says no.

import { assert } from './assert.js';

export class BoundedQueue<T> {
  readonly capacity: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(capacity: number) {
    assert(capacity >= 1, 'a queue has room for at least one item');
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** False: the queue is full and the item was not taken. */
  push(item: T): boolean {
    if (this.length >= this.capacity) return false;
    this.#items.push(item);
    return true;
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    // Compact when half of the array is behind the head, so that shifting stays O(1) amortised.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Removes every item that `matches`; answers how many. O(length). */
  removeWhere(matches: (item: T) => boolean): number {
    const before = this.length;
    this.#items = this.#items.slice(this.#head).filter((item) => !matches(item as T));
    this.#head = 0;
    return before - this.length;
  }
}
