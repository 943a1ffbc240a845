// A tracker that stood still for longer than tombstones are kept: whom it goes on listing, whom it lists again only by
// a fresh word, and for how long a removal is kept for a partner that has yet to hear of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { TOMBSTONE_MS } from '../../../src/foundation/base/limits.js';
import { clientId, keyBytes } from '../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../src/tracking/registry/changes.js';
import {
  STANDSTILL_DOUBT_MS,
  TOMBSTONE_UNHEARD_MS,
  TOMBSTONES_UNHEARD_MAX,
} from '../../../src/tracking/registry/limits.js';
import { newClient, newEntry, newSwarm } from '../../../src/tracking/registry/records.js';
import { Tombstones } from '../../../src/tracking/registry/tombstones.js';
import { PAIR_DEAD_MS } from '../../../src/tracking/store/pair/limits.js';
import { type FollowerMessage, PAIR_VERSION } from '../../../src/tracking/store/pair/messages.js';
import { clientBytes, LEASE_MS, Stage, swarmOf } from './stage.js';

const A = swarmOf(1);

/** Every way in which a tracker can find that it stood still for `forMs`. */
const STANDSTILLS = [
  { name: 'its monotonic clock went on', happens: (stage: Stage, forMs: number): void => stage.freeze(forMs) },
  {
    name: 'only the wall clock shows it',
    happens: (stage: Stage, forMs: number): void => void stage.put({ kind: 'stoodStill', forMs }),
  },
] as const;

for (const { name, happens } of STANDSTILLS) {
  test(`after a standstill of more than a day who is not connected is listed by a fresh word only: ${name}`, () => {
    const stage = new Stage();
    const client = stage.client(1);
    client.share(A);
    client.close();
    happens(stage, TOMBSTONE_MS * 2);
    assert.deepEqual(stage.listed(A), []);
    stage.client(1, { epoch: 2 }).share(A, 1, { epoch: 2, sequence: 1 });
    assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
  });

  test(`after a standstill of less than a day everybody stays listed: ${name}`, () => {
    const stage = new Stage();
    const client = stage.client(1);
    client.share(A);
    client.close();
    happens(stage, TOMBSTONE_MS - LEASE_MS * 2);
    assert.equal(stage.listed(A).length, 1);
  });
}

test('who is heard after a standstill on a connection of before stays listed; what was sent before it proves nothing', () => {
  const stage = new Stage();
  const [stays, ends] = [stage.client(1), stage.client(2)];
  for (const client of [stays, ends]) client.share(A);
  stage.put({ kind: 'stoodStill', forMs: TOMBSTONE_MS * 2 });
  // These pings lay in the sockets for two days.
  for (const client of [stays, ends]) client.ask({ kind: 'ping', id: 1 });
  assert.equal(stage.listed(A).length, 2);
  stage.nowMs += STANDSTILL_DOUBT_MS;
  stays.ask({ kind: 'ping', id: 2 });
  stays.close();
  ends.close();
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
});

test('who connects anew after a standstill is listed for what it says then, and for nothing else', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A);
  client.share(swarmOf(2));
  stage.put({ kind: 'stoodStill', forMs: TOMBSTONE_MS * 2 });
  const again = stage.client(1, { epoch: 2 });
  again.share(swarmOf(2), 1, { epoch: 2, sequence: 1 });
  assert.deepEqual([stage.listed(A), stage.listed(swarmOf(2))], [[], ['10.0.0.1:6001 1']]);
});

/** A tracker that holds the tombstone of a file, and its partner. */
class Removed {
  readonly stage = new Stage();

  constructor() {
    const client = this.stage.client(1);
    client.share(A);
    client.ask({ kind: 'remove', id: 1, swarm: keyBytes(A), ...client.version() });
    client.close();
  }

  get records(): number {
    return this.stage.machine.registry.counts.entries;
  }

  /** The partner follows, has what it is told, and goes. */
  partnerComes(): void {
    const connection = 77;
    this.stage.put({ kind: 'opened', connection, host: '127.0.0.1' });
    const names = { followerId: new Uint8Array(16).fill(9), originId: new Uint8Array(16), cluster: new Uint8Array(20) };
    const say = (word: FollowerMessage) => this.stage.put({ kind: 'followerSaid', connection, message: word });
    say({ kind: 'follow', version: PAIR_VERSION, ...names, position: 0 });
    // A follower without features says nothing before its first beat.
    const effects = say({ kind: 'beat' });
    const frames = effects.flatMap((effect) =>
      effect.kind === 'tellFollower' && effect.message.kind === 'records' ? [effect.message.frame] : [],
    );
    say({ kind: 'applied', frame: frames.at(-1) ?? 0 });
    this.stage.put({ kind: 'closed', connection });
  }

  pass(forMs: number): void {
    this.stage.freeze(forMs);
    this.stage.advance(LEASE_MS);
  }
}

test('a removal is kept until the partner has it and a day has passed', () => {
  const early = new Removed();
  early.partnerComes();
  assert.equal(early.records, 1);
  early.pass(TOMBSTONE_MS + PAIR_DEAD_MS);
  assert.equal(early.records, 0);
  const late = new Removed();
  late.pass(TOMBSTONE_MS * 3);
  assert.equal(late.records, 1);
  late.partnerComes();
  late.stage.advance(LEASE_MS);
  assert.equal(late.records, 0);
});

test('a removal is not kept for ever for a partner that does not come back', () => {
  const removed = new Removed();
  removed.pass(TOMBSTONE_UNHEARD_MS - TOMBSTONE_MS);
  assert.equal(removed.records, 1);
  removed.pass(TOMBSTONE_MS * 2);
  assert.equal(removed.records, 0);
});

test('what waits for the partner is bounded: beyond it the oldest go after a day', () => {
  const graves = new Tombstones();
  const client = newClient(clientId(clientBytes(1)));
  for (let number = 0; number <= TOMBSTONES_UNHEARD_MAX; number += 1) {
    const entry = newEntry(newSwarm(swarmOf(number)), client, { epoch: 1, sequence: number });
    graves.add(Object.assign(entry, { state: 'removed', position: number + 1 } as const));
  }
  const outdated = (): Change[] => graves.outdated(TOMBSTONE_MS + 1, 0, 5);
  assert.equal(outdated().length, 5);
  const first = [...graves.entries()][0];
  if (first !== undefined) graves.remove(first);
  assert.deepEqual(outdated(), []);
});
