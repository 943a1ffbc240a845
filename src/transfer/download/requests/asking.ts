// Asks peers for pieces, and withdraws what was asked: each claim is made, lent its slot, and ended here. Never decides what becomes of
// what arrives, nor who is dialed. Invariant: a claim has one slot from `#claim` until `end`, or until its bytes are stored; a peer
// is asked for no more than it has room for. Pure.

import { NO_EFFECTS, type WakeAt } from '../../../foundation/actor/machine.js';
import { present } from '../../../foundation/base/assert.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';
import type { DownloadEffect } from '../effects.js';
import type { Peer } from '../peers/peer.js';
import { endgameSteal } from './endgame.js';
import type { Interest } from './interest.js';
import type { RequestMigration } from './migration.js';
import { type Claim, isLive, type PieceTable } from './pieces.js';
import type { Requests } from './requests.js';
import type { SlotPool } from './slots.js';

export interface AskingParts {
  readonly file: number;
  readonly geometry: Geometry;
  readonly have: Bitfield;
  readonly slots: SlotPool;
  readonly pieces: PieceTable;
  readonly interest: Interest;
  readonly relief: RequestMigration;
  readonly requests: Requests;
  /** All that are connected. */
  readonly peers: ReadonlyMap<number, Peer>;
}

/** Random first: with fewer pieces than this, take any; rarity means nothing before we have something to trade. */
const RANDOM_FIRST_PIECES = 4;

export class Asking {
  readonly #parts: AskingParts;

  constructor(parts: AskingParts) {
    this.#parts = parts;
  }

  /** Asks whom it may be worth asking. One request a peer and round, so that few slots are spread over all peers. */
  askAll(effects: (DownloadEffect | WakeAt)[], nowMs: number): void {
    const { slots, file, interest } = this.#parts;
    let asked = interest.fresh.size > 0;
    while (asked && slots.mayTake(file)) {
      asked = false;
      for (const peer of interest.fresh) {
        const requests = peer.mayBeAsked && peer.hasRoom(nowMs) ? this.#ask(peer, nowMs) : [];
        if (requests === 'later') continue;
        if (requests.length === 0) interest.overlook(peer);
        else asked = true;
        effects.push(...requests);
      }
    }
  }

  /** The piece was given up elsewhere for this peer, if it still can bring it. */
  askHeir(connection: number, piece: number, nowMs: number): readonly DownloadEffect[] {
    const { peers, interest, requests } = this.#parts;
    const heir = peers.get(connection);
    if (heir === undefined || !interest.wants(piece) || !heir.offered.has(piece) || heir.claims.has(piece))
      return NO_EFFECTS;
    if (!heir.mayBeAsked || !heir.hasRoom(nowMs) || !requests.mayBegin(heir, nowMs)) return NO_EFFECTS;
    return this.#claim(heir, [piece], nowMs);
  }

  /** The piece is not needed from this peer: withdrawn, if nothing else of its request is. */
  cancel(claim: Claim): readonly DownloadEffect[] {
    if (claim.cancelled) return NO_EFFECTS;
    claim.cancelled = true;
    // What is not asked for now never is: it cannot come whole, even if all that was asked for comes.
    if (claim.unasked > 0) Object.assign(claim, { rejected: true, unasked: 0 });
    const { connection, run } = claim;
    const { peers, interest, geometry } = this.#parts;
    if (claim.blocksOpen === 0) {
      const peer = peers.get(connection); // its rest waited for our own limit: no answer will end it
      peer?.claims.delete(claim.piece);
      if (peer !== undefined) interest.look(peer);
      this.end(claim);
      return NO_EFFECTS;
    }
    // Somebody else may take over the others of its run one by one; until then they may as well come from here.
    if (run.some(isLive)) return NO_EFFECTS;
    const { piece } = present(run[0], 'a claim is one of its run');
    return [{ kind: 'cancel', connection, piece, begin: 0, length: geometry.runLength(piece, run.length) }];
  }

  /** Every block of it was answered, or never will be: its slot is free. */
  end(claim: Claim): void {
    const { pieces, interest, slots, file } = this.#parts;
    claim.unasked = 0;
    // pieceArrived has closed it already when another claim of the same piece was first.
    if (pieces.claimOf(claim.piece, claim.connection) === claim && pieces.claimLost(claim)) interest.want(claim.piece);
    slots.give(file, claim.slot);
  }

  /** The next request for this peer, if there is one; `later`: our own limit or our slots are in the way. */
  #ask(peer: Peer, nowMs: number): readonly DownloadEffect[] | 'later' {
    const { slots, file, have, requests, interest, pieces, relief, peers } = this.#parts;
    const most = requests.mayRun ? peer.runPieces : 1;
    const room = slots.room(file);
    // Slots of what is being stored come back one by one in a moment: for a run they are waited for.
    const comesSoon = room < most && room + pieces.storingCount >= most;
    if (!requests.mayBegin(peer, nowMs) || room === 0 || comesSoon) return 'later';
    const picked = interest.pick(peer, have.count < RANDOM_FIRST_PIECES);
    const isEndgame = interest.wantedCount === 0 && !relief.isMoving;
    const steal = isEndgame ? endgameSteal(peer, peers, pieces, nowMs) : undefined;
    const piece = picked ?? steal?.piece;
    // A cancelled claim on it may still be open; its answer comes first.
    if (piece === undefined || peer.claims.has(piece)) return [];
    const cancels = steal?.instead === undefined ? [] : this.cancel(steal.instead);
    const run = picked === undefined || most === 1 ? [piece] : interest.runAround(peer, piece, most);
    return [...cancels, ...this.#claim(peer, run, nowMs)];
  }

  /** As many of these pieces, which lie side by side, as there are slots for. */
  #claim(peer: Peer, wanted: readonly number[], nowMs: number): readonly DownloadEffect[] {
    const { slots, file, geometry, interest, pieces, requests } = this.#parts;
    const { connection } = peer;
    const run: Claim[] = [];
    for (const piece of wanted) {
      const slot = slots.take(file);
      if (slot === undefined) break;
      if (interest.wants(piece)) interest.unwant(piece);
      const asked = { blocksOpen: 0, unasked: geometry.pieceLength(piece), rejected: false, cancelled: false };
      const claim: Claim = { piece, connection, slot, run, sinceMs: nowMs, ...asked };
      pieces.requestSent(claim);
      peer.claims.set(piece, claim);
      run.push(claim);
    }
    const [first] = run;
    if (first === undefined) return NO_EFFECTS;
    if (run.length > 1) return requests.beginRun(peer, run, geometry.runLength(first.piece, run.length));
    return requests.begin(peer, first, first.unasked, nowMs);
  }
}
