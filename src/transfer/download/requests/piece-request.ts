// One piece that one peer was asked for, and what its state says of it. Only the table changes a request. Pure.

import type { PieceSpan } from '../../storage/reuse/cover.js';

/** The peer that is asked for a piece as soon as the peer that it was withdrawn from has answered. */
export interface Successor {
  readonly connection: number;
  /** When the request was withdrawn. */
  readonly sinceMs: number;
}

export type RequestState =
  /** Its last `unsent` bytes wait for our own download limit. */
  | { readonly at: 'waitingForLimit'; readonly unsent: number }
  /** All of it is in flight. */
  | { readonly at: 'sent' }
  /** The peer rejected a part of it. It still holds its slot for the blocks that are in flight. */
  | { readonly at: 'refused' }
  /** No longer wanted from this peer, which may send it all the same: `whole` unless it rejected a part. */
  | { readonly at: 'withdrawn'; readonly whole: boolean; readonly successor?: Successor };

/** Only the table changes it. */
export interface PieceRequest {
  readonly piece: number;
  readonly connection: number;
  readonly slot: number;
  /** Bytes of its piece. */
  readonly length: number;
  /** What its peer was asked for: all of the piece, or these ranges of it. The rest is read from files here. */
  readonly holes: readonly PieceSpan[] | undefined;
  /** All pieces of the same request, in order, itself among them: more than one for a run. */
  readonly run: readonly PieceRequest[];
  /** When it, or its latest block, was sent. */
  readonly sinceMs: number;
  /** Blocks in flight; what is read from files here is one more. */
  readonly blocks: number;
  readonly state: RequestState;
}

export const isLive = ({ state }: PieceRequest): boolean => state.at !== 'withdrawn';

/** Every byte of it may still come from this peer. */
export const mayComeWhole = ({ state }: PieceRequest): boolean =>
  state.at === 'sent' || (state.at === 'withdrawn' && state.whole);

export function successorOf({ state }: PieceRequest): Successor | undefined {
  return state.at === 'withdrawn' ? state.successor : undefined;
}

/** Bytes that its peer was asked for. */
export function askedOf({ length, holes }: PieceRequest): number {
  return holes === undefined ? length : holes.reduce((sum, hole) => sum + hole.length, 0);
}
