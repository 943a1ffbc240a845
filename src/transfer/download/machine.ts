// The download of one file: its phases from running to ended, and which part handles what happens: connections.ts who
// is connected, scheduler.ts who is asked for what, verification.ts when a piece is ours. Invariant: it ends only when
// every slot is back and every connection has ended. Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../../foundation/actor/machine.js';
import { assert } from '../../foundation/base/assert.js';
import type { Prng } from '../../foundation/base/prng.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import { Layout } from '../../foundation/torrent/layout.js';
import type { FetchEvent } from '../peer/messages.js';
import type { Totals } from '../storage/part/totals.js';
import { chartOf } from './chart.js';
import type { DownloadEffect, DownloadInput, DownloadPhase, Ending, StoredPiece } from './effects.js';
import type { Chart, ConnectedPeer } from './messages.js';
import type { SilentAddress } from './peers/address-book.js';
import { Connections } from './peers/connections.js';
import { Reports } from './reports.js';
import { InPlace } from './requests/in-place.js';
import { Interest } from './requests/interest.js';
import { LocalReads } from './requests/local-reads.js';
import type { OwnPieces } from './requests/own-pieces.js';
import { Pacer } from './requests/pacer.js';
import { Reading } from './requests/reading.js';
import { RequestTable } from './requests/request-table.js';
import { RequestScheduler } from './requests/scheduler.js';
import type { SlotPool } from './requests/slots.js';
import { Verification } from './verification.js';

export interface DownloadOptions {
  readonly file: number;
  readonly geometry: Geometry;
  readonly pieces: OwnPieces;
  readonly slots: SlotPool;
  /** Absent: one file. */
  readonly layout?: Layout;
  readonly prng: Prng;
  /** A number no other connection of this process has. */
  readonly nextConnection: () => number;
  /** The client's download limit, which all downloads share. Absent: there is none. */
  readonly pacer?: Pacer;
}

const LOOK_MS = 250;

export class DownloadMachine implements Machine<DownloadInput | Wake, DownloadEffect | WakeAt> {
  readonly #pieces: OwnPieces;
  readonly #pacer: Pacer;
  readonly #table: RequestTable;
  readonly #connections: Connections;
  readonly #interest: Interest;
  readonly #reading: Reading;
  readonly #scheduler: RequestScheduler;
  readonly #verification: Verification;
  readonly #reports: Reports;
  readonly #local: LocalReads;
  readonly #inPlace: InPlace;
  #phase: DownloadPhase = { at: 'running' };
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(options: DownloadOptions) {
    const { pieces, prng, pacer = new Pacer() } = options;
    this.#pieces = pieces;
    this.#pacer = pacer;
    const table = new RequestTable(options);
    const layout = options.layout ?? new Layout(options.geometry.size);
    const reports = new Reports(pieces, layout);
    const connections = new Connections({ ...options, settled: pieces.settled, table });
    const interest = new Interest(pieces.settled, prng, connections.peers);
    const reading = new Reading(pieces);
    const local = new LocalReads({ geometry: options.geometry, layout, table, interest });
    this.#inPlace = new InPlace({ pieceCount: options.geometry.pieceCount, table, interest, local });
    const parts = { ...options, pacer, table, reports, interest, reading, connections, local };
    this.#scheduler = new RequestScheduler({ ...parts, peers: connections.peers });
    this.#verification = new Verification(parts);
    this.#reading = reading;
    this.#table = table;
    this.#reports = reports;
    this.#connections = connections;
    this.#interest = interest;
    this.#local = local;
  }

