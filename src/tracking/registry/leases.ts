// Which clients are still there: a client's lease covers all its entries, and any request renews it. Nobody expires
// within one lease of a start or a freeze, since then the tracker was silent, and another tracker only ever lengthens a
// lease. Pure: the local monotonic clock comes in.

import type { ClientId } from '../../foundation/torrent/ids.js';
import type { Client } from './records.js';
import type { Registry } from './registry.js';

export interface LeaseRule {
  /** Milliseconds a client stays listed without a word from it. */
  readonly leaseMs: number;
  /** Milliseconds between two ticks: an entry expires in (lease, lease + tick]. */
  readonly tickMs: number;
}

export class Leases {
  readonly #registry: Registry;
  readonly #rule: LeaseRule;
  #lastTickMs: number | undefined;
  #partnerLostMs = Number.NEGATIVE_INFINITY;
  /** Renewed by their own word here since the partner was last told; undefined while nobody is told. */
  #renewed: Set<Client> | undefined;

  constructor(registry: Registry, rule: LeaseRule) {
    this.#registry = registry;
    this.#rule = rule;
  }

  endsMs(nowMs: number): number {
    return nowMs + this.#rule.leaseMs;
  }

  renew(id: ClientId, nowMs: number): void {
    const client = this.#registry.client(id);
    if (client === undefined) return;
    client.leaseEndsMs = this.endsMs(nowMs);
    client.heardMs = nowMs;
    this.#renewed?.add(client);
  }

  /**
   * The partner, which heard of some of these clients, is away: nobody expires within one lease for that. Once in four
   * leases, so that a link that comes and goes does not keep the dead alive.
   */
  graceAfterOutage(nowMs: number): void {
    if (nowMs - this.#partnerLostMs < this.#rule.leaseMs * 4) return;
    this.#partnerLostMs = nowMs;
    this.grace(nowMs);
  }

  /** Whether the partner is told of renewals: nothing is gathered that nobody takes. Empties what was gathered. */
  collectRenewals(isTold: boolean): void {
    this.#renewed = isTold ? new Set() : undefined;
  }

  takeRenewed(): ReadonlySet<Client> {
    const renewed = this.#renewed ?? new Set<Client>();
    if (this.#renewed !== undefined) this.#renewed = new Set();
    return renewed;
  }

  /** Everybody gets a whole lease from now: after the start and after a freeze. */
  grace(nowMs: number): void {
    for (const client of this.#registry.clients())
      client.leaseEndsMs = Math.max(client.leaseEndsMs, this.endsMs(nowMs));
  }

  /** Milliseconds this tracker was frozen before this tick, 0 when it was not. */
  tick(nowMs: number): number {
    const lateMs = nowMs - (this.#lastTickMs ?? nowMs) - this.#rule.tickMs;
    this.#lastTickMs = nowMs;
    if (lateMs <= this.#rule.leaseMs / 4) return 0;
    this.grace(nowMs);
    return lateMs;
  }

  /**
   * Clients whose leases are over: at least one if there is one, and further ones until they have `entriesMax` live
   * entries.
   */
  expired(nowMs: number, entriesMax: number): { readonly clients: ClientId[]; readonly entries: number } {
    const clients: ClientId[] = [];
    let entries = 0;
    for (const client of this.#registry.clients()) {
      if (entries >= entriesMax) break;
      if (!isOver(client, nowMs)) continue;
      clients.push(client.id);
      entries += client.liveCount;
    }
    return { clients, entries };
  }
}

function isOver(client: Client, nowMs: number): boolean {
  return client.liveCount > 0 && client.leaseEndsMs < nowMs;
}
