// Which client has how much of which file, as this tracker knows it. Only its owner's words change an entry, and the
// higher version wins; the tracker itself can only let entries expire. Holds exactly what the store has committed,
// applied in that order. Pure.

import type { Prng } from '../../foundation/base/prng.js';
import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import { Addresses } from './addresses.js';
import { Catalogue } from './catalogue.js';
import {
  type Change,
  type ChangeOf,
  compareVersions,
  type EntryState,
  factsOf,
  outranks,
  type Version,
} from './changes.js';
import { proveFacts, replacesFacts, tellFacts } from './facts.js';
import { Listings } from './listings.js';
import { NO_OBSERVER, type RegistryObserver } from './observer.js';
import { type Client, type Entry, newClient, newEntry, newSwarm, type Positioned, type Swarm } from './records.js';
import { Tombstones } from './tombstones.js';

export interface Counts {
  readonly swarms: number;
  readonly clients: number;
  readonly entries: number;
  readonly liveEntries: number;
}

export class Registry {
  readonly addresses = new Addresses();
  readonly catalogue = new Catalogue();
  readonly #swarms = new Map<SwarmKey, Swarm>();
  readonly #clients = new Map<ClientId, Client>();
  readonly #tombstones = new Tombstones();
  readonly #listings = new Listings();
  #observer = NO_OBSERVER;
  #entryCount = 0;

  /** One observer sees every change from now on. */
  observe(observer: RegistryObserver): void {
    this.#observer = observer;
  }

  get counts(): Counts {
    return {
      swarms: this.#swarms.size,
      clients: this.#clients.size,
      entries: this.#entryCount,
      liveEntries: this.#listings.count,
    };
  }

  swarm(key: SwarmKey): Swarm | undefined {
    return this.#swarms.get(key);
  }

  client(id: ClientId): Client | undefined {
    return this.#clients.get(id);
  }

  swarms(): IterableIterator<Swarm> {
    return this.#swarms.values();
  }

  clients(): IterableIterator<Client> {
    return this.#clients.values();
  }

  tombstones(): Iterable<Entry> {
    return this.#tombstones.entries();
  }

  /** Highest epoch among the client's words, 0 when there is none. O(its entries): asked once a connection. */
  highestEpoch(id: ClientId): number {
    return this.highestVersion(id).epoch;
  }

  /** Of all its words that are known here. O(its entries). */
  highestVersion(id: ClientId): Version {
    const client = this.#clients.get(id);
    let highest: Version = client?.left ?? { epoch: 0, sequence: 0 };
    for (const entry of client?.entries.values() ?? []) if (compareVersions(entry, highest) > 0) highest = entry;
    return { epoch: highest.epoch, sequence: highest.sequence };
  }

  /** At most `want` live entries other than `caller`'s, each set of them as likely as any other. O(want). */
  sample(key: SwarmKey, caller: ClientId, want: number, prng: Prng): { entries: readonly Entry[]; total: number } {
    const swarm = this.#swarms.get(key);
    if (swarm === undefined) return { entries: [], total: 0 };
    const own = this.#clients.get(caller)?.entries.get(key);
    return this.#listings.sample(swarm, own, want, prng);
  }

  /** What may be forgotten; the oldest `changesMax`. See `tombstones.ts`. */
  outdated(nowMs: number, acknowledged: number, changesMax: number): Change[] {
    return this.#tombstones.outdated(nowMs, acknowledged, changesMax);
  }

  /** An entry as the store kept it, those that are not live oldest first. Live ones get their client a lease. */
  restore(word: ChangeOf<'put'>, state: EntryState, changedAtMs: number, leaseEndsMs: number, position: number): void {
    const client = this.#openClient(word.client);
    const entry = this.#openEntry(word.swarm, client, word);
    entry.fullChangePosition = position;
    this.restorePosition(entry, position);
    if (state === 'live' && client.liveCount === 0) client.leaseEndsMs = leaseEndsMs;
    this.#settle(entry, word, state, changedAtMs);
  }

  /** While the store is loaded: the position of the record's last change. */
  restorePosition(record: Positioned, position: number): void {
    record.position = position;
    if (position > 0) this.#observer.restored(record);
  }

