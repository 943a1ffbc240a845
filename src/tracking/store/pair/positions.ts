// The positions of the changes that are made at this tracker: each gets the next one when it goes to the disk, and has
// it in the registry once it is durable. Decides nothing else. Pure.

export class Positions {
  #given = 0;
  #settled = 0;

  /** The highest whose change is in the registry. */
  get settled(): number {
    return this.#settled;
  }

  /** @param highest that was ever given out. */
  goOnFrom(highest: number): void {
    this.#given = highest;
    this.#settled = highest;
  }

  /** For so many changes; answers the first. */
  give(count: number): number {
    const first = this.#given + 1;
    this.#given += count;
    return first;
  }

  /** A group of so many changes is on the disk. One is under way at a time, so it has the highest positions. */
  settleLast(count: number): void {
    this.#settled = this.#given - count;
  }

  /** Of the next change of that group. */
  next(): number {
    this.#settled += 1;
    return this.#settled;
  }
}
