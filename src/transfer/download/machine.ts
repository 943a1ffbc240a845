// The downloader of one file: decides whom to dial, what becomes of what arrives, and when it is done; what is asked of whom is decided in
// asking.ts. Never touches bytes, sockets or the disk. Invariants: a piece is in exactly one state (pieces.ts); a slot taken
// from the pool is given back when its claim and its storing have ended; nothing is had before the hash pool stored it.
// Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../../foundation/actor/machine.js';
import { assert, present, unreachable } from '../../foundation/base/assert.js';
import { PEERS_PER_DOWNLOAD_MAX } from '../../foundation/base/limits.js';
import type { Prng } from '../../foundation/base/prng.js';
import { type Address, sameAddress } from '../../foundation/torrent/address.js';
import type { Bitfield, PieceRange } from '../../foundation/torrent/bitfield.js';
import { piecesIn } from '../../foundation/torrent/block.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { FetchEvent, HangUpReason } from '../peer/messages.js';
import type { ArrivedPiece, DownloadEffect, DownloadInput, DownloadPhase, Ending, StoredPiece } from './effects.js';
import type { ConnectedPeer } from './messages.js';
import { AddressBook } from './peers/address-book.js';
import { Breadth } from './peers/breadth.js';
import { Patience } from './peers/patience.js';
import { Peer } from './peers/peer.js';
import { Places } from './peers/places.js';
import { Shortage } from './peers/shortage.js';
import { Reports } from './reports.js';
import { Asking } from './requests/asking.js';
import { Interest } from './requests/interest.js';
import { RequestMigration } from './requests/migration.js';
import { Pacer } from './requests/pacer.js';
import { PieceTable } from './requests/pieces.js';
import { Requests } from './requests/requests.js';
import type { SlotPool } from './requests/slots.js';

export interface DownloadOptions {
  readonly file: number;
  readonly geometry: Geometry;
  /** Shared; this machine is its only writer. */
  readonly have: Bitfield;
  readonly slots: SlotPool;
  readonly prng: Prng;
  /** A number no other connection of this process has. */
  readonly nextConnection: () => number;
  /** The client's download limit, which all downloads share. Absent: there is none. */
  readonly pacer?: Pacer;
}

const LOOK_MS = 250;

type BlockAnswer = Extract<FetchEvent, { kind: 'blockReceived' | 'blockRejected' }>;

