// Every request for a piece, by piece and by peer, and the state of each piece: missing, requested, storing, have.
// Begins and ends requests, and never decides whom to ask. Invariants: both indexes agree; a request owns its slot
// until its last block is answered, then the hash pool owns it until the piece is stored. Pure.

import { assert, present } from '../../../foundation/base/assert.js';
import type { Address } from '../../../foundation/torrent/address.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';
import type { PieceSpan } from '../../storage/reuse/cover.js';
import { ENDGAME_REQUESTS_MAX, LOCAL } from '../limits.js';
import type { OwnPieces } from './own-pieces.js';
import {
  isLive,
  mayComeWhole,
  type PieceRequest,
  type RequestState,
  type Successor,
  successorOf,
} from './piece-request.js';
import type { SlotPool } from './slots.js';

const MISSING = 0;
const REQUESTED = 1;
const STORING = 2;
/** Or never wanted. */
const HAVE = 3;
const NAMES = ['missing', 'requested', 'storing', 'have'] as const;
export type PieceState = (typeof NAMES)[number];

type Entry = { -readonly [Field in keyof PieceRequest]: PieceRequest[Field] };

export interface RequestTableOptions {
  /** The number of the download, by which it owns its slots. */
  readonly file: number;
  readonly geometry: Geometry;
  /** The table is its only writer from now on. */
  readonly pieces: OwnPieces;
  readonly slots: SlotPool;
}

interface StoringPiece {
  /** As it was when its last block had arrived. */
  readonly request: PieceRequest;
  /** Who sent it; the connection may have ended before its bytes are verified. Undefined: some are from here. */
  readonly source: Address | undefined;
}

const NO_HOLES: readonly PieceSpan[] = [];
const SENT: RequestState = { at: 'sent' };
const REFUSED: RequestState = { at: 'refused' };
const NO_REQUESTS: readonly PieceRequest[] = [];

export class RequestTable {
  readonly #options: RequestTableOptions;
  readonly #states: Uint8Array;
  readonly #byPiece = new Map<number, Entry[]>();
  /** By connection, then by piece; the oldest request first. */
  readonly #byPeer = new Map<number, Map<number, Entry>>();
  readonly #storing = new Map<number, StoringPiece>();
  /** Withdrawn requests that have a successor, the longest withdrawn first. */
  readonly #migrating = new Set<Entry>();
  /** Slots that bytes of files here are read into. Undefined: the request has ended, and its slot waits for that. */
  readonly #fills = new Map<number, Entry | undefined>();
  #unsent: Entry | undefined;

  constructor(options: RequestTableOptions) {
    const { file, slots } = options;
    const { settled } = options.pieces;
    this.#options = options;
    this.#states = new Uint8Array(settled.pieceCount);
    for (const [begin, count] of settled.ranges()) this.#states.fill(HAVE, begin, begin + count);
    slots.join(file);
  }

  /** The download has ended: every slot is back. */
  close(): void {
    this.#options.slots.leave(this.#options.file);
  }

  // --- questions ---

