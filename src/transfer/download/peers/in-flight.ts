// What is in flight from one peer: the blocks that it was asked for and has not answered, and which of their bytes are
// here already. Also how many of them were charged to the download limit, which gets back what does not come. Pure.

import { assert } from '../../../foundation/base/assert.js';

export class InFlight {
  #blocks = 0;
  #bytes = 0;
  #charged = 0;
  /** Bytes that arrived of blocks that are not whole. */
  #early = 0;

  /** Blocks requested and not answered. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Bytes requested that have not arrived. */
  get awaited(): number {
    return Math.max(0, this.#bytes - this.#early);
  }

  /** Bytes charged to the download limit that do not come if the peer leaves now. */
  get refundable(): number {
    return Math.min(this.#charged, this.awaited);
  }

  /** A block has arrived in part. */
  get isReceiving(): boolean {
    return this.#early > 0;
  }

  requested(bytes: number, isCharged: boolean): void {
    this.#blocks += 1;
    this.#bytes += bytes;
    if (isCharged) this.#charged += bytes;
  }

  /** Payload arrived. Answers the bytes not reported before: a whole block repeats what was reported of its parts. */
  arrived(bytes: number, isWhole: boolean): number {
    const known = isWhole ? Math.min(this.#early, bytes) : 0;
    this.#early += isWhole ? -known : bytes;
    return bytes - known;
  }

  /** A block arrived whole or will not arrive. Answers its bytes that were charged to the download limit. */
  answered(bytes: number): number {
    this.#blocks -= 1;
    this.#bytes -= bytes;
    assert(this.#blocks >= 0 && this.#bytes >= 0, 'a block is answered once');
    if (this.#bytes === 0) this.#early = 0;
    const charged = Math.min(this.#charged, bytes);
    this.#charged -= charged;
    return charged;
  }

  /** The limit has changed: what was requested at another rate counts no more. */
  forgetCharges(): void {
    this.#charged = 0;
  }
}
