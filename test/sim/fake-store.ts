// What a tracker's disk holds, for simulations: merged as the real store merges, with its positions, its ages and what
// it lets lapse at a start. `seederlist/store.test.ts` compares the two.

import { createHash } from 'node:crypto';
import { CLOCK_STEP_MS, TOMBSTONE_MS } from '../../src/foundation/base/limits.js';
import { Standing } from '../../src/foundation/identity/standing.js';
import { MEMBERSHIP_TABLES, Membership } from '../../src/tracking/membership/membership.js';
import type { MembershipRow } from '../../src/tracking/membership/records.js';
import { Registry } from '../../src/tracking/registry/registry.js';
import { isOfRegistry, type PairChange } from '../../src/tracking/store/pair/changes.js';
import { applyLoaded, type LoadedRows } from '../../src/tracking/store/sqlite/rows.js';
import { ROOT } from '../tracking/membership/closed-pair.js';

type Rows<K extends LoadedRows['kind']> = Extract<LoadedRows, { kind: K }>['rows'][number][];

export interface LoadedList {
  readonly swarms: Rows<'loadedSwarms'>;
  readonly leaves: Rows<'loadedLeaves'>;
  readonly entries: Rows<'loadedEntries'>;
}

export class FakeStore {
  #image = new Registry();
  readonly #membership = new Membership(new Standing(ROOT.publicKey));
  #trackerId: Uint8Array;
  #position = 0;
  #followed = { origin: new Uint8Array(16), position: 0 };
  /** By the wall clock; 0: nothing was written yet. */
  #seenMs = 0;

  constructor(name: string) {
    this.#trackerId = trackerIdOf(name);
  }

  get identity() {
    return { trackerId: new Uint8Array(this.#trackerId), position: this.#position, followed: this.#followed };
  }

  /** As the upgrade of a list does. */
  followAnew(): void {
    this.#followed = { origin: new Uint8Array(16), position: 0 };
  }

  commit(changes: readonly PairChange[], position: number, wallMs: number): void {
    for (const [at, change] of changes.entries()) {
      if (change.kind === 'membership') this.#membership.apply(change.row);
      else if (isOfRegistry(change)) this.#image.apply(change, wallMs, 0, position + at);
      else if (change.kind === 'identity') {
        this.#trackerId = new Uint8Array(change.tracker);
        this.#followed = { origin: new Uint8Array(16), position: 0 };
      } else this.#followed = { origin: new Uint8Array(change.origin), position: change.position };
    }
    this.#position = Math.max(this.#position, position + changes.length - 1);
    this.#seenMs = wallMs;
  }

  /** What `SeederStore.resume` does. */
  resume(wallMs: number): void {
    const awayMs = this.#seenMs === 0 ? 0 : wallMs - this.#seenMs;
    const isStale = awayMs > TOMBSTONE_MS || awayMs < -CLOCK_STEP_MS;
    const list = this.rows(this.#seenMs);
    this.#load(
      isStale ? list.entries.map(lapsed) : list.entries,
      list,
      Math.abs(awayMs) > CLOCK_STEP_MS ? wallMs : this.#seenMs,
    );
    this.#seenMs = wallMs;
  }

  /** What is there, as of now. */
  copy(): FakeStore {
    const copy = new FakeStore('');
    copy.#trackerId.set(this.#trackerId);
    copy.#position = this.#position;
    copy.#followed = this.#followed;
    copy.#seenMs = this.#seenMs;
    for (const row of this.membershipRows()) copy.#membership.apply(row);
    const list = this.rows(0);
    copy.#load(list.entries, list, 0);
    return copy;
  }

  membershipRows(): MembershipRow[] {
    return MEMBERSHIP_TABLES.flatMap((table) => [...this.#membership.rows(table)]);
  }

  rows(wallMs: number): LoadedList {
    const list: LoadedList = { swarms: [], leaves: [], entries: [] };
    for (const { key, facts, complete, position } of this.#image.swarms())
      if (facts !== undefined) {
        const { info = '', listBytes = 0, files = 0 } = facts.details ?? {};
        list.swarms.push([key, facts.name, facts.size, facts.pieceCount, complete, position, info, listBytes, files]);
      }
    for (const { id, left, position, entries } of this.#image.clients()) {
      if (left !== undefined) list.leaves.push([id, left.epoch, left.sequence, wallMs - left.changedAtMs, position]);
      for (const entry of entries.values()) {
        const { swarm, host, port, have, epoch, sequence, state, changedAtMs } = entry;
        const ageMs = state === 'live' ? 0 : wallMs - changedAtMs;
        const listed = entry.isListed ? 1 : 0;
        list.entries.push([swarm.key, id, host, port, have, epoch, sequence, state, ageMs, entry.position, listed]);
      }
    }
    // The dead first, the oldest of them before the others.
    list.entries.sort((a, b) => Number(a[7] === 'live') - Number(b[7] === 'live') || b[8] - a[8]);
    return list;
  }

  #load(entries: LoadedList['entries'], { swarms, leaves }: LoadedList, wallMs: number): void {
    this.#image = new Registry();
    applyLoaded(this.#image, { kind: 'loadedSwarms', rows: swarms }, wallMs, 0);
    applyLoaded(this.#image, { kind: 'loadedLeaves', rows: leaves }, wallMs, 0);
    applyLoaded(this.#image, { kind: 'loadedEntries', rows: entries }, wallMs, 0);
  }
}

/** 16 bytes, another one for each text. */
export function trackerIdOf(text: string): Uint8Array {
  return createHash('md5').update(text).digest();
}

/** When it was seen last. */
function lapsed(row: LoadedList['entries'][number]): LoadedList['entries'][number] {
  const [swarm, client, host, port, have, epoch, sequence, state, , position, listed] = row;
  return state === 'live' ? [swarm, client, host, port, have, epoch, sequence, 'lapsed', 0, position, listed] : row;
}
