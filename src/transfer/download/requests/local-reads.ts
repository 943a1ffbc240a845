// Which pieces are read from files of this machine: a source that is never choked. Whole pieces are kept from peers
// while the reader is ahead; of others peers are asked for what is missing. Invariant: a source that changed, cannot be
// read or had wrong bytes is not used again. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { present } from '../../../foundation/base/assert.js';
import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';
import type { Layout } from '../../../foundation/torrent/layout.js';
import { type Coverable, coverOf, type PieceCover } from '../../storage/reuse/cover.js';
import type { ReusePlan, ReuseRun } from '../../storage/reuse/plan.js';
import type { DownloadEffect, PieceFill } from '../effects.js';
import { LOCAL_PATIENCE_MS, LOCAL_PIECES_MAX } from '../limits.js';
import type { Interest } from './interest.js';
import type { RequestTable } from './request-table.js';

export interface LocalReadsOptions {
  readonly geometry: Geometry;
  readonly layout: Layout;
  readonly table: RequestTable;
  readonly interest: Interest;
}

/** Pieces of one task: as many as one task of the hash pool stores. */
const BATCH = 4;

export class LocalReads {
  readonly #options: LocalReadsOptions;
  #coverable: Coverable | undefined;
  /** Whole pieces that wait to be read, and that no peer is asked for. */
  #reserved: Bitfield | undefined;
  /** Before it nothing is reserved. */
  #next = 0;
  readonly #dropped = new Set<number>();
  /** Whole pieces that are being read, or stored after that. */
  readonly #busy = new Set<number>();
  /** What of a piece that is being read, or stored after that, comes from here. */
  readonly #covers = new Map<number, PieceCover>();
  #patienceMs = LOCAL_PATIENCE_MS;
  /** When the disk is given up for now; infinite while nothing is read. */
  #impatientMs = Number.POSITIVE_INFINITY;
  #isStalled = false;
  #isClosed = false;
  #firstGroup = 0;
  #reusedBytes = 0;
  readonly #groups = new Map<number, number>();

  constructor(options: LocalReadsOptions) {
    this.#options = options;
  }

  /** Bytes that came from here. */
  get reused(): number {
    return this.#reusedBytes;
  }

