// The simulator's own book of one client's slab: who may write into which slot, and what lies there. It judges the
// download machine from outside: a slot that is lent twice, or read while somebody may still write to it, is a
// violation.

import { piecesIn } from '../../src/foundation/torrent/block.js';
import type { Geometry } from '../../src/foundation/torrent/geometry.js';
import type { DownloadEffect } from '../../src/transfer/download/effects.js';
import { ENDGAME_REQUESTS_MAX } from '../../src/transfer/download/limits.js';
import type { FetchEvent } from '../../src/transfer/peer/messages.js';

type Request = Extract<DownloadEffect, { kind: 'request' }>;
type Answer = Extract<FetchEvent, { kind: 'blockReceived' | 'blockRejected' }>;

/** What one slot is lent for. */
interface Lent {
  readonly slot: number;
  readonly piece: number;
  readonly connection: number;
  readonly begin: number;
  readonly length: number;
  readonly pieceLength: number;
  readonly inRun: boolean;
}

interface Slot {
  readonly piece: number;
  readonly connection: number;
  /** asked: its connection may write. arrived: nobody does. storing: the hash pool reads. */
  at: 'asked' | 'arrived' | 'storing';
  readonly pieceLength: number;
  /** Asked for in one request with other pieces: it may be given up without a word, while those are wanted. */
  readonly inRun: boolean;
  /** Bytes asked for so far, in blocks from the piece's begin; blocks of them without an answer. */
  askedTo: number;
  open: number;
  rejected: boolean;
  /** Its connection was told that it need not send any more, and may still do so. */
  cancelled: boolean;
}

/** What lies in a slot: a piece's right bytes, wrong ones, or bytes of different pieces. */
export type Content = { readonly piece: number; readonly right: boolean };

export class Violation extends Error {
  override readonly name = 'Violation';
}

export class SlabBook {
  readonly #slots = new Map<number, Slot>();
  readonly #content = new Map<number, Content>();
  readonly #half = new Set<number>();