export class DownloadMachine implements Machine<DownloadInput | Wake, DownloadEffect | WakeAt> {
  readonly #options: DownloadOptions;
  readonly #pieces: PieceTable;
  readonly #interest: Interest;
  readonly #relief: RequestMigration;
  readonly #places: Places;
  readonly #breadth: Breadth;
  readonly #reports: Reports;
  readonly #requests: Requests;
  readonly #asking: Asking;
  readonly #book = new AddressBook();
  readonly #patience = new Patience();
  readonly #shortage = new Shortage();
  readonly #peers = new Map<number, Peer>();
  /** Who sent the pieces that are being stored; the connection may have ended by the time its bytes are known. */
  readonly #sources = new Map<number, Address>();
  #phase: DownloadPhase = { at: 'running' };
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(options: DownloadOptions) {
    const { have, prng, slots, file } = options;
    this.#options = options;
    this.#pieces = new PieceTable(have);
    this.#reports = new Reports(have);
    this.#requests = new Requests(file, options.pacer ?? new Pacer());
    this.#interest = new Interest(have, prng, this.#peers);
    this.#relief = new RequestMigration(prng);
    this.#places = new Places(have, prng);
    this.#breadth = new Breadth(slots, have);
    const parts = { pieces: this.#pieces, interest: this.#interest, relief: this.#relief, requests: this.#requests };
    this.#asking = new Asking({ ...options, ...parts, peers: this.#peers });
    slots.join(file);
  }

  receive(input: DownloadInput | Wake, nowMs: number): readonly (DownloadEffect | WakeAt)[] {
    if (this.#phase.at === 'ended') return NO_EFFECTS;
    const happened = this.#apply(input, nowMs);
    const next = this.#advance(nowMs); // what everyone does next: one place, every time
    return next.length === 0 ? happened : [...happened, ...next];
  }

  /** Everyone connected: host, port, bytes received, rate in bytes a second, pieces offered. */
  describe(nowMs: number): readonly ConnectedPeer[] {
    return [...this.#peers.values()].filter(({ phase }) => phase !== 'dialing').map((peer) => peer.describe(nowMs));
  }

  #apply(input: DownloadInput | Wake, nowMs: number): readonly DownloadEffect[] {
    switch (input.kind) {
      case 'stored':
        return input.pieces.flatMap((stored) => this.#onStored(stored, nowMs));
      case 'peersFound':
        return this.#inTurn(input.peers, nowMs).flatMap((address) => this.#onFound(address, input.incoming, nowMs));
      case 'wake':
        this.#wakeMs = Number.POSITIVE_INFINITY;
        return this.#onWake(nowMs);
      case 'stop':
        // A file that is being given its name is let finish: it is a matter of milliseconds, and half-way is nowhere.
        return this.#phase.at === 'finishing' ? NO_EFFECTS : this.#drain({ kind: 'stopped' });
      case 'finished':
        return this.#drain({ kind: 'completed', ...this.#reports.totals });
      case 'finishFailed':
        return this.#drain({ kind: 'failed', code: input.code, sentence: input.sentence });
      case 'limitChanged': // what would come too fast now is asked for anew
        return this.#requests.rateChanged(this.#peers.values()).flatMap((claim) => this.#asking.cancel(claim));
      default:
        return this.#onFetch(input, nowMs);
    }
  }

  /** Where only a few are dialed at first, all downloads would begin with the same ones. */
  #inTurn(peers: readonly Address[], nowMs: number): readonly Address[] {
    return this.#breadth.at(nowMs) < PEERS_PER_DOWNLOAD_MAX ? this.#options.prng.shuffle([...peers]) : peers;
  }

  #onFound(address: Address, incoming: boolean, nowMs: number): readonly DownloadEffect[] {
    const isIncoming = this.#book.add(address, nowMs, incoming) && incoming;
    if (!isIncoming || this.#peers.size < PEERS_PER_DOWNLOAD_MAX || this.#phase.at !== 'running') return NO_EFFECTS;
    const spare = this.#places.forIncoming(this.#peers.values(), nowMs);
    return spare === undefined ? NO_EFFECTS : this.#hangUp(spare);
  }

  #onFetch(event: FetchEvent, nowMs: number): readonly DownloadEffect[] {
    const peer = this.#peers.get(event.connection);
    assert(peer !== undefined, 'events come from connections we dialed');
    switch (event.kind) {
      case 'blockReceived':
        this.#reports.received(peer.received(event.length, true, nowMs));
        peer.answered(event.length);
        return this.#onAnswered(peer, event, nowMs);
      case 'blockProgress':
        this.#reports.received(peer.received(event.bytes, false, nowMs));
        this.#interest.look(peer); // its window may have grown
        return NO_EFFECTS;
      case 'blockRejected':
        this.#requests.rejected(peer, event.length, nowMs);
        return this.#onAnswered(peer, event, nowMs);
      case 'connected':
        peer.greeted(event.rttMs, event.runs, nowMs);
        return NO_EFFECTS;
      case 'bitfieldPart':
        return this.#onBitfieldPart(peer, event.offset, event.part, event.last);
      case 'havesReceived':
        return this.#onHaves(peer, event.ranges, nowMs);
      case 'choked':
        peer.choked = true;
        return NO_EFFECTS;
      case 'unchoked':
        peer.choked = false;
        this.#interest.look(peer);
        return NO_EFFECTS;
      case 'disconnected':
        return this.#onDisconnected(peer, event.reason, nowMs);
      default:
        return unreachable(event);
    }
  }

  #onBitfieldPart(peer: Peer, offset: number, part: Uint8Array, last: boolean): readonly DownloadEffect[] {
    if (!peer.bitfieldPart(offset, part, last)) return this.#hangUp(peer);
    if (last) this.#interest.joined(peer);
    return NO_EFFECTS;
  }

  #onHaves(peer: Peer, ranges: readonly PieceRange[], nowMs: number): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    for (const piece of peer.gained(ranges)) {
      this.#interest.offers(peer, piece);
      const claim = this.#pieces.onlyClaimOf(piece);
      if (claim === undefined) continue;
      const source = present(this.#peers.get(claim.connection), 'claims are at peers');
      const holders = this.#interest.availability(piece);
      if (this.#relief.moves(claim, source, peer, holders, nowMs)) effects.push(...this.#asking.cancel(claim));
    }
    return effects;
  }

