// The store of a tracker on a shared database, as a pure machine: what it asks of the database and what it tells those
// who wait, through answers that come, come late or never.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClientId, clientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import {
  DATABASE_AWAY_MAX_MS,
  DATABASE_GROUP_MAX,
  DATABASE_POLL_MS,
  DATABASE_WAIT_MS,
} from '../../../../src/tracking/store/postgres/limits.js';
import {
  type FedEntry,
  NOTHING_FED,
  type PostgresEffect,
  type PostgresInput,
  type WriteOutcome,
} from '../../../../src/tracking/store/postgres/messages.js';
import { PostgresStore } from '../../../../src/tracking/store/postgres/store.js';
import { World } from '../../../sim/paths.js';
import { clientBytes, swarmOf } from '../../tracker/stage.js';
import { LEASE_MS, StoreHost } from '../contract.js';

type Effect<K extends PostgresEffect['kind']> = Extract<PostgresEffect, { kind: K }>;

const IDENTITY = { system: 'one', timeline: 1 };
const NOBODY: readonly (readonly [ClientId, number])[] = [];

/** One store, and a database that answers what the test says. */
class Bench {
  readonly world = new World(1);
  readonly effects: PostgresEffect[] = [];
  readonly host = new StoreHost<PostgresInput, PostgresEffect>(
    this.world,
    (sink) => new PostgresStore(sink),
    (effect) => this.effects.push(effect),
  );

  /** Open, with everything up to `position`. */
  static opened(position = 0): Bench {
    const bench = new Bench();
    bench.connect(position);
    bench.say({ kind: 'loadEnded', position, trackerId: new Uint8Array(16) });
    bench.pass(DATABASE_POLL_MS);
    return bench;
  }

  connect(position: number): void {
    this.say({ kind: 'connected', server: 'model:1', identity: IDENTITY, position, run: 1 });
  }

  say(input: PostgresInput): void {
    this.host.post(input);
  }

  pass(ms: number): void {
    this.world.runUntil(this.world.nowMs + ms);
  }

  of<K extends PostgresEffect['kind']>(kind: K): Effect<K>[] {
    return this.effects.filter((effect): effect is Effect<K> => effect.kind === kind);
  }

  last<K extends PostgresEffect['kind']>(kind: K): Effect<K> {
    const effect = this.of(kind).at(-1);
    assert.ok(effect !== undefined, `it asked to ${kind}`);
    return effect;
  }

  stoodStill(): void {
    this.host.turn((store, nowMs) => store.stoodStill?.(nowMs));
  }

  renew(number: number): void {
    this.host.leases.renew(clientId(clientBytes(number)), this.world.nowMs);
  }

  written(position: number, expired: readonly ClientId[] = []): void {
    const { group } = this.last('write');
    this.say({ kind: 'written', group, position, expired, tookMs: 1 });
  }

  notWritten(outcome: WriteOutcome): void {
    this.say({ kind: 'notWritten', group: this.last('write').group, outcome, sentence: outcome });
  }

  polled(position: number, acknowledged: number, heard = NOBODY): void {
    const state = { position, acknowledged, trackers: 2, clockS: 0, heard };
    this.say({ kind: 'polled', position, state });
  }
}

function isReady({ host, world }: Bench): boolean {
  return (host.store.figures(world.nowMs) as { readonly isReady: boolean }).isReady;
}

function put(number: number, sequence = 1): Change {
  const place = { host: '10.0.0.1', port: 6_000, have: 1, epoch: 1, sequence };
  return { kind: 'put', swarm: swarmOf(1), client: clientId(clientBytes(number)), ...place };
}

function told(number: number, changed: number): FedEntry {
  const { swarm, client, host, port, have, epoch, sequence } = put(number) as Extract<Change, { kind: 'put' }>;
  const version = { epoch, sequence };
  return { swarm, client, host, port, have, ...version, state: 'live', isListed: false, ageMs: 0, changed };
}

