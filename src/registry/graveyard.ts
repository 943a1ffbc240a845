// What a registry keeps only so that nobody brings it back: entries that are not live, clients that left, files without an
// entry; and which of these are old enough to be forgotten. Oldest first, so that a look costs what it finds. Pure.

import type { Change } from './changes.js';
import type { Client, Entry, Swarm } from './records.js';

export class Graveyard {
  readonly #graves = new Set<Entry>();
  readonly #leavers = new Set<Client>();
  readonly #emptySwarms = new Set<Swarm>();

  /** The entry is not live, from now on or in another way than before. */
  buried(entry: Entry): void {
    this.#graves.delete(entry);
    this.#graves.add(entry);
  }

  /** The entry is live, or forgotten. */
  risen(entry: Entry): void {
    this.#graves.delete(entry);
  }

  graves(): Iterable<Entry> {
    return this.#graves;
  }

  left(client: Client): void {
    this.#leavers.delete(client);
    this.#leavers.add(client);
  }

  /** Its leaving is forgotten. */
  returned(client: Client): void {
    this.#leavers.delete(client);
  }

  emptied(swarm: Swarm): void {
    this.#emptySwarms.add(swarm);
  }

  /** It has an entry, or is forgotten. */
  filled(swarm: Swarm): void {
    this.#emptySwarms.delete(swarm);
  }

  /** Tomb stones and marks of leaving that were kept for `keepMs`, and empty swarms; the oldest `changesMax`. */
  outdated(nowMs: number, keepMs: number, changesMax: number): Change[] {
    const changes: Change[] = [];
    const isFull = (): boolean => changes.length >= changesMax;
    for (const entry of this.#graves) {
      if (isFull() || nowMs - entry.changedAtMs <= keepMs) break;
      changes.push({ kind: 'forget', swarm: entry.swarm.key, client: entry.client.id });
    }
    for (const { id, left } of this.#leavers) {
      if (isFull() || left === undefined || nowMs - left.changedAtMs <= keepMs) break;
      changes.push({ kind: 'forgetLeave', client: id, epoch: left.epoch, sequence: left.sequence });
    }
    for (const swarm of this.#emptySwarms) {
      if (isFull()) break;
      changes.push({ kind: 'forgetSwarm', swarm: swarm.key });
    }
    return changes;
  }
}
