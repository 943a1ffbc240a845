// Rows of the shared database into the registry of one tracker. The database has merged all words already: the higher
// version is taken, and of one version the state that was written last. Pure.

import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import { type Change, type ChangeOf, compareVersions, outranks } from '../../registry/changes.js';
import type { Leases } from '../../registry/leases.js';
import type { Client, Entry } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import type { FedEntry, FedLeave, FedProgress, FedRows, FedSwarm } from './messages.js';

export class Feed {
  readonly #registry: Registry;
  readonly #leases: Leases;

  constructor(registry: Registry, leases: Leases) {
    this.#registry = registry;
    this.#leases = leases;
  }

  /**
   * Answers words that put entries back: the database lets a client expire whom this tracker has heard since.
   * @param isDoubtful what was heard here lately may have been said long before.
   */
  apply({ swarms, leaves, entries, progress }: FedRows, nowMs: number, isDoubtful = false): readonly Change[] {
    for (const swarm of swarms) this.#swarm(swarm, nowMs);
    for (const leave of leaves) this.#leave(leave, nowMs);
    const back: Change[] = [];
    for (const entry of entries) {
      const word = this.#entry(entry, nowMs, isDoubtful);
      if (word !== undefined) back.push(word);
    }
    for (const word of progress) this.#progress(word, nowMs);
    return back;
  }

  /** Another tracker heard the client so long ago. */
  heard(client: Client | undefined, agoMs: number, nowMs: number): void {
    if (client !== undefined) client.leaseEndsMs = Math.max(client.leaseEndsMs, this.#leases.endsMs(nowMs - agoMs));
  }

  #swarm(told: FedSwarm, nowMs: number): void {
    const { swarm, isComplete, name, size, pieceCount, details } = told;
    const facts = { swarm, name, size, pieceCount, ...(details === undefined ? {} : { details }) };
    if (isComplete) this.#registry.apply({ kind: 'complete', upload: 0, ...facts }, nowMs, nowMs);
    this.#registry.apply({ kind: 'swarm', ...facts }, nowMs, nowMs);
  }

  /** A row that has changed in more comes by itself: nothing that is not listed here becomes listed by its progress. */
  #progress(told: FedProgress, nowMs: number): void {
    const client = this.#registry.client(told.client);
    if (client?.entries.get(told.swarm)?.state !== 'live') return;
    this.#registry.apply(told, nowMs, client.leaseEndsMs, told.changed);
    this.heard(client, 0, nowMs);
  }

  #leave({ client, epoch, sequence, ageMs, changed }: FedLeave, nowMs: number): void {
    this.#registry.apply({ kind: 'leave', client, epoch, sequence }, nowMs - ageMs, nowMs, changed);
  }

  #entry(told: FedEntry, nowMs: number, isDoubtful: boolean): ChangeOf<'replicatedEntry'> | undefined {
    const { swarm, client: id, host, port, have, epoch, sequence, state, isListed, ageMs, changed } = told;
    const client = this.#registry.client(id);
    const known = client?.entries.get(swarm);
    if (known !== undefined && !this.#isNews(told, known)) return undefined;
    if (state === 'lapsed' && known?.state === 'live' && !isDoubtful && this.#wasHeard(known.client, nowMs))
      return wordOf(known, swarm, this.#leases.endsMs(0));
    const word = { kind: 'put', swarm, client: id, host, port, have, epoch, sequence, isListed } as const;
    this.#registry.restore(word, state, nowMs - ageMs, this.#leases.endsMs(nowMs), changed);
    if (state === 'live') this.heard(this.#registry.client(id), 0, nowMs);
    return undefined;
  }

  #isNews(told: FedEntry, known: Entry): boolean {
    const order = compareVersions(told, known);
    if (order !== 0) return order > 0;
    if (told.state !== known.state)
      return outranks(told.state, known.state) || (known.state !== 'removed' && told.changed > known.position);
    return told.state !== 'removed' && told.isListed !== known.isListed && told.changed > known.position;
  }

  #wasHeard(client: Client, nowMs: number): boolean {
    return this.#leases.endsMs(client.heardMs) >= nowMs;
  }
}

function wordOf(known: Entry, swarm: SwarmKey, leaseMs: number): ChangeOf<'replicatedEntry'> {
  const { host, port, have, epoch, sequence, isListed } = known;
  const place = { swarm, client: known.client.id, host, port, have, epoch, sequence };
  return { kind: 'replicatedEntry', ...place, state: 'live', ms: leaseMs, isListed };
}
