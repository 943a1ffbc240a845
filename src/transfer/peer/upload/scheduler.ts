// Whose request is served next. What was handed out least goes first, so that a crowd gets every piece once before it gets one
// twice; among equals, and whenever somebody is far ahead, it is fair by bytes: the connection that has been given the fewest. Who joins, or comes back from idling,
// starts level with whoever was served last, so nobody makes up for a time it did not ask. Between those that are level a lot decides that each
// drew when it joined: a crowd comes to everyone in the same order, and if all served it in that order the same few would get all first pieces. A block may be given in parts, one under way at a time, and is ended before another is begun:
// the first peer has a whole piece to pass on while the last still waits. Pure; reads and writes are done by its owner.
// Invariant: no connection has more than UPLOAD_BYTES_PER_PEER_MAX in UPLOAD_BUFFERS_PER_PEER_MAX buffers read and not yet
// taken by its socket, and no more than UPLOAD_REQUESTS_PER_PEER_MAX waiting.

import { assert } from '../../../foundation/base/assert.js';
import { PIECE_SIZE, RUN_BYTES_MAX, UPLOAD_REQUESTS_PER_PEER_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { type Block, piecesIn, sameBlock } from '../../../foundation/torrent/block.js';
import { UPLOAD_BUFFERS_PER_PEER_MAX, UPLOAD_BYTES_PER_PEER_MAX, UPLOAD_LEAD_BYTES_MAX } from '../limits.js';
import { UploadCounts } from './upload-counts.js';

interface Waiting {
  /** As it was asked for. */
  readonly block: Block;
  /** Bytes of it that were given: only the first in line has any. */
  given: number;
}

interface UploadFlow {
  /** Shared by all lanes of one file. */
  readonly counts: UploadCounts;
  /** In the order asked. The first one may be begun; none behind it is. */
  readonly waiting: Waiting[];
  /** Bytes between `next` and `sent`, and the buffers that they are read into. */
  inFlight: number;
  buffers: number;
  /** One of them is a part of the first block in line. */
  partUnderWay: boolean;
  /** That block was cancelled: its rest is not given. */
  cut: boolean;
  /** Bytes given so far, on the common scale of all lanes. */
  given: number;
  /** In [0, 1): the lowest goes first among equals. */
  readonly lot: number;
}

export interface Upload {
  readonly connection: number;
  /** What to send now: a whole block as it was asked for, or a part of one. */
  readonly block: Block;
  /** With it everything is sent that was asked for as this block. */
  readonly completes: Block | undefined;
}

interface Candidate {
  readonly connection: number;
  readonly flow: UploadFlow;
  readonly waiting: Waiting;
}

export class UploadScheduler {
  readonly #prng: Prng;
  readonly #flows = new Map<number, UploadFlow>();
  /** Blocks in all lanes. */
  #waiting = 0;
  /** What the flow that was served last had been given before: the scale's present (start-time fair queueing). */
  #level = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get connectionCount(): number {
    return this.#flows.size;
  }

  /** @param counts what was handed out of its file. */
  add(connection: number, counts = new UploadCounts()): void {
    assert(!this.#flows.has(connection), 'a connection joins once');
    this.#flows.set(connection, {
      counts,
      waiting: [],
      inFlight: 0,
      buffers: 0,
      partUnderWay: false,
      cut: false,
      given: this.#level,
      lot: this.#prng.next(),
    });
  }

  /** Forgets everything of this connection; what is in flight ends without a `sent`. */
  remove(connection: number): void {
    this.#waiting -= this.#flows.get(connection)?.waiting.length ?? 0;
    this.#flows.delete(connection);
  }

  /** False: too many requests wait already, so the peer floods. */
  enqueue(connection: number, block: Block): boolean {
    const flow = this.#flow(connection);
    if (flow.waiting.length >= UPLOAD_REQUESTS_PER_PEER_MAX) return false;
    // A flow that comes back from idling does not get its idle time paid out.
    if (flow.waiting.length === 0 && flow.inFlight === 0) flow.given = Math.max(flow.given, this.#level);
    flow.waiting.push({ block, given: 0 });
    this.#waiting += 1;
    return true;
  }

  /** What is not sent now of `block`; undefined when it is on its way, or when `sent` will tell. */
  cancel(connection: number, block: Block): Block | undefined {
    const flow = this.#flow(connection);
    const at = flow.waiting.findIndex((waiting) => sameBlock(waiting.block, block));
    if (at === 0 && flow.partUnderWay) flow.cut = true;
    const [cancelled] = at < 0 || (at === 0 && flow.partUnderWay) ? [] : flow.waiting.splice(at, 1);
    if (cancelled === undefined) return undefined;
    this.#waiting -= 1;
    return restOf(cancelled);
  }

  /** True while somebody waits, whether or not it may get more now. */
  get hasWaiting(): boolean {
    return this.#waiting > 0;
  }

  /**
   * The next block, or part of at most `bytesMax`, to read; undefined when nobody may get more. In flight until `sent`.
   * A block that was begun goes on first. @param onlyIdle for those with nothing in flight: while room is short.
   */
  next(bytesMax = RUN_BYTES_MAX, onlyIdle = false): Upload | undefined {
    if (this.#waiting === 0) return undefined;
    let chosen: Candidate | undefined;
    for (const [connection, flow] of this.#flows) {
      if (onlyIdle && flow.buffers > 0) continue;
      const waiting = rarestOf(flow);
      if (waiting === undefined || !mayGet(flow, waiting, bytesMax)) continue;
      const candidate = { connection, flow, waiting };
      if (chosen === undefined || isBefore(candidate, chosen)) chosen = candidate;
    }
    if (chosen === undefined) return undefined;
    const { connection, flow, waiting } = chosen;
    if (waiting.given === 0) begin(flow, waiting);
    const rest = restOf(waiting);
    const block = { ...rest, length: Math.min(bytesMax, rest.length) };
    const isLast = block.length === rest.length;
    this.#level = Math.max(this.#level, flow.given);
    waiting.given += block.length;
    flow.given += block.length;
    flow.inFlight += block.length;
    flow.buffers += buffersOf(block.length);
    flow.partUnderWay = !isLast;
    if (isLast) this.#endFirst(flow);
    return { connection, block, completes: isLast ? waiting.block : undefined };
  }

  /**
   * The socket took the bytes, or their read failed: then the rest of the block fails with them. Answers what of a begun block
   * will not be sent because it was cancelled meanwhile, or has failed.
   */
  sent(connection: number, length: number, failed = false): Block | undefined {
    const flow = this.#flows.get(connection);
    if (flow === undefined) return undefined;
    flow.inFlight -= length;
    flow.buffers -= buffersOf(length);
    assert(flow.inFlight >= 0 && flow.buffers >= 0, 'a block is sent once');
    const first = flow.waiting[0];
    if (!flow.partUnderWay || first === undefined) return undefined;
    flow.partUnderWay = false;
    if (!flow.cut && !failed) return undefined;
    flow.cut = false;
    this.#endFirst(flow);
    return restOf(first);
  }

  isIdle(connection: number): boolean {
    const flow = this.#flow(connection);
    return flow.waiting.length === 0 && flow.inFlight === 0;
  }

  inFlight(connection: number): number {
    return this.#flow(connection).inFlight;
  }

  #endFirst({ waiting }: UploadFlow): void {
    waiting.shift();
    this.#waiting -= 1;
  }

  #flow(connection: number): UploadFlow {
    const flow = this.#flows.get(connection);
    assert(flow !== undefined, 'the connection is known');
    return flow;
  }
}

