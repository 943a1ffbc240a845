// The requests that one peer has not answered, and the part of a block that is arriving. Says whether what a peer sends
// was requested; parts of a block arrive in order. Invariant: a request is outstanding until it is answered once. Pure.

import { assert } from '../../../foundation/base/assert.js';
import { BLOCK_BYTES_MIN } from '../../../foundation/base/limits.js';
import { type Block, sameBlock } from '../../../foundation/torrent/block.js';

export interface OutstandingRequest {
  readonly block: Block;
  /** One for each piece of the block. */
  readonly slots: readonly number[];
  /** Bytes that arrived in earlier parts, or are arriving now. */
  begun: number;
}

export class OutstandingRequests {
  /** In the order requested; answers arrive in any order. */
  readonly #requests: OutstandingRequest[] = [];
  #arriving: OutstandingRequest | undefined;

  get isEmpty(): boolean {
    return this.#requests.length === 0 && this.#arriving === undefined;
  }

  add(block: Block, slots: readonly number[]): void {
    this.#requests.push({ block, slots, begun: 0 });
  }

  /** All that lie within this range, but one whose last part is arriving: nothing of it is left to cancel. */
  within({ piece, begin, length }: Block): readonly Block[] {
    const end = begin + length;
    return this.#requests.flatMap(({ block }) =>
      block.piece === piece && block.begin >= begin && block.begin + block.length <= end ? [block] : [],
    );
  }

  /**
   * A whole block, or the next part of one, begins to arrive. A part has at least BLOCK_BYTES_MIN, so that a peer
   * cannot make us work byte by byte. Undefined: it was not requested.
   */
  partBegins(part: Block): OutstandingRequest | undefined {
    const request = this.#requests.find((each) => restOf(each).begin === part.begin && each.block.piece === part.piece);
    const rest = request === undefined ? 0 : restOf(request).length;
    if (request === undefined || part.length > rest || (part.length < rest && part.length < BLOCK_BYTES_MIN))
      return undefined;
    request.begun += part.length;
    if (part.length === rest) this.#requests.splice(this.#requests.indexOf(request), 1);
    this.#arriving = request;
    return request;
  }

  /** The part has arrived. Answers its block if that is whole now. */
  partArrived(): Block | undefined {
    const request = this.#arriving;
    assert(request !== undefined, 'payload ends only after a piece frame began it');
    this.#arriving = undefined;
    return request.begun < request.block.length ? undefined : request.block;
  }

  /** The rest of a block will not arrive. Answers the block as it was requested; undefined: it was not. */
  rejected(rest: Block): Block | undefined {
    const at = this.#requests.findIndex((each) => sameBlock(restOf(each), rest));
    return at < 0 ? undefined : this.#requests.splice(at, 1)[0]?.block;
  }
}

/** What of a block has neither arrived nor begun to. */
function restOf({ block, begun }: OutstandingRequest): Block {
  return { piece: block.piece, begin: block.begin + begun, length: block.length - begun };
}