  stateOf(piece: number): PieceState {
    return NAMES[this.#states[piece] ?? MISSING] ?? 'missing';
  }

  /** Slots that may be taken now. */
  get room(): number {
    return this.#options.slots.room(this.#options.file);
  }

  get storingCount(): number {
    return this.#storing.size;
  }

  /** Pieces that the hash pool has. */
  storing(): readonly number[] {
    return [...this.#storing.keys()];
  }

  /** Slots that are being filled from files here. */
  get fillingCount(): number {
    return this.#fills.size;
  }

  /** The request that was begun and is not sent to its end: the next to be sent when the limit allows. */
  get unsent(): PieceRequest | undefined {
    return this.#unsent?.state.at === 'waitingForLimit' ? this.#unsent : undefined;
  }

  /** The requests for a piece, the oldest first; withdrawn ones are among them until they are answered. */
  of(piece: number): readonly PieceRequest[] {
    return this.#byPiece.get(piece) ?? NO_REQUESTS;
  }

  /** The live requests of each requested piece, the oldest first. */
  *requested(): Generator<readonly PieceRequest[]> {
    for (const [piece, requests] of this.#byPiece) {
      if (this.#states[piece] === REQUESTED) yield requests.every(isLive) ? requests : requests.filter(isLive);
    }
  }

  /** Requests that move to another peer once theirs has answered. */
  get migrating(): ReadonlySet<PieceRequest> {
    return this.#migrating;
  }

  /** Pieces that this peer will be asked for as a successor. */
  promisedTo(connection: number): number {
    let count = 0;
    for (const request of this.#migrating) if (successorOf(request)?.connection === connection) count += 1;
    return count;
  }

  /** Who sent a piece that is being stored; undefined when bytes of files here are in it. */
  sourceOf(piece: number): Address | undefined {
    return this.#storingOf(piece).source;
  }

  /** The request that brought a piece that is being stored. */
  requestOf(piece: number): PieceRequest {
    return this.#storingOf(piece).request;
  }

  #storingOf(piece: number): StoringPiece {
    return present(this.#storing.get(piece), 'a piece is stored once');
  }

  // --- what happens to a peer ---

  /** Answers its requests by piece, the oldest first: a view that the table keeps true. */
  connected(connection: number): ReadonlyMap<number, PieceRequest> {
    assert(!this.#byPeer.has(connection), 'a connection is opened once');
    const requests = new Map<number, Entry>();
    this.#byPeer.set(connection, requests);
    return requests;
  }

  /** Ends all its requests. Answers the pieces that are missing again. */
  disconnected(connection: number): readonly number[] {
    const requests = present(this.#byPeer.get(connection), 'a connection ends once');
    const missing = [...requests.values()].flatMap((request) => (this.end(request) ? [request.piece] : []));
    this.#byPeer.delete(connection);
    return missing;
  }

  // --- what happens to a request ---

  /** Begins a request for pieces that lie side by side, for as many as there are slots. Nothing is sent yet. */
  begin(connection: number, pieces: readonly number[], nowMs: number): readonly PieceRequest[] {
    assert(this.unsent === undefined, 'a request is sent to its end before another begins');
    const run: Entry[] = [];
    for (const piece of pieces) {
      const request = this.#enter(connection, piece, run, nowMs);
      if (request === undefined) break;
      run.push(request);
    }
    if (run.length > 0) this.#unsent = run[0];
    return run;
  }

  /** The same for ranges of one piece; the rest of it is read from files here from now on. */
  beginHoles(connection: number, piece: number, holes: readonly PieceSpan[], nowMs: number): PieceRequest | undefined {
    assert(this.unsent === undefined, 'a request is sent to its end before another begins');
    const request = this.#enter(connection, piece, [], nowMs);
    if (request === undefined) return undefined;
    request.run = [request];
    request.holes = holes;
    request.state = { at: 'waitingForLimit', unsent: holes.reduce((sum, { length }) => sum + length, 0) };
    this.#unsent = request;
    this.#fill(request);
    return request;
  }

  /** Begins to read a whole piece from files here, if there is a slot. */
  read(piece: number, nowMs: number): PieceRequest | undefined {
    if (!this.#byPeer.has(LOCAL)) this.connected(LOCAL);
    const request = this.#enter(LOCAL, piece, [], nowMs);
    if (request === undefined) return undefined;
    request.run = [request];
    request.holes = NO_HOLES;
    request.state = SENT;
    this.#fill(request);
    return request;
  }

  #enter(connection: number, piece: number, run: readonly Entry[], nowMs: number): Entry | undefined {
    const { file, geometry, slots } = this.#options;
    const requests = present(this.#byPeer.get(connection), 'only a connected peer is asked');
    const slot = slots.take(file);
    if (slot === undefined) return undefined;
    const others = this.#byPiece.get(piece) ?? [];
    assert(others.filter(isLive).length < ENDGAME_REQUESTS_MAX, 'a piece has few live requests');
    assert(!requests.has(piece), 'a peer is asked for a piece once');
    const before = this.#states[piece];
    assert(before === MISSING || before === REQUESTED, 'only a missing or requested piece is requested');
    this.#states[piece] = REQUESTED;
    const length = geometry.pieceLength(piece);
    const state = { at: 'waitingForLimit', unsent: length } as const;
    const request: Entry = { piece, connection, slot, length, holes: undefined, run, sinceMs: nowMs, blocks: 0, state };
    others.push(request);
    this.#byPiece.set(piece, others);
    requests.set(piece, request);
    return request;
  }

  #fill(request: Entry): void {
    request.blocks += 1;
    this.#fills.set(request.slot, request);
  }

  /** What was to be read into the slot is read, or cannot be. Answers its request, unless that has ended meanwhile. */
  fillAnswered(slot: number): PieceRequest | undefined {
    assert(this.#fills.has(slot), 'a slot is filled once');
    const request = this.#fills.get(slot);
    this.#fills.delete(slot);
    if (request === undefined) this.#options.slots.give(this.#options.file, slot);
    return request;
  }

  /** The next block of it was sent, `bytes` long. */
  sent(request: PieceRequest, bytes: number, nowMs: number): void {
    const entry = this.#entry(request);
    const { state } = entry;
    assert(state.at === 'waitingForLimit' && bytes <= state.unsent, 'only what is unsent is sent');
    entry.blocks += 1;
    entry.sinceMs = nowMs;
    entry.state = bytes === state.unsent ? SENT : { at: 'waitingForLimit', unsent: state.unsent - bytes };
  }

  /** What is unsent stays unsent: its peer is hung up on. */
  stopSending(): void {
    this.#unsent = undefined;
  }

  /** One of its blocks was received or rejected. True: it was the last, so the request is to be ended. */
  blockAnswered(request: PieceRequest): boolean {
    const entry = this.#entry(request);
    assert(entry.blocks > 0, 'a block is answered once');
    entry.blocks -= 1;
    return entry.blocks === 0 && entry.state.at !== 'waitingForLimit';
  }

  /** Its peer rejected a block of it. True: the peer was expected to send it. */
  refused(request: PieceRequest): boolean {
    const entry = this.#entry(request);
    if (entry.state.at !== 'withdrawn') {
      entry.state = REFUSED;
      return true;
    }
    entry.state = { ...entry.state, whole: false };
    return false;
  }

  /** It is not wanted from this peer any more. True: no block of it is in flight, so the request is to be ended. */
  withdraw(request: PieceRequest, successor?: Successor): boolean {
    const entry = this.#entry(request);
    assert(isLive(entry), 'a request is withdrawn once');
    // What was not sent never will be: then it cannot come whole, even if all that was sent comes.
    const whole = mayComeWhole(entry);
    entry.state = successor === undefined ? { at: 'withdrawn', whole } : { at: 'withdrawn', whole, successor };
    if (successor !== undefined) this.#migrating.add(entry);
    return entry.blocks === 0;
  }

  /**
   * A withdrawn request is no longer waited for, although it keeps its slot. True: the piece is missing again. False:
   * another peer is asked for it.
   */
  abandon(request: PieceRequest): boolean {
    const entry = this.#entry(request);
    assert(entry.state.at === 'withdrawn', 'only a withdrawn request is abandoned');
    entry.state = { at: 'withdrawn', whole: entry.state.whole };
    this.#migrating.delete(entry);
    return this.#isMissingAgain(entry.piece);
  }

  /** requested → storing: its slot passes to the hash pool. False: the piece came too late, or not whole. */
  arrived(request: PieceRequest, source: Address | undefined): boolean {
    const { piece, blocks } = this.#entry(request);
    assert(blocks === 0, 'a slot has one writer: its peer may still send');
    if (!mayComeWhole(request) || this.#states[piece] !== REQUESTED) return false;
    this.#remove(request);
    this.#states[piece] = STORING;
    this.#storing.set(piece, { request, source });
    return true;
  }

  /** Its slot is free: it was answered to its last block, or its peer is gone. True: the piece is missing again. */
  end(request: PieceRequest): boolean {
    this.#remove(request);
    // Until all that is read into it is there, nobody else may write to it.
    if (this.#fills.has(request.slot)) this.#fills.set(request.slot, undefined);
    else this.#options.slots.give(this.#options.file, request.slot);
    return this.#isMissingAgain(request.piece);
  }

  // --- what happens to a piece that is being stored ---

  /** storing → have: it is verified and on disk. True: peers may be offered it. */
  stored(piece: number): boolean {
    this.#leaveStoring(piece);
    this.#states[piece] = MISSING;
    return this.found(piece);
  }

  /** missing → have: it was verified where it lies. Answers as `stored`. */
  found(piece: number): boolean {
    assert(this.#states[piece] === MISSING, 'only a missing piece is found');
    this.#states[piece] = HAVE;
    return this.#options.pieces.stored(piece);
  }

  /** storing → missing, or requested if another peer is still asked. True: it is missing. */
  storeFailed(piece: number): boolean {
    this.#leaveStoring(piece);
    this.#states[piece] = REQUESTED;
    return this.#isMissingAgain(piece);
  }

  #leaveStoring(piece: number): void {
    const { request } = this.#storingOf(piece);
    this.#storing.delete(piece);
    this.#options.slots.give(this.#options.file, request.slot);
  }

  /** requested → missing, unless a live request is left. */
  #isMissingAgain(piece: number): boolean {
    if (this.#states[piece] !== REQUESTED || this.of(piece).some(isLive)) return false;
    this.#states[piece] = MISSING;
    return true;
  }

  #entry(request: PieceRequest): Entry {
    const entry = this.#byPeer.get(request.connection)?.get(request.piece);
    assert(entry !== undefined && entry === request, 'a request ends once');
    return entry;
  }

  #remove(request: PieceRequest): void {
    const entry = this.#entry(request);
    const others = present(this.#byPiece.get(entry.piece), 'both indexes agree');
    const at = others.indexOf(entry);
    assert(at >= 0, 'both indexes agree');
    others.splice(at, 1);
    if (others.length === 0) this.#byPiece.delete(entry.piece);
    this.#byPeer.get(entry.connection)?.delete(entry.piece);
    this.#migrating.delete(entry);
    if (this.#unsent === entry) this.#unsent = undefined;
  }
}
