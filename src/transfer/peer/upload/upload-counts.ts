// How often each piece of one file was handed out since somebody began to fetch it. A source that all of a crowd asks hands out
// every piece about once before it repeats one, as the crowd can pass on what it has (the aim of BEP 16's super-seeding, without its
// pretence: nothing is hidden from anyone). Never decides who is served. Pure.

const COUNT_MAX = 255;
const FIRST_BYTES = 64;

export class UploadCounts {
  /** One count a piece, as far as pieces were handed out: a byte is enough, as only who is behind matters. */
  #counts = new Uint8Array(FIRST_BYTES);

  of(piece: number): number {
    return this.#counts[piece] ?? 0;
  }

  /** @param count pieces from `first` on. */
  handedOut(first: number, count = 1): void {
    if (first + count > this.#counts.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(first + count)));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    for (let piece = first; piece < first + count; piece += 1)
      this.#counts[piece] = Math.min(COUNT_MAX, this.of(piece) + 1);
  }
}
