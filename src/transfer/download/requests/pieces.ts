// The state of each piece of one download. A piece is in exactly one state: missing, requested (by at most
// ENDGAME_CLAIMS_MAX peers), storing (verified and, if right, written by the hash pool in one task), or have. The methods
// are named for what happened. Also keeps who holds which slot for which piece until every block of it was answered. Pure.

import { assert, present } from '../../../foundation/base/assert.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import { ENDGAME_CLAIMS_MAX } from '../limits.js';

const MISSING = 0;
const REQUESTED = 1;
const STORING = 2;
const HAVE = 3;
const NAMES = ['missing', 'requested', 'storing', 'have'] as const;
export type PieceState = (typeof NAMES)[number];

/** One peer's promise of one piece. It holds its slot until every block was received or rejected. */
export interface Claim {
  readonly piece: number;
  readonly connection: number;
  readonly slot: number;
  /** All that were asked for in one request with it, in order of their pieces, itself among them. */
  readonly run: readonly Claim[];
  /** When it, or the latest block of it, was asked for. */
  sinceMs: number;
  /** Blocks asked for and not answered. */
  blocksOpen: number;
  /** Bytes at its end that are not asked for yet: they wait for the download limit. */
  unasked: number;
  /** Something of it was rejected, or will not be asked for: it does not come whole. */
  rejected: boolean;
  cancelled: boolean;
}

const isCancelled = (claim: Claim): boolean => claim.cancelled;
export const isLive = (claim: Claim): boolean => !claim.cancelled;
const NO_CLAIMS: readonly Claim[] = [];

export class PieceTable {
  readonly #have: Bitfield;
  readonly #state: Uint8Array;
  readonly #claims = new Map<number, Claim[]>();
  #requested = 0;
  #storing = 0;

  /** @param have pieces that are on disk, verified. Written here and nowhere else from now on. */
  constructor(have: Bitfield) {
    this.#have = have;
    this.#state = new Uint8Array(have.pieceCount);
    for (const [begin, count] of have.ranges()) this.#state.fill(HAVE, begin, begin + count);
  }

  get requestedCount(): number {
    return this.#requested;
  }

  get storingCount(): number {
    return this.#storing;
  }

  get claimCount(): number {
    let count = 0;
    for (const claims of this.#claims.values()) count += claims.length;
    return count;
  }

  stateOf(piece: number): PieceState {
    return NAMES[this.#state[piece] ?? MISSING] ?? 'missing';
  }

  claimOf(piece: number, connection: number): Claim | undefined {
    return this.#claims.get(piece)?.find((claim) => claim.connection === connection);
  }

  claimsOf(piece: number): readonly Claim[] {
    return this.#claims.get(piece) ?? NO_CLAIMS;
  }

  /** The claim on a requested piece that has one and no more. */
  onlyClaimOf(piece: number): Claim | undefined {
    // Of most pieces that peers tell of, none is asked for: nothing to look up.
    if (this.#state[piece] !== REQUESTED) return undefined;
    const claims = this.claimsOf(piece);
    return claims.length === 1 ? claims[0] : undefined;
  }

  /** The claims on each requested piece that were not cancelled, oldest first: what the endgame may ask for again. */
  *requested(): Generator<readonly Claim[]> {
    for (const [piece, claims] of this.#claims) {
      if (this.#state[piece] === REQUESTED) yield claims.some(isCancelled) ? claims.filter(isLive) : claims;
    }
  }

  /** missing → requested, or one more claim in the endgame. */
  requestSent(claim: Claim): void {
    const { piece } = claim;
    const claims = this.#claims.get(piece) ?? [];
    assert(claims.filter((other) => !other.cancelled).length < ENDGAME_CLAIMS_MAX, 'a piece has few live claims');
    assert(!claims.some((other) => other.connection === claim.connection), 'a peer claims a piece once');
    const state = this.#state[piece];
    assert(state === MISSING || state === REQUESTED, 'only a missing or requested piece is asked for');
    if (state === MISSING) this.#enter(piece, REQUESTED);
    claims.push(claim);
    this.#claims.set(piece, claims);
  }

  /** requested → storing. The claim is closed; its slot passes to the hash pool. False: another claim was first. */
  pieceArrived(claim: Claim): boolean {
    this.#close(claim);
    if (this.#state[claim.piece] !== REQUESTED) return false;
    this.#enter(claim.piece, STORING);
    return true;
  }

  /** The peer will not bring it. True: nobody else is asked, so the piece is missing again. */
  claimLost(claim: Claim): boolean {
    this.#close(claim);
    if (this.#state[claim.piece] !== REQUESTED || this.#hasLiveClaim(claim.piece)) return false;
    this.#enter(claim.piece, MISSING);
    return true;
  }

  /** requested → missing, although this cancelled claim keeps its slot until it is answered. False: somebody else is asked. */
  claimForsaken({ piece, cancelled }: Claim): boolean {
    assert(cancelled, 'only a claim that was given up is forsaken');
    if (this.#state[piece] !== REQUESTED || this.#hasLiveClaim(piece)) return false;
    this.#enter(piece, MISSING);
    return true;
  }

  /** storing → have: it is on disk. */
  pieceStored(piece: number): void {
    assert(this.#state[piece] === STORING, 'only a piece being stored is had');
    this.#enter(piece, HAVE);
    this.#have.set(piece);
  }

  /** storing → missing (or requested, if an endgame claim still runs): wrong bytes, or a disk that refused them. */
  pieceFailed(piece: number): boolean {
    assert(this.#state[piece] === STORING, 'only a piece being stored fails');
    const stillComing = this.#hasLiveClaim(piece);
    this.#enter(piece, stillComing ? REQUESTED : MISSING);
    return !stillComing;
  }

  #hasLiveClaim(piece: number): boolean {
    return this.claimsOf(piece).some((claim) => !claim.cancelled);
  }

  #close(claim: Claim): void {
    const claims = present(this.#claims.get(claim.piece), 'a claim is closed once');
    const at = claims.indexOf(claim);
    assert(at >= 0, 'a claim is closed once');
    claims.splice(at, 1);
    if (claims.length === 0) this.#claims.delete(claim.piece);
  }

  #enter(piece: number, state: number): void {
    const before = this.#state[piece];
    if (before === REQUESTED) this.#requested -= 1;
    if (before === STORING) this.#storing -= 1;
    if (state === REQUESTED) this.#requested += 1;
    if (state === STORING) this.#storing += 1;
    this.#state[piece] = state;
  }
}
