// One connected peer as a download sees it: what it offers, how fast it is, what is in flight. Keeps books and decides
// nothing: what to request is decided in requests/scheduler.ts. Pure.

import { assert } from '../../../foundation/base/assert.js';
import { PIECE_SIZE, RUN_PIECES_MAX } from '../../../foundation/base/limits.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { Bitfield, type PieceRange } from '../../../foundation/torrent/bitfield.js';
import type { FetchEvent, MemberTag } from '../../peer/messages.js';
import { RUN_MS, WINDOW_PIECES_MAX, WINDOW_PIECES_MIN } from '../limits.js';
import type { PieceRequest } from '../requests/piece-request.js';
import { InFlight } from './in-flight.js';
import { Window } from './window.js';

export type PeerPhase = 'dialing' | 'greeted' | 'ready';

export type Greeting = Omit<Extract<FetchEvent, { kind: 'connected' }>, 'kind' | 'connection'>;

/** What all connections to one peer share. */
export interface Line {
  readonly address: Address;
  /** It brings much less than it can: bytes that come twice delay nobody. */
  hasRoom(nowMs: number): boolean;
}

export interface PeerOptions {
  readonly connection: number;
  readonly line: Line;
  readonly pieceCount: number;
  readonly requests: ReadonlyMap<number, PieceRequest>;
}

export class Peer {
  readonly connection: number;
  readonly line: Line;
  /** Another connection stands for this peer already. */
  isExtra = false;
  /** It is asked for nothing more, and ends with what it was asked for. */
  isRetiring = false;
  /** Whose it is; null in an open swarm, and before it said hello. */
  member: MemberTag | null = null;
  readonly offered: Bitfield;
  /** What it was asked for, by piece, the oldest first: a view of the request table. */
  readonly requests: ReadonlyMap<number, PieceRequest>;
  readonly inFlight = new InFlight();
  phase: PeerPhase = 'dialing';
  choked = true;
  hangingUp = false;
  /** It may be asked for several pieces at once. */
  takesRuns = false;
  /** It counts several connections of ours as one. */
  takesParallel = false;
  /** Milliseconds of setting up the connection, which its kernel does, and from our hello to its; infinite before. */
  connectMs = Number.POSITIVE_INFINITY;
  rttMs = Number.POSITIVE_INFINITY;
  #runPieces = 1;
  /** It had every piece when it connected, so the picker does not count it. */
  countsAsSeeder = false;
  /** Wanted pieces that it offers: 0 means there is nothing to ask for. */
  wantedCount = 0;
  receivedBytes = 0;
  /** When payload arrived last. */
  receivedMs = Number.NEGATIVE_INFINITY;
  /** Milliseconds from requesting its latest whole piece to having it; undefined before the first. */
  pieceMs: number | undefined;
  window: Window;
  /** When its hello arrived. */
  greetedMs = Number.POSITIVE_INFINITY;

  constructor({ connection, line, pieceCount, requests }: PeerOptions, nowMs: number) {
    this.connection = connection;
    this.line = line;
    this.requests = requests;
    this.offered = new Bitfield(pieceCount);
    this.window = new Window(0, nowMs);
  }

  get address(): Address {
    return this.line.address;
  }

  get mayBeAsked(): boolean {
    return this.phase === 'ready' && !this.choked && !this.hangingUp && !this.isRetiring;
  }

  /** May it be asked for more? `held`: pieces that are promised to it besides. */
  hasRoom(nowMs: number, held = 0): boolean {
    const size = this.requests.size + held;
    // Most peers have next to nothing in flight, or all they may: answered without computing the window.
    if (size < WINDOW_PIECES_MIN || size >= WINDOW_PIECES_MAX) return size < WINDOW_PIECES_MIN;
    const window = this.window.pieces(nowMs);
    // One run arrives and one waits, as with single pieces; the next is requested when there is room for all of it.
    return size + this.#runPieces <= Math.max(WINDOW_PIECES_MIN * this.#runPieces, window);
  }

  /** Pieces of one request: a power of two, as many as arrive within RUN_MS at its latest rate. */
  get runPieces(): number {
    return this.#runPieces;
  }

  /** Payload arrived. Answers the bytes not reported before. */
  received(bytes: number, isWhole: boolean, nowMs: number): number {
    const fresh = this.inFlight.arrived(bytes, isWhole);
    this.window.received(fresh, nowMs);
    this.receivedBytes += fresh;
    this.receivedMs = nowMs;
    if (this.takesRuns) this.#runPieces = runAt(this.window.rate(nowMs));
    return fresh;
  }

  /**
   * Milliseconds that its latest piece took, or its oldest request has taken, if more; undefined before the first
   * piece.
   */
  waitMs(nowMs: number): number | undefined {
    if (this.pieceMs === undefined) return undefined;
    const oldest = this.oldestRequest;
    return oldest === undefined ? this.pieceMs : Math.max(this.pieceMs, nowMs - oldest.sinceMs);
  }

  get oldestRequest(): PieceRequest | undefined {
    return this.requests.values().next().value;
  }

  greeted({ connectMs, rttMs, runs, parallel, member }: Greeting, nowMs: number): void {
    assert(this.phase === 'dialing', 'a peer says hello once');
    this.member = member ?? null;
    this.takesRuns = runs;
    this.takesParallel = parallel;
    this.connectMs = connectMs;
    this.rttMs = rttMs;
    this.phase = 'greeted';
    this.greetedMs = nowMs;
    this.window = new Window(rttMs, nowMs);
  }

  /** Copies a part of its bitfield. False: spare bits are set, so the peer is broken or lies. */
  bitfieldPart(offset: number, part: Uint8Array, last: boolean): boolean {
    this.offered.bytes.set(part, offset);
    if (!last) return true;
    if (this.offered.hasSpareBits) return false;
    this.offered.recount();
    this.phase = 'ready';
    return true;
  }

  /** Pieces in `ranges` that it did not have before. */
  gained(ranges: readonly PieceRange[]): number[] {
    const fresh: number[] = [];
    for (const [begin, count] of ranges) {
      for (let piece = begin; piece < begin + count; piece += 1) if (this.offered.set(piece)) fresh.push(piece);
    }
    return fresh;
  }

  /** Milliseconds until its requests, and `more` pieces, would be here at its present rate. */
  expectedMs(more: number, nowMs: number): number {
    const rate = this.window.rate(nowMs);
    return rate <= 0 ? Number.POSITIVE_INFINITY : ((this.requests.size + more) * PIECE_SIZE) / rate;
  }
}

/** @param rate bytes a millisecond. */
function runAt(rate: number): number {
  let run = RUN_PIECES_MAX;
  while (run > 1 && run * PIECE_SIZE > rate * RUN_MS) run /= 2;
  return run;
}
