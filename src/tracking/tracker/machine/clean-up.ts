// What a tracker takes off its list by itself, step by step: clients whose leases ended, clients that a long standstill
// left in doubt, and records that nobody needs any more. Never removes what only an owner may. Pure.

import { TOMBSTONE_MS } from '../../../foundation/base/limits.js';
import type { ClientId } from '../../../foundation/torrent/ids.js';
import type { Change } from '../../registry/changes.js';
import { Doubts } from '../../registry/doubts.js';
import type { Leases } from '../../registry/leases.js';
import type { Registry } from '../../registry/registry.js';
import { TRACKER_CLEAN_UP_PACE_MS, TRACKER_FORGET_MAX, TRACKER_TICK_MS } from '../limits.js';

export interface CleanUpStep {
  readonly clients: readonly ClientId[];
  readonly changes: readonly Change[];
  /** About how many small changes it is worth. */
  readonly weight: number;
}

export class CleanUp {
  readonly doubts = new Doubts();
  readonly #registry: Registry;
  readonly #leases: Leases;
  #nextMs = Number.POSITIVE_INFINITY;

  constructor(registry: Registry, leases: Leases) {
    this.#registry = registry;
    this.#leases = leases;
  }

  /** When a clean-up that found more than one step takes goes on. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** True: for longer than tombstones are kept; what was removed meanwhile may be known to nobody but its owner. */
  stoodStill(forMs: number, connected: ReadonlySet<ClientId>, nowMs: number): boolean {
    if (forMs <= TOMBSTONE_MS) return false;
    const listed = [...this.#registry.clients()].filter(({ liveCount }) => liveCount > 0);
    this.doubts.begin(
      listed.map(({ id }) => id),
      connected,
      nowMs,
    );
    return true;
  }

  /**
   * @param isUnderWay the former step is not written yet: what the next one would find is in it.
   * @param acknowledged see `tombstones.ts`.
   */
  step(isUnderWay: boolean, acknowledged: number, nowMs: number): CleanUpStep {
    this.#nextMs = nowMs + TRACKER_CLEAN_UP_PACE_MS;
    if (isUnderWay) return { clients: [], changes: [], weight: 0 };
    const { clients, entries } = this.#leases.expired(nowMs, TRACKER_FORGET_MAX);
    let weight = entries;
    while (weight < TRACKER_FORGET_MAX) {
      const id = this.doubts.take();
      if (id === undefined) break;
      clients.push(id);
      weight += Math.max(1, this.#registry.client(id)?.liveCount ?? 0);
    }
    const outdated = this.#registry.outdated(nowMs, acknowledged, Math.max(0, TRACKER_FORGET_MAX - weight));
    const lapses = clients.map((client) => ({ kind: 'expire', client }) as const);
    weight += outdated.length;
    if (weight < TRACKER_FORGET_MAX) this.#nextMs = Number.POSITIVE_INFINITY;
    return { clients, changes: [...lapses, ...outdated], weight };
  }
}

/** Short leases, as tests and impatient operators ask for, are looked at more often. */
export function tickMsOf(leaseMs: number): number {
  return Math.max(1, Math.min(TRACKER_TICK_MS, Math.floor(leaseMs / 4)));
}
