// Whose request is served next. Fair by bytes: among the connections that may get more, the one that has been given the
// fewest bytes goes first. Who joins, or comes back from idling, starts level with whoever was served last, so nobody makes
// up for a time it did not ask. Pure; reads and writes are done by its owner. Invariant: no connection has more than
// UPLOAD_BYTES_PER_PEER_MAX read and not yet taken by its socket, and no more than UPLOAD_REQUESTS_PER_PEER_MAX waiting.

import { assert } from '../base/assert.js';
import { UPLOAD_BYTES_PER_PEER_MAX, UPLOAD_REQUESTS_PER_PEER_MAX } from '../base/limits.js';
import { type Block, sameBlock } from './wire.js';

interface Lane {
  readonly waiting: Block[];
  /** Bytes between `next` and `sent`. */
  inFlight: number;
  /** Bytes given so far, on the common scale of all lanes. */
  given: number;
}

export interface Upload {
  readonly connection: number;
  readonly block: Block;
}

export class UploadScheduler {
  readonly #lanes = new Map<number, Lane>();
  /** What the lane that was served last had been given before: the scale's present (start-time fair queueing). */
  #level = 0;

  get connectionCount(): number {
    return this.#lanes.size;
  }

  add(connection: number): void {
    assert(!this.#lanes.has(connection), 'a connection joins once');
    this.#lanes.set(connection, { waiting: [], inFlight: 0, given: this.#level });
  }

  /** Forgets everything of this connection; what is in flight ends without a `sent`. */
  remove(connection: number): void {
    this.#lanes.delete(connection);
  }

  /** False: too many requests wait already, so the peer floods. */
  enqueue(connection: number, block: Block): boolean {
    const lane = this.#lane(connection);
    if (lane.waiting.length >= UPLOAD_REQUESTS_PER_PEER_MAX) return false;
    // A lane that comes back from idling does not get its idle time paid out.
    if (lane.waiting.length === 0 && lane.inFlight === 0) lane.given = Math.max(lane.given, this.#level);
    lane.waiting.push(block);
    return true;
  }

  /** True when the request was still waiting and will not be served. */
  cancel(connection: number, block: Block): boolean {
    const { waiting } = this.#lane(connection);
    const at = waiting.findIndex((other) => sameBlock(other, block));
    if (at < 0) return false;
    waiting.splice(at, 1);
    return true;
  }

  /** The next block to read, or undefined when nobody may get more. Counts as in flight until `sent`. */
  next(): Upload | undefined {
    let chosen: [number, Lane] | undefined;
    for (const entry of this.#lanes) {
      const lane = entry[1];
      const first = lane.waiting[0];
      if (first === undefined) continue;
      if (lane.inFlight > 0 && lane.inFlight + first.length > UPLOAD_BYTES_PER_PEER_MAX) continue;
      if (chosen === undefined || lane.given < chosen[1].given) chosen = entry;
    }
    const block = chosen?.[1].waiting.shift();
    if (chosen === undefined || block === undefined) return undefined;
    this.#level = Math.max(this.#level, chosen[1].given);
    chosen[1].inFlight += block.length;
    chosen[1].given += block.length;
    return { connection: chosen[0], block };
  }

  /** The socket took the block, or its read failed. */
  sent(connection: number, length: number): void {
    const lane = this.#lanes.get(connection);
    if (lane === undefined) return;
    lane.inFlight -= length;
    assert(lane.inFlight >= 0, 'a block is sent once');
  }

  isIdle(connection: number): boolean {
    const lane = this.#lane(connection);
    return lane.waiting.length === 0 && lane.inFlight === 0;
  }

  inFlight(connection: number): number {
    return this.#lane(connection).inFlight;
  }

  #lane(connection: number): Lane {
    const lane = this.#lanes.get(connection);
    assert(lane !== undefined, 'the connection is known');
    return lane;
  }
}
