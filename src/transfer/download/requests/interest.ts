// Who has what we want (BitTorrent's interest): which pieces are wanted, how many each peer offers, and which peers
// are candidates for a request. Never decides how much is requested. Invariant: a peer with room that offers a wanted
// piece is a candidate, so an event costs the work of its own peer and not a round over all. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import type { Bitfield, PieceRange } from '../../../foundation/torrent/bitfield.js';
import { HAVE_RARE_DIVISOR } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import { Picker } from './picker.js';

export class Interest {
  readonly #picker: Picker;
  readonly #peers: ReadonlyMap<number, Peer>;
  /** Peers that may have changed since they were found to have no room, or nothing for us. */
  readonly #candidates = new Set<Peer>();

  /** @param settled pieces that are not to be fetched. @param peers all that are connected; kept by the owner. */
  constructor(settled: Bitfield, prng: Prng, peers: ReadonlyMap<number, Peer>) {
    this.#peers = peers;
    this.#picker = new Picker(settled.pieceCount, prng);
    for (let piece = 0; piece < settled.pieceCount; piece += 1) if (!settled.has(piece)) this.#picker.want(piece);
  }

  /** Pieces that no peer is asked for. */
  get wantedCount(): number {
    return this.#picker.wantedCount;
  }

  wants(piece: number): boolean {
    return this.#picker.wants(piece);
  }

  /** How many of the incomplete peers have it. */
  availability(piece: number): number {
    return this.#picker.availability(piece);
  }

  /** Few of our peers have it. */
  isRare(piece: number): boolean {
    return this.availability(piece) * HAVE_RARE_DIVISOR < this.#peers.size;
  }

  /** Peers that may be worth asking. The set may change while it is iterated. */
  get candidates(): ReadonlySet<Peer> {
    return this.#candidates;
  }

  /** The peer may have room again, or something for us. */
  reconsider(peer: Peer): void {
    this.#candidates.add(peer);
  }

  /** Time has passed: a peer that was not worth asking may be now. */
  reconsiderAll(): void {
    for (const peer of this.#peers.values()) this.#candidates.add(peer);
  }

  /** The peer has no room, or nothing for us, until something happens. */
  setAside(peer: Peer): void {
    this.#candidates.delete(peer);
  }

  /** The peer's bitfield is complete. */
  bitfieldArrived(peer: Peer): void {
    if (peer.offered.isComplete) {
      // It would add one to every piece's availability, which changes no order: it is not counted.
      peer.countsAsSeeder = true;
      peer.wantedCount = this.#picker.wantedCount;
    } else forEachPiece(peer.offered.ranges(), (piece) => this.offers(peer, piece));
    this.#candidates.add(peer);
  }

  left(peer: Peer): void {
    this.#candidates.delete(peer);
    if (peer.phase === 'ready' && !peer.countsAsSeeder) {
      forEachPiece(peer.offered.ranges(), (piece) => this.#picker.lost(piece));
    }
  }

  /** The peer has a piece that it did not have before. */
  offers(peer: Peer, piece: number): void {
    if (!peer.countsAsSeeder) this.#picker.gained(piece);
    if (!this.#picker.wants(piece)) return;
    peer.wantedCount += 1;
    this.#candidates.add(peer);
  }

  /** The peer refuses what it offered: it is not asked again before it offers the piece anew. */
  withdraws(peer: Peer, piece: number): void {
    if (!peer.offered.clear(piece)) return;
    if (!peer.countsAsSeeder) this.#picker.lost(piece);
    if (this.#picker.wants(piece)) peer.wantedCount -= 1;
  }

  want(piece: number): void {
    this.#picker.want(piece);
    for (const peer of this.#peers.values()) {
      if (peer.phase !== 'ready' || !peer.offered.has(piece)) continue;
      peer.wantedCount += 1;
      this.#candidates.add(peer);
    }
  }

  unwant(piece: number): void {
    this.#picker.unwant(piece);
    for (const peer of this.#peers.values())
      if (peer.phase === 'ready' && peer.offered.has(piece)) peer.wantedCount -= 1;
    // The endgame begins: any peer may take over from another.
    if (this.#picker.wantedCount === 0) this.reconsiderAll();
  }

  /** The piece to request from this peer; `anyOrder` ignores rarity. Undefined: it has nothing wanted. */
  pick(peer: Peer, anyOrder: boolean): number | undefined {
    return peer.wantedCount > 0 ? this.#picker.pick(peer.offered, anyOrder) : undefined;
  }

  /**
   * The pieces of one request: `piece`, and the wanted ones beside it that are no less rare, within its stretch of
   * `most` pieces. Stretches begin at fixed places (libtorrent's extents): a run that began anywhere would leave gaps
   * too short for other runs.
   */
  runAround(peer: Peer, piece: number, most: number): readonly number[] {
    const first = piece - (piece % most);
    const last = Math.min(first + most, peer.offered.pieceCount) - 1;
    const rarity = this.availability(piece);
    const goesAlong = (other: number): boolean =>
      this.wants(other) && peer.offered.has(other) && !peer.requests.has(other) && this.availability(other) <= rarity;
    const run = [piece];
    for (let other = piece - 1; other >= first && goesAlong(other); other -= 1) run.unshift(other);
    for (let other = piece + 1; other <= last && goesAlong(other); other += 1) run.push(other);
    return run;
  }
}

function forEachPiece(ranges: Iterable<PieceRange>, visit: (piece: number) => void): void {
  for (const [begin, count] of ranges) {
    for (let piece = begin; piece < begin + count; piece += 1) visit(piece);
  }
}