  receive(input: DownloadInput | Wake, nowMs: number): readonly (DownloadEffect | WakeAt)[] {
    if (this.#phase.at === 'ended') return NO_EFFECTS;
    const happened = this.#apply(input, nowMs);
    // What to do next is decided in one place, whatever happened.
    const next = this.#advance(nowMs);
    return next.length === 0 ? happened : [...happened, ...next];
  }

  /** Pieces that the hash pool has. */
  get storingCount(): number {
    return this.#table.storingCount;
  }

  /** Addresses that do not answer, or whose bytes do not come. */
  silent(): readonly SilentAddress[] {
    return this.#connections.silent();
  }

  /** Since it was opened. */
  get totals(): Totals {
    return { ...this.#reports.totals, reused: this.#local.reused };
  }

  /** Every connected peer. */
  describe(nowMs: number): readonly ConnectedPeer[] {
    return this.#connections.describe(nowMs);
  }

  chart(nowMs: number): Chart {
    return chartOf(this.#pieces.done, this.#table, this.#connections.greeted(), nowMs);
  }

  #apply(input: DownloadInput | Wake, nowMs: number): readonly DownloadEffect[] {
    switch (input.kind) {
      case 'stored':
        return [...input.pieces.flatMap((stored) => this.#onStored(stored, nowMs)), ...this.#reading.due()];
      case 'peersFound':
        return this.#connections.found(input.peers, input.incoming, nowMs, this.#phase.at === 'running');
      case 'wake':
        this.#wakeMs = Number.POSITIVE_INFINITY;
        return this.#onWake(nowMs);
      case 'stop':
        // A file that is being renamed may finish: it takes milliseconds, and there is no half-way.
        return this.#phase.at === 'finishing' ? NO_EFFECTS : this.#drain({ kind: 'stopped' });
      case 'finished':
        this.#reports.settle();
        return this.#drain({ kind: 'completed', ...this.#reports.totals });
      case 'finishFailed':
        return this.#drain({ ...input, kind: 'failed' });
      case 'read':
        return this.#reading.read(input.piece);
      case 'limitChanged':
        return this.#scheduler.limitChanged();
      case 'sourcesFound':
        // First, so that what may lie there already is not read as well.
        if (input.placed !== undefined) this.#inPlace.placed(input.placed);
        this.#local.found(input.plan, input.firstGroup);
        return NO_EFFECTS;
      case 'looked':
        for (const piece of this.#inPlace.answered(input.first, input.areRight, nowMs))
          this.#verification.found(piece, nowMs);
        return this.#reading.due();
      case 'filled':
        return this.#scheduler.filled(input.fills, nowMs);
      default:
        return this.#onFetch(input, nowMs);
    }
  }

  #onFetch(event: FetchEvent, nowMs: number): readonly DownloadEffect[] {
    const peer = this.#connections.peers.get(event.connection);
    assert(peer !== undefined, 'events come from connections we dialed');
    switch (event.kind) {
      case 'blockReceived':
        this.#reports.received(peer.received(event.length, true, nowMs));
        return this.#scheduler.received(peer, event, nowMs);
      case 'blockProgress':
        this.#reports.received(peer.received(event.bytes, false, nowMs));
        this.#interest.reconsider(peer); // its window may have grown
        return this.#widen(nowMs);
      case 'blockRejected':
        return this.#scheduler.rejected(peer, event, nowMs);
      case 'connected':
        peer.greeted(event, nowMs);
        return NO_EFFECTS;
      case 'bitfieldPart':
        if (!peer.bitfieldPart(event.offset, event.part, event.last)) return this.#connections.hangUp(peer);
        if (event.last) this.#interest.bitfieldArrived(peer);
        return event.last ? this.#widen(nowMs) : NO_EFFECTS;
      case 'havesReceived':
        return this.#scheduler.offered(peer, event.ranges, nowMs);
      case 'choked':
        peer.choked = true;
        return NO_EFFECTS;
      case 'unchoked':
        peer.choked = false;
        this.#interest.reconsider(peer);
        return NO_EFFECTS;
      case 'disconnected': {
        const told = this.#connections.ended(peer, event.reason, nowMs);
        this.#scheduler.left(peer, nowMs);
        return told;
      }
    }
  }

  #widen(nowMs: number): readonly DownloadEffect[] {
    if (this.#phase.at !== 'running') return NO_EFFECTS;
    return this.#connections.widen(this.#interest.wantedCount, this.#pacer.isLimited, nowMs);
  }

  #onStored(stored: StoredPiece, nowMs: number): readonly DownloadEffect[] {
    const effects = this.#verification.stored(stored, nowMs);
    return stored.outcome.kind === 'failed' ? [...effects, ...this.#drain(stored.outcome)] : effects;
  }

  #onWake(nowMs: number): readonly DownloadEffect[] {
    const effects = [...this.#reports.due(this.#connections.peers.values(), nowMs, this.#local.reused)];
    if (this.#phase.at !== 'running') return effects;
    this.#local.look(nowMs);
    this.#inPlace.look(nowMs);
    effects.push(...this.#connections.askForMore(nowMs), ...this.#scheduler.moveOn(nowMs));
    effects.push(...this.#widen(nowMs));
    this.#interest.reconsiderAll();
    effects.push(...this.#connections.evict(this.#interest.wantedCount > 0, nowMs));
    if (this.#table.room === 0) effects.push(...this.#connections.evictForSlot(nowMs));
    return effects;
  }

  #advance(nowMs: number): readonly (DownloadEffect | WakeAt)[] {
    const effects: (DownloadEffect | WakeAt)[] = [];
    if (this.#phase.at === 'running') {
      const asks = (): readonly DownloadEffect[] => [
        ...this.#inPlace.lookOn(nowMs),
        ...this.#connections.dial(nowMs),
        ...this.#scheduler.askAll(nowMs),
      ];
      // A look may write zeros, and what has its name is not written to any more.
      const isDone = this.#pieces.settled.isComplete && this.#inPlace.lookCount === 0;
      effects.push(...(isDone ? this.#finish() : asks()));
    }
    const { storingCount, fillingCount } = this.#table;
    const isBusy = storingCount > 0 || fillingCount > 0 || this.#inPlace.lookCount > 0;
    const isIdle = this.#connections.peers.size === 0 && !isBusy;
    if (this.#phase.at === 'draining' && isIdle) effects.push(...this.#end(this.#phase.ending));
    else this.#scheduleWake(effects, nowMs);
    return effects;
  }

  #finish(): readonly DownloadEffect[] {
    this.#phase = { at: 'finishing' };
    this.#reports.settle();
    const { received, wasted } = this.#reports.totals;
    return [
      ...this.#reports.tellHaves(),
      ...this.#hangUpAll(),
      ...this.#local.totals(received - wasted),
      { kind: 'finish' },
    ];
  }

  #drain(ending: Ending): readonly DownloadEffect[] {
    // The first reason to end is the one that is reported.
    if (this.#phase.at === 'draining') return NO_EFFECTS;
    this.#phase = { at: 'draining', ending };
    return this.#hangUpAll();
  }

  #hangUpAll(): readonly DownloadEffect[] {
    this.#scheduler.close();
    this.#inPlace.close();
    return this.#connections.hangUpAll();
  }

  #end(ending: Ending): readonly DownloadEffect[] {
    this.#phase = { at: 'ended' };
    this.#table.close();
    const flush: readonly DownloadEffect[] =
      ending.kind === 'completed' ? [] : [...this.#reports.tellHaves(), { kind: 'saveResume' }];
    return [...flush, { kind: 'ended', ending }];
  }

  #scheduleWake(effects: (DownloadEffect | WakeAt)[], nowMs: number): void {
    const dialMs = this.#connections.nextDialMs(nowMs) ?? Number.POSITIVE_INFINITY;
    const readyMs = this.#scheduler.readyMs(nowMs) ?? Number.POSITIVE_INFINITY;
    const dueMs = Math.max(nowMs + 1, Math.min(nowMs + LOOK_MS, this.#reports.havesDueMs, dialMs, readyMs));
    if (this.#wakeMs <= dueMs) return;
    this.#wakeMs = dueMs;
    effects.push({ kind: 'wakeAt', atMs: dueMs });
  }
}