  /**
   * @param leaseEndsMs for a client that becomes live by this change.
   * @param position of the change; 0: it was not made here.
   */
  apply(change: Change, nowMs: number, leaseEndsMs: number, position = 0): void {
    switch (change.kind) {
      case 'swarm':
        if (tellFacts(this.#openSwarm(change.swarm), change)) this.#changed(this.#openSwarm(change.swarm), position);
        return;
      case 'put':
        this.#put(change, nowMs, leaseEndsMs, position);
        return;
      case 'progress':
        this.#progress(change, nowMs, leaseEndsMs, position);
        return;
      case 'replicatedProgress':
        this.#progress(change, nowMs, leaseEndsMs, 0);
        return;
      case 'remove':
        this.#remove(change, nowMs, position);
        return;
      case 'leave':
        this.#leave(change, nowMs, position);
        return;
      case 'replicatedEntry':
        this.#replicatedEntry(change, nowMs);
        return;
      case 'fileInfo':
        this.#fileInfo(change);
        return;
      case 'replicatedLeave':
        this.#leave(change, nowMs - change.ms, 0);
        return;
      case 'expire':
        this.#expire(change.client, nowMs);
        return;
      case 'forget':
        this.#forget(change);
        return;
      case 'forgetLeave':
        this.#forgetLeave(change);
        return;
      case 'forgetSwarm':
        this.#forgetSwarm(change.swarm);
        return;
      case 'complete':
        this.#completed(change, position);
        return;
      case 'part':
      case 'dropParts':
        return; // Piece hashes are in the store alone.
    }
  }

  #fileInfo(change: ChangeOf<'fileInfo'>): void {
    const swarm = this.#openSwarm(change.swarm);
    if (replacesFacts(change, swarm)) swarm.facts = factsOf(change);
  }

  #completed(change: ChangeOf<'complete'>, position: number): void {
    const swarm = this.#openSwarm(change.swarm);
    if (swarm.complete) return;
    proveFacts(swarm, change);
    this.#changed(swarm, position);
  }