test('a commit of which nobody knows whether it was kept is written again, and acknowledged only then', () => {
  const bench = Bench.opened();
  const outcome = bench.host.commit([put(1)]);
  const { changes } = bench.last('write');
  bench.notWritten('unknown');
  assert.equal(outcome(), 'waits');
  assert.equal(bench.host.registry.counts.entries, 0, 'nothing of it is listed yet');
  bench.pass(200);
  assert.equal(bench.of('write').length, 2);
  assert.deepEqual(bench.last('write').changes, changes);
  bench.written(2);
  assert.equal(outcome(), 'committed');
  assert.equal(bench.host.registry.counts.liveEntries, 1);
});

test('a tracker whose database goes before its first look answers lists from what it has loaded', () => {
  const bench = Bench.opened();
  assert.equal(isReady(bench), false, 'it waits for its first look');
  bench.say({ kind: 'lost', sentence: 'cut' });
  assert.equal(isReady(bench), true);
  const early = new Bench();
  early.connect(1);
  early.say({ kind: 'lost', sentence: 'cut' });
  assert.equal(isReady(early), false, 'nothing is loaded yet');
});

test('a group that was under way when the connection was lost is written again on the next one', () => {
  const bench = Bench.opened();
  const outcome = bench.host.commit([put(1)]);
  bench.say({ kind: 'lost', sentence: 'cut' });
  assert.equal(outcome(), 'waits');
  bench.connect(1);
  assert.equal(bench.of('write').length, 2);
  bench.written(2);
  assert.equal(outcome(), 'committed');
});

test('a full disk does not refuse what an earlier attempt may have kept', () => {
  const bench = Bench.opened();
  const outcome = bench.host.commit([put(1)]);
  bench.notWritten('unknown');
  bench.pass(200);
  bench.notWritten('full');
  assert.equal(outcome(), 'waits');
  bench.pass(200);
  bench.written(1);
  assert.equal(outcome(), 'committed');
  const second = bench.host.commit([put(2)]);
  bench.notWritten('full');
  assert.equal(second(), 'full', 'of which nothing was kept');
});

test('whoever has waited too long is told that the tracker is busy, and what may be kept is written nevertheless', () => {
  const bench = Bench.opened();
  const sent = bench.host.commit([put(1)]);
  const behind = bench.host.commit([put(2)]);
  bench.say({ kind: 'lost', sentence: 'cut' });
  bench.pass(DATABASE_WAIT_MS - 1);
  assert.deepEqual([sent(), behind()], ['waits', 'waits']);
  bench.pass(1);
  assert.deepEqual([sent(), behind()], ['busy', 'busy']);
  bench.connect(1);
  assert.deepEqual(bench.last('write').changes, [put(1)]);
  bench.written(2);
  assert.equal(bench.host.registry.client(clientId(clientBytes(1)))?.liveCount, 1);
  assert.equal(bench.host.registry.client(clientId(clientBytes(2))), undefined);
});

test('what waits while a group is pending goes in groups of a bounded size', () => {
  const bench = Bench.opened();
  const outcomes = [bench.host.commit([put(1)])];
  const count = 3 * DATABASE_GROUP_MAX;
  for (let number = 2; number < count + 2; number += 1) outcomes.push(bench.host.commit([put(number)]));
  const sizes: number[] = [];
  for (let position = 1; outcomes.some((outcome) => outcome() === 'waits'); position += 1) {
    sizes.push(bench.last('write').changes.length);
    bench.written(position);
    bench.pass(20);
  }
  assert.deepEqual(sizes, [1, DATABASE_GROUP_MAX, DATABASE_GROUP_MAX, DATABASE_GROUP_MAX]);
});

test('after a lost connection the feed goes on behind what is known here', () => {
  const bench = Bench.opened(5);
  assert.equal(bench.last('poll').after, 5);
  bench.polled(5, 5);
  bench.say({ kind: 'lost', sentence: 'cut' });
  bench.connect(90);
  bench.pass(DATABASE_POLL_MS);
  assert.equal(bench.last('poll').after, 5);
  assert.equal(bench.of('load').length, 1, 'nothing is loaded twice');
});

