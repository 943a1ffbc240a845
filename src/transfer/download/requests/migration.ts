// When a peer gets a piece that we asked of another: does the request move to it? A piece that is new in a crowd is in the hands of
// one, whom everyone asks; as others get it, each asker moves with the chance that leaves all who have it with the same share of
// the line, so the piece spreads as a tree and not one by one. From one that has every piece it always moves: what only
// that one has is worth its time more. The piece is asked for anew only when the first peer has answered, so nothing comes twice,
// unless that peer keeps silent. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import { RELIEF_ANSWER_MS } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import type { Claim } from './pieces.js';

interface Move {
  readonly claim: Claim;
  readonly source: Peer;
  readonly heir: number;
  readonly sinceMs: number;
}

export class RequestMigration {
  readonly #prng: Prng;
  /** By piece: who takes over when the claim has ended. */
  readonly #moves = new Map<number, Move>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /**
   * May `claim` at `source` be given up for `heir`, which just got its piece? `holders` have the piece, `heir` among them, besides
   * those that have everything.
   */
  moves(claim: Claim, source: Peer, heir: Peer, holders: number, nowMs: number): boolean {
    if (claim.cancelled || source === heir || !heir.mayBeAsked || this.#moves.has(claim.piece)) return false;
    // Half of it is here, or its rest waits for our own limit.
    if (source.isReceiving && source.claims.values().next().value === claim) return false;
    if (claim.unasked > 0 || claim.blocksOpen > 1) return false;
    // A run comes within a moment, and is withdrawn as a whole or not at all.
    if (claim.run.length > 1) return false;
    if (!heir.hasRoom(nowMs, this.#heldFor(heir))) return false;
    if (!source.countsAsSeeder && this.#prng.next() * holders >= 1) return false;
    this.#moves.set(claim.piece, { claim, source, heir: heir.connection, sinceMs: nowMs });
    return true;
  }

  /** Pieces are on the move: asked of nobody for a moment. */
  get isMoving(): boolean {
    return this.#moves.size > 0;
  }

  /** A claim on `piece` has ended: the connection to ask next, told once. */
  takeHeir(piece: number): number | undefined {
    const move = this.#moves.get(piece);
    this.#moves.delete(piece);
    return move?.heir;
  }

  /** The claims whose peers send nothing at all since they were given up, each told once; their heirs need not wait. */
  takeSilent(nowMs: number): readonly Move[] {
    const silent: Move[] = [];
    for (const move of this.#moves.values()) {
      if (nowMs - Math.max(move.sinceMs, move.source.receivedMs) >= RELIEF_ANSWER_MS) silent.push(move);
    }
    for (const { claim } of silent) this.#moves.delete(claim.piece);
    return silent;
  }

  #heldFor({ connection }: Peer): number {
    if (this.#moves.size === 0) return 0;
    let count = 0;
    for (const { heir } of this.#moves.values()) if (heir === connection) count += 1;
    return count;
  }
}
