// A file of the client piece by piece: what is here, what each peer has, who was asked for what, and how rare each part
// is among the connected peers. Pure.

import type { ClientEvent } from '../../client/messages.js';
import { type PeerView, peerView } from './views.js';

/** A peer that we fetch from. */
export interface MapPeer extends PeerView {
  /** A bit a cell, the first in the highest bit: set when the peer has every piece of the cell. */
  readonly has: Uint8Array;
}

/** Cells are in order and of equal size, give or take one piece; a cell is one piece where there are as many. */
export interface SwarmMap {
  readonly name: string;
  readonly pieces: number;
  readonly cells: number;
  /** It is being downloaded: `peers`, `asked` and `storing` are known. */
  readonly isLive: boolean;
  /** The share of each cell's pieces that are here, 0 none … 255 all. */
  readonly own: Uint8Array;
  /** How many of `peers` have every piece of a cell. */
  readonly copies: Uint8Array;
  readonly peers: readonly MapPeer[];
  /** Requested pieces: [piece, place of the asked peer in `peers`]. */
  readonly asked: readonly (readonly [number, number])[];
  /** Pieces that have arrived, and are being verified and written. */
  readonly storing: readonly number[];
  /** Who fetches from us. */
  readonly fetchers: readonly PeerView[];
}

/** @param own the cells of what is here. */
export function swarmMap(mapped: Extract<ClientEvent, { kind: 'mapped' }>, own: Uint8Array): SwarmMap {
  const { name, pieces, isLive, asked, storing } = mapped;
  const cells = own.length;
  const copies = new Uint8Array(cells);
  const peers = mapped.peers.map(({ has: bits, ...row }): MapPeer => {
    const has = bits.length > 0 ? bits : row.pieces === pieces ? everyCell(cells) : noCell(cells);
    for (let at = 0; at < cells; at += 1) if (hasCell(has, at)) copies[at] = (copies[at] ?? 0) + 1;
    return { ...peerView({ direction: 'from', ...row, problem: '' }), has };
  });
  return { name, pieces, cells, isLive, own, copies, peers, asked, storing, fetchers: mapped.fetchers.map(peerView) };
}

export function hasCell(bits: Uint8Array, cell: number): boolean {
  return ((bits[cell >>> 3] ?? 0) & (0x80 >>> (cell & 7))) !== 0;
}

/** The cell that a piece lies in. */
export function cellOf(piece: number, { pieces, cells }: Pick<SwarmMap, 'pieces' | 'cells'>): number {
  return Math.min(cells - 1, Math.floor(((piece + 1) * cells - 1) / pieces));
}

function noCell(cells: number): Uint8Array {
  return new Uint8Array(Math.ceil(cells / 8));
}

function everyCell(cells: number): Uint8Array {
  const bits = noCell(cells).fill(0xff);
  const spare = bits.length * 8 - cells;
  if (spare > 0) bits[bits.length - 1] = (0xff << spare) & 0xff;
  return bits;
}
