// How many peers a download is connected to while others run beside it. A hundred small files from four peers would be four hundred connections,
// each for a few pieces, and setting one up costs as much as some pieces do (docs/decisions/023). So there is one for every PEER_PIECES_MIN
// pieces that are missing, at first; as many more for every second that the download lasts, so that none is left with a slow peer. A
// download that runs alone has all places at once. Who has nothing for us takes no place from others. Pure.

import { PEERS_PER_DOWNLOAD_MAX } from '../../../foundation/base/limits.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import { PEER_PIECES_MIN, PEER_SHARE_MS, PEERS_BESIDE_OTHERS } from '../limits.js';
import type { SlotPool } from '../requests/slots.js';
import type { Peer } from './peer.js';

export class Breadth {
  readonly #slots: SlotPool;
  readonly #have: Bitfield;
  #startedMs: number | undefined;

  /** @param slots whose owners are the downloads that run. */
  constructor(slots: SlotPool, have: Bitfield) {
    this.#slots = slots;
    this.#have = have;
  }

  /** Peers worth being connected to now, from 1 to PEERS_PER_DOWNLOAD_MAX. */
  at(nowMs: number): number {
    const { ownerCount } = this.#slots;
    this.#startedMs ??= nowMs;
    if (ownerCount === 1) return PEERS_PER_DOWNLOAD_MAX;
    const missing = this.#have.pieceCount - this.#have.count;
    const few = Math.max(1, Math.floor(PEERS_BESIDE_OTHERS / ownerCount), Math.floor(missing / PEER_PIECES_MIN));
    return Math.min(PEERS_PER_DOWNLOAD_MAX, few * (1 + Math.floor((nowMs - this.#startedMs) / PEER_SHARE_MS)));
  }

  /** @param peers those that it is connected to, or dials. */
  mayDial(peers: ReadonlyMap<number, Peer>, nowMs: number): boolean {
    const most = this.at(nowMs);
    if (peers.size < most) return true;
    if (peers.size >= PEERS_PER_DOWNLOAD_MAX) return false;
    let helping = 0;
    for (const peer of peers.values()) if (this.#helps(peer)) helping += 1;
    return helping < most;
  }

  /** It has something for us, or has not said yet what it has. */
  #helps(peer: Peer): boolean {
    if (peer.hangingUp) return false;
    return peer.phase !== 'ready' || peer.claims.size > 0 || peer.useful > 0 || peer.offered.hasBeyond(this.#have);
  }
}