test('a database that is behind what is known here is loaded again', () => {
  const bench = Bench.opened(5);
  bench.polled(5, 5);
  bench.say({ kind: 'lost', sentence: 'cut' });
  bench.connect(3);
  assert.equal(bench.of('load').length, 2);
  bench.say({ kind: 'loadEnded', position: 3, trackerId: new Uint8Array(16) });
  bench.pass(DATABASE_POLL_MS);
  assert.equal(bench.last('poll').after, 3);
});

test('a tracker that has missed what is kept no more loads everything, and goes on from there', () => {
  const bench = Bench.opened(5);
  bench.say({ kind: 'missed' });
  assert.equal(bench.of('load').length, 2);
  const polls = bench.of('poll').length;
  bench.pass(3 * DATABASE_POLL_MS);
  assert.equal(bench.of('poll').length, polls, 'it looks at nothing meanwhile');
  bench.say({ kind: 'loadEnded', position: 9, trackerId: new Uint8Array(16) });
  bench.pass(DATABASE_POLL_MS);
  assert.equal(bench.last('poll').after, 9);
});

test('progress that others tell changes what is listed here, and lists nothing', () => {
  const bench = Bench.opened();
  const word = { kind: 'progress', swarm: swarmOf(1), have: 2, epoch: 1, sequence: 2, changed: 2 } as const;
  const client = (number: number): ClientId => clientId(clientBytes(number));
  const lapsed: FedEntry = { ...told(2, 1), state: 'lapsed' };
  const progress = [1, 2, 3].map((number) => ({ ...word, client: client(number) }));
  bench.say({ kind: 'fed', rows: { ...NOTHING_FED, entries: [told(1, 1), lapsed], progress }, upTo: 2 });
  const { registry } = bench.host;
  const entryOf = (number: number) => registry.client(client(number))?.entries.get(swarmOf(1));
  assert.deepEqual([entryOf(1)?.have, entryOf(1)?.sequence, entryOf(1)?.position], [2, 2, 2]);
  assert.deepEqual([entryOf(2)?.state, entryOf(2)?.have, entryOf(3)], ['lapsed', 1, undefined]);
});

test('what others wrote is looked at once in a while without any notification, and soon after one', () => {
  const bench = Bench.opened();
  bench.polled(0, 0);
  const before = bench.of('poll').length;
  bench.pass(DATABASE_POLL_MS);
  assert.equal(bench.of('poll').length, before + 1);
  bench.polled(0, 0);
  bench.say({ kind: 'notified' });
  bench.pass(100);
  assert.equal(bench.of('poll').length, before + 2);
});

test('lists are answered only when everything that others wrote is here', () => {
  const bench = Bench.opened();
  assert.equal(bench.host.isReady, false);
  bench.say({
    kind: 'fed',
    rows: { ...NOTHING_FED, entries: [told(1, 1)] },
    upTo: 1,
  });
  assert.equal(bench.host.isReady, false);
  bench.polled(1, 1);
  assert.equal(bench.host.isReady, true);
  assert.equal(bench.host.registry.counts.liveEntries, 1);
});

test('after a standstill lists wait for a look at the database that began then', () => {
  const bench = Bench.opened();
  bench.polled(1, 1);
  bench.say({ kind: 'notified' });
  bench.pass(100);
  const under = bench.of('poll').length;
  bench.stoodStill();
  assert.equal(bench.host.isReady, false);
  bench.polled(1, 1);
  assert.equal(bench.host.isReady, false, 'this answer waited through the standstill');
  bench.pass(100);
  assert.equal(bench.of('poll').length, under + 1);
  bench.polled(2, 2);
  assert.equal(bench.host.isReady, true);
});

test('after a standstill lists are answered from memory when the database is away or takes too long', () => {
  const bench = Bench.opened();
  bench.polled(1, 1);
  bench.stoodStill();
  bench.pass(DATABASE_WAIT_MS - 1);
  assert.equal(bench.host.isReady, false);
  bench.pass(1);
  assert.equal(bench.host.isReady, true);
  bench.stoodStill();
  bench.say({ kind: 'lost', sentence: 'cut' });
  assert.equal(bench.host.isReady, true);
  bench.stoodStill();
  assert.equal(bench.host.isReady, true, 'it was away before');
});

