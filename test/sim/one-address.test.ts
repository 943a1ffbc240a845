// Clients behind one address and port, with the real announcer and a real pair of trackers, in virtual time: they come
// to rest, whoever answers there, and the trackers agree.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClientId, peerIdOf, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { AnnouncingClient } from './announcing-client.js';
import { Paths, World } from './paths.js';
import { LEASE_MS, TrackerNode } from './tracker-node.js';

const UPLOAD = { host: '10.9.9.9', port: 6_881 };
const FILES = 30;
const MINUTE_MS = 60_000;

class Scene {
  readonly world: World;
  readonly trackers: readonly [TrackerNode, TrackerNode];
  readonly #files = new Map<ClientId, readonly SwarmKey[]>();
  /** Who listens at the address. */
  answers: ClientId | undefined;

  constructor(seed: number) {
    this.world = new World(seed);
    const paths = new Paths(this.world);
    const node = (name: string, at: number) => new TrackerNode(this.world, paths, name, seed * 1_000 + at);
    this.trackers = [node('10.0.0.1', 0), node('10.0.0.2', 500)];
    const [first, second] = this.trackers;
    first.partner = second;
    second.partner = first;
    for (const tracker of this.trackers) {
      tracker.whoAnswers = (_, __, swarm) => {
        if (this.answers === undefined) return { kind: 'nothing' };
        if (this.#files.get(this.answers)?.includes(swarm) !== true) return { kind: 'unknownSwarm' };
        return { kind: 'hello', peerId: peerIdOf(this.answers, swarm) };
      };
      tracker.start();
    }
    this.world.runUntil(5_000);
  }

  /** It prefers one of the trackers, and shares files of its own and one that all share. */
  client(number: number, prefers: 0 | 1): AnnouncingClient {
    const id = number.toString(16).padStart(32, '0') as ClientId;
    const [first, second] = this.trackers;
    const trackers = prefers === 0 ? ([first, second] as const) : ([second, first] as const);
    const files = Array.from({ length: FILES }, (_, at) => swarmOf(at === 0 ? 0 : number * 1_000 + at));
    this.#files.set(id, files);
    const client = new AnnouncingClient(this.world, { id, upload: UPLOAD, trackers, seed: number });
    for (const file of files) client.share(file);
    return client;
  }

  live(which: 0 | 1): string[] {
    const clients = [...(this.trackers[which].machine?.registry.clients() ?? [])];
    const entries = clients.flatMap(({ id, entries: all }) =>
      [...all.values()].flatMap(({ state, swarm }) => (state === 'live' ? [`${id} ${swarm.key}`] : [])),
    );
    return entries.sort();
  }

  /** Clients that have a live entry, at either tracker. */
  listed(): ReadonlySet<string> {
    return new Set([...this.live(0), ...this.live(1)].map((entry) => entry.slice(0, 32)));
  }

  changes(): number {
    return this.trackers[0].changesCommitted + this.trackers[1].changesCommitted;
  }

  /** Nothing is written any more but that a tracker is alive. */
  isAtRest(what: string): void {
    const before = this.changes();
    this.world.runUntil(this.world.nowMs + 5 * MINUTE_MS);
    assert.ok(this.changes() - before <= 10, `${what}: ${this.changes() - before} changes in five minutes`);
    assert.deepEqual(this.live(0), this.live(1), what);
  }
}

function swarmOf(number: number): SwarmKey {
  return number.toString(16).padStart(40, '0') as SwarmKey;
}

const isRefused = ({ events }: AnnouncingClient): boolean =>
  events.some((event) => event.kind === 'refused' && event.code === 'limit');

test('clients behind one address that share at both trackers come to rest, and both trackers agree', () => {
  for (const clients of [2, 10]) {
    for (const answering of [undefined, 1, clients]) {
      for (const isSpread of [false, true]) {
        const scene = new Scene(clients * 100 + (answering ?? 0) * 2 + (isSpread ? 1 : 0));
        const what = `${clients} clients, ${answering ?? 'none'} answers, ${isSpread ? 'at both trackers' : 'at one'}`;
        const all = Array.from({ length: clients }, (_, at) => scene.client(at + 1, isSpread && at % 2 === 1 ? 1 : 0));
        scene.answers = all[(answering ?? 0) - 1]?.id;
        scene.world.runUntil(scene.world.nowMs + 5 * MINUTE_MS);
        scene.isAtRest(what);
        if (scene.answers === undefined) assert.ok(scene.listed().size >= 1 && scene.listed().size <= 2, what);
        else {
          assert.deepEqual([...scene.listed()], [scene.answers], what);
          assert.equal(scene.live(0).length, FILES, what);
        }
        for (const client of all)
          assert.equal(isRefused(client), !scene.listed().has(client.id), `${what}: ${client.id} is told`);
      }
    }
  }
});

test('clients behind one address that come one after the other do not disturb the one that answers there', () => {
  const scene = new Scene(7);
  const first = scene.client(1, 0);
  scene.answers = first.id;
  for (let number = 2; number <= 10; number += 1) {
    scene.world.runUntil(scene.world.nowMs + LEASE_MS);
    scene.client(number, number % 2 === 0 ? 0 : 1);
    assert.equal(scene.live(0).length, FILES);
  }
  scene.isAtRest('one after the other');
  assert.deepEqual([...scene.listed()], [first.id]);
});

test('a client that is killed and comes back without its state, at whichever tracker, is listed within a second', () => {
  for (const prefers of [0, 1] as const) {
    for (const answers of [true, false]) {
      const scene = new Scene(11 + prefers);
      const former = scene.client(1, 0);
      scene.answers = answers ? former.id : undefined;
      scene.world.runUntil(scene.world.nowMs + MINUTE_MS);
      former.kill();
      const next = scene.client(2, prefers);
      if (answers) scene.answers = next.id;
      scene.world.runUntil(scene.world.nowMs + 1_000);
      const own = scene.live(prefers).filter((entry) => entry.startsWith(next.id));
      // Where nobody answers, the partner is believed for a while: the client may have gone over to it.
      if (answers || prefers === 0) assert.equal(own.length, FILES, `tracker ${prefers}, answers: ${answers}`);
      scene.world.runUntil(scene.world.nowMs + 2 * MINUTE_MS);
      scene.isAtRest('back');
      assert.deepEqual([...scene.listed()], [next.id]);
    }
  }
});
