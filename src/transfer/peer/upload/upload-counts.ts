// How often each piece of one file was uploaded since the first peer joined. Sources that serve the least-uploaded
// piece first hand out every piece about once before any twice (BEP 16's aim). Pure.

const COUNT_MAX = 255;
const FIRST_BYTES = 64;

export class UploadCounts {
  /** One count a piece, up to the last piece uploaded. A byte is enough, as only differences matter. */
  #counts = new Uint8Array(FIRST_BYTES);

  of(piece: number): number {
    return this.#counts[piece] ?? 0;
  }

  /** @param count pieces from `first` on. */
  add(first: number, count = 1): void {
    if (first + count > this.#counts.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(first + count)));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    for (let piece = first; piece < first + count; piece += 1)
      this.#counts[piece] = Math.min(COUNT_MAX, this.of(piece) + 1);
  }
}
