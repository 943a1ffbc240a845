// How many peers a download may be connected to, and when it has too few that help. A download that runs alone may have
// all places at once; one of many begins with few, since setting a connection up costs as much as some pieces do
// (docs/decisions/023), and may have more the longer it lasts. Pure.

import { PEERS_PER_DOWNLOAD_MAX } from '../../../foundation/base/limits.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import {
  PEER_PIECES_MIN,
  PEER_SHARE_MS,
  PEERS_BESIDE_OTHERS,
  TRACKER_ASK_MAX_MS,
  TRACKER_ASK_MIN_MS,
} from '../limits.js';
import type { SlotPool } from '../requests/slots.js';
import type { Peer } from './peer.js';

export class Quota {
  readonly #slots: SlotPool;
  readonly #settled: Bitfield;
  #startedMs: number | undefined;
  #askDueMs = 0;
  #askDelayMs = TRACKER_ASK_MIN_MS;

  /**
   * @param slots whose owners are the downloads that run. @param settled pieces that are not to be fetched.
   */
  constructor(slots: SlotPool, settled: Bitfield) {
    this.#slots = slots;
    this.#settled = settled;
  }

  /** Peers worth being connected to now, from 1 to PEERS_PER_DOWNLOAD_MAX. */
  at(nowMs: number): number {
    const { ownerCount } = this.#slots;
    this.#startedMs ??= nowMs;
    if (ownerCount === 1) return PEERS_PER_DOWNLOAD_MAX;
    const missing = this.#settled.pieceCount - this.#settled.count;
    const few = Math.max(1, Math.floor(PEERS_BESIDE_OTHERS / ownerCount), Math.floor(missing / PEER_PIECES_MIN));
    return Math.min(PEERS_PER_DOWNLOAD_MAX, few * (1 + Math.floor((nowMs - this.#startedMs) / PEER_SHARE_MS)));
  }

  /** @param peers those that it is connected to, or dials. */
  mayDial(peers: ReadonlyMap<number, Peer>, nowMs: number): boolean {
    const most = this.at(nowMs);
    if (peers.size < most) return true;
    if (peers.size >= PEERS_PER_DOWNLOAD_MAX) return false;
    // A peer that has nothing for us takes no place from others.
    let helping = 0;
    for (const peer of peers.values()) if (this.#helps(peer)) helping += 1;
    return helping < most;
  }

  /** Is it time to ask the tracker for more peers? True now and then while no peer helps, ever less often. */
  isShort(peers: Iterable<Peer>, nowMs: number): boolean {
    if (nowMs < this.#askDueMs) return false;
    for (const peer of peers) {
      // One that never says what it has, or chokes us, is no help, however alive it is.
      if (peer.phase !== 'dialing' && peer.requests.size === 0 && !(peer.mayBeAsked && peer.wantedCount > 0)) continue;
      this.#askDelayMs = TRACKER_ASK_MIN_MS;
      this.#askDueMs = nowMs + TRACKER_ASK_MIN_MS;
      return false;
    }
    this.#askDueMs = nowMs + this.#askDelayMs;
    this.#askDelayMs = Math.min(TRACKER_ASK_MAX_MS, this.#askDelayMs * 2);
    return true;
  }

  /** It has something for us, or has not said yet what it has. */
  #helps(peer: Peer): boolean {
    if (peer.hangingUp) return false;
    return (
      peer.phase !== 'ready' || peer.requests.size > 0 || peer.wantedCount > 0 || peer.offered.hasBeyond(this.#settled)
    );
  }
}
