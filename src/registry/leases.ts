// Who is still there: a client's lease covers all its entries and is renewed by any request. Leases are counted on the
// local monotonic clock only. Nobody is expired within one lease of the start or of a freeze (a tick that came more than
// a quarter of a lease late: with a heartbeat every third, that leaves a lease its slack), since then it was the tracker that was silent. What the partner tracker says of a lease only ever
// lengthens it. Pure.

import type { ClientId } from '../torrent/ids.js';
import type { Client } from './records.js';
import type { Registry } from './registry.js';

export interface LeaseRule {
  /** Milliseconds a client stays listed without a word from it. */
  readonly leaseMs: number;
  /** Milliseconds between two ticks: an entry lapses in (lease, lease + tick]. */
  readonly tickMs: number;
}

export class Leases {
  readonly #registry: Registry;
  readonly #rule: LeaseRule;
  #lastTickMs: number | undefined;
  #partnerLostMs = Number.NEGATIVE_INFINITY;
  /** Renewed by their own word here since the partner was last told. */
  #renewed = new Set<Client>();

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
    this.#renewed.add(client);
  }

  /**
   * The partner, which heard of some of these clients, is away: nobody expires within one lease for that. Once in four
   * leases, so that a link that comes and goes does not keep the dead alive.
   */
  partnerLost(nowMs: number): void {
    if (nowMs - this.#partnerLostMs < this.#rule.leaseMs * 4) return;
    this.#partnerLostMs = nowMs;
    this.grace(nowMs);
  }

  takeRenewed(): ReadonlySet<Client> {
    const renewed = this.#renewed;
    this.#renewed = new Set();
    return renewed;
  }

  /** Everybody gets a whole lease from now: after the start and after a freeze. */
  grace(nowMs: number): void {
    for (const client of this.#registry.clients())
      client.leaseEndsMs = Math.max(client.leaseEndsMs, this.endsMs(nowMs));
  }

  /** Milliseconds this tracker was frozen before this tick, 0 when it was not; and the clients whose leases are over. */
  tick(nowMs: number): { readonly frozenMs: number; readonly expired: readonly ClientId[] } {
    const lateMs = nowMs - (this.#lastTickMs ?? nowMs) - this.#rule.tickMs;
    this.#lastTickMs = nowMs;
    if (lateMs > this.#rule.leaseMs / 4) {
      this.grace(nowMs);
      return { frozenMs: lateMs, expired: [] };
    }
    const expired: ClientId[] = [];
    for (const client of this.#registry.clients()) if (isOver(client, nowMs)) expired.push(client.id);
    return { frozenMs: 0, expired };
  }
}

function isOver(client: Client, nowMs: number): boolean {
  return client.liveCount > 0 && client.leaseEndsMs < nowMs;
}
