// Who has what we want (BitTorrent's interest): which pieces are wanted, how many wanted ones each peer offers, and which peers are
// worth asking now. Never decides how much is asked of whom. Invariant: a peer that may be asked, has room, and offers a wanted
// piece is worth a look, so that an event costs its own peer's work and not a round over all peers. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import type { Bitfield, PieceRange } from '../../../foundation/torrent/bitfield.js';
import { HAVE_RARE_DIVISOR } from '../limits.js';
import type { Peer } from '../peers/peer.js';
import { Picker } from './picker.js';

export class Interest {
  readonly #picker: Picker;
  readonly #peers: ReadonlyMap<number, Peer>;
  /** Peers of which something may have changed since they were found to have no room, or nothing for us. */
  readonly #fresh = new Set<Peer>();

  /** @param peers all that are connected; kept by the owner. */
  constructor(have: Bitfield, prng: Prng, peers: ReadonlyMap<number, Peer>) {
    this.#peers = peers;
    this.#picker = new Picker(have.pieceCount, prng);
    for (let piece = 0; piece < have.pieceCount; piece += 1) if (!have.has(piece)) this.#picker.want(piece);
  }

  /** Pieces that nobody is asked for. */
  get wantedCount(): number {
    return this.#picker.wantedCount;
  }

  wants(piece: number): boolean {
    return this.#picker.wants(piece);
  }

  /** How many of the peers that lack something have it. */
  availability(piece: number): number {
    return this.#picker.availability(piece);
  }

  /** Few of our peers have it. */
  isRare(piece: number): boolean {
    return this.availability(piece) * HAVE_RARE_DIVISOR < this.#peers.size;
  }

  /** Those that may be worth asking; may be changed while it is gone through. */
  get fresh(): ReadonlySet<Peer> {
    return this.#fresh;
  }

  /** It may have room again, or something for us. */
  look(peer: Peer): void {
    this.#fresh.add(peer);
  }

  /** Time has passed: what nobody was worth before may be worth it now. */
  lookAtAll(): void {
    for (const peer of this.#peers.values()) this.#fresh.add(peer);
  }

  /** It has no room, or nothing for us, until something happens. */
  overlook(peer: Peer): void {
    this.#fresh.delete(peer);
  }

  /** Its bitfield has come. */
  joined(peer: Peer): void {
    if (peer.offered.isComplete) {
      // Adds one to every piece's availability, which changes no order: nothing to count.
      peer.countsAsSeeder = true;
      peer.useful = this.#picker.wantedCount;
    } else forEachPiece(peer.offered.ranges(), (piece) => this.offers(peer, piece));
    this.#fresh.add(peer);
  }

  left(peer: Peer): void {
    this.#fresh.delete(peer);
    if (peer.phase === 'ready' && !peer.countsAsSeeder) {
      forEachPiece(peer.offered.ranges(), (piece) => this.#picker.lost(piece));
    }
  }

  /** A piece that it did not have before. */
  offers(peer: Peer, piece: number): void {
    if (!peer.countsAsSeeder) this.#picker.gained(piece);
    if (!this.#picker.wants(piece)) return;
    peer.useful += 1;
    this.#fresh.add(peer);
  }

  /** It refuses what it offered: not to be asked again before it says so anew. */
  withdraws(peer: Peer, piece: number): void {
    if (!peer.offered.clear(piece)) return;
    if (!peer.countsAsSeeder) this.#picker.lost(piece);
    if (this.#picker.wants(piece)) peer.useful -= 1;
  }

  want(piece: number): void {
    this.#picker.want(piece);
    for (const peer of this.#peers.values()) {
      if (peer.phase !== 'ready' || !peer.offered.has(piece)) continue;
      peer.useful += 1;
      this.#fresh.add(peer);
    }
  }

  unwant(piece: number): void {
    this.#picker.unwant(piece);
    for (const peer of this.#peers.values()) if (peer.phase === 'ready' && peer.offered.has(piece)) peer.useful -= 1;
    // The endgame begins: everyone may take over from somebody.
    if (this.#picker.wantedCount === 0) this.lookAtAll();
  }

  /** The piece to ask it for; `anyOrder` ignores rarity. Undefined: it has nothing wanted. */
  pick(peer: Peer, anyOrder: boolean): number | undefined {
    return peer.useful > 0 ? this.#picker.pick(peer.offered, anyOrder) : undefined;
  }

  /**
   * What to ask it for at once: a wanted piece, and the wanted ones beside it that are as rare. `most` of them, if the file is cut into
   * stretches of so many, of which each is asked for as a whole: a run that began anywhere would leave gaps too short for others
   * (libtorrent's extents).
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