test('what is heard right after a standstill renews no lease and puts nobody back', () => {
  const bench = Bench.opened();
  const client = clientId(clientBytes(1));
  bench.host.commit([put(1)]);
  bench.written(1);
  bench.polled(1, 1);
  bench.renew(1);
  bench.pass(3 * LEASE_MS);
  bench.stoodStill();
  bench.renew(1);
  bench.polled(1, 1);
  bench.pass(DATABASE_POLL_MS);
  assert.deepEqual(bench.last('poll').upkeep?.renewed ?? [], []);
  bench.say({ kind: 'fed', rows: { ...NOTHING_FED, entries: [{ ...told(1, 2), state: 'lapsed' }] }, upTo: 2 });
  assert.equal(bench.host.registry.counts.liveEntries, 0);
  assert.equal(bench.of('write').length, 1, 'nothing is written back');
  bench.polled(2, 2);
  bench.pass(LEASE_MS);
  bench.polled(2, 2);
  bench.renew(1);
  bench.pass(DATABASE_POLL_MS);
  assert.deepEqual(bench.last('poll').upkeep?.renewed, [client], 'later words count');
});

test('nobody expires while the database is away, nor for a lease after it is back', () => {
  const bench = Bench.opened();
  bench.host.commit([put(1)]);
  bench.written(1);
  bench.polled(1, 1);
  bench.say({ kind: 'lost', sentence: 'cut' });
  for (let round = 0; round < 5; round += 1) {
    bench.pass(LEASE_MS);
    bench.say({ kind: 'notConnected', sentence: 'away' });
    assert.deepEqual(bench.host.leases.expired(bench.world.nowMs, 10).clients, []);
  }
  bench.connect(1);
  bench.pass(LEASE_MS - 1);
  assert.deepEqual(bench.host.leases.expired(bench.world.nowMs, 10).clients, []);
});

test('who was heard at another tracker lives as long as a lease from then on', () => {
  const bench = Bench.opened();
  bench.host.commit([put(1)]);
  bench.written(1);
  bench.pass(LEASE_MS - 1_000);
  bench.polled(1, 1, [[clientId(clientBytes(1)), 500]]);
  bench.pass(LEASE_MS - 600);
  assert.deepEqual(bench.host.leases.expired(bench.world.nowMs, 10).clients, []);
});

test('one that the database did not let expire stays listed here', () => {
  const bench = Bench.opened();
  const client = clientId(clientBytes(1));
  bench.host.commit([put(1)]);
  bench.written(1);
  bench.pass(LEASE_MS * 2);
  const outcome = bench.host.commit([{ kind: 'expire', client }]);
  bench.written(2, []);
  assert.equal(outcome(), 'committed');
  assert.equal(bench.host.registry.counts.liveEntries, 1);
  bench.host.commit([{ kind: 'expire', client }]);
  bench.written(3, [client]);
  assert.equal(bench.host.registry.counts.liveEntries, 0);
});

test('removals wait for the slowest of the other trackers', () => {
  const bench = Bench.opened();
  bench.polled(9, 4);
  assert.equal(bench.host.store.acknowledged, 4);
});

test('a database that was away for longer than removals are remembered ends the tracker', () => {
  const bench = Bench.opened();
  bench.polled(0, 0);
  const outcome = bench.host.commit([put(1)]);
  bench.say({ kind: 'lost', sentence: 'cut' });
  bench.pass(DATABASE_AWAY_MAX_MS + 1);
  assert.equal(outcome(), 'busy');
  bench.connect(1);
  const writes = bench.of('write').length;
  bench.host.commit([put(2)]);
  assert.ok(bench.host.store.isIdle, 'nothing will ever be written');
  assert.equal(bench.of('write').length, writes);
});
