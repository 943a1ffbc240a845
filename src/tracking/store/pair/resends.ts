// What the partner asked to be sent again, of clients and of buckets: each once, however often it asks meanwhile. Never
// more than the list itself. Pure.

import type { ClientId } from '../../../foundation/torrent/ids.js';
import type { Positioned } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import { bucketOf } from './digests.js';

export class Resends {
  readonly #registry: Registry;
  readonly #clients = new Set<ClientId>();
  readonly #buckets = new Set<number>();
  #isAll = false;
  /** Of what was asked for first. */
  #records: Iterator<Positioned> | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  get isEmpty(): boolean {
    return this.#records === undefined && !this.#isAll && this.#clients.size === 0 && this.#buckets.size === 0;
  }

  addClients(clients: readonly ClientId[]): void {
    for (const id of clients) if (this.#registry.client(id) !== undefined) this.#clients.add(id);
  }

  addBuckets(buckets: Iterable<number>): void {
    for (const bucket of buckets) this.#buckets.add(bucket);
  }

  addAll(): void {
    this.#isAll = true;
  }

  /** The next records, at most `max`; none: that was all. */
  next(max: number): Positioned[] {
    const records: Positioned[] = [];
    while (records.length < max && !this.isEmpty) {
      this.#records ??= this.#begin();
      const next = this.#records.next();
      if (next.done === true) this.#records = undefined;
      else records.push(next.value);
    }
    return records;
  }

  #begin(): Iterator<Positioned> {
    if (this.#clients.size > 0) {
      const clients = [...this.#clients];
      this.#clients.clear();
      return ofClients(this.#registry, clients);
    }
    const buckets = new Set(this.#buckets);
    this.#buckets.clear();
    if (this.#isAll) {
      this.#isAll = false;
      return everything(this.#registry);
    }
    return ofBuckets(this.#registry, buckets);
  }
}

/** What is added while this goes on lies behind the position it began at. */
export function* everything(registry: Registry): Generator<Positioned> {
  for (const client of registry.clients()) {
    if (client.left !== undefined) yield client;
    yield* client.entries.values();
  }
}

function* ofClients(registry: Registry, ids: readonly ClientId[]): Generator<Positioned> {
  for (const id of ids) {
    const client = registry.client(id);
    if (client?.left !== undefined) yield client;
    yield* client?.entries.values() ?? [];
  }
}

function* ofBuckets(registry: Registry, buckets: ReadonlySet<number>): Generator<Positioned> {
  // A copy of each list: it is shuffled while samples are taken from it.
  for (const { key, live } of registry.swarms()) if (buckets.has(bucketOf(key))) yield* live.slice();
  for (const entry of registry.tombstones()) if (buckets.has(bucketOf(entry.swarm.key))) yield entry;
}