/** What of a block was not given yet. */
function restOf({ block, given }: Waiting): Block {
  return { piece: block.piece, begin: block.begin + given, length: block.length - given };
}

/** A buffer holds a piece; what is smaller takes a whole one. */
function buffersOf(bytes: number): number {
  return Math.ceil(bytes / PIECE_SIZE);
}

function mayGet(flow: UploadFlow, first: Waiting, bytesMax: number): boolean {
  if (flow.inFlight === 0) return true;
  const rest = restOf(first).length;
  // A part that is not the last goes alone, so that whatever is `sent` next is that part.
  if (flow.partUnderWay || rest > bytesMax) return false;
  if (flow.buffers + buffersOf(rest) > UPLOAD_BUFFERS_PER_PEER_MAX) return false;
  return flow.inFlight + rest <= UPLOAD_BYTES_PER_PEER_MAX;
}

/** The next request of this flow: the one already begun, else that for the least-uploaded piece. A run counts as its first piece. */
function rarestOf({ waiting, counts }: UploadFlow): Waiting | undefined {
  const [first] = waiting;
  if (first === undefined || first.given > 0) return first;
  let rarest = first;
  for (const other of waiting) if (counts.of(other.block.piece) < counts.of(rarest.block.piece)) rarest = other;
  return rarest;
}

/** A begun block stands first in its flow. */
function begin({ waiting, counts }: UploadFlow, begun: Waiting): void {
  waiting.splice(waiting.indexOf(begun), 1);
  waiting.unshift(begun);
  counts.handedOut(begun.block.piece, piecesIn(begun.block));
}

/** A begun block is ended first; then what was handed out less, unless its peer is far ahead; then who was given less. */
function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.waiting.given > 0 !== b.waiting.given > 0) return a.waiting.given > 0;
  const less = a.flow.counts.of(a.waiting.block.piece) - b.flow.counts.of(b.waiting.block.piece);
  const areLevel = Math.abs(a.flow.given - b.flow.given) < UPLOAD_LEAD_BYTES_MAX;
  if (a.flow.counts === b.flow.counts && areLevel && less !== 0) return less < 0;
  return a.flow.given < b.flow.given || (a.flow.given === b.flow.given && a.flow.lot < b.flow.lot);
}
