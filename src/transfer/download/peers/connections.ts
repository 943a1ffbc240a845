// The connections of one download: whom to dial, whom to hang up on, which addresses to remember or to ban. Never
// decides what a peer is asked for. Invariant: a peer is here from its dial until its connection has ended. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { PEERS_PER_DOWNLOAD_MAX } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { type Address, sameAddress } from '../../../foundation/torrent/address.js';
import type { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { HangUpReason } from '../../peer/messages.js';
import type { DownloadEffect } from '../effects.js';
import { SILENT_LISTED_MAX, SILENT_TOLD_MAX } from '../limits.js';
import type { RequestTable } from '../requests/request-table.js';
import type { SlotPool } from '../requests/slots.js';
import { AddressBook, type SilentAddress, type Trouble } from './address-book.js';
import { Eviction } from './eviction.js';
import { Peer } from './peer.js';
import { Quota } from './quota.js';

export interface ConnectionsOptions {
  readonly have: Bitfield;
  readonly slots: SlotPool;
  readonly table: RequestTable;
  readonly prng: Prng;
  /** A number no other connection of this process has. */
  readonly nextConnection: () => number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #book = new AddressBook();
  readonly #quota: Quota;
  readonly #eviction: Eviction;
  #silentTold = 0;

  constructor(options: ConnectionsOptions) {
    const { have, prng, slots } = options;
    this.#options = options;
    this.#quota = new Quota(slots, have);
    this.#eviction = new Eviction(have, prng);
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
      const { have, table, nextConnection } = this.#options;
      const connection = nextConnection();
      const requests = table.connected(connection);
      this.#peers.set(connection, new Peer({ connection, address, pieceCount: have.pieceCount, requests }, nowMs));
      effects.push({ kind: 'dial', connection, address });
    }
    return effects;
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
    return [...this.#peers.values()]
      .filter((peer) => sameAddress(peer.address, address))
      .flatMap((peer) => this.hangUp(peer));
  }

  /** Addresses that do not answer, or whose bytes do not come. */
  silent(): readonly SilentAddress[] {
    return this.#book.silent(SILENT_LISTED_MAX);
  }

  ended(peer: Peer, reason: HangUpReason, nowMs: number): readonly DownloadEffect[] {
    this.#peers.delete(peer.connection);
    // Dialing ourselves, or one that does not speak the protocol, again brings the same.
    if (reason === 'self' || reason === 'protocol') this.#book.ban(peer.address);
    this.#book.hungUp(peer.address, peer.receivedBytes > 0, nowMs, troubleOf(peer, reason));
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
    return reason === 'timeout' ? 'noAnswer' : undefined;
  }
  return reason === 'snubbed' || reason === 'timeout' ? 'noBytes' : undefined;
}
