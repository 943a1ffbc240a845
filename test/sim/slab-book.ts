// The simulator's own book of one client's slab: who may write into which slot, and what lies there. It judges the download
// machine from outside: a slot that is lent twice, or read while somebody may still write to it, is a violation.

import type { DownloadEffect } from '../../src/download/effects.js';

type Request = Extract<DownloadEffect, { kind: 'request' }>;

interface Slot {
  readonly piece: number;
  readonly connection: number;
  /** asked: its connection may write. arrived: nobody does. storing: the hash pool reads. */
  at: 'asked' | 'arrived' | 'storing';
  readonly pieceLength: number;
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

  asked({ slot, piece, connection, begin, length }: Request, pieceLength: number): void {
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
    const asked = { askedTo: length, open: 1, rejected: false, cancelled: false };
    this.#slots.set(slot, { piece, connection, at: 'asked', pieceLength, ...asked });
    this.#content.delete(slot);
  }

  cancelled({ piece, connection }: Extract<DownloadEffect, { kind: 'cancel' }>): void {
    for (const slot of this.#slots.values()) {
      if (slot.connection === connection && slot.piece === piece) slot.cancelled = true;
    }
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

  /** A block of it. */
  answered(slot: number, received: boolean): void {
    const known = this.#slots.get(slot);
    if (known?.at !== 'asked' || known.open === 0) throw new Violation(`slot ${slot} is answered and was not asked`);
    known.open -= 1;
    known.rejected ||= !received;
    if (known.open > 0) return;
    if (known.rejected) this.#slots.delete(slot);
    else if (known.askedTo === known.pieceLength) known.at = 'arrived';
    else if (known.cancelled) this.#slots.delete(slot);
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