  #put(change: ChangeOf<'put'>, nowMs: number, leaseEndsMs: number, position: number): void {
    const client = this.#openClient(change.client);
    const entry = this.#openEntry(change.swarm, client, change);
    const order = compareVersions(change, entry);
    if (order < 0 || (order === 0 && entry.state !== 'lapsed')) return;
    this.#placed(entry, position);
    if (client.liveCount === 0) client.leaseEndsMs = leaseEndsMs;
    client.heardMs = nowMs;
    this.#settle(entry, change, 'live', nowMs);
  }

  /** One that lapsed meanwhile is live again where it was: its owner speaks. */
  #progress(
    { swarm, client: id, have, epoch, sequence }: ChangeOf<'progress' | 'replicatedProgress'>,
    nowMs: number,
    leaseEndsMs: number,
    position: number,
  ): void {
    const client = this.#clients.get(id);
    const entry = client?.entries.get(swarm);
    if (client === undefined || entry === undefined || entry.state === 'removed') return;
    if (compareVersions({ epoch, sequence }, entry) <= 0) return;
    const { host, port, isListed } = entry;
    const wasLive = entry.state === 'live';
    if (wasLive) this.#touched(entry, position);
    else this.#placed(entry, position);
    if (client.liveCount === 0) client.leaseEndsMs = leaseEndsMs;
    this.#settle(entry, { host, port, have, epoch, sequence, isListed }, 'live', nowMs);
  }

  /** Changed in more than its progress, so that the partner has to be told all of it. */
  #placed(entry: Entry, position: number): void {
    this.#touched(entry, position);
    if (position > 0) entry.fullChangePosition = position;
  }

  #touched(entry: Entry, position: number): void {
    this.#changed(entry, position);
    if (position > 0) this.#observer.swarmChanged(entry.swarm.key, position);
  }

  #changed(record: Positioned, position: number): void {
    if (position === 0) return;
    const former = record.position;
    record.position = position;
    this.#observer.changed(record, former);
  }

  #forgotten(record: Positioned): void {
    if (record.position > 0) this.#observer.forgotten(record);
    record.position = 0;
  }

  #replicatedEntry(change: ChangeOf<'replicatedEntry'>, nowMs: number): void {
    const { state, ms } = change;
    const client = this.#openClient(change.client);
    const isNew = !client.entries.has(change.swarm);
    const entry = this.#openEntry(change.swarm, client, change);
    const order = compareVersions(change, entry);
    const isListed = change.isListed === true || (order === 0 && entry.isListed);
    if (order < 0) return;
    if (order === 0 && !isNew && !outranks(state, entry.state)) {
      if (entry.state !== 'removed') this.catalogue.note(entry, isListed);
      return;
    }
    if (state === 'live') client.leaseEndsMs = Math.max(client.leaseEndsMs, nowMs + ms);
    this.#settle(entry, { ...change, isListed }, state, state === 'live' ? nowMs : nowMs - ms);
  }

  /**
   * The entry says what this word says; a word that its client's leaving overtook, as if they had come in their order.
   */
  #settle(
    entry: Entry,
    word: Version & Pick<Entry, 'host' | 'port' | 'have'> & { readonly isListed?: boolean },
    state: EntryState,
    changedAtMs: number,
  ): void {
    const { client } = entry;
    const isVoid = client.left !== undefined && compareVersions(word, client.left) <= 0;
    this.#setVersion(entry, word);
    this.#setPlace(entry, word.host, word.port);
    entry.have = word.have;
    this.catalogue.note(entry, word.isListed === true);
    this.#setState(entry, isVoid ? 'removed' : state, changedAtMs);
    if (entry.state === 'live') this.addresses.moved(client, word.host, word.port);
  }

  #remove(change: ChangeOf<'remove'>, nowMs: number, position: number): void {
    const client = this.#openClient(change.client);
    const entry = this.#openEntry(change.swarm, client, change);
    if (compareVersions(change, entry) < 0) return;
    this.#placed(entry, position);
    this.#setVersion(entry, change);
    this.#setState(entry, 'removed', nowMs);
  }

  #leave(change: ChangeOf<'leave' | 'replicatedLeave'>, nowMs: number, position: number): void {
    const client = this.#openClient(change.client);
    if (client.left !== undefined && compareVersions(change, client.left) <= 0) return;
    client.left = { epoch: change.epoch, sequence: change.sequence, changedAtMs: nowMs };
    this.#changed(client, position);
    this.#tombstones.addLeaver(client);
    for (const entry of client.entries.values()) {
      if (entry.state === 'removed' || compareVersions(entry, change) > 0) continue;
      if (position > 0) this.#observer.swarmChanged(entry.swarm.key, position);
      this.#setState(entry, 'removed', nowMs);
    }
  }

  #expire(id: ClientId, nowMs: number): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    for (const entry of client.entries.values()) {
      if (entry.state === 'live') this.#setState(entry, 'lapsed', nowMs);
    }
  }

  #forget(change: ChangeOf<'forget'>): void {
    const entry = this.#clients.get(change.client)?.entries.get(change.swarm);
    if (entry === undefined || entry.state === 'live' || compareVersions(entry, change) > 0) return;
    this.#tombstones.remove(entry);
    this.catalogue.note(entry, false);
    this.#forgotten(entry);
    entry.swarm.entryCount -= 1;
    entry.client.entries.delete(entry.swarm.key);
    this.#entryCount -= 1;
    if (entry.swarm.entryCount === 0) this.#tombstones.addEmpty(entry.swarm);
    this.#closeClient(entry.client);
  }

  #forgetLeave(change: ChangeOf<'forgetLeave'>): void {
    const client = this.#clients.get(change.client);
    if (client?.left === undefined || compareVersions(client.left, change) > 0) return;
    client.left = undefined;
    this.#forgotten(client);
    this.#tombstones.removeLeaver(client);
    this.#closeClient(client);
  }

  #forgetSwarm(key: SwarmKey): void {
    const swarm = this.#swarms.get(key);
    if (swarm === undefined || swarm.entryCount > 0) return;
    this.#tombstones.removeEmpty(swarm);
    this.#forgotten(swarm);
    this.#swarms.delete(key);
  }

  #openSwarm(key: SwarmKey): Swarm {
    let swarm = this.#swarms.get(key);
    if (swarm === undefined) {
      swarm = newSwarm(key);
      this.#swarms.set(key, swarm);
      this.#tombstones.addEmpty(swarm);
    }
    return swarm;
  }

  #openClient(id: ClientId): Client {
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = newClient(id);
      this.#clients.set(id, client);
    }
    return client;
  }

  /** A new entry is a lapsed one with the version of the word that makes it, so that this word settles its state. */
  #openEntry(key: SwarmKey, client: Client, version: Version): Entry {
    let entry = client.entries.get(key);
    if (entry === undefined) {
      const swarm = this.#openSwarm(key);
      entry = newEntry(swarm, client, version);
      swarm.entryCount += 1;
      // The swarm's own key: a fresh string of 40 characters an entry would cost more than the entry.
      client.entries.set(swarm.key, entry);
      this.#tombstones.removeEmpty(swarm);
      this.#entryCount += 1;
    }
    return entry;
  }

  /** A client of whom nothing is known any more takes no memory. */
  #closeClient(client: Client): void {
    if (client.entries.size > 0 || client.left !== undefined) return;
    this.#clients.delete(client.id);
  }

  #setVersion(entry: Entry, { epoch, sequence }: Version): void {
    entry.epoch = epoch;
    entry.sequence = sequence;
  }

  #setPlace(entry: Entry, host: string, port: number): void {
    if (entry.host === host && entry.port === port) return;
    entry.host = host;
    entry.port = port;
    entry.addressHashHigh = 0;
    entry.addressHashLow = 0;
  }

  #setState(entry: Entry, state: EntryState, nowMs: number): void {
    if (state === 'live') this.#listings.add(entry);
    else if (this.#listings.remove(entry) && entry.client.liveCount === 0) this.addresses.left(entry.client);
    entry.state = state;
    if (state === 'live') this.#tombstones.remove(entry);
    else this.#tombstones.add(entry);
    if (state === 'removed') {
      // A tombstone says who, which and when, nothing else.
      this.#setPlace(entry, '', 0);
      this.catalogue.note(entry, false);
      entry.have = 0;
    }
    entry.changedAtMs = nowMs;
    this.#observer.listed(entry);
  }
}
