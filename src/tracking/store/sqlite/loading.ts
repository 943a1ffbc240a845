// What a store's thread reports of its list before it takes commits: every row in batches, the tombstones first, then
// who this tracker is. The schema's own checks promise the types that the rows are read as.

import { STORE_FRAME_CHANGES_MAX } from './limits.js';
import type { StoreEvent } from './messages.js';
import type { SeederStore } from './store.js';

type LoadedSwarm = Extract<StoreEvent, { kind: 'loadedSwarms' }>['rows'][number];
type LoadedEntry = Extract<StoreEvent, { kind: 'loadedEntries' }>['rows'][number];
type LoadedLeave = Extract<StoreEvent, { kind: 'loadedLeaves' }>['rows'][number];

/** @param movedFrom see `loaded`. */
export function* loadedEvents(store: SeederStore, movedFrom: string, wallMs: number): Generator<StoreEvent> {
  // A wall clock that went back makes a tombstone younger, never older.
  const age = (changedAt: unknown): number => Math.max(0, wallMs - Number(changedAt));
  for (const batch of store.batches('loadSwarms', STORE_FRAME_CHANGES_MAX)) {
    const rows = batch.map(
      ([key, name, size, pieces, kept, at, ...details]) =>
        [key, name, size, pieces, kept === 1, at, ...details] as unknown,
    );
    yield { kind: 'loadedSwarms', rows: rows as LoadedSwarm[] };
  }
  for (const batch of store.batches('loadLeaves', STORE_FRAME_CHANGES_MAX)) {
    const rows = batch.map(
      ([client, epoch, sequence, changed, at]) => [client, epoch, sequence, age(changed), at] as unknown,
    );
    yield { kind: 'loadedLeaves', rows: rows as LoadedLeave[] };
  }
  for (const batch of store.batches('loadUnlisted', STORE_FRAME_CHANGES_MAX)) {
    const rows = batch.map((row) => [...row.slice(0, 8), age(row[8]), row[9], row[10]] as unknown);
    yield { kind: 'loadedEntries', rows: rows as LoadedEntry[] };
  }
  for (const batch of store.liveBatches(STORE_FRAME_CHANGES_MAX, wallMs))
    yield { kind: 'loadedEntries', rows: batch as readonly unknown[] as readonly LoadedEntry[] };
  for (const fields of store.membership.load()) yield { kind: 'loadedMembership', ...fields };
  const { kept = '' } = store;
  yield { kind: 'loaded', lastUpload: store.lastUpload(), ...store.identity(), movedFrom, kept };
}
