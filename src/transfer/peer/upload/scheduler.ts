// Decides whose request is served next: the least-uploaded piece first (super-seeding's aim, BEP 16), ties by bytes
// served to a client (start-time fair queueing), then by a random draw. A request may be served in parts, one in flight
// at a time, and ends before another begins. Why: decisions/009. Pure.

import { assert } from '../../../foundation/base/assert.js';
import { PIECE_SIZE, RUN_BYTES_MAX, UPLOAD_REQUESTS_PER_PEER_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { type Block, piecesIn, sameBlock } from '../../../foundation/torrent/block.js';
import {
  UPLOAD_BUFFERS_PER_CLIENT_MAX,
  UPLOAD_BUFFERS_PER_PEER_MAX,
  UPLOAD_BYTES_PER_PEER_MAX,
  UPLOAD_LEAD_BYTES_MAX,
} from '../limits.js';
import { type AccountFlow, UploadAccount } from './account.js';
import type { HeldByConnection, UploadsInFlight } from './in-flight.js';
import { UploadCounts } from './upload-counts.js';

interface QueuedRequest {
  /** As it was requested. */
  readonly block: Block;
  /** Bytes of it that were scheduled: only the first in the queue has any. */
  scheduled: number;
}

/** One connection. */
interface UploadFlow extends AccountFlow {
  /** Shared by all flows of one file. */
  readonly counts: UploadCounts;
  /** In the order requested. The first one may have begun; none behind it has. */
  readonly queue: QueuedRequest[];
  readonly held: HeldByConnection;
  /** A part of the first request is in flight. */
  partInFlight: boolean;
  /** That request was cancelled: its rest is not served. */
  isCancelled: boolean;
  /** Its client's: all connections of one have the same. */
  readonly account: UploadAccount;
  /** Bytes served to this connection. */
  bytes: number;
  /** In [0, 1): the lowest goes first among equals. */
  readonly draw: number;
}

export interface Upload {
  readonly connection: number;
  /** What to send now: a whole request, or a part of one. */
  readonly block: Block;
  /** The request that is served completely with it. */
  readonly completes: Block | undefined;
}

interface Candidate {
  readonly connection: number;
  readonly flow: UploadFlow;
  readonly request: QueuedRequest;
}

export class UploadScheduler {
  readonly #prng: Prng;
  readonly #inFlight: UploadsInFlight;
  readonly #flows = new Map<number, UploadFlow>();
  /** Requests in all queues. */
  #queued = 0;
  /** Bytes that the flow which was served last had before: the present of the common scale. */
  #level = 0;

  constructor(prng: Prng, inFlight: UploadsInFlight) {
    this.#prng = prng;
    this.#inFlight = inFlight;
  }

  /**
   * @param counts how often each piece of its file was uploaded.
   * @param account of its client, which may have other connections.
   */
  add(connection: number, counts = new UploadCounts(), account = new UploadAccount()): void {
    assert(!this.#flows.has(connection), 'a connection joins once');
    // A client that comes, or comes back from idling, starts level with the others.
    if (account.isIdle) account.served = Math.max(account.served, this.#level);
    const flow: UploadFlow = {
      counts,
      queue: [],
      held: this.#inFlight.heldBy(connection),
      partInFlight: false,
      isCancelled: false,
      account,
      bytes: 0,
      draw: this.#prng.next(),
    };
    account.add(flow);
    this.#flows.set(connection, flow);
  }

  /** Forgets everything of this connection; what is in flight ends without an answer. */
  remove(connection: number): void {
    const flow = this.#flows.get(connection);
    if (flow === undefined) return;
    this.#queued -= flow.queue.length;
    flow.account.remove(flow);
    this.#flows.delete(connection);
  }

  /** False: too many requests are queued already. */
  enqueue(connection: number, block: Block): boolean {
    const flow = this.#flow(connection);
    if (flow.queue.length >= UPLOAD_REQUESTS_PER_PEER_MAX) return false;
    // A client that comes back from idling starts level with the others: it gets nothing for its idle time.
    if (flow.queue.length === 0 && flow.held.bytes === 0 && flow.account.isIdle)
      flow.account.served = Math.max(flow.account.served, this.#level);
    flow.queue.push({ block, scheduled: 0 });
    this.#queued += 1;
    return true;
  }

  /** What of `block` will not be sent; undefined when all of it is in flight, or when `ended` will tell. */
  cancel(connection: number, block: Block): Block | undefined {
    const flow = this.#flow(connection);
    const at = flow.queue.findIndex((request) => sameBlock(request.block, block));
    if (at === 0 && flow.partInFlight) flow.isCancelled = true;
    const [cancelled] = at < 0 || (at === 0 && flow.partInFlight) ? [] : flow.queue.splice(at, 1);
    if (cancelled === undefined) return undefined;
    this.#queued -= 1;
    return restOf(cancelled);
  }

  /** True while requests are queued, whether or not any may be served now. */
  get hasQueued(): boolean {
    return this.#queued > 0;
  }

  /** One client with several connections is alone: what is on its way to it delays nobody else. */
  get isForOneFarClient(): boolean {
    let only: UploadAccount | undefined;
    for (const { account, queue, held } of this.#flows.values()) {
      if (queue.length === 0 && held.unarrived === 0) continue;
      if (account.connections < 2 || (only ?? account) !== account) return false;
      only = account;
    }
    return only !== undefined;
  }

  /**
   * The next request, or a part of at most `bytesMax`, to read; undefined when none may be served now. Its owner enters
   * it into the book of uploads in flight. @param onlyIdle for flows that hold no buffer.
   */
  next(bytesMax = RUN_BYTES_MAX, onlyIdle = false): Upload | undefined {
    if (this.#queued === 0) return undefined;
    let chosen: Candidate | undefined;
    for (const [connection, flow] of this.#flows) {
      if (onlyIdle && flow.held.buffers > 0) continue;
      const request = rarestOf(flow);
      if (request === undefined || !mayBeServed(flow, request, bytesMax)) continue;
      const candidate = { connection, flow, request };
      if (chosen === undefined || isBefore(candidate, chosen)) chosen = candidate;
    }
    if (chosen === undefined) return undefined;
    const { connection, flow, request } = chosen;
    if (request.scheduled === 0) begin(flow, request);
    const rest = restOf(request);
    const block = { ...rest, length: Math.min(bytesMax, rest.length) };
    const isLast = block.length === rest.length;
    this.#level = Math.max(this.#level, flow.account.served);
    request.scheduled += block.length;
    flow.account.served += block.length;
    flow.bytes += block.length;
    flow.partInFlight = !isLast;
    if (isLast) this.#endFirst(flow);
    return { connection, block, completes: isLast ? request.block : undefined };
  }

  /**
   * The socket took an upload of this connection, or its read failed, and with it the rest of its request. Answers the
   * rest of a begun request that will not be sent: it was cancelled meanwhile, or has failed.
   */
  ended(connection: number, hasFailed = false): Block | undefined {
    const flow = this.#flows.get(connection);
    const first = flow?.queue[0];
    if (flow === undefined || first === undefined || !flow.partInFlight) return undefined;
    flow.partInFlight = false;
    if (!flow.isCancelled && !hasFailed) return undefined;
    flow.isCancelled = false;
    this.#endFirst(flow);
    return restOf(first);
  }

  #endFirst({ queue }: UploadFlow): void {
    queue.shift();
    this.#queued -= 1;
  }

  #flow(connection: number): UploadFlow {
    const flow = this.#flows.get(connection);
    assert(flow !== undefined, 'the connection is known');
    return flow;
  }
}

/** What of a request was not scheduled yet. */
function restOf({ block, scheduled }: QueuedRequest): Block {
  return { piece: block.piece, begin: block.begin + scheduled, length: block.length - scheduled };
}

/** A buffer holds a piece; what is smaller takes a whole one. */
function buffersOf(bytes: number): number {
  return Math.ceil(bytes / PIECE_SIZE);
}

function mayBeServed({ held, partInFlight, account }: UploadFlow, request: QueuedRequest, bytesMax: number): boolean {
  const rest = restOf(request).length;
  // The buffers of the others must not all wait in the sockets of one client.
  if (account.connections > 1) {
    const buffers = account.buffers + buffersOf(Math.min(rest, bytesMax));
    if (account.buffers > 0 && buffers > UPLOAD_BUFFERS_PER_CLIENT_MAX) return false;
  }
  if (held.bytes === 0) return true;
  // A part that is not the last goes alone, so that the upload that ends next is that part.
  if (partInFlight || rest > bytesMax) return false;
  if (held.buffers + buffersOf(rest) > UPLOAD_BUFFERS_PER_PEER_MAX) return false;
  return held.bytes + rest <= UPLOAD_BYTES_PER_PEER_MAX;
}

/** The next request of a flow: the begun one, or that for the least-uploaded piece. A run counts as its first piece. */
function rarestOf({ queue, counts }: UploadFlow): QueuedRequest | undefined {
  const [first] = queue;
  if (first === undefined || first.scheduled > 0) return first;
  let rarest = first;
  for (const other of queue) if (counts.of(other.block.piece) < counts.of(rarest.block.piece)) rarest = other;
  return rarest;
}

/** A begun request stands first in its queue. */
function begin({ queue, counts }: UploadFlow, begun: QueuedRequest): void {
  queue.splice(queue.indexOf(begun), 1);
  queue.unshift(begun);
  counts.add(begun.block.piece, piecesIn(begun.block));
}

/** A begun request first; then the less-uploaded piece, unless its peer is far ahead; then the peer served less. */
function isBefore(a: Candidate, b: Candidate): boolean {
  if (a.request.scheduled > 0 !== b.request.scheduled > 0) return a.request.scheduled > 0;
  const less = a.flow.counts.of(a.request.block.piece) - b.flow.counts.of(b.request.block.piece);
  const ahead = a.flow.account.served - b.flow.account.served;
  if (a.flow.counts === b.flow.counts && Math.abs(ahead) < UPLOAD_LEAD_BYTES_MAX && less !== 0) return less < 0;
  if (ahead !== 0) return ahead < 0;
  if (a.flow.account !== b.flow.account) return a.flow.draw < b.flow.draw;
  // Of one client, the connection that has least on its way.
  const fuller = a.flow.held.unarrived - b.flow.held.unarrived;
  return fuller === 0 ? a.flow.bytes < b.flow.bytes : fuller < 0;
}