  asked({ slots, piece, connection, begin, length }: Request, geometry: Geometry): void {
    const inRun = slots.length > 1;
    for (const [at, slot] of slots.entries()) {
      const pieceLength = geometry.pieceLength(piece + at);
      this.#asked({
        slot,
        piece: piece + at,
        connection,
        begin,
        length: inRun ? pieceLength : length,
        pieceLength,
        inRun,
      });
    }
  }

  #asked({ slot, piece, connection, begin, length, pieceLength, inRun }: Lent): void {
    const before = this.#slots.get(slot);
    if (begin > 0) {
      const goesOn = before?.at === 'asked' && before.piece === piece && before.connection === connection;
      if (!goesOn || begin !== before.askedTo || before.cancelled || before.rejected)
        throw new Violation(`block ${begin} of piece ${piece} does not go on with what was asked for slot ${slot}`);
      before.askedTo += length;
      before.open += 1;
      return;
    }
    // One that was asked for in part, and whose blocks have all been answered, may be given up without a word.
    if (before !== undefined && (before.open > 0 || before.at === 'storing'))
      throw new Violation(`slot ${slot} is lent for piece ${piece} while it is ${before.at} for ${before.piece}`);
    for (const [lent, other] of this.#slots) {
      if (other.at !== 'asked' || other.connection !== connection || other.piece !== piece) continue;
      if (other.open > 0) throw new Violation(`piece ${piece} is asked of connection ${connection} twice`);
      // Given up in this way, and asked for anew after the bytes that made it needless were wrong.
      this.#slots.delete(lent);
    }
    if (this.askedFor(piece) >= ENDGAME_REQUESTS_MAX) this.#giveUpOldest(piece);
    const asked = { askedTo: length, open: 1, rejected: false, cancelled: false };
    this.#slots.set(slot, { piece, connection, at: 'asked', pieceLength, inRun, ...asked });
    this.#content.delete(slot);
  }

  cancelled(block: Extract<DownloadEffect, { kind: 'cancel' }>): void {
    const end = block.piece + piecesIn(block);
    for (const slot of this.#slots.values()) {
      const isWithin = slot.piece >= block.piece && slot.piece < end;
      if (slot.connection === block.connection && isWithin) slot.cancelled = true;
    }
  }

  /**
   * Another is asked in the place of one that may be given up without a word: one of a run, or one whose rest waits for
   * the limit.
   */
  #giveUpOldest(piece: number): void {
    for (const slot of this.#slots.values()) {
      if (slot.at !== 'asked' || slot.piece !== piece || slot.cancelled || !(slot.inRun || slot.open === 0)) continue;
      slot.cancelled = true;
      return;
    }
    throw new Violation(`piece ${piece} is asked of more than ${ENDGAME_REQUESTS_MAX}`);
  }

  /** Bytes come in for `slot`, over this connection. */
  writes(slot: number, connection: number, content: Content | undefined): void {
    const known = this.#slots.get(slot);
    if (known?.at !== 'asked' || known.connection !== connection)
      throw new Violation(`connection ${connection} writes to slot ${slot}, which is not lent to it`);
    if (content === undefined) this.#half.add(slot);
    else {
      this.#half.delete(slot);
      this.#content.set(slot, { ...content, right: content.right && this.#content.get(slot)?.right !== false });
    }
  }

  answered(block: Answer, received: boolean): void {
    for (let piece = block.piece; piece < block.piece + piecesIn(block); piece += 1)
      this.#answered(piece, block.connection, received);
  }

  /** A block of it. */
  #answered(piece: number, connection: number, received: boolean): void {
    const [slot, known] = this.#lentFor(piece, connection);
    if (known.open === 0) throw new Violation(`slot ${slot} is answered and was not asked`);
    known.open -= 1;
    known.rejected ||= !received;
    if (known.open > 0) return;
    if (known.rejected) this.#slots.delete(slot);
    else if (known.askedTo === known.pieceLength) known.at = 'arrived';
    else if (known.cancelled) this.#slots.delete(slot);
  }

  #lentFor(piece: number, connection: number): [number, Slot] {
    for (const [slot, known] of this.#slots)
      if (known.at === 'asked' && known.piece === piece && known.connection === connection) return [slot, known];
    throw new Violation(`connection ${connection} answers for piece ${piece}, of which it was not asked`);
  }

  disconnected(connection: number): void {
    for (const [slot, known] of this.#slots) {
      if (known.at === 'asked' && known.connection === connection) this.#slots.delete(slot);
    }
  }

  isLentTo(connection: number): boolean {
    return [...this.#slots.values()].some((slot) => slot.open > 0 && slot.connection === connection);
  }

  storing(slot: number, piece: number): void {
    const known = this.#slots.get(slot);
    if (known?.at !== 'arrived' || known.piece !== piece)
      throw new Violation(`slot ${slot} is stored as piece ${piece}, which did not arrive there`);
    known.at = 'storing';
    // From whoever else it was asked it need not come; alone it would be withdrawn.
    for (const other of this.#slots.values()) if (other.piece === piece && other.inRun) other.cancelled = true;
  }

  /** What the hash pool finds in the slot. */
  read(slot: number): Content | undefined {
    // Half-written: whoever reads it now reads rubbish.
    return this.#half.has(slot) ? undefined : this.#content.get(slot);
  }

  stored(slot: number): void {
    this.#slots.delete(slot);
  }

  /** Of how many connections this piece is wanted. */
  askedFor(piece: number): number {
    let count = 0;
    for (const slot of this.#slots.values()) {
      if (slot.at === 'asked' && slot.piece === piece && !slot.cancelled) count += 1;
    }
    return count;
  }

  isBeingStored(piece: number): boolean {
    for (const slot of this.#slots.values()) if (slot.at === 'storing' && slot.piece === piece) return true;
    return false;
  }

  get lentCount(): number {
    let count = 0;
    for (const slot of this.#slots.values()) if (slot.at !== 'arrived') count += 1;
    return count;
  }
}
