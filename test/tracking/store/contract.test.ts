// Two stores under one contract: the paired store with its real SQLite files, and one that both trackers share in
// memory, which shows that the laws say nothing of SQLite or pairs.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { trackerId } from '../../../src/foundation/torrent/ids.js';
import { type Change, freesRoom } from '../../../src/tracking/registry/changes.js';
import type { Commit, Refusal, Store, StoreSink } from '../../../src/tracking/store/contract.js';
import { CommitQueue } from '../../../src/tracking/store/groups.js';
import type { FollowerMessage, LeaderMessage } from '../../../src/tracking/store/pair/messages.js';
import {
  PairedStore,
  type PairedStoreEffect,
  type PairedStoreInput,
  startedOf,
} from '../../../src/tracking/store/paired-store.js';
import { loadedEvents } from '../../../src/tracking/store/sqlite/loading.js';
import { storeCommandsOf } from '../../../src/tracking/store/sqlite/rows.js';
import { SeederStore } from '../../../src/tracking/store/sqlite/store.js';
import { World } from '../../sim/paths.js';
import { type Cluster, type Instance, StoreHost, storeContract } from './contract.js';

const COMMIT_MS = 3;
const WAY_MS = 1;

const directory = mkdtempSync(join(tmpdir(), 'store-contract-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What is between two ends: nothing, while it is cut. */
class Way {
  readonly #world: World;
  readonly #held: (() => void)[] = [];
  isCut = false;

  constructor(world: World) {
    this.#world = world;
  }

  send(arrive: () => void): void {
    this.#world.after(WAY_MS, () => {
      if (this.isCut) this.#held.push(arrive);
      else arrive();
    });
  }

  heal(): void {
    this.isCut = false;
    for (const arrive of this.#held.splice(0)) this.#world.after(0, arrive);
  }
}

type PairedHost = StoreHost<PairedStoreInput, PairedStoreEffect>;

/** One tracker's paired store on a real file. */
class PairedInstance implements Instance {
  readonly #world: World;
  readonly #way: Way;
  readonly #path: string;
  readonly #number: number;
  #paired: PairedHost | undefined;
  #list: SeederStore | undefined;
  #life = 0;
  #connections = 0;
  other: PairedInstance | undefined;
  /** The partner's connection to us, and the partner's link that it is. */
  #follower: { readonly connection: number; readonly link: number; readonly life: number } | undefined;
  #link: { readonly link: number; readonly connection: number; readonly life: number } | undefined;
  refuses: Refusal | undefined;

  constructor(world: World, way: Way, path: string, number: number) {
    this.#world = world;
    this.#way = way;
    this.#path = path;
    this.#number = number;
  }

  get host(): StoreHost<never, never> | undefined {
    return this.#paired as unknown as StoreHost<never, never> | undefined;
  }

  start(): void {
    this.#life += 1;
    const list = SeederStore.open(this.#path);
    list.resume(this.#world.nowMs);
    this.#list = list;
    const setting = {
      partnerHost: `10.0.0.${3 - this.#number}`,
      cluster: new Uint8Array(20),
      spareId: new Uint8Array(16).fill(this.#life),
    };
    const host: PairedHost = new StoreHost<PairedStoreInput, PairedStoreEffect>(
      this.#world,
      (sink) => new PairedStore(setting, sink),
      (effect) => this.#perform(effect, host),
    );
    this.#paired = host;
    for (const event of loadedEvents(list, '', this.#world.nowMs))
      if (event.kind === 'loaded') host.post(startedOf(event));
      else host.post({ kind: 'loadedRows', loaded: event } as PairedStoreInput);
  }

  crash(): void {
    this.#life += 1;
    this.#paired?.end();
    this.#paired = undefined;
    // What was committed is in the file; SQLite's own tests say so of a crash.
    this.#list?.close();
    const { other } = this;
    const { connection } = this.#link ?? {};
    if (connection !== undefined) this.#way.send(() => other?.followerLost(connection));
    const { link } = this.#follower ?? {};
    if (link !== undefined) this.#way.send(() => other?.linkLost(link));
    this.#link = undefined;
    this.#follower = undefined;
  }

  followerLost(connection: number): void {
    if (this.#follower?.connection !== connection) return;
    this.#follower = undefined;
    this.#paired?.turn((store) => store.closed(connection));
  }

  linkLost(link: number): void {
    if (this.#link?.link === link) this.#link = undefined;
    this.#paired?.post({ kind: 'partnerLost', link, reason: 'closed' });
  }

  #perform(effect: PairedStoreEffect, host: PairedHost): void {
    const life = this.#life;
    const isOld = (): boolean => life !== this.#life;
    const { other } = this;
    switch (effect.kind) {
      case 'commit': {
        const { group, changes, position } = effect;
        this.#world.after(COMMIT_MS, () => {
          if (isOld()) return;
          const outcome = this.refuses;
          if (outcome === undefined) {
            const commands = storeCommandsOf(changes, position);
            assert.equal(this.#list?.commit(commands, this.#world.nowMs, position + changes.length - 1), undefined);
            host.post({ kind: 'committed', group, tookMs: COMMIT_MS });
          } else host.post({ kind: 'failed', group, outcome, sentence: outcome });
        });
        return;
      }
      case 'readPart': {
        const { connection, swarm, offset } = effect;
        const part = this.#list?.part(swarm, offset) ?? new Uint8Array(0);
        this.#world.after(0, () => isOld() || host.post({ kind: 'partRead', connection, swarm, offset, part }));
        return;
      }
      case 'dialPartner': {
        const { link } = effect;
        this.#way.send(() => {
          const connection = other?.accept(link, life);
          this.#way.send(() => {
            if (isOld()) return;
            if (connection === undefined) host.post({ kind: 'partnerLost', link, reason: 'refused' });
            else {
              this.#link = { link, connection, life };
              host.post({ kind: 'partnerConnected', link });
            }
          });
        });
        return;
      }
      case 'hangUpPartner': {
        const { connection } = this.#link ?? {};
        this.#link = undefined;
        if (connection !== undefined) this.#way.send(() => other?.followerLost(connection));
        return;
      }
      case 'sendPartner': {
        const { connection } = this.#link ?? {};
        if (connection !== undefined) this.#way.send(() => other?.followerSent(connection, effect.message));
        return;
      }
      case 'tellFollower': {
        const { link } = this.#follower ?? {};
        if (link !== undefined) this.#way.send(() => other?.leaderSent(link, effect.message));
        return;
      }
    }
  }

  accept(link: number, life: number): number | undefined {
    if (this.#paired === undefined) return undefined;
    this.#connections += 1;
    const connection = this.#connections;
    this.#follower = { connection, link, life };
    this.#paired.turn((store) => store.adopt(connection, `10.0.0.${3 - this.#number}`));
    return connection;
  }

  followerSent(connection: number, message: FollowerMessage): void {
    if (this.#follower?.connection === connection) this.#paired?.post({ kind: 'followerSaid', connection, message });
  }

  leaderSent(link: number, message: LeaderMessage): void {
    if (this.#link?.link === link) this.#paired?.post({ kind: 'partnerSaid', link, message });
  }
}

let clusters = 0;

storeContract('the paired store on SQLite', () => {
  clusters += 1;
  const world = new World(1);
  const way = new Way(world);
  const instanceOf = (number: number): PairedInstance =>
    new PairedInstance(world, way, join(directory, `${clusters}-${number}`), number);
  const [first, second] = [instanceOf(1), instanceOf(2)];
  first.other = second;
  second.other = first;
  return clusterOf(world, [first, second], [way]);
});

function clusterOf(world: World, instances: readonly [Instance, Instance], ways: readonly Way[]): Cluster {
  return {
    world,
    instances,
    cut() {
      for (const way of ways) way.isCut = true;
    },
    heal() {
      for (const way of ways) way.heal();
    },
  };
}

/** What both trackers of the fake share: every group in its order, and who renewed when. */
class SharedLog {
  readonly groups: (readonly Change[])[] = [];
  readonly readers = new Map<SharedInstance, number>();

  get passedByAll(): number {
    return Math.min(...this.readers.values());
  }
}

type SharedInput =
  | { readonly kind: 'written'; readonly group: number }
  | { readonly kind: 'refused'; readonly group: number; readonly refusal: Refusal }
  | { readonly kind: 'fed' };
type SharedEffect =
  | { readonly kind: 'write'; readonly group: number; readonly changes: readonly Change[] }
  | { readonly kind: 'renewed'; readonly clients: readonly string[] };

interface SharedCommit {
  readonly changes: readonly Change[];
  readonly weight: number;
  readonly settled: Commit['settled'];
}

/** A log in memory that outlives its trackers: each reads it from its start on, and writes at its end. */
class SharedStore implements Store<SharedInput> {
  readonly #sink: StoreSink<SharedEffect>;
  readonly #log: SharedLog;
  readonly #self: SharedInstance;
  readonly #queue = new CommitQueue<Change, SharedCommit>({ freesRoom, streamsOf: () => [] });
  #read = 0;
  #isOpen = false;
  #isBroken = false;

  constructor(sink: StoreSink<SharedEffect>, log: SharedLog, self: SharedInstance) {
    this.#sink = sink;
    this.#log = log;
    this.#self = self;
    sink.leases.collectRenewals(true);
  }

  get backlog(): number {
    return this.#queue.backlog;
  }

  get isOverloaded(): boolean {
    return this.#queue.isOverloaded;
  }

  get isIdle(): boolean {
    return this.#isBroken || this.#queue.isIdle;
  }

  get acknowledged(): number {
    return this.#log.passedByAll;
  }

  commit(commit: Commit): void {
    // This store is of an open swarm.
    const changes = commit.changes.filter((change): change is Change => change.kind !== 'membership');
    this.#queue.push({ ...commit, changes });
  }

  readHashes(): void {
    // Nobody asks for piece hashes here.
  }

  receive(input: SharedInput, nowMs: number): void {
    if (input.kind === 'fed') this.#follow(nowMs);
    else if (input.kind === 'refused') {
      const { refusal } = input;
      const { failed, retry } = this.#queue.refused(input.group, false);
      for (const { settled } of failed) settled(refusal, nowMs);
      this.#isBroken = refusal === 'broken';
      assert.equal(retry, undefined);
      this.#sink.groupSettled({ refusal, sentence: refusal }, nowMs);
    } else {
      const commits = this.#queue.committed(input.group);
      this.#follow(nowMs);
      for (const { settled } of commits) settled(undefined, nowMs);
      this.#sink.groupSettled({ refusal: undefined, tookMs: 1, hasRoom: true, logBytes: 0 }, nowMs);
    }
  }

  #follow(nowMs: number): void {
    const { registry, leases, uploads } = this.#sink;
    for (; this.#read < this.#log.groups.length; this.#read += 1)
      for (const change of this.#log.groups[this.#read] ?? []) {
        registry.apply(change, nowMs, leases.endsMs(nowMs), this.#read + 1);
        if (change.kind === 'complete') uploads.last = Math.max(uploads.last, change.upload);
      }
    this.#log.readers.set(this.#self, this.#read);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#sink.opened(trackerId(new Uint8Array(16)), '', nowMs);
    this.#sink.ready(nowMs);
  }

  adopt(): void {
    assert.fail('no tracker follows a store that both share');
  }

  closed(): void {}
  onTimer(): void {}

  nextAtMs(): number {
    return this.#isBroken ? Number.POSITIVE_INFINITY : this.#queue.nextAtMs();
  }

  flush(nowMs: number): void {
    const group = this.#isBroken ? undefined : this.#queue.next(nowMs);
    if (group !== undefined)
      this.#sink.emit({ kind: 'write', group: group.number, changes: group.commits.flatMap(({ changes }) => changes) });
    const clients = [...this.#sink.leases.takeRenewed()].map(({ id }) => id);
    if (clients.length > 0) this.#sink.emit({ kind: 'renewed', clients });
  }

  figures(): object {
    return {};
  }
}

type SharedHost = StoreHost<SharedInput, SharedEffect>;

class SharedInstance implements Instance {
  readonly #world: World;
  readonly #log: SharedLog;
  readonly #way: Way;
  #shared: SharedHost | undefined;
  refuses: Refusal | undefined;

  constructor(world: World, log: SharedLog, way: Way) {
    this.#world = world;
    this.#log = log;
    this.#way = way;
    log.readers.set(this, 0);
  }

  get host(): StoreHost<never, never> | undefined {
    return this.#shared as unknown as StoreHost<never, never> | undefined;
  }

  start(): void {
    const host: SharedHost = new StoreHost<SharedInput, SharedEffect>(
      this.#world,
      (sink) => new SharedStore(sink, this.#log, this),
      (effect) => this.#perform(effect, host),
    );
    this.#shared = host;
    this.#way.send(() => host.post({ kind: 'fed' }));
  }

  crash(): void {
    this.#shared?.end();
    this.#shared = undefined;
  }

  fed(): void {
    this.#way.send(() => this.#shared?.post({ kind: 'fed' }));
  }

  heard(clients: readonly string[]): void {
    const { nowMs } = this.#world;
    this.#way.send(() => {
      for (const client of this.#shared?.registry.clients() ?? [])
        if (clients.includes(client.id))
          client.leaseEndsMs = Math.max(client.leaseEndsMs, this.#shared?.leases.endsMs(nowMs) ?? 0);
    });
  }

  #perform(effect: SharedEffect, host: SharedHost): void {
    const others = [...this.#log.readers.keys()].filter((reader) => reader !== this);
    if (effect.kind === 'renewed') {
      for (const other of others) other.heard(effect.clients);
      return;
    }
    const { group, changes } = effect;
    this.#world.after(COMMIT_MS, () => {
      if (host.isEnded) return;
      if (this.refuses !== undefined) {
        host.post({ kind: 'refused', group, refusal: this.refuses });
        return;
      }
      this.#log.groups.push(changes);
      host.post({ kind: 'written', group });
      for (const other of others) other.fed();
    });
  }
}

storeContract('a log in memory that both share', () => {
  const world = new World(1);
  const log = new SharedLog();
  // A cut way delays what one hears of the other, not its own commits.
  const ways = [new Way(world), new Way(world)] as const;
  return clusterOf(world, [new SharedInstance(world, log, ways[0]), new SharedInstance(world, log, ways[1])], ways);
});