  #onAnswered(peer: Peer, event: BlockAnswer, nowMs: number): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    const arrived: ArrivedPiece[] = [];
    for (let piece = event.piece; piece < event.piece + piecesIn(event); piece += 1) {
      if (event.kind === 'blockRejected') this.#onRejected(peer, piece);
      effects.push(...this.#onBlockAnswered(peer, piece, arrived, nowMs));
    }
    if (arrived.length > 0) effects.push({ kind: 'store', pieces: arrived });
    return effects;
  }

  #onRejected(peer: Peer, piece: number): void {
    const claim = peer.claims.get(piece);
    if (claim !== undefined) Object.assign(claim, { rejected: true, unasked: 0 });
    // It offered the piece and refuses it: do not ask again before it says so anew.
    if (claim?.cancelled === false) this.#interest.withdraws(peer, piece);
  }

  /** A block of `piece` was received or rejected; the last one decides what becomes of the piece and its slot. */
  #onBlockAnswered(peer: Peer, piece: number, arrived: ArrivedPiece[], nowMs: number): readonly DownloadEffect[] {
    const claim = peer.claims.get(piece);
    assert(claim !== undefined, 'answers belong to claims');
    claim.blocksOpen -= 1;
    if (claim.blocksOpen > 0 || claim.unasked > 0) return NO_EFFECTS;
    peer.claims.delete(piece);
    this.#interest.look(peer);
    const heir = this.#relief.takeHeir(piece);
    if (!claim.rejected) peer.pieceMs = nowMs - claim.sinceMs;
    const length = this.#options.geometry.pieceLength(piece);
    if (!claim.rejected && this.#phase.at === 'running' && this.#pieces.pieceArrived(claim)) {
      this.#sources.set(piece, peer.address);
      arrived.push({ piece, slot: claim.slot });
      return [...this.#pieces.claimsOf(piece)].flatMap((other) => this.#asking.cancel(other));
    }
    if (!claim.rejected) this.#reports.wasted(length);
    this.#asking.end(claim);
    return heir === undefined ? NO_EFFECTS : this.#askHeir(heir, piece, nowMs);
  }

  /** The piece was given up elsewhere for this peer. */
  #askHeir(connection: number, piece: number, nowMs: number): readonly DownloadEffect[] {
    return this.#phase.at === 'running' ? this.#asking.askHeir(connection, piece, nowMs) : NO_EFFECTS;
  }

  #onStored({ piece, slot, outcome }: StoredPiece, nowMs: number): readonly DownloadEffect[] {
    this.#options.slots.give(this.#options.file, slot);
    const source = present(this.#sources.get(piece), 'a piece being stored has a source');
    this.#sources.delete(piece);
    if (outcome.kind === 'stored') {
      this.#pieces.pieceStored(piece);
      this.#reports.pieceStored(piece, this.#interest.isRare(piece), nowMs);
      return NO_EFFECTS;
    }
    if (this.#pieces.pieceFailed(piece)) this.#interest.want(piece);
    if (outcome.kind === 'mismatch') return this.#onWrongBytes(source, piece);
    return this.#drain(outcome);
  }

  /** One piece, one source: the sender is to blame, so it is banned on proof, even if it has hung up or is dialed anew. */
  #onWrongBytes(source: Address, piece: number): readonly DownloadEffect[] {
    this.#reports.wasted(this.#options.geometry.pieceLength(piece));
    this.#book.ban(source);
    const liars = [...this.#peers.values()].filter(({ address }) => sameAddress(address, source));
    return [{ kind: 'banned', address: source, piece }, ...liars.flatMap((peer) => this.#hangUp(peer))];
  }

  #onDisconnected(peer: Peer, reason: HangUpReason, nowMs: number): readonly DownloadEffect[] {
    this.#peers.delete(peer.connection);
    this.#requests.lost(peer, nowMs);
    for (const claim of peer.claims.values()) {
      this.#relief.takeHeir(claim.piece);
      this.#asking.end(claim);
    }
    this.#interest.left(peer);
    // Dialing ourselves, or who does not speak the protocol, again brings the same.
    if (reason === 'self' || reason === 'protocol') this.#book.ban(peer.address);
    this.#book.hungUp(peer.address, peer.receivedBytes > 0, nowMs);
    return NO_EFFECTS;
  }

  #onWake(nowMs: number): readonly DownloadEffect[] {
    const effects = [...this.#reports.due(this.#peers.values(), nowMs)];
    if (this.#phase.at !== 'running') return effects;
    if (this.#shortage.isDue(this.#peers.values(), nowMs)) effects.push({ kind: 'peersNeeded' });
    for (const { claim, heir } of this.#relief.takeSilent(nowMs)) {
      if (!this.#pieces.claimForsaken(claim)) continue;
      this.#interest.want(claim.piece);
      effects.push(...this.#askHeir(heir, claim.piece, nowMs));
    }
    this.#interest.lookAtAll();
    const mayLearn = this.#peers.size >= PEERS_PER_DOWNLOAD_MAX && this.#interest.wantedCount > 0;
    if (mayLearn && this.#book.hasDialable(nowMs))
      effects.push(...this.#places.toGive([...this.#peers.values()], nowMs).flatMap((peer) => this.#hangUp(peer)));
    const { slots, file } = this.#options;
    const loser = slots.mayTake(file) ? undefined : this.#patience.loser(this.#peers.values(), nowMs);
    return loser === undefined ? effects : [...effects, ...this.#hangUp(loser)];
  }

  #advance(nowMs: number): readonly (DownloadEffect | WakeAt)[] {
    const effects: (DownloadEffect | WakeAt)[] = [];
    if (this.#phase.at === 'running') {
      if (this.#options.have.isComplete) effects.push(...this.#finish());
      else this.#dialAndAsk(effects, nowMs);
    }
    if (this.#phase.at === 'draining' && this.#peers.size === 0 && this.#pieces.storingCount === 0) {
      effects.push(...this.#end(this.#phase.ending));
    } else this.#scheduleWake(effects, nowMs);
    return effects;
  }

  #dialAndAsk(effects: (DownloadEffect | WakeAt)[], nowMs: number): void {
    while (this.#book.hasDialable(nowMs) && this.#breadth.mayDial(this.#peers, nowMs)) {
      const address = this.#book.takeDialable(nowMs);
      if (address === undefined) break;
      const connection = this.#options.nextConnection();
      this.#peers.set(connection, new Peer(connection, address, this.#options.geometry.pieceCount, nowMs));
      effects.push({ kind: 'dial', connection, address });
    }
    effects.push(...this.#requests.goOn(nowMs));
    this.#asking.askAll(effects, nowMs);
    this.#requests.endRound();
  }

  #finish(): readonly DownloadEffect[] {
    this.#phase = { at: 'finishing' };
    return [...this.#reports.tellHaves(), ...this.#hangUpAll(), { kind: 'finish' }];
  }

  #drain(ending: Ending): readonly DownloadEffect[] {
    // The first reason to end is the one that is told.
    if (this.#phase.at === 'draining') return NO_EFFECTS;
    this.#phase = { at: 'draining', ending };
    return this.#hangUpAll();
  }

  #end(ending: Ending): readonly DownloadEffect[] {
    this.#phase = { at: 'ended' };
    assert(this.#options.slots.heldBy(this.#options.file) === 0, 'an ended download holds no slot');
    this.#options.slots.leave(this.#options.file);
    const flush: readonly DownloadEffect[] =
      ending.kind === 'completed' ? [] : [...this.#reports.tellHaves(), { kind: 'saveResume' }];
    return [...flush, { kind: 'ended', ending }];
  }

  #hangUpAll(): readonly DownloadEffect[] {
    this.#requests.close();
    return [...this.#peers.values()].flatMap((peer) => this.#hangUp(peer));
  }

  #hangUp(peer: Peer): readonly DownloadEffect[] {
    if (peer.hangingUp) return NO_EFFECTS;
    peer.hangingUp = true;
    return [{ kind: 'hangUp', connection: peer.connection }];
  }

  #scheduleWake(effects: (DownloadEffect | WakeAt)[], nowMs: number): void {
    const dialMs = this.#breadth.mayDial(this.#peers, nowMs) ? this.#book.nextDialMs() : undefined;
    const readyMs = this.#requests.readyMs(nowMs) ?? Number.POSITIVE_INFINITY;
    const due = Math.min(nowMs + LOOK_MS, this.#reports.havesDueMs, dialMs ?? Number.POSITIVE_INFINITY, readyMs);
    if (this.#wakeMs <= Math.max(due, nowMs + 1)) return;
    this.#wakeMs = Math.max(due, nowMs + 1);
    effects.push({ kind: 'wakeAt', atMs: this.#wakeMs });
  }
}
