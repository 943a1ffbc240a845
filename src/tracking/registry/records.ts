// What a registry consists of: files (swarms), clients, and an entry for each pair of them that was ever named. Each
// record knows the position of its last change that was made here. Only the registry, leases and replication write
// records. Pure.

import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import type { EntryState, FileFacts, Version } from './changes.js';

export interface Entry extends Version {
  readonly is: 'entry';
  readonly swarm: Swarm;
  readonly client: Client;
  host: string;
  port: number;
  have: number;
  epoch: number;
  sequence: number;
  state: EntryState;
  /** Its owner wants the file to be found by who asks what there is. False of a removed one. */
  isListed: boolean;
  /** When it stopped being live, on the local clock; decides only when a tombstone may be forgotten. */
  changedAtMs: number;
  /** Its place in `swarm.live`, -1 while not live. */
  slot: number;
  position: number;
  /** Of its last change that was more than progress: a partner that has come this far needs only the progress. */
  fullChangePosition: number;
  /** Its share of its bucket's digest, two times 32 bits; 0 while not live. */
  digestHigh: number;
  digestLow: number;
  /** What `digests.ts` knows of its place; 0 and 0: nothing, since the place is new. */
  addressHashHigh: number;
  addressHashLow: number;
}

export interface Swarm {
  readonly is: 'swarm';
  readonly key: SwarmKey;
  /** Undefined when only a removal is known of it. */
  facts: FileFacts | undefined;
  /** Its piece hashes are in the store, whole and verified. */
  complete: boolean;
  /** Entries of any state: a swarm without any may be forgotten. */
  entryCount: number;
  readonly live: Entry[];
  /** Its entries whose owners want it to be found. */
  listers: number;
  /** Of its completion, or of what completed its facts later. */
  position: number;
}

export interface Client {
  readonly is: 'client';
  readonly id: ClientId;
  readonly entries: Map<SwarmKey, Entry>;
  liveCount: number;
  /** Words up to this version are void: the client left with it. */
  left: (Version & { readonly changedAtMs: number }) | undefined;
  /** Local clock; after it the client's entries expire. Of no meaning while `liveCount` is 0. */
  leaseEndsMs: number;
  /** When it last said a word of its own here, on the local clock; never, if that was before the start. */
  heardMs: number;
  /** Where it is listed; undefined while nothing of it is live. */
  address: ListedAddress | undefined;
  /** Of its leaving. */
  position: number;
}

/** One address with the clients that have a live entry and were last heard there; never without any. */
export interface ListedAddress {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly clients: Client[];
}

/** What has a position: 0 when the partner made its last change, or nobody since before there were positions. */
export type Positioned = Entry | Swarm | Client;

export function newSwarm(key: SwarmKey): Swarm {
  return { is: 'swarm', key, facts: undefined, complete: false, entryCount: 0, live: [], listers: 0, position: 0 };
}

export function newClient(id: ClientId): Client {
  const times = { leaseEndsMs: 0, heardMs: Number.NEGATIVE_INFINITY };
  return {
    is: 'client',
    id,
    entries: new Map(),
    liveCount: 0,
    left: undefined,
    ...times,
    address: undefined,
    position: 0,
  };
}

/** A lapsed one, of nowhere. */
export function newEntry(swarm: Swarm, client: Client, { epoch, sequence }: Version): Entry {
  const place = { host: '', port: 0, have: 0, slot: -1, position: 0, fullChangePosition: 0 };
  const digest = { digestHigh: 0, digestLow: 0, addressHashHigh: 0, addressHashLow: 0 };
  return {
    is: 'entry',
    swarm,
    client,
    ...place,
    epoch,
    sequence,
    state: 'lapsed',
    isListed: false,
    changedAtMs: 0,
    ...digest,
  };
}
