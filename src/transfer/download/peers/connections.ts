// The connections of one download: whom to dial, whom to hang up on, which addresses to remember or to ban. Never
// decides what a peer is asked for. Invariant: a peer is here from its dial until its connection has ended. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { present } from '../../../foundation/base/assert.js';
import { PEERS_PER_DOWNLOAD_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { type Address, formatAddress } from '../../../foundation/torrent/address.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { HangUpReason } from '../../peer/messages.js';
import type { DownloadEffect } from '../effects.js';
import {
  EVICTED_AT_ONCE_MAX,
  PARALLEL_MAX,
  PARALLEL_PEERS_MAX,
  PARALLEL_PIECES_MIN,
  PARALLEL_SLOTS,
  PARALLEL_TOTAL_MAX,
  SILENT_LISTED_MAX,
  SILENT_TOLD_MAX,
} from '../limits.js';
import type { ConnectedPeer } from '../messages.js';
import type { RequestTable } from '../requests/request-table.js';
import type { SlotPool } from '../requests/slots.js';
import { AddressBook, type SilentAddress, type Trouble } from './address-book.js';
import { Eviction } from './eviction.js';
import { PeerLink } from './link.js';
import { Peer } from './peer.js';
import { Quota } from './quota.js';

export interface ConnectionsOptions {
  /** Pieces that are not to be fetched. */
  readonly settled: Bitfield;
  readonly slots: SlotPool;
  readonly table: RequestTable;
  readonly prng: Prng;
  /** A number no other connection of this process has. */
  readonly nextConnection: () => number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #peers = new Map<number, Peer>();
  /** By address: each with a connection at least. */
  readonly #links = new Map<string, PeerLink>();
  readonly #book = new AddressBook();
  readonly #quota: Quota;
  readonly #eviction: Eviction;
  #silentTold = 0;

  constructor(options: ConnectionsOptions) {
    const { settled, prng, slots } = options;
    this.#options = options;
    this.#quota = new Quota(slots, settled);
    this.#eviction = new Eviction(settled, prng);
  }

  /** By connection, in the order they were dialed. */
  get peers(): ReadonlyMap<number, Peer> {
    return this.#peers;
  }

  /** Addresses of the swarm. `incoming`: they dialed us. */
  found(
    addresses: readonly Address[],
    incoming: boolean,
    nowMs: number,
    isRunning: boolean,
  ): readonly DownloadEffect[] {
    // Where only a few are dialed at first, all downloads would begin with the same ones.
    const isFew = this.#quota.at(nowMs) < PEERS_PER_DOWNLOAD_MAX;
    const inTurn = isFew ? this.#options.prng.shuffle([...addresses]) : addresses;
    return inTurn.flatMap((address) => {
      const isIncoming = this.#book.add(address, nowMs, incoming) && incoming;
      if (!isIncoming || this.#peers.size < PEERS_PER_DOWNLOAD_MAX || !isRunning) return NO_EFFECTS;
      const spare = this.#eviction.forIncoming(this.#peers.values(), nowMs);
      return spare === undefined ? NO_EFFECTS : this.hangUp(spare);
    });
  }

  /** Dials as many as it may. */
  dial(nowMs: number): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    while (this.#book.hasDialable(nowMs) && this.#quota.mayDial(this.#peers, nowMs)) {
      const address = this.#book.takeDialable(nowMs);
      if (address === undefined) break;
      const link = new PeerLink(address);
      this.#links.set(formatAddress(address), link);
      effects.push(this.#open(link, nowMs));
    }
    return effects;
  }

  /**
   * Fetches from a distant peer over several connections, and gives up those that bring nothing or stand in the way of
   * others. @param wanted pieces that no peer is asked for.
   */
  widen(wanted: number, isLimited: boolean, nowMs: number): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    if (this.#book.hasDialable(nowMs) && !this.#quota.mayDial(this.#peers, nowMs)) effects.push(...this.#makeWay());
    const most = isLimited ? 1 : this.#connectionsEach();
    for (const link of this.#links.values()) {
      const worth = link.worth(most, wanted, nowMs);
      const inUse = [...link.peers].filter(({ hangingUp }) => !hangingUp);
      inUse.forEach((peer, at) => {
        peer.isRetiring = at >= worth;
        if (peer.isRetiring && peer.requests.size === 0) effects.push(...this.hangUp(peer));
      });
      const room = Math.min(this.#quota.at(nowMs), PARALLEL_TOTAL_MAX) - this.#peers.size;
      const more = Math.min(worth - inUse.length, room, Math.floor(wanted / PARALLEL_PIECES_MIN));
      for (let at = 0; at < more; at += 1) effects.push(this.#open(link, nowMs));
    }
    return effects;
  }

  /** Connections that any one peer may have. */
  #connectionsEach(): number {
    let helping = 0;
    for (const link of this.#links.values()) if (link.helps) helping += 1;
    if (helping > PARALLEL_PEERS_MAX) return 1;
    return Math.max(1, Math.min(PARALLEL_MAX, Math.floor(this.#options.slots.share / PARALLEL_SLOTS)));
  }

  /** A new peer is worth more than one more connection to a known one. */
  #makeWay(): readonly DownloadEffect[] {
    const extra = [...this.#peers.values()].filter(({ isExtra, hangingUp }) => isExtra && !hangingUp);
    return extra.slice(-EVICTED_AT_ONCE_MAX).flatMap((peer) => this.hangUp(peer));
  }

  #open(link: PeerLink, nowMs: number): DownloadEffect {
    const { settled, table, nextConnection } = this.#options;
    const connection = nextConnection();
    const requests = table.connected(connection);
    const peer = new Peer({ connection, line: link, pieceCount: settled.pieceCount, requests }, nowMs);
    this.#peers.set(connection, peer);
    link.opened(peer);
    return { kind: 'dial', connection, address: link.address };
  }

  /** A row for each peer that has said hello. */
  describe(nowMs: number): readonly ConnectedPeer[] {
    return this.greeted().map((link) => link.describe(nowMs));
  }

  /** Those with a connection on which both sides said hello. */
  greeted(): readonly PeerLink[] {
    return [...this.#links.values()].filter(({ peers }) => [...peers].some(({ phase }) => phase !== 'dialing'));
  }

  /** When to dial again; undefined when no address waits, or none may be dialed. */
  nextDialMs(nowMs: number): number | undefined {
    return this.#quota.mayDial(this.#peers, nowMs) ? this.#book.nextDialMs() : undefined;
  }

  /** Asks for more peers when none of those that are connected helps. */
  askForMore(nowMs: number): readonly DownloadEffect[] {
    return this.#quota.isShort(this.#peers.values(), nowMs) ? [{ kind: 'peersNeeded' }] : NO_EFFECTS;
  }

  /**
   * Makes room for unknown addresses when all places are taken. `wantsMore`: there are pieces that no peer is asked
   * for.
   */
  evict(wantsMore: boolean, nowMs: number): readonly DownloadEffect[] {
    if (!wantsMore || this.#peers.size < PEERS_PER_DOWNLOAD_MAX || !this.#book.hasDialable(nowMs)) return NO_EFFECTS;
    return this.#eviction.forUnknown([...this.#peers.values()], nowMs).flatMap((peer) => this.hangUp(peer));
  }

  /** No slot is free: hangs up on a peer that has kept one too long. */
  evictForSlot(nowMs: number): readonly DownloadEffect[] {
    const keeper = this.#eviction.forSlot(this.#peers.values(), nowMs);
    return keeper === undefined ? NO_EFFECTS : this.hangUp(keeper);
  }

  hangUp(peer: Peer): readonly DownloadEffect[] {
    if (peer.hangingUp) return NO_EFFECTS;
    peer.hangingUp = true;
    return [{ kind: 'hangUp', connection: peer.connection }];
  }

  hangUpAll(): readonly DownloadEffect[] {
    return [...this.#peers.values()].flatMap((peer) => this.hangUp(peer));
  }

  /** It sent wrong bytes: never dialed again, even if it has hung up or is dialed anew. */
  ban(address: Address): readonly DownloadEffect[] {
    this.#book.ban(address);
    return [...(this.#links.get(formatAddress(address))?.peers ?? [])].flatMap((peer) => this.hangUp(peer));
  }

  /** Addresses that do not answer, or whose bytes do not come. */
  silent(): readonly SilentAddress[] {
    return this.#book.silent(SILENT_LISTED_MAX);
  }

  ended(peer: Peer, reason: HangUpReason, nowMs: number): readonly DownloadEffect[] {
    this.#peers.delete(peer.connection);
    // Dialing ourselves, or one that does not speak the protocol, again brings the same.
    if (reason === 'self' || reason === 'protocol') this.#book.ban(peer.address);
    const key = formatAddress(peer.address);
    const link = present(this.#links.get(key), 'a peer with a connection has a link');
    link.ended(peer, nowMs);
    if (link.peers.size > 0) return NO_EFFECTS;
    this.#links.delete(key);
    this.#book.hungUp(peer.address, link.wasUseful, nowMs, troubleOf(peer, reason));
    // While others send, it is the doctor's to name those that do not.
    if (this.#silentTold >= SILENT_TOLD_MAX || [...this.#peers.values()].some(({ receivedBytes }) => receivedBytes > 0))
      return NO_EFFECTS;
    const silent = this.#book.takeSilent(peer.address);
    if (silent === undefined) return NO_EFFECTS;
    this.#silentTold += 1;
    return [{ kind: 'peerSilent', ...silent }];
  }
}

/** What the end of a connection shows of an address that brought nothing. */
function troubleOf({ phase }: Peer, reason: HangUpReason): Trouble | undefined {
  if (phase === 'dialing') {
    if (reason === 'unreachable') return 'refuses';
    if (reason === 'noRoute') return 'noRoute';
    return reason === 'timeout' ? 'noAnswer' : undefined;
  }
  return reason === 'snubbed' || reason === 'timeout' ? 'noBytes' : undefined;
}
