// The simulator's own book of one client's slab: who may write into which slot, and what lies there. It judges the download
// machine from outside: a slot that is lent twice, or read while somebody may still write to it, is a violation.

import type { DownloadEffect } from '../../src/download/effects.js';

type Request = Extract<DownloadEffect, { kind: 'request' }>;

interface Slot {
  readonly piece: number;
  readonly connection: number;
  /** asked: its connection may write. arrived: nobody does. storing: the hash pool reads. */
  at: 'asked' | 'arrived' | 'storing';
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

  asked({ slot, piece, connection }: Request): void {
    const before = this.#slots.get(slot);
    if (before !== undefined && before.at !== 'arrived')
      throw new Violation(`slot ${slot} is lent for piece ${piece} while it is ${before.at} for ${before.piece}`);
    for (const other of this.#slots.values()) {
      if (other.at === 'asked' && other.connection === connection && other.piece === piece)
        throw new Violation(`piece ${piece} is asked of connection ${connection} twice`);
    }
    this.#slots.set(slot, { piece, connection, at: 'asked', cancelled: false });
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
    // Half-written: whoever reads it now reads rubbish.
    this.#content.set(slot, content ?? { piece: -1, right: false });
  }

  answered(slot: number, received: boolean): void {
    const known = this.#slots.get(slot);
    if (known?.at !== 'asked') throw new Violation(`slot ${slot} is answered and was not asked`);
    if (received) known.at = 'arrived';
    else this.#slots.delete(slot);
  }

  disconnected(connection: number): void {
    for (const [slot, known] of this.#slots) {
      if (known.at === 'asked' && known.connection === connection) this.#slots.delete(slot);
    }
  }

  isLentTo(connection: number): boolean {
    return [...this.#slots.values()].some((slot) => slot.at === 'asked' && slot.connection === connection);
  }

  storing(slot: number, piece: number): void {
    const known = this.#slots.get(slot);
    if (known?.at !== 'arrived' || known.piece !== piece)
      throw new Violation(`slot ${slot} is stored as piece ${piece}, which did not arrive there`);
    known.at = 'storing';
  }

  /** What the hash pool finds in the slot. */
  read(slot: number): Content | undefined {
    return this.#content.get(slot);
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