  /** Nothing when there was no plan. @param fetched bytes from peers that were needed. */
  totals(fetched: number): readonly DownloadEffect[] {
    if (this.#coverable === undefined) return NO_EFFECTS;
    return [{ kind: 'reused', fetched, bytes: this.#reusedBytes, groups: this.#groups }];
  }

  /** @param firstGroup added to the groups of the plan. */
  found(plan: ReusePlan, firstGroup: number): void {
    if (this.#isClosed) return;
    this.#firstGroup = firstGroup;
    this.#release();
    this.#coverable = { plan, geometry: this.#options.geometry, layout: this.#options.layout };
    this.#dropped.clear();
    this.#reserve();
  }

  /** A piece that is kept from peers is not where it was expected: it is read here if it can be, or else fetched. */
  take(piece: number): void {
    if (this.#reserved === undefined || this.coverOf(piece)?.holes.length !== 0) {
      this.#options.interest.want(piece);
      return;
    }
    this.#reserved.set(piece);
    this.#next = Math.min(this.#next, piece);
  }

  /** These bytes of a piece lie in the `.part` already, since it began as a clone of their source. */
  lies(piece: number): void {
    const { plan, geometry } = this.#coverable ?? {};
    if (plan === undefined || geometry === undefined) return;
    const begin = geometry.pieceOffset(piece);
    this.#count(plan.within(begin, begin + geometry.pieceLength(piece)));
  }

  close(): void {
    this.#isClosed = true;
  }

  /** What peers need not be asked for; undefined: the piece is fetched whole. */
  coverOf(piece: number): PieceCover | undefined {
    if (this.#coverable === undefined || this.#isClosed || this.#isStalled) return undefined;
    return coverOf(this.#coverable, piece, (source) => !this.#dropped.has(source));
  }

  /** Of pieces that lie side by side, those around `piece` that are fetched whole. */
  fetchedAround(piece: number, run: readonly number[]): readonly number[] {
    if (this.#coverable === undefined) return run;
    const isFetched = (other: number): boolean => other === piece || this.coverOf(other) === undefined;
    const at = run.indexOf(piece);
    let [first, last] = [at, at];
    while (first > 0 && isFetched(run[first - 1] as number)) first -= 1;
    while (last < run.length - 1 && isFetched(run[last + 1] as number)) last += 1;
    return run.slice(first, last + 1);
  }

  /** A request to a peer has begun of which this is read here. */
  begun(piece: number, slot: number, cover: PieceCover, nowMs: number): DownloadEffect {
    return { kind: 'fill', fills: [this.#fill(piece, slot, cover, nowMs)] };
  }

  /** Reads on. */
  askAll(nowMs: number): readonly DownloadEffect[] {
    if (this.#reserved === undefined || this.#isClosed || this.#isStalled) return NO_EFFECTS;
    const effects: DownloadEffect[] = [];
    for (let fills = this.#nextFills(nowMs); fills.length > 0; fills = this.#nextFills(nowMs))
      effects.push({ kind: 'fill', fills });
    return effects;
  }

  /** The disk has answered. @param bad the source that has changed or cannot be read. */
  answered(bad: number | undefined, nowMs: number): void {
    if (bad !== undefined) this.#dropped.add(bad);
    const { fillingCount } = this.#options.table;
    this.#impatientMs = fillingCount === 0 ? Number.POSITIVE_INFINITY : nowMs + this.#patienceMs;
    if (!this.#isStalled || fillingCount > 0) return;
    this.#isStalled = false;
    this.#reserve();
  }

  /** A request for it has ended without its bytes. */
  ended(piece: number): void {
    this.#busy.delete(piece);
  }

  /** @param isOurs bytes from here are in it. */
  stored(piece: number, isOurs: boolean): void {
    const cover = this.#covers.get(piece);
    this.#covers.delete(piece);
    this.#busy.delete(piece);
    if (isOurs && cover !== undefined) this.#count(cover.parts);
  }

  #count(parts: readonly ReuseRun[]): void {
    for (const { source, length } of parts) {
      this.#reusedBytes += length;
      const group = this.#firstGroup + (this.#coverable?.plan.groupOf(source) ?? 0);
      this.#groups.set(group, (this.#groups.get(group) ?? 0) + length);
    }
  }

  /** A piece with bytes from here could not be stored. @param isWrong it has not its digest. */
  refused(piece: number, isWrong: boolean): void {
    if (isWrong) for (const { source } of this.#covers.get(piece)?.parts ?? []) this.#dropped.add(source);
    this.#covers.delete(piece);
    this.#busy.delete(piece);
  }

  /** Time has passed: peers are asked for what a disk does not give. */
  look(nowMs: number): void {
    if (this.#isStalled || nowMs < this.#impatientMs) return;
    this.#isStalled = true;
    this.#patienceMs *= 2;
    this.#release();
  }

  #nextFills(nowMs: number): readonly PieceFill[] {
    const { table } = this.#options;
    const fills: PieceFill[] = [];
    // The last slot is for peers.
    while (fills.length < BATCH && this.#busy.size < LOCAL_PIECES_MAX && table.room > 1) {
      const next = this.#takeWhole();
      if (next === undefined) break;
      const request = present(table.read(next.piece, nowMs), 'there is room for a slot');
      this.#busy.add(next.piece);
      fills.push(this.#fill(next.piece, request.slot, next.cover, nowMs));
    }
    return fills;
  }

  #fill(piece: number, slot: number, cover: PieceCover, nowMs: number): PieceFill {
    this.#covers.set(piece, cover);
    if (this.#impatientMs === Number.POSITIVE_INFINITY) this.#impatientMs = nowMs + this.#patienceMs;
    return { piece, slot, parts: cover.parts, zeros: cover.zeros };
  }

  /** The next reserved piece. Those that are whole no more, since a source was dropped, are for peers. */
  #takeWhole(): { readonly piece: number; readonly cover: PieceCover } | undefined {
    const reserved = this.#reserved;
    if (reserved === undefined) return undefined;
    for (; reserved.count > 0 && this.#next < reserved.pieceCount; this.#next += 1) {
      const piece = this.#next;
      if (!reserved.clear(piece)) continue;
      const cover = this.coverOf(piece);
      if (cover !== undefined && cover.holes.length === 0) return { piece, cover };
      this.#options.interest.want(piece);
    }
    return undefined;
  }

  /** Takes whole pieces that nobody is asked for out of the picker's hands. */
  #reserve(): void {
    const { geometry, interest } = this.#options;
    const { plan } = this.#coverable ?? {};
    if (plan === undefined) return;
    const reserved = new Bitfield(geometry.pieceCount);
    let next = 0;
    for (let at = 0; at < plan.runCount; at += 1) {
      const { begin, length } = plan.runAt(at);
      const end = Math.ceil((begin + length) / PIECE_SIZE);
      for (next = Math.max(next, Math.floor(begin / PIECE_SIZE)); next < end; next += 1) {
        if (!interest.wants(next) || this.coverOf(next)?.holes.length !== 0) continue;
        interest.unwant(next);
        reserved.set(next);
      }
    }
    this.#reserved = reserved;
    this.#next = 0;
  }

  #release(): void {
    for (const [begin, count] of this.#reserved?.ranges() ?? [])
      for (let piece = begin; piece < begin + count; piece += 1) this.#options.interest.want(piece);
    this.#reserved = undefined;
  }
}
