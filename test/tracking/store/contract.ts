// The laws of a tracker's store, as rules that run against any store. A factory gives a cluster: two trackers' stores
// on a virtual clock, over whatever they share. Every rule reads the registries, never the store's inside.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Prng } from '../../../src/foundation/base/prng.js';
import { clientId, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../src/tracking/registry/changes.js';
import { Leases } from '../../../src/tracking/registry/leases.js';
import { Registry } from '../../../src/tracking/registry/registry.js';
import type { OpenStore, Refusal, Store, StoreSink } from '../../../src/tracking/store/contract.js';
import type { World } from '../../sim/paths.js';
import { contentOf } from '../registry/changes.js';
import { clientBytes, swarmOf } from '../tracker/stage.js';

export const LEASE_MS = 10_000;
const TICK_MS = 1_000;
/** Longer than a store takes for a commit, and than a change takes to the other tracker. */
const SOON_MS = 6_000;

export type Outcome = 'waits' | 'committed' | Refusal;

/** Runs one store's machine as a tracker does: a turn for each input, which ends with `flush`. */
export class StoreHost<In, Out> implements StoreSink<Out> {
  readonly registry = new Registry();
  readonly leases = new Leases(this.registry, { leaseMs: LEASE_MS, tickMs: TICK_MS });
  readonly uploads = { last: 0 };
  readonly prng = new Prng(1);
  readonly hashesRead = (): void => undefined;
  readonly #world: World;
  readonly #perform: (effect: Out) => void;
  readonly #store: Store<In>;
  #wakeToken = 0;
  isReady = false;
  isEnded = false;

  constructor(world: World, open: OpenStore<In, Out>, perform: (effect: Out) => void) {
    this.#world = world;
    this.#perform = perform;
    this.#store = open(this);
  }

  get store(): Store<In> {
    return this.#store;
  }

  /** After this the host is dead: nothing reaches it. */
  end(): void {
    this.isEnded = true;
  }

  turn(run: (store: Store<In>, nowMs: number) => void): void {
    if (this.isEnded) return;
    const { nowMs } = this.#world;
    run(this.#store, nowMs);
    this.#store.flush(nowMs);
    this.#wakeToken += 1;
    const token = this.#wakeToken;
    const atMs = this.#store.nextAtMs();
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#world.at(Math.max(atMs, nowMs), () => {
      if (token === this.#wakeToken) this.turn((store, ringMs) => store.onTimer(ringMs));
    });
  }

  post(input: In): void {
    this.turn((store, nowMs) => store.receive(input, nowMs));
  }

  commit(changes: readonly Change[]): () => Outcome {
    let outcome: Outcome = 'waits';
    const settled = (refusal: Refusal | undefined): void => {
      assert.equal(outcome, 'waits', 'a commit is settled once');
      outcome = refusal ?? 'committed';
      if (refusal === undefined) this.#checkApplied(changes);
    };
    this.turn((store) => store.commit({ changes, weight: 1, settled }));
    return () => outcome;
  }

  #checkApplied(changes: readonly Change[]): void {
    for (const change of changes)
      if (change.kind === 'put' || change.kind === 'remove')
        assert.ok(this.registry.client(change.client)?.entries.has(change.swarm), 'applied before it is settled');
  }

  emit(effect: Out): void {
    this.#perform(effect);
  }

  opened(): void {
    this.leases.grace(this.#world.nowMs);
  }

  identityChanged(): void {
    this.isReady = false;
  }

  notReady(): void {
    this.isReady = false;
  }

  ready(): void {
    this.isReady = true;
  }

  groupSettled(): void {}
  hangUp(_connection: number, _reason: string): void {}
  log(): void {}
}

export interface Instance {
  /** Undefined while it is down. */
  readonly host: StoreHost<never, never> | undefined;
  start(): void;
  /** Like kill -9. */
  crash(): void;
  /** The next commits are refused so, until `undefined` is said. */
  refuses: Refusal | undefined;
}

export interface Cluster {
  readonly world: World;
  readonly instances: readonly [Instance, Instance];
  /** Nothing passes between the two, or each and what they share. */
  cut(): void;
  heal(): void;
  /** Where something real is behind it: resolves when nothing is under way there. Virtual time stands still. */
  settle?(): Promise<void>;
  /** After the rule. */
  end?(): Promise<void>;
}

function put(number: number, sequence = 1, swarm: SwarmKey = swarmOf(number)): Change {
  const place = { host: '10.0.0.1', port: 6_000 + number, have: sequence, epoch: 1, sequence };
  return { kind: 'put', swarm, client: clientId(clientBytes(number)), ...place };
}

function share(number: number, sequence = 1): Change[] {
  const swarm = swarmOf(number);
  return [{ kind: 'swarm', swarm, name: `${number}.bin`, size: 600_000, pieceCount: 2 }, put(number, sequence)];
}

function remove(number: number, sequence: number): Change {
  return { kind: 'remove', swarm: swarmOf(number), client: clientId(clientBytes(number)), epoch: 1, sequence };
}

class Scene {
  readonly cluster: Cluster;
  constructor(cluster: Cluster) {
    this.cluster = cluster;
    for (const instance of cluster.instances) instance.start();
  }

  async run(forMs: number): Promise<void> {
    const { world } = this.cluster;
    const untilMs = world.nowMs + forMs;
    await this.cluster.settle?.();
    while (this.cluster.settle !== undefined && world.nextAtMs <= untilMs) {
      world.runUntil(world.nextAtMs);
      await this.cluster.settle();
    }
    world.runUntil(untilMs);
  }

  host(at: 0 | 1): StoreHost<never, never> {
    const { host } = this.cluster.instances[at];
    assert.ok(host !== undefined, 'it is up');
    return host;
  }

  async commit(at: 0 | 1, changes: readonly Change[]): Promise<Outcome> {
    const outcome = this.host(at).commit(changes);
    await this.run(SOON_MS);
    return outcome();
  }

  content(at: 0 | 1): string[] {
    return contentOf(this.host(at).registry);
  }
}

const LAWS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'L1 a commit is durable before it is settled, and a crash keeps all of it or nothing': async (scene) => {
    const [first] = scene.cluster.instances;
    assert.equal(await scene.commit(0, [...share(1), ...share(2)]), 'committed');
    const kept = scene.content(0);
    first.crash();
    first.start();
    await scene.run(SOON_MS);
    assert.deepEqual(scene.content(0), kept);
    scene.host(0).commit([...share(3), ...share(4)]);
    first.crash();
    first.start();
    await scene.run(SOON_MS);
    const found = [3, 4].filter((number) => scene.host(0).registry.swarm(swarmOf(number)) !== undefined);
    assert.ok(found.length === 0 || found.length === 2, 'all of a commit or nothing');
  },
  'L2 the outcome depends on the set of words alone: the higher version wins wherever it comes first': async (
    scene,
  ) => {
    const words = [...share(1, 1), put(1, 3), remove(1, 2), remove(2, 5), put(2, 4), put(2, 5)];
    await scene.commit(0, words);
    await scene.commit(1, [...words].reverse());
    await scene.commit(0, words);
    await scene.run(SOON_MS);
    assert.deepEqual(scene.content(0), scene.content(1));
    const states = [1, 2].map((number) => {
      const entry = scene
        .host(0)
        .registry.client(clientId(clientBytes(number)))
        ?.entries.get(swarmOf(number));
      return [entry?.sequence, entry?.state];
    });
    assert.deepEqual(states, [
      [3, 'live'],
      [5, 'removed'],
    ]);
  },
  'L3 whoever was answered reads its own words at that tracker, while the other one is away': async (scene) => {
    scene.cluster.cut();
    assert.equal(await scene.commit(0, share(1)), 'committed');
    assert.ok(scene.content(0).some((line) => line.includes('live')));
  },
  'L4 every commit reaches the other tracker, however often the way is cut and whoever dies': async (scene) => {
    const { cluster } = scene;
    for (let number = 1; number <= 40; number += 1) {
      const at = (number % 2) as 0 | 1;
      if (number % 7 === 0) cluster.cut();
      scene.host(at).commit(share(number));
      await scene.run(20);
      if (number % 7 === 3) cluster.heal();
      if (number % 11 !== 0) continue;
      cluster.instances[at].crash();
      cluster.instances[at].start();
      await scene.run(SOON_MS);
    }
    cluster.heal();
    await scene.run(SOON_MS * 2);
    assert.deepEqual(scene.content(0), scene.content(1));
    assert.ok(scene.content(0).length > 20);
  },
  'L5 a client that is heard at either tracker expires at neither; one that is silent expires at both': async (
    scene,
  ) => {
    const client = clientId(clientBytes(1));
    await scene.commit(0, [...share(1), ...share(2)]);
    for (let passedMs = 0; passedMs < LEASE_MS * 3; passedMs += TICK_MS) {
      scene.host(0).turn((_store, nowMs) => scene.host(0).leases.renew(client, nowMs));
      await scene.run(TICK_MS);
    }
    const silent = clientId(clientBytes(2));
    for (const at of [0, 1] as const) {
      const { clients } = scene.host(at).leases.expired(scene.cluster.world.nowMs, 100);
      assert.deepEqual([clients.includes(client), clients.includes(silent)], [false, true]);
    }
  },
  'L6 a tombstone waits until the other tracker has it': async (scene) => {
    await scene.commit(0, share(1));
    scene.cluster.cut();
    await scene.commit(0, [remove(1, 2)]);
    const tombstone = scene
      .host(0)
      .registry.client(clientId(clientBytes(1)))
      ?.entries.get(swarmOf(1));
    assert.ok(tombstone?.state === 'removed');
    assert.ok(scene.host(0).store.acknowledged < tombstone.position, 'the other one has not heard of it');
    scene.cluster.heal();
    await scene.run(SOON_MS * 2);
    assert.ok(scene.host(0).store.acknowledged >= tombstone.position);
  },
  'L7 a refused commit changes nothing, its reason is named, and a later one is taken': async (scene) => {
    const [first] = scene.cluster.instances;
    for (const refusal of ['full', 'busy'] as const) {
      const before = scene.content(0);
      first.refuses = refusal;
      assert.equal(await scene.commit(0, share(5)), refusal);
      assert.deepEqual(scene.content(0), before);
      first.refuses = undefined;
    }
    assert.equal(await scene.commit(0, share(5)), 'committed');
    first.refuses = 'broken';
    assert.equal(await scene.commit(0, share(6)), 'broken');
    assert.equal(await scene.commit(0, share(7)), 'waits', 'nothing is written any more');
    assert.ok(scene.host(0).store.isIdle, 'and nobody waits for it');
  },
  'L8 piece hashes are there when they are complete, and no upload has the number of another': async (scene) => {
    const swarm = swarmOf(1);
    const complete: Change = { kind: 'complete', swarm, upload: 1, name: '1.bin', size: 600_000, pieceCount: 2 };
    await scene.commit(0, share(1));
    scene.host(0).uploads.last = 1;
    await scene.commit(0, [{ kind: 'part', swarm, upload: 1, offset: 0, part: new Uint8Array(20) }]);
    assert.equal(scene.host(0).registry.swarm(swarm)?.complete, false);
    await scene.commit(0, [{ kind: 'part', swarm, upload: 1, offset: 20, part: new Uint8Array(20) }, complete]);
    assert.equal(scene.host(0).registry.swarm(swarm)?.complete, true);
    const [first] = scene.cluster.instances;
    first.crash();
    first.start();
    await scene.run(SOON_MS);
    assert.equal(scene.host(0).registry.swarm(swarm)?.complete, true);
    assert.ok(scene.host(0).uploads.last >= 1, 'the next upload has a new number');
  },
  'L9 a tracker is ready when it has what the other one has, or cannot ask it': async (scene) => {
    const { cluster } = scene;
    const [first, second] = cluster.instances;
    for (const at of [0, 1] as const) assert.ok(scene.host(at).isReady);
    first.crash();
    for (let number = 1; number <= 30; number += 1) scene.host(1).commit(share(number));
    await scene.run(SOON_MS);
    first.start();
    for (let step = 0; step < 1_000 && !scene.host(0).isReady; step += 1) await scene.run(10);
    assert.ok(scene.host(0).isReady);
    assert.deepEqual(scene.content(0), scene.content(1), 'nothing was missing when it was ready');
    first.crash();
    second.crash();
    first.start();
    await scene.run(SOON_MS);
    assert.ok(scene.host(0).isReady, 'alone');
  },
};

/** @param make a fresh cluster, whose instances are down; undefined: it says that it cannot be had here. */
export function storeContract(name: string, make: (t: TestContext) => Cluster | Promise<Cluster | undefined>): void {
  for (const [law, run] of Object.entries(LAWS))
    test(`${name}: ${law}`, async (t) => {
      const cluster = await make(t);
      if (cluster === undefined) return;
      try {
        const scene = new Scene(cluster);
        await scene.run(SOON_MS);
        await run(scene);
      } finally {
        await cluster.end?.();
      }
    });
}
