// How two lists that differ become equal again, in virtual time: what a broken transfer left out, and what was lost in
// a way that only the digests can find, at rest and while clients announce.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClientId, keyBytes, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { Paths, World } from './paths.js';
import { TrackerNode } from './tracker-node.js';

const PIECES = 100;
const FACTS = { name: 'a', size: 524_288 * PIECES, pieceCount: PIECES };
const BUSY_FILES = 500;

/** Two trackers, and clients that say what the test has them say. */
class Repair {
  readonly world = new World(5);
  readonly paths = new Paths(this.world);
  readonly second: TrackerNode;
  first: TrackerNode;
  #seed = 1;
  #sequence = 0;
  #life = 0;

  constructor() {
    this.second = this.#node('10.0.0.2');
    this.first = this.#node('10.0.0.1');
    this.#pair();
    this.first.start();
    this.second.start();
    this.run(3_000);
  }

  run(forMs: number): void {
    this.world.runUntil(this.world.nowMs + forMs);
  }

  /** A client that pings, whose requests the test makes. */
  connect(tracker: TrackerNode, number: number): (request: object) => void {
    const link = tracker.accept({ name: `client-${number}-${++this.#life}`, answered: () => {}, closed: () => {} });
    assert.ok(link !== undefined);
    const say = (request: object): void => {
      this.#sequence += 1;
      const words = { id: this.#sequence, epoch: 1, sequence: this.#sequence, ...request };
      tracker.request(link.life, link.connection, words as Parameters<TrackerNode['request']>[2]);
    };
    const clientId = keyBytes(number.toString(16).padStart(32, '0') as ClientId);
    say({ kind: 'hello', clientId, host: '', uploadPort: 10_000 + number, token: new Uint8Array(0) });
    const ping = (): void => {
      say({ kind: 'ping' });
      this.world.after(2_000, ping);
    };
    ping();
    return say;
  }

  /** The first tracker's disk is replaced: it starts with an empty list and a new identity. */
  replaceFirst(): void {
    this.first.crash();
    this.first = this.#node('10.0.0.1');
    this.#pair();
  }

  /** How many entries the first lacks of those that the second lists. */
  get lacking(): number {
    return live(this.second) - live(this.first);
  }

  #pair(): void {
    this.first.partner = this.second;
    this.second.partner = this.first;
  }

  #node(name: string): TrackerNode {
    this.#seed += 1;
    return new TrackerNode(this.world, this.paths, name, this.#seed * 1_000);
  }
}

function live(tracker: TrackerNode): number {
  return tracker.machine?.registry.counts.liveEntries ?? 0;
}

function swarmOf(number: number): SwarmKey {
  return (Math.imul(number, 2_654_435_761) >>> 0).toString(16).padStart(8, '0').padEnd(40, '5') as SwarmKey;
}

test('R8: a full transfer of records that the leader was told itself is cut after any frame, and is whole in the end', () => {
  const count = 600;
  for (let cutAfter = 1; ; cutAfter += 1) {
    const stage = new Repair();
    const say = stage.connect(stage.first, 1);
    for (let number = 1; number <= count; number += 1)
      say({ kind: 'share', swarm: keyBytes(swarmOf(number)), have: 1, ...FACTS });
    stage.run(3_000);
    assert.equal(live(stage.second), count);
    stage.replaceFirst();
    stage.connect(stage.second, 1);
    // Nothing but the transfer itself may make the two equal.
    stage.second.tellsDigests = false;
    stage.second.cutsAfterFrames = cutAfter;
    stage.first.start();
    stage.run(10_000);
    assert.equal(stage.lacking, 0, `cut after ${cutAfter} frames`);
    if (stage.second.cutsAfterFrames !== undefined) break;
  }
});

for (const rate of [0, 50, 200, 400]) {
  test(`a list that lacks a third of what the partner lists is whole within a minute at ${rate} announces a second`, () => {
    const stage = new Repair();
    const say = stage.connect(stage.second, 1);
    for (let number = 1; number <= 6_000; number += 1)
      say({ kind: 'share', swarm: keyBytes(swarmOf(number)), have: 1, ...FACTS });
    stage.run(3_000);
    stage.replaceFirst();
    stage.second.losesEntries = true;
    const busy = stage.connect(stage.second, 2);
    for (let number = 1; number <= BUSY_FILES; number += 1)
      busy({ kind: 'share', swarm: keyBytes(swarmOf(100_000 + number)), have: 1, ...FACTS });
    stage.first.start();
    stage.run(1_000);
    stage.second.losesEntries = false;
    assert.ok(stage.lacking > 2_000, `${stage.lacking} are lacking`);
    let count = 0;
    const announce = (): void => {
      count += 1;
      const swarm = keyBytes(swarmOf(100_001 + (count % BUSY_FILES)));
      busy({ kind: 'announce', swarm, have: count % PIECES });
      stage.world.after(1_000 / rate, announce);
    };
    if (rate > 0) announce();
    stage.run(60_000);
    assert.equal(stage.lacking, 0);
  });
}

test('two trackers that list the same ask each other for nothing, however much is announced at both', () => {
  const stage = new Repair();
  const says = [stage.connect(stage.first, 1), stage.connect(stage.second, 2)];
  for (const [at, say] of says.entries()) {
    for (let number = 1; number <= BUSY_FILES; number += 1)
      say({ kind: 'share', swarm: keyBytes(swarmOf(at * 1_000 + number)), have: 1, ...FACTS });
  }
  stage.run(3_000);
  let count = 0;
  const announce = (): void => {
    count += 1;
    for (const [at, say] of says.entries())
      say({ kind: 'announce', swarm: keyBytes(swarmOf(at * 1_000 + 1 + (count % BUSY_FILES))), have: count % PIECES });
    stage.world.after(5, announce);
  };
  announce();
  stage.run(60_000);
  assert.equal(stage.lacking, 0);
  for (const tracker of [stage.first, stage.second]) assert.equal(tracker.bucketsAsked, 0);
});
