// Which peers have been named for a list, which one is asked next, and what became of those that were asked. Peers that
// another tracker named take turns, so that the names of one that lies keep nobody waiting for the other's. Pure.

import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { LINK_PEERS_MAX, LINK_REASONS_MAX } from './limits.js';

interface Source {
  readonly peer: Address;
  readonly tracker: number;
  /** Of its last try; '' before. */
  reason: string;
  hasLied: boolean;
  /** In which round it was asked last. */
  round: number;
}

export class ListSources {
  readonly #sources = new Map<string, Source>();
  #round = 1;
  #lastTracker = 1;

  named(tracker: number, peers: readonly Address[]): void {
    for (const peer of peers) {
      const key = formatAddress(peer);
      if (this.#sources.size >= LINK_PEERS_MAX) return;
      if (!this.#sources.has(key)) this.#sources.set(key, { peer, tracker, reason: '', hasLied: false, round: 0 });
    }
  }

  /** One that was not asked in this round and has not lied. */
  next(): Address | undefined {
    const open = [...this.#sources.values()].filter((source) => source.round < this.#round && !source.hasLied);
    const chosen = open.find(({ tracker }) => tracker !== this.#lastTracker) ?? open[0];
    if (chosen === undefined) return undefined;
    chosen.round = this.#round;
    this.#lastTracker = chosen.tracker;
    return chosen.peer;
  }

  /** Those that had not got it may be asked again. */
  beginRound(): void {
    this.#round += 1;
  }

  failed(peer: Address, reason: string): void {
    const source = this.#sources.get(formatAddress(peer));
    if (source !== undefined) source.reason = reason;
  }

  /** What it gave is not what the link names: it is not asked again. */
  lied(peer: Address): void {
    this.failed(peer, 'it gave another list');
    const source = this.#sources.get(formatAddress(peer));
    if (source !== undefined) source.hasLied = true;
  }

  get hasLiars(): boolean {
    return [...this.#sources.values()].some(({ hasLied }) => hasLied);
  }

  get count(): number {
    return this.#sources.size;
  }

  /** 'ip:port: why', of the first few that were asked. */
  get reasons(): readonly string[] {
    return [...this.#sources.values()]
      .filter(({ reason }) => reason !== '')
      .slice(0, LINK_REASONS_MAX)
      .map(({ peer, reason }) => `${formatAddress(peer)}: ${reason}`);
  }
}
