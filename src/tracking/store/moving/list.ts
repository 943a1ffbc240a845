// The seeder list on a disk as one end of a move. No tracker may use it meanwhile. A list that is read is left as it
// is: what is opened is a copy of it, of any earlier version.

import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { PART_BYTES_MAX } from '../../../foundation/base/limits.js';
import { type ClientId, type SwarmKey, TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import type { InfoDigest } from '../../../foundation/torrent/info-text.js';
import { membershipRowsOf } from '../../membership/rows.js';
import type { PairChange } from '../pair/changes.js';
import { type FedRows, NOTHING_FED } from '../postgres/messages.js';
import { checkHeader } from '../sqlite/header.js';
import { realListPath } from '../sqlite/holding.js';
import { STORE_FRAME_CHANGES_MAX } from '../sqlite/limits.js';
import { loadedEvents } from '../sqlite/loading.js';
import { lockList } from '../sqlite/lock.js';
import type { StoreEvent } from '../sqlite/messages.js';
import { openError } from '../sqlite/open-errors.js';
import { copyList, privateDirectory } from '../sqlite/reader.js';
import { storeCommandsOf } from '../sqlite/rows.js';
import { lockBesideList } from '../sqlite/side-lock.js';
import { SeederStore } from '../sqlite/store.js';
import { checkSwarm, type MoveSource, type MoveTarget } from './ends.js';

/** Rejects with MiniTorrentError; ALREADY_RUNNING: a tracker uses it. */
export async function openListSource(path: string, cluster: string): Promise<MoveSource> {
  checkHeader(path, 'r');
  // Nothing is made beside a list that is only read; every tracker made a lock there.
  const release = await holdList(path, existsSync(`${realListPath(path)}-lock`));
  let directory: string | undefined;
  try {
    directory = privateDirectory(path);
    const store = openCopyOf(path, directory);
    const place = { ...store.place(), hasMembers: hasMembers(store) };
    checkSwarm(path, place, cluster);
    store.resume(Date.now());
    return new ListSource(path, store, closing(directory, release));
  } catch (error) {
    await closing(directory, release)();
    throw error;
  }
}

function closing(directory: string | undefined, release: () => Promise<void>): () => Promise<void> {
  return async () => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    await release();
  };
}

function openCopyOf(path: string, directory: string): SeederStore {
  const copy = join(directory, 'list.db');
  copyList(path, copy);
  try {
    return SeederStore.open(copy);
  } catch (error) {
    const { code, message } = openError(error, path, 'read');
    throw new MiniTorrentError(code, message.replaceAll(copy, path), error);
  }
}

/** Makes the file if there is none. Rejects as `openListSource` does. */
export async function openListTarget(path: string, cluster: string): Promise<MoveTarget> {
  const release = await holdList(path, true);
  try {
    const store = SeederStore.open(path);
    try {
      const place = { ...store.place(), hasMembers: hasMembers(store) };
      checkSwarm(path, place, cluster);
      // Before anything is written: the ages of what is there are told from the last commit.
      store.resume(Date.now());
      return new ListTarget(path, store, place.own !== '', release);
    } catch (error) {
      store.close();
      throw error;
    }
  } catch (error) {
    await release();
    throw openError(error, path);
  }
}

/** As a tracker holds it, so that none starts meanwhile. */
async function holdList(path: string, isBeside: boolean): Promise<() => Promise<void>> {
  const name = await lockList(path);
  try {
    const beside = isBeside ? lockBesideList(path) : undefined;
    return async () => {
      beside?.release();
      await name.release();
    };
  } catch (error) {
    await name.release();
    throw error;
  }
}

function hasMembers(store: SeederStore): boolean {
  for (const fields of store.membership.load()) if (membershipRowsOf(fields).length > 0) return true;
  return false;
}

class ListSource implements MoveSource {
  readonly name: string;
  readonly users = 0;
  readonly #store: SeederStore;
  readonly #closed: () => Promise<void>;

  constructor(name: string, store: SeederStore, closed: () => Promise<void>) {
    this.name = name;
    this.#store = store;
    this.#closed = closed;
  }

  async rows(): Promise<readonly FedRows[]> {
    return [...loadedEvents(this.#store, '', Date.now())].map(rowsOf);
  }

  async hashes(swarm: SwarmKey, offset: number): Promise<Uint8Array> {
    return this.#store.hashes(swarm, offset, PART_BYTES_MAX);
  }

  async close(): Promise<void> {
    this.#store.close();
    await this.#closed();
  }
}

function rowsOf(event: StoreEvent): FedRows {
  switch (event.kind) {
    case 'loadedSwarms': {
      const swarms = event.rows.map(([swarm, name, size, pieceCount, isComplete, , info, listBytes, files]) => {
        const details = info === '' ? undefined : { info: info as InfoDigest, listBytes, files };
        return { swarm: swarm as SwarmKey, name, size, pieceCount, isComplete, details };
      });
      return { ...NOTHING_FED, swarms };
    }
    case 'loadedLeaves': {
      const leaves = event.rows.map(([client, epoch, sequence, ageMs]) => {
        return { client: client as ClientId, epoch, sequence, ageMs, changed: 0 };
      });
      return { ...NOTHING_FED, leaves };
    }
    case 'loadedEntries': {
      const entries = event.rows.map(([swarm, client, host, port, have, epoch, sequence, state, ageMs, , isListed]) => {
        const place = { swarm: swarm as SwarmKey, client: client as ClientId, host, port, have };
        return { ...place, epoch, sequence, state, isListed: isListed === 1, ageMs, changed: 0 };
      });
      return { ...NOTHING_FED, entries };
    }
    case 'loadedMembership':
      return { ...NOTHING_FED, membership: membershipRowsOf(event) };
    default:
      return NOTHING_FED;
  }
}

class ListTarget implements MoveTarget {
  readonly #path: string;
  readonly #store: SeederStore;
  readonly #wasUsed: boolean;
  readonly #release: () => Promise<void>;
  #upload: number;
  #position: number;
  #isBroken = false;

  /** @param wasUsed a tracker had this list. */
  constructor(path: string, store: SeederStore, wasUsed: boolean, release: () => Promise<void>) {
    this.#path = path;
    this.#store = store;
    this.#wasUsed = wasUsed;
    this.#release = release;
    this.#upload = store.lastUpload();
    this.#position = store.identity().position;
  }

  async proven(): Promise<ReadonlySet<SwarmKey>> {
    const proven = new Set<SwarmKey>();
    for (const rows of this.#store.batches('loadSwarms', STORE_FRAME_CHANGES_MAX))
      for (const [swarm, , , , isComplete] of rows) if (isComplete === 1) proven.add(swarm as SwarmKey);
    return proven;
  }

  newUpload(): number {
    this.#upload += 1;
    return this.#upload;
  }

  async write(changes: readonly PairChange[]): Promise<void> {
    const first = this.#position + 1;
    this.#position += changes.length;
    const failure = this.#store.commit(storeCommandsOf(changes, first), Date.now(), this.#position);
    if (failure === undefined) return;
    this.#isBroken = failure.outcome === 'broken';
    throw openError(failure.error, this.#path);
  }

  /** Its partner has followed it up to a position, and knows nothing of what came now: it shall follow it anew. */
  async finish(): Promise<void> {
    if (this.#wasUsed) await this.write([{ kind: 'identity', tracker: Uint8Array.from(randomBytes(TRACKER_ID_SIZE)) }]);
  }

  async close(): Promise<void> {
    // What is unknown is left for SQLite to sort out.
    if (!this.#isBroken) this.#store.close();
    await this.#release();
  }
}
