// Records that are kept only so that nothing brings an entry back: entries that are not live, clients that left, files
// without entries; and which of them may be forgotten. Removals that were made here wait until every tracker has them.
// Pure.

import { TOMBSTONE_MS } from '../../foundation/base/limits.js';
import type { Change, Version } from './changes.js';
import { TOMBSTONE_UNHEARD_MS, TOMBSTONES_UNHEARD_MAX } from './limits.js';
import type { Client, Entry, Swarm } from './records.js';

export class Tombstones {
  /** Removed by words that were said here. */
  readonly #removed = new Set<Entry>();
  /** Lapsed, or removed by words that the partner told. */
  readonly #others = new Set<Entry>();
  readonly #leavers = new Set<Client>();
  readonly #emptySwarms = new Set<Swarm>();

  /** The entry, which is not live, is so from now on or in another way than before. */
  add(entry: Entry): void {
    this.remove(entry);
    if (entry.state === 'removed' && entry.position > 0) this.#removed.add(entry);
    else this.#others.add(entry);
  }

  /** The entry is live, or forgotten. */
  remove(entry: Entry): void {
    this.#removed.delete(entry);
    this.#others.delete(entry);
  }

  *entries(): Generator<Entry> {
    yield* this.#removed;
    yield* this.#others;
  }

  addLeaver(client: Client): void {
    this.#leavers.delete(client);
    this.#leavers.add(client);
  }

  /** Its leaving is forgotten. */
  removeLeaver(client: Client): void {
    this.#leavers.delete(client);
  }

  addEmpty(swarm: Swarm): void {
    this.#emptySwarms.add(swarm);
  }

  /** It has an entry, or is forgotten. */
  removeEmpty(swarm: Swarm): void {
    this.#emptySwarms.delete(swarm);
  }

  /**
   * Tombstones and marks of leaving that are old enough, and empty swarms; the oldest `changesMax`.
   * @param acknowledged the partner has what was changed here up to this position.
   */
  outdated(nowMs: number, acknowledged: number, changesMax: number): Change[] {
    const changes: Change[] = [];
    const isFull = (): boolean => changes.length >= changesMax;
    for (const graves of [this.#removed, this.#others]) {
      for (const entry of graves) {
        const isAwaited = graves === this.#removed && entry.position > acknowledged;
        if (isFull() || !isOutdated(nowMs - entry.changedAtMs, isAwaited, graves.size)) break;
        changes.push({ kind: 'forget', swarm: entry.swarm.key, client: entry.client.id, ...versionOf(entry) });
      }
    }
    for (const { id, left, position } of this.#leavers) {
      if (isFull() || left === undefined) break;
      if (!isOutdated(nowMs - left.changedAtMs, position > acknowledged, this.#leavers.size)) break;
      changes.push({ kind: 'forgetLeave', client: id, epoch: left.epoch, sequence: left.sequence });
    }
    for (const swarm of this.#emptySwarms) {
      if (isFull()) break;
      changes.push({ kind: 'forgetSwarm', swarm: swarm.key });
    }
    return changes;
  }
}

/** @param isAwaited the partner has yet to acknowledge it. @param count how many of its kind there are. */
function isOutdated(ageMs: number, isAwaited: boolean, count: number): boolean {
  return ageMs > (isAwaited && count <= TOMBSTONES_UNHEARD_MAX ? TOMBSTONE_UNHEARD_MS : TOMBSTONE_MS);
}

function versionOf({ epoch, sequence }: Version): Version {
  return { epoch, sequence };
}
