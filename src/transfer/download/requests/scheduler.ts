// Decides what to request from which peer next, and what becomes of a request when its peer answers, falls silent or
// leaves. Never decides who is connected, nor whether the bytes of a piece are right. Invariant: a peer is asked for no
// more than it has room for, and all downloads together for no more than the download limit allows. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { assert, present } from '../../../foundation/base/assert.js';
import { PIECE_SIZE, UPLOAD_REQUESTS_PER_PEER_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import type { Address } from '../../../foundation/torrent/address.js';
import type { PieceRange } from '../../../foundation/torrent/bitfield.js';
import { type Block, piecesIn } from '../../../foundation/torrent/block.js';
import type { PieceCover, PieceSpan } from '../../storage/reuse/cover.js';
import type { ArrivedPiece, DownloadEffect, FilledPiece } from '../effects.js';
import { LOCAL } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import type { Reports } from '../reports.js';
import { type Duplicate, duplicateFor } from './endgame.js';
import type { Interest } from './interest.js';
import type { LocalReads } from './local-reads.js';
import { mayMigrate, silentSources } from './migration.js';
import type { OwnPieces } from './own-pieces.js';
import type { Pacer } from './pacer.js';
import { askedOf, isLive, mayComeWhole, type PieceRequest, type Successor, successorOf } from './piece-request.js';
import type { Reading } from './reading.js';
import type { RequestTable } from './request-table.js';

export interface SchedulerOptions {
  readonly file: number;
  readonly pieces: OwnPieces;
  readonly prng: Prng;
  readonly pacer: Pacer;
  readonly table: RequestTable;
  readonly interest: Interest;
  readonly reading: Reading;
  readonly reports: Reports;
  readonly local: LocalReads;
  /** All that are connected. */
  readonly peers: ReadonlyMap<number, Peer>;
}

/** Random first: with fewer pieces than this, take any; rarity means nothing before we have something to trade. */
const RANDOM_FIRST_PIECES = 4;

export class RequestScheduler {
  readonly #options: SchedulerOptions;
  #isClosed = false;
  /** The limit refused something in this round. */
  #isHeldBack = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  // --- asking ---

  /** Asks every peer that may be worth asking: one request a peer and round, so that few slots are spread over all. */
  askAll(nowMs: number): readonly DownloadEffect[] {
    const { table, interest, pacer, file, local } = this.#options;
    const effects: DownloadEffect[] = [...this.#sendUnsent(nowMs)];
    let asked = interest.candidates.size > 0;
    while (asked && table.room > 0) {
      asked = false;
      for (const peer of interest.candidates) {
        const requests = peer.mayBeAsked && peer.hasRoom(nowMs) ? this.#ask(peer, nowMs) : NO_EFFECTS;
        if (requests === 'later') continue;
        if (requests.length === 0) interest.setAside(peer);
        else asked = true;
        effects.push(...requests);
      }
    }
    if (!this.#isHeldBack) pacer.leave(file);
    this.#isHeldBack = false;
    effects.push(...local.askAll(nowMs));
    return effects;
  }

  /** The next request for this peer, if there is one. `later`: our own limit or our slots are in the way. */
  #ask(peer: Peer, nowMs: number): readonly DownloadEffect[] | 'later' {
    const { pieces, interest, reading, table, peers, pacer, local } = this.#options;
    // Under a limit each piece is paid for alone.
    const most = pacer.isLimited ? 1 : peer.runPieces;
    const { room } = table;
    // While pieces arrive faster than they are stored, slots come back one by one: a run waits for all of its slots.
    const comesSoon = room < most && room + table.storingCount >= most;
    if (!this.#mayBegin(peer, nowMs) || room === 0 || comesSoon) return 'later';
    const late = this.#duplicateOfAwaited(peer, nowMs);
    const urgent = late === undefined ? reading.nextFrom(peer, interest) : undefined;
    const isFirst = pieces.done.count < RANDOM_FIRST_PIECES;
    const picked = late === undefined ? (urgent ?? interest.pick(peer, isFirst)) : undefined;
    const isEndgame = interest.wantedCount === 0 && table.migrating.size === 0;
    const duplicate = late ?? (isEndgame ? duplicateFor(peer, peers, table.requested(), nowMs) : undefined);
    const piece = picked ?? duplicate?.piece;
    // A request withdrawn from this very peer may still be open; its answer comes first.
    if (piece === undefined || peer.requests.has(piece)) return NO_EFFECTS;
    const cover = local.coverOf(piece);
    if (cover !== undefined && !this.#takesHoles(peer, cover)) return 'later';
    const cancels = duplicate?.instead === undefined ? NO_EFFECTS : this.#withdraw(duplicate.instead);
    if (cover !== undefined && cover.holes.length > 0)
      return [...cancels, ...this.#beginHoles(peer, piece, cover, nowMs)];
    const isAlone = picked === undefined || most === 1 || cover !== undefined;
    const run = isAlone ? [piece] : local.fetchedAround(piece, interest.runAround(peer, piece, most));
    return [...cancels, ...this.#begin(peer, run, nowMs)];
  }

  /** A reader waits for a piece that a much slower peer was asked for: this one may be asked as well. */
  #duplicateOfAwaited(peer: Peer, nowMs: number): Duplicate | undefined {
    const { reading, table, peers } = this.#options;
    const { awaited } = reading;
    if (awaited === undefined || table.stateOf(awaited) !== 'requested') return undefined;
    return duplicateFor(peer, peers, [table.of(awaited).filter(isLive)], nowMs);
  }

  /** The request for `piece` moves to this peer, if it can still bring it. */
  #askSuccessor(connection: number, piece: number, nowMs: number): readonly DownloadEffect[] {
    const { peers, interest } = this.#options;
    const peer = peers.get(connection);
    if (this.#isClosed || peer === undefined || !interest.wants(piece)) return NO_EFFECTS;
    if (!peer.offered.has(piece) || peer.requests.has(piece)) return NO_EFFECTS;
    if (!peer.mayBeAsked || !peer.hasRoom(nowMs) || !this.#mayBegin(peer, nowMs)) return NO_EFFECTS;
    return this.#begin(peer, [piece], nowMs);
  }

  /** May this peer be asked for a piece now? Under a limit it gets many small requests, but no more than it accepts. */
  #mayBegin(peer: Peer, nowMs: number): boolean {
    const { table, pacer } = this.#options;
    if (table.unsent !== undefined) return false;
    if (peer.inFlight.blocks + PIECE_SIZE / pacer.blockBytes > UPLOAD_REQUESTS_PER_PEER_MAX) return false;
    return this.#maySend(nowMs);
  }

  #maySend(nowMs: number): boolean {
    const { pacer, file } = this.#options;
    const may = pacer.mayAsk(file, nowMs);
    if (!may) this.#isHeldBack = true;
    return may;
  }

  /** As many of these pieces, which lie side by side, as there are slots for. */
  #begin(peer: Peer, pieces: readonly number[], nowMs: number): readonly DownloadEffect[] {
    const { table, interest } = this.#options;
    const run = table.begin(peer.connection, pieces, nowMs);
    if (run.length === 0) return NO_EFFECTS;
    for (const { piece } of run) if (interest.wants(piece)) interest.unwant(piece);
    return run.length > 1 ? this.#sendRun(peer, run, nowMs) : this.#sendUnsent(nowMs);
  }

  /** Each missing range is a request of its own. */
  #takesHoles(peer: Peer, { holes }: PieceCover): boolean {
    const blocks = holes.length + PIECE_SIZE / this.#options.pacer.blockBytes;
    return peer.inFlight.blocks === 0 || peer.inFlight.blocks + blocks <= UPLOAD_REQUESTS_PER_PEER_MAX;
  }

  #beginHoles(peer: Peer, piece: number, cover: PieceCover, nowMs: number): readonly DownloadEffect[] {
    const { table, interest, local } = this.#options;
    const request = table.beginHoles(peer.connection, piece, cover.holes, nowMs);
    if (request === undefined) return NO_EFFECTS;
    if (interest.wants(piece)) interest.unwant(piece);
    return [local.begun(piece, request.slot, cover, nowMs), ...this.#sendUnsent(nowMs)];
  }

  #sendRun(peer: Peer, run: readonly PieceRequest[], nowMs: number): readonly DownloadEffect[] {
    const { table, pacer } = this.#options;
    assert(!pacer.isLimited, 'a run waits for no limit');
    for (const request of run) table.sent(request, request.length, nowMs);
    const { piece, connection } = present(run[0], 'a run has pieces');
    const length = bytesOf(run);
    peer.inFlight.requested(length, false);
    return [{ kind: 'request', connection, piece, begin: 0, length, slots: run.map(({ slot }) => slot) }];
  }

  /**
   * Sends as much as it may of the request that was begun last: all of it, or under a limit one block after another.
   * It is sent to its end before the next begins, so that pieces come whole one by one.
   */
  #sendUnsent(nowMs: number): readonly DownloadEffect[] {
    const { table, peers, pacer, file } = this.#options;
    const { unsent: request } = table;
    if (request === undefined) return NO_EFFECTS;
    const { piece, connection, slot } = request;
    const peer = present(peers.get(connection), 'requests are at connected peers');
    if (peer.hangingUp) table.stopSending();
    const effects: DownloadEffect[] = [];
    while (table.unsent?.state.at === 'waitingForLimit' && this.#maySend(nowMs)) {
      const { begin, length } = nextBlockOf(request, table.unsent.state.unsent, pacer.blockBytes);
      effects.push({ kind: 'request', connection, piece, begin, length, slots: [slot] });
      table.sent(request, length, nowMs);
      peer.inFlight.requested(length, pacer.isLimited);
      pacer.asked(file, length, nowMs);
    }
    return effects;
  }

  // --- answers ---

  /** A block was received: the pieces that are whole now are to be stored. */
  received(peer: Peer, block: Block, nowMs: number): readonly DownloadEffect[] {
    peer.inFlight.answered(block.length);
    const effects: DownloadEffect[] = [];
    const arrived: ArrivedPiece[] = [];
    for (const request of requestsIn(peer, block)) effects.push(...this.#blockAnswered(peer, request, arrived, nowMs));
    if (arrived.length > 0) effects.push({ kind: 'store', pieces: arrived });
    return effects;
  }

  /** The peer will not send this block. */
  rejected(peer: Peer, block: Block, nowMs: number): readonly DownloadEffect[] {
    const { table, interest, pacer } = this.#options;
    pacer.gaveBack(peer.inFlight.answered(block.length), nowMs);
    return requestsIn(peer, block).flatMap((request) => {
      // It offered the piece and refuses it: do not ask again before it offers it anew.
      if (table.refused(request)) interest.withdraws(peer, request.piece);
      return this.#blockAnswered(peer, request, [], nowMs);
    });
  }

  /** The last block of a request decides what becomes of its piece and its slot. */
  #blockAnswered(peer: Peer, request: PieceRequest, arrived: ArrivedPiece[], nowMs: number): readonly DownloadEffect[] {
    const { table, interest } = this.#options;
    if (!table.blockAnswered(request)) return NO_EFFECTS;
    interest.reconsider(peer);
    if (mayComeWhole(request)) peer.pieceMs = nowMs - request.sinceMs;
    return this.#answered(request, request.holes === undefined ? peer.address : undefined, arrived, nowMs);
  }

  /** @param source undefined when bytes of files here are in it. */
  #answered(
    request: PieceRequest,
    source: Address | undefined,
    arrived: ArrivedPiece[],
    nowMs: number,
  ): readonly DownloadEffect[] {
    const { table, reports } = this.#options;
    const { piece, slot } = request;
    const successor = successorOf(request);
    const isWhole = mayComeWhole(request);
    if (!this.#isClosed && table.arrived(request, source)) {
      arrived.push({ piece, slot });
      return [...table.of(piece)].flatMap((other) => this.#withdraw(other));
    }
    if (isWhole) reports.wasted(askedOf(request));
    this.#end(request);
    return successor === undefined ? NO_EFFECTS : this.#askSuccessor(successor.connection, piece, nowMs);
  }

  /** Files here have answered: what was read into these slots is there, or cannot be read. */
  filled(fills: readonly FilledPiece[], nowMs: number): readonly DownloadEffect[] {
    const { table, local, peers, interest } = this.#options;
    const effects: DownloadEffect[] = [];
    const arrived: ArrivedPiece[] = [];
    for (const { slot, bad } of fills) {
      const request = table.fillAnswered(slot);
      local.answered(bad, nowMs);
      if (request === undefined) continue;
      if (bad !== undefined) table.refused(request);
      const peer = peers.get(request.connection);
      if (peer !== undefined) interest.reconsider(peer);
      if (table.blockAnswered(request)) effects.push(...this.#answered(request, undefined, arrived, nowMs));
      if (table.stateOf(request.piece) !== 'storing') local.ended(request.piece);
    }
    if (arrived.length > 0) effects.push({ kind: 'store', pieces: arrived });
    return effects;
  }

  // --- withdrawing ---

  /** This peer has got pieces: requests for them may move to it. */
  offered(peer: Peer, ranges: readonly PieceRange[], nowMs: number): readonly DownloadEffect[] {
    const { table, interest, peers, prng } = this.#options;
    const effects: DownloadEffect[] = [];
    for (const piece of peer.gained(ranges)) {
      interest.offers(peer, piece);
      // Most pieces that peers tell of are not requested. In the endgame one request more is not worth moving.
      if (table.stateOf(piece) !== 'requested') continue;
      const [request, another] = table.of(piece);
      if (request === undefined || another !== undefined) continue;
      const source = peers.get(request.connection);
      // A file of this machine answers sooner, and has bytes in it already.
      if (source === undefined || request.holes !== undefined) continue;
      const migration = { request, source, successor: peer, holders: interest.availability(piece) };
      if (!mayMigrate(migration, table, prng, nowMs)) continue;
      effects.push(...this.#withdraw(request, { connection: peer.connection, sinceMs: nowMs }));
    }
    return effects;
  }

  /** Requests that were to move need not wait for peers that are silent. */
  moveOn(nowMs: number): readonly DownloadEffect[] {
    const { table, interest, peers } = this.#options;
    const effects: DownloadEffect[] = [];
    for (const request of silentSources(table, peers, nowMs)) {
      const successor = successorOf(request);
      if (!table.abandon(request) || successor === undefined) continue;
      interest.want(request.piece);
      effects.push(...this.#askSuccessor(successor.connection, request.piece, nowMs));
    }
    return effects;
  }

  /** Everything in flight is requested anew if it is more than the new limit lets come within a second. */
  limitChanged(): readonly DownloadEffect[] {
    const { peers, pacer } = this.#options;
    let awaited = 0;
    for (const peer of peers.values()) {
      peer.inFlight.forgetCharges();
      awaited += peer.inFlight.awaited;
    }
    if (awaited <= pacer.awaitedMax) return NO_EFFECTS;
    return [...peers.values()].flatMap((peer) =>
      [...peer.requests.values()].flatMap((request) => this.#withdraw(request)),
    );
  }

  #withdraw(request: PieceRequest, successor?: Successor): readonly DownloadEffect[] {
    const { table, interest, peers } = this.#options;
    if (!isLive(request)) return NO_EFFECTS;
    const { connection, run } = request;
    const peer = peers.get(connection);
    assert(peer !== undefined || connection === LOCAL, 'requests are at connected peers');
    if (table.withdraw(request, successor)) {
      if (peer !== undefined) interest.reconsider(peer);
      this.#end(request);
      return NO_EFFECTS;
    }
    // A file here cannot be told to stop.
    if (peer === undefined) return NO_EFFECTS;
    // Others may take over the rest of its run one by one; until then it may as well come from here.
    if (run.some(isLive)) return NO_EFFECTS;
    const { piece } = present(run[0], 'a request is one of its run');
    return [{ kind: 'cancel', connection, piece, begin: 0, length: bytesOf(run) }];
  }

  // --- the end ---

  /** The peer has gone, and with it everything it was asked for. */
  left(peer: Peer, nowMs: number): void {
    const { table, interest, pacer } = this.#options;
    pacer.gaveBack(peer.inFlight.refundable, nowMs);
    for (const piece of table.disconnected(peer.connection)) interest.want(piece);
    interest.left(peer);
  }

  /** When to ask on after the limit has refused; undefined when it has not. */
  readyMs(nowMs: number): number | undefined {
    const { pacer, file } = this.#options;
    return pacer.readyMs(file, nowMs);
  }

  /** Nothing is asked any more, and what arrives is of no use. */
  close(): void {
    const { table, pacer, file, local } = this.#options;
    this.#isClosed = true;
    local.close();
    table.stopSending();
    pacer.leave(file);
  }

  #end(request: PieceRequest): void {
    const { table, interest } = this.#options;
    if (table.end(request)) interest.want(request.piece);
  }
}

/** What it was asked for of this block: one request for each piece. */
function requestsIn(peer: Peer, block: Block): readonly PieceRequest[] {
  return Array.from({ length: piecesIn(block) }, (_, at) =>
    present(peer.requests.get(block.piece + at), 'answers belong to requests'),
  );
}

/** The next block of what is left to be sent: within one of the ranges that it is asked for. */
function nextBlockOf({ length, holes }: PieceRequest, unsent: number, most: number): PieceSpan {
  if (holes === undefined) return { begin: length - unsent, length: Math.min(most, unsent) };
  // What is unsent lies at the end: so many bytes of the last ranges, and -left bytes of this one were sent before.
  let left = unsent;
  const at = holes.findLastIndex((hole) => {
    left -= hole.length;
    return left <= 0;
  });
  const { begin, length: width } = present(holes[at], 'what is unsent lies in a range');
  return { begin: begin - left, length: Math.min(most, width + left) };
}

function bytesOf(run: readonly PieceRequest[]): number {
  return run.reduce((bytes, { length }) => bytes + length, 0);
}
