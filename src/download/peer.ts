// One connected peer as a download sees it: what it has, how fast it is, what it was asked for. Pure bookkeeping; whether
// and what to ask is decided by the machine.

import { assert } from '../base/assert.js';
import { PIECE_SIZE } from '../base/limits.js';
import type { Address } from '../torrent/address.js';
import { Bitfield, type PieceRange } from '../torrent/bitfield.js';
import type { Claim } from './pieces.js';
import { Window } from './window.js';

export type PeerPhase = 'dialing' | 'greeted' | 'ready';

export class Peer {
  readonly connection: number;
  readonly address: Address;
  readonly offered: Bitfield;
  readonly claims = new Map<number, Claim>();
  phase: PeerPhase = 'dialing';
  choked = true;
  hangingUp = false;
  /** Had every piece when it connected, so the picker does not count it. */
  countsAsSeeder = false;
  /** Wanted pieces that it offers: 0 means there is nothing to ask for. */
  useful = 0;
  receivedBytes = 0;
  /** Milliseconds from asking for its latest whole piece to having it; undefined before the first. */
  pieceMs: number | undefined;
  window: Window;

  constructor(connection: number, address: Address, pieceCount: number, nowMs: number) {
    this.connection = connection;
    this.address = address;
    this.offered = new Bitfield(pieceCount);
    this.window = new Window(0, nowMs);
  }

  get mayBeAsked(): boolean {
    return this.phase === 'ready' && !this.choked && !this.hangingUp;
  }

  hasRoom(nowMs: number): boolean {
    return this.claims.size < this.window.pieces(nowMs);
  }

  greeted(rttMs: number, nowMs: number): void {
    assert(this.phase === 'dialing', 'a peer says hello once');
    this.phase = 'greeted';
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

  /** Milliseconds until what it was asked for, and `more` pieces, would be here at its present rate. */
  expectedMs(more: number, nowMs: number): number {
    const rate = this.window.rate(nowMs);
    return rate <= 0 ? Number.POSITIVE_INFINITY : ((this.claims.size + more) * PIECE_SIZE) / rate;
  }
}
