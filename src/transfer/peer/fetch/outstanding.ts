// What one peer owes us: blocks that were asked for and have neither come whole nor been rejected, and the part that comes now. A
// block may come in parts, in order. Says whether what a peer sends was asked for; what follows when it was not is decided
// elsewhere. Pure. Invariant: what was asked for is owed until it is answered once.

import { assert } from '../../../foundation/base/assert.js';
import { BLOCK_BYTES_MIN } from '../../../foundation/base/limits.js';
import { type Block, sameBlock } from '../../../foundation/torrent/block.js';

export interface Asked {
  readonly block: Block;
  /** One for each piece that the block has bytes of. */
  readonly slots: readonly number[];
  /** Bytes of it that came in earlier parts, or come now. */
  come: number;
}

export class OutstandingRequests {
  /** In the order asked; an answer may come in any order. */
  readonly #asked: Asked[] = [];
  #coming: Asked | undefined;

  get isNothing(): boolean {
    return this.#asked.length === 0 && this.#coming === undefined;
  }

  asked(block: Block, slots: readonly number[]): void {
    this.#asked.push({ block, slots, come: 0 });
  }

  /** All that lie within this range; of one whose last bytes come now nothing is left to withdraw. */
  within({ piece, begin, length }: Block): readonly Block[] {
    const end = begin + length;
    return this.#asked.flatMap(({ block }) =>
      block.piece === piece && block.begin >= begin && block.begin + block.length <= end ? [block] : [],
    );
  }

  /**
   * A whole block, or the next part of one, begins to come: at least BLOCK_BYTES_MIN, so that a peer cannot make us work byte by
   * byte. Undefined: it was not asked for.
   */
  begins(part: Block): Asked | undefined {
    const asked = this.#asked.find((each) => restOf(each).begin === part.begin && each.block.piece === part.piece);
    const rest = asked === undefined ? 0 : restOf(asked).length;
    if (asked === undefined || part.length > rest || (part.length < rest && part.length < BLOCK_BYTES_MIN))
      return undefined;
    asked.come += part.length;
    if (part.length === rest) this.#asked.splice(this.#asked.indexOf(asked), 1);
    this.#coming = asked;
    return asked;
  }

  /** The part that came is here. Answers its block if that has come whole now. */
  hasCome(): Block | undefined {
    const coming = this.#coming;
    assert(coming !== undefined, 'payload ends only after a piece frame began it');
    this.#coming = undefined;
    return coming.come < coming.block.length ? undefined : coming.block;
  }

  /** The rest of a block will not come. Answers the block as it was asked for; undefined: it was not. */
  rejected(rest: Block): Block | undefined {
    const at = this.#asked.findIndex((each) => sameBlock(restOf(each), rest));
    return at < 0 ? undefined : this.#asked.splice(at, 1)[0]?.block;
  }
}

/** What of a block has not come, nor begun to. */
function restOf({ block, come }: Asked): Block {
  return { piece: block.piece, begin: block.begin + come, length: block.length - come };
}
