// The parts of the pair one by one: in which order records are told, how two lists are compared, what the partner's
// records change here, and whom a tracker refuses to be followed by.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TOMBSTONE_MS } from '../../../../src/foundation/base/limits.js';
import { clientId, keyBytes, type SwarmKey, swarmKey } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { Registry } from '../../../../src/tracking/registry/registry.js';
import { bucketOf, Comparison, type Digests } from '../../../../src/tracking/store/pair/digests.js';
import {
  PAIR_BEAT_MS,
  PAIR_DEAD_MS,
  PAIR_DIGEST_MS,
  PAIR_FRAME_RECORDS_MAX,
  PAIR_REPAIR_BUCKETS_MAX,
  PAIR_REPAIR_RETRY_MAX_MS,
  PAIR_WINDOW_RECORDS,
} from '../../../../src/tracking/store/pair/limits.js';
import {
  type FollowerMessage,
  featureMark,
  type LeaderMessage,
  markedFeatures,
  PAIR_FEATURES,
  PAIR_VERSION,
} from '../../../../src/tracking/store/pair/messages.js';
import type { ChangeOrder } from '../../../../src/tracking/store/pair/order.js';
import { ReplicationIndex } from '../../../../src/tracking/store/pair/replication.js';
import { cases } from '../../../support/cases.js';
import { entryRow, fileRow, progressRow } from '../../../support/pair-rows.js';
import { contentOf, tolds, words } from '../../registry/changes.js';
import type { FlatEffect, PairedSetting } from '../../tracker/paired-tracker.js';
import { clientBytes, LEASE_MS, Stage, swarmOf } from '../../tracker/stage.js';

const OTHER = new Uint8Array(16).fill(9);
const SPARE = new Uint8Array(16).fill(3);

/** With what the pair keeps of it. */
class Replicated extends Registry {
  readonly #index = new ReplicationIndex();

  constructor() {
    super();
    this.observe(this.#index);
  }

  get order(): ChangeOrder {
    return this.#index.order;
  }

  get digests(): Digests {
    return this.#index.digests;
  }
}

function put(number: number, sequence = 1): Change {
  const place = { host: '10.0.0.1', port: 6_000 + number, have: 1, epoch: 1, sequence };
  return { kind: 'put', swarm: swarmOf(number), client: clientId(clientBytes(1)), ...place };
}

test('each record is in the order once, at its last change', () => {
  const registry = new Replicated();
  let position = 0;
  for (let round = 1; round <= 2_000; round += 1)
    for (const number of [1, 2, 3]) registry.apply(put(number, round), 0, 0, ++position);
  registry.apply(put(2, 9_999), 0, 0, ++position);
  const found = registry.order.after(0, 10);
  assert.deepEqual(
    found.map((record) => (record.is === 'entry' ? record.swarm.key : record.is)),
    [1, 3, 2].map(swarmOf),
  );
  assert.deepEqual(
    registry.order.after(position - 1, 10).map((record) => record.position),
    [position],
  );
  assert.deepEqual(registry.order.after(position, 10), []);
});

test('a record that is forgotten, or that the partner changed, is not in the order', () => {
  const registry = new Replicated();
  registry.apply(put(1), 0, 0, 1);
  registry.apply(
    { kind: 'remove', swarm: swarmOf(1), client: clientId(clientBytes(1)), epoch: 1, sequence: 2 },
    0,
    0,
    2,
  );
  registry.apply(
    { kind: 'forget', swarm: swarmOf(1), client: clientId(clientBytes(1)), epoch: 1, sequence: 2 },
    0,
    0,
    3,
  );
  registry.apply({ ...put(2), kind: 'replicatedEntry', state: 'live', ms: 5 } as Change, 0, 0, 4);
  assert.deepEqual(registry.order.after(0, 10), []);
});

test('records of the partner end in the same list in whatever order and however often they come', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(words, tolds), { maxLength: 12 }), fc.integer(), (changes, seed) => {
      const list = (order: readonly Change[]): string[] => {
        const registry = new Registry();
        // No lease matters here: which of live and lapsed wins is decided per version, by rank.
        for (const change of order) registry.apply(change, 0, 1_000);
        return contentOf(registry);
      };
      const told = changes.filter(({ kind }) => kind !== 'put');
      const shuffled = told.map((change, at) => ({ change, key: Math.imul(seed ^ at, 0x9e3779b1) }));
      shuffled.sort((a, b) => a.key - b.key);
      const other = shuffled.map(({ change }) => change);
      assert.deepEqual(list(other), list(told));
      assert.deepEqual(list([...other, ...told]), list(told));
    }),
    { numRuns: cases(500) },
  );
});

test('lists that hold the same live entries have the same digests, whatever they went through', () => {
  const [one, other] = [new Replicated(), new Replicated()];
  one.apply(put(1), 0, 0, 1);
  one.apply(put(2), 0, 0, 2);
  one.apply({ kind: 'remove', swarm: swarmOf(2), client: clientId(clientBytes(1)), epoch: 1, sequence: 2 }, 0, 0, 3);
  other.apply(put(1), 5, 5, 9);
  assert.deepEqual(one.digests.bytes(), other.digests.bytes());
  other.apply(put(1, 2), 5, 5, 10);
  assert.notDeepEqual(one.digests.bytes(), other.digests.bytes());
});

const ALL = (): boolean => true;

/** Two lists that differ in each of these swarms. */
function differing(...swarms: readonly SwarmKey[]): readonly [Uint8Array, Uint8Array] {
  const one = new Replicated();
  for (const swarm of swarms) one.apply({ ...put(1), swarm } as Change, 0, 0);
  return [one.digests.bytes(), new Replicated().digests.bytes()];
}

test('a bucket that differs is asked for at once, then after pauses that grow; one that is equal again is forgotten', () => {
  const swarm = swarmOf(1);
  const [ours, theirs] = differing(swarm);
  const comparison = new Comparison();
  assert.equal(comparison.differing, undefined);
  const askedAt: number[] = [];
  for (let nowMs = 0; nowMs <= 3_600_000; nowMs += PAIR_DIGEST_MS)
    if (comparison.compare(ours, theirs, ALL, nowMs).includes(bucketOf(swarm))) askedAt.push(nowMs / PAIR_DIGEST_MS);
  assert.deepEqual(askedAt.slice(0, 5), [0, 2, 6, 14, 30]);
  assert.ok(askedAt.length <= 8 + 3_600_000 / PAIR_REPAIR_RETRY_MAX_MS, `${askedAt.length} times in an hour`);
  assert.equal(comparison.differing, 1);
  assert.deepEqual(comparison.compare(ours, ours, ALL, 3_600_000), []);
  assert.equal(comparison.differing, 0);
  assert.deepEqual(comparison.compare(ours, theirs, ALL, 3_600_000), [bucketOf(swarm)]);
});

test('one look asks for a bounded number of buckets, and the next ones for the others', () => {
  const swarms = Array.from({ length: 256 }, (_, at) => swarmKey(Uint8Array.of(at, ...new Uint8Array(19))));
  const [ours, theirs] = differing(...swarms);
  const comparison = new Comparison();
  const asked = new Set<number>();
  for (let look = 0; look < 256 / PAIR_REPAIR_BUCKETS_MAX; look += 1) {
    const now = comparison.compare(ours, theirs, (bucket) => !asked.has(bucket), look);
    assert.equal(now.length, PAIR_REPAIR_BUCKETS_MAX);
    for (const bucket of now) asked.add(bucket);
  }
  assert.equal(asked.size, 256);
});

test('a bucket with changes of ours that the partner may not have is not compared', () => {
  const registry = new Replicated();
  registry.apply(put(1), 0, 0, 7);
  const { digests } = registry;
  const bucket = bucketOf(swarmOf(1));
  assert.deepEqual([digests.isWithin(bucket, 6), digests.isWithin(bucket, 7)], [false, true]);
  registry.apply({ ...put(1, 2), kind: 'replicatedProgress' } as Change, 0, 0, 8);
  assert.equal(digests.isWithin(bucket, 7), true, 'what the partner told needs no acknowledgement');
  registry.apply({ kind: 'leave', client: clientId(clientBytes(1)), epoch: 1, sequence: 9 }, 0, 0, 9);
  assert.deepEqual([digests.isWithin(bucket, 8), digests.isWithin(bucket, 9)], [false, true]);
  digests.changedAll(20);
  assert.equal(digests.isWithin(bucket, 19), false);
});

/** A tracker and what it tells a follower on connection 77. */
class Led {
  readonly stage: Stage;
  /** What the follower says first; nothing: it is of an earlier release. */
  mark = [featureMark([PAIR_FEATURES.readsDetails])];
  #frame = 0;

  constructor(setting: Partial<PairedSetting> = {}) {
    this.stage = new Stage(setting);
  }

  put(word: FollowerMessage): LeaderMessage[] {
    return newsOf(this.stage.put({ kind: 'followerSaid', connection: 77, message: word }));
  }

  follow(options: Partial<Extract<FollowerMessage, { kind: 'follow' }>> = {}, host = '127.0.0.1'): LeaderMessage[] {
    this.stage.put({ kind: 'opened', connection: 77, host });
    const names = { followerId: OTHER, originId: new Uint8Array(16), cluster: new Uint8Array(20) };
    const news = this.put({ kind: 'follow', version: PAIR_VERSION, ...names, position: 0, ...options });
    const isNamed = this.mark.length > 0;
    return isNamed ? [...news, ...this.put({ kind: 'resendClients', clients: this.mark })] : news;
  }

  acknowledge(news: readonly LeaderMessage[]): LeaderMessage[] {
    for (const one of news) if (one.kind === 'records') this.#frame = one.frame;
    return this.put({ kind: 'applied', frame: this.#frame });
  }
}

function newsOf(effects: readonly FlatEffect[]): LeaderMessage[] {
  return effects.flatMap((effect) => (effect.kind === 'tellFollower' ? [effect.message] : []));
}

function entriesOf(news: readonly LeaderMessage[]): number {
  return news.reduce((sum, one) => sum + (one.kind === 'records' ? one.entries.length : 0), 0);
}

test('a follower whose position means nothing here is sent everything, within the window', () => {
  const led = new Led();
  const client = led.stage.client(1);
  const total = PAIR_WINDOW_RECORDS + 1_000;
  for (let number = 1; number <= total; number += 1) client.share(swarmOf(number));
  let news = led.follow();
  assert.ok(news[0]?.kind === 'welcome' && news[0].isFullSync);
  assert.equal(news[1]?.kind, 'leases');
  assert.equal(entriesOf(news), PAIR_WINDOW_RECORDS);
  assert.ok(news.every((one) => one.kind !== 'records' || one.entries.length <= PAIR_FRAME_RECORDS_MAX));
  news = led.acknowledge(news);
  assert.equal(entriesOf(news), 1_000);
  const last = news.at(-1);
  assert.ok(last?.kind === 'records' && last.position === total * 2);
});

test('a follower that was here before is sent what changed behind its position, as it is now', () => {
  const led = new Led();
  led.follow();
  const client = led.stage.client(1);
  for (let number = 1; number <= 10; number += 1) client.share(swarmOf(number));
  client.share(swarmOf(3), 2);
  const news = led.follow({ originId: new Uint8Array(16).fill(1), position: 20 });
  assert.ok(news[0]?.kind === 'welcome' && !news[0].isFullSync);
  assert.equal(entriesOf(news), 1);
  const records = news.find((one) => one.kind === 'records');
  assert.equal(records?.entries[0]?.have, 2);
});

test('a list that is older than what the partner has seen of it is another tracker, however much it has changed since', () => {
  for (const changeCount of [0, 200]) {
    const led = new Led({ replicaWaitMs: 2_000 });
    const { stage } = led;
    stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
    const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
    said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 1 });
    said({ kind: 'records', frame: 1, position: 1, files: [], entries: [], leaves: [], progress: [] });
    const client = stage.client(1);
    for (let number = 1; number <= changeCount; number += 1) client.share(swarmOf(number));
    const known = { originId: new Uint8Array(16).fill(1), position: 99 };
    const news = led.follow(known);
    const [welcome] = news;
    assert.ok(welcome?.kind === 'welcome' && welcome.isFullSync);
    assert.deepEqual(welcome.leaderId, SPARE, 'with an identity that nobody knows');
    assert.equal(entriesOf(news), Math.min(changeCount, 4_096));
    const kept = stage.effects.findLast((effect) => effect.kind === 'commit');
    assert.ok(kept?.kind === 'commit' && kept.changes.some(({ kind }) => kind === 'identity'));
    stage.advance(1_000);
    const dial = linkOf(stage);
    const sent = stage.put({ kind: 'partnerConnected', link: dial });
    const follow = sent.find((effect) => effect.kind === 'sendPartner');
    assert.ok(follow?.kind === 'sendPartner' && follow.message.kind === 'follow');
    assert.deepEqual([follow.message.followerId, follow.message.position], [SPARE, 0], 'and it asks for everything');
    const reply = stage.connect().hello(clientBytes(2), 6_002, 1);
    assert.ok(reply.kind === 'helloReply' && !reply.ready, 'nobody is told of the old list');
    assert.deepEqual(reply.trackerId, SPARE);
  }
});

test('a third tracker on the host of the partner is refused while the partner is there, and takes nobody off', () => {
  const led = new Led();
  const { stage } = led;
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  stage.put({
    kind: 'partnerSaid',
    link: linkOf(stage),
    message: { kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 },
  });
  assert.equal(led.follow()[0]?.kind, 'welcome');
  stage.put({ kind: 'opened', connection: 78, host: '127.0.0.1' });
  const names = { followerId: new Uint8Array(16).fill(8), originId: new Uint8Array(16), cluster: new Uint8Array(20) };
  const word = { kind: 'follow', version: PAIR_VERSION, ...names, position: 0 } as const;
  const news = newsOf(stage.put({ kind: 'followerSaid', connection: 78, message: word }));
  assert.ok(news[0]?.kind === 'refused' && /another tracker/.test(news[0].sentence));
  stage.client(1).share(swarmOf(1));
  assert.ok(newsOf(stage.effects).some((one) => one.kind === 'records' && one.entries.length === 1));
});

test('a welcome that is not believed makes no list wait for what comes after it', () => {
  const stage = new Stage({ replicaWaitMs: 2_000 });
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  const own = new Uint8Array(16).fill(1);
  stage.put({
    kind: 'partnerSaid',
    link: linkOf(stage),
    message: { kind: 'welcome', leaderId: own, isFullSync: true, position: 0 },
  });
  stage.nowMs = 2_500;
  stage.put({ kind: 'wake' });
  const reply = stage.connect().hello(clientBytes(2), 6_002, 1);
  assert.ok(reply.kind === 'helloReply' && reply.ready);
});

test('whoever asks to be followed without end fills no log', () => {
  const led = new Led();
  const lines = (): { readonly fields: object }[] =>
    led.stage.effects.flatMap((effect) => (effect.kind === 'log' && 'attempts' in effect.fields ? [effect] : []));
  for (let count = 0; count < 1_000; count += 1) led.follow({}, '10.6.6.6');
  led.follow({}, '10.7.7.7');
  assert.equal(lines().length, 2, 'a line for each host');
  led.stage.nowMs += 60_000;
  led.follow({}, '10.6.6.6');
  const last = lines().at(-1);
  assert.deepEqual(last?.fields, { host: '10.6.6.6', attempts: 1_000 });
});

test('a follower at position 0 is sent everything, also what this tracker was told itself', () => {
  const led = new Led();
  led.stage.client(1).share(swarmOf(1));
  const row = entryRow(swarmOf(2), clientBytes(2), { port: 6_002 });
  led.stage.put({ kind: 'partnerConnected', link: linkOf(led.stage) });
  const said = (news: LeaderMessage) => led.stage.put({ kind: 'partnerSaid', link: linkOf(led.stage), message: news });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  said({ kind: 'records', frame: 1, position: 1, files: [], entries: [row], leaves: [], progress: [] });
  const news = led.follow({ originId: new Uint8Array(16).fill(1), position: 0 });
  assert.ok(news[0]?.kind === 'welcome' && news[0].isFullSync);
  assert.equal(entriesOf(news), 2);
});

test('a follower whose full transfer broke off follows nobody yet, so that any leader sends everything again', () => {
  const stage = new Stage();
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  const follow = (): number[] => {
    const effects = stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
    const word = effects.find((effect) => effect.kind === 'sendPartner')?.message;
    assert.ok(word?.kind === 'follow');
    return [word.originId[0] ?? -1, word.position];
  };
  const rest = { files: [], entries: [], leaves: [], progress: [] };
  const breakOff = (): void => {
    stage.put({ kind: 'partnerLost', link: linkOf(stage), reason: 'closed' });
    stage.advance(1_000);
  };
  assert.deepEqual(follow(), [0, 0]);
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 7 });
  said({ kind: 'records', frame: 1, position: null, ...rest });
  breakOff();
  assert.deepEqual(follow(), [0, 0]);
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 7 });
  said({ kind: 'records', frame: 1, position: 7, ...rest });
  breakOff();
  assert.deepEqual(follow(), [9, 7]);
});

test('a position is committed together with the records that it counts', () => {
  const stage = new Stage();
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 7 });
  const row = entryRow(swarmOf(1), clientBytes(1));
  const effects = said({ kind: 'records', frame: 1, position: 7, files: [], entries: [row], leaves: [], progress: [] });
  const groups = effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.changes] : []));
  assert.deepEqual(
    groups.map((changes) => changes.map((change) => (change.kind === 'followed' ? change.position : change.kind))),
    [['replicatedEntry', 0, 7]],
  );
});

test('digests are compared when what came before them is on the disk, and a bucket that differs is asked for at once', () => {
  const stage = new Stage();
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  const theirs = new Replicated();
  const told = (number: number) => ({ ...put(number), kind: 'replicatedEntry', state: 'live', ms: 500 }) as Change;
  for (const number of [1, 2]) theirs.apply(told(number), 0, 0);
  const rowOf = (number: number) => entryRow(swarmOf(number), clientBytes(1), { port: 6_000 + number });
  const rest = { position: null, files: [], leaves: [], progress: [] };
  stage.holdsCommits = true;
  said({ kind: 'records', frame: 1, ...rest, entries: [rowOf(1), rowOf(2)] });
  assert.deepEqual(asksOf(said({ kind: 'digests', digests: theirs.digests.bytes() })), [], 'the frame is on its way');
  const commit = stage.effects.findLast((effect) => effect.kind === 'commit');
  assert.ok(commit?.kind === 'commit');
  stage.holdsCommits = false;
  assert.deepEqual(asksOf(stage.put({ kind: 'committed', group: commit.group, tookMs: 1 })), []);
  theirs.apply(told(3), 0, 0);
  assert.deepEqual(asksOf(said({ kind: 'digests', digests: theirs.digests.bytes() })), [bucketOf(swarmOf(3))]);
  // A change of ours that the partner has not acknowledged: it may not be counted in what it sends.
  stage.client(2).share(swarmOf(4));
  stage.nowMs += PAIR_REPAIR_RETRY_MAX_MS;
  assert.deepEqual(asksOf(said({ kind: 'digests', digests: theirs.digests.bytes() })), []);
});

function asksOf(effects: readonly FlatEffect[]): number[] {
  return effects.flatMap((effect) =>
    effect.kind === 'sendPartner' && effect.message.kind === 'resendBuckets' ? [...effect.message.buckets] : [],
  );
}

test('a leader sends its digests whenever it has sent all there is, acknowledged or not', () => {
  const led = new Led();
  led.stage.client(1).share(swarmOf(1));
  led.follow();
  led.stage.nowMs += PAIR_DIGEST_MS;
  const news = newsOf(led.stage.put({ kind: 'wake' }));
  assert.equal(news.at(-1)?.kind, 'digests');
});

test('a record that lapsed at the partner lists nobody, however alive its client is here, and takes nobody living off', () => {
  const told = (number: number, state: 'lapsed', ageMs: number, sequence: number) =>
    entryRow(swarmOf(number), clientBytes(1), { sequence, state, ms: ageMs });
  const stage = new Stage();
  const client = stage.client(1);
  client.share(swarmOf(1));
  client.share(swarmOf(3));
  client.ask({ kind: 'remove', id: 1, swarm: keyBytes(swarmOf(3)), ...client.version() });
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  const rest = { position: null, files: [], leaves: [], progress: [] };
  for (const [at, ageMs] of [1_000, TOMBSTONE_MS * 2].entries()) {
    const entries = [1, 2, 3].map((number) => told(number, 'lapsed', ageMs, 9 + at));
    said({ kind: 'records', frame: at + 1, ...rest, entries });
    assert.deepEqual(
      [1, 2, 3].map((number) => stage.listed(swarmOf(number)).length),
      [1, 0, 0],
      `${ageMs} ms old`,
    );
  }
});

test('a partner whose list was restored from an older copy is told everything', () => {
  for (const isFollowed of [true, false]) {
    const led = new Led();
    led.follow();
    led.stage.client(1).share(swarmOf(1));
    led.stage.put({ kind: 'closed', connection: 77 });
    const said = (news: LeaderMessage) =>
      led.stage.put({ kind: 'partnerSaid', link: linkOf(led.stage), message: news });
    const rest = { files: [], entries: [], leaves: [], progress: [] };
    led.stage.put({ kind: 'partnerConnected', link: linkOf(led.stage) });
    said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 50 });
    said({ kind: 'records', frame: 1, position: 50, ...rest });
    led.stage.put({ kind: 'partnerLost', link: linkOf(led.stage), reason: 'closed' });
    led.stage.advance(1_000);
    const known = { originId: new Uint8Array(16).fill(1), position: 2 };
    if (isFollowed) assert.equal(entriesOf(led.follow(known)), 0);
    led.stage.put({ kind: 'partnerConnected', link: linkOf(led.stage) });
    let news = newsOf(said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 20 }));
    if (!isFollowed) news = led.follow(known);
    assert.equal(entriesOf(news), 1, `followed: ${isFollowed}`);
  }
});

test('whoever is not the partner is refused with a sentence', () => {
  const check = (news: readonly LeaderMessage[], sentence: RegExp): void => {
    assert.ok(
      news.length === 1 && news[0]?.kind === 'refused' && sentence.test(news[0].sentence),
      JSON.stringify(news),
    );
  };
  check(new Led().follow({}, '10.6.6.6'), /10\.6\.6\.6 is not the address/);
  check(new Led().follow({ version: 9 }), /version 2 of the pair's protocol, not 9; .* nothing is replicated/);
  check(new Led().follow({ cluster: new Uint8Array(20).fill(1) }), /another pair/);
});

test('a partner with a host name is known by the addresses that the name stood for at the last dial', () => {
  const partner = { host: 't2.example', port: 7002 };
  const led = new Led({ partner });
  const isWelcome = (host: string): boolean => led.follow({}, host)[0]?.kind === 'welcome';
  assert.ok(!isWelcome('10.0.0.5'), 'the name was not looked up yet');
  led.stage.put({ kind: 'partnerResolved', hosts: ['10.0.0.5', 'fd00::5'] });
  assert.ok(isWelcome('10.0.0.5') && isWelcome('fd00::5'));
  led.stage.put({ kind: 'partnerResolved', hosts: ['10.0.0.6'] });
  assert.ok(isWelcome('10.0.0.6') && !isWelcome('10.0.0.5'), 'it moved');
});

test('of two trackers with one identity, whoever is asked takes a new one, once, and tells the other everything', () => {
  const led = new Led();
  led.stage.client(1).share(swarmOf(1));
  const [own, spare] = [1, 3].map((byte) => new Uint8Array(16).fill(byte)) as [Uint8Array, Uint8Array];
  // Its list is a copy of ours, so it counts as one that has our changes.
  const news = led.follow({ followerId: own, originId: own, position: 2 });
  assert.ok(news[0]?.kind === 'welcome' && news[0].isFullSync, JSON.stringify(news));
  assert.deepEqual(news[0].leaderId, spare);
  assert.equal(entriesOf(news), 1);
  // Whoever has the new identity as well is this tracker itself.
  const again = led.follow({ followerId: spare });
  assert.ok(again[0]?.kind === 'refused' && /leads back to this tracker itself/.test(again[0].sentence));
  for (const request of [{ cluster: new Uint8Array(20).fill(1) }, { version: 9 }]) {
    const other = new Led();
    other.follow({ followerId: own, ...request });
    const welcome = other.follow()[0];
    assert.ok(welcome?.kind === 'welcome');
    assert.deepEqual(welcome.leaderId, own, 'not for a stranger');
  }
});

test('a follower that falls silent is hung up on', () => {
  const led = new Led();
  led.follow();
  led.stage.nowMs += PAIR_DEAD_MS;
  const effects = led.stage.put({ kind: 'wake' });
  assert.ok(effects.some((effect) => effect.kind === 'hangUp' && effect.connection === 77));
});

test('a list is answered when the partner was heard, or after the wait for it', () => {
  const stage = new Stage({ replicaWaitMs: 2_000 });
  const client = stage.client(1);
  const question = { kind: 'seeders', id: 5, swarm: new Uint8Array(20), want: 9 } as const;
  assert.deepEqual(client.send(question), []);
  stage.nowMs += 1_999;
  stage.put({ kind: 'wake' });
  assert.deepEqual(client.send({ ...question, id: 6 }), []);
  stage.nowMs += 1;
  const replies = stage.put({ kind: 'wake' }).flatMap((effect) => (effect.kind === 'reply' ? [effect.message] : []));
  assert.deepEqual(
    replies.map((reply) => [reply.kind, 'id' in reply ? reply.id : 0]),
    [
      ['seederList', 5],
      ['seederList', 6],
    ],
  );
});

test('a client that lapsed here and is alive at the partner is asked for again, and listed again', () => {
  const stage = new Stage();
  stage.client(1).share(swarmOf(1));
  stage.advance(LEASE_MS * 2);
  assert.deepEqual(stage.listed(swarmOf(1)), []);
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  const asked = said({ kind: 'leases', leases: [[clientBytes(1), 500]] });
  const word = asked.find((effect) => effect.kind === 'sendPartner')?.message;
  assert.ok(word?.kind === 'resendClients' && word.clients.length === 1);
  const entry = entryRow(swarmOf(1), clientBytes(1));
  said({ kind: 'records', frame: 1, position: null, files: [], entries: [entry], leaves: [], progress: [] });
  assert.deepEqual(stage.listed(swarmOf(1)), ['10.0.0.1:6001 1']);
});

test('a client that lives here with a part of its entries is asked for again, once on each connection', () => {
  const stage = new Stage();
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  const asks = () =>
    said({ kind: 'leases', leases: [[clientBytes(1), 500]] }).some(
      (effect) => effect.kind === 'sendPartner' && effect.message.kind === 'resendClients',
    );
  const follow = (): void => {
    stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
    said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  };
  const client = stage.client(1);
  client.share(swarmOf(1));
  client.share(swarmOf(2));
  stage.advance(LEASE_MS * 2);
  // As after a crash in the midst of what the partner told again: one entry lives, the other does not yet.
  client.share(swarmOf(1));
  follow();
  assert.deepEqual([asks(), asks()], [true, false]);
  stage.put({ kind: 'partnerLost', link: linkOf(stage), reason: 'closed' });
  client.share(swarmOf(1));
  stage.advance(1_000);
  follow();
  assert.deepEqual([asks(), asks()], [true, false]);
});

test('progress of an entry that the follower has is told as this alone, that of any other as a whole', () => {
  const led = new Led();
  const client = led.stage.client(1);
  client.share(swarmOf(1));
  client.share(swarmOf(2));
  // The second share lies behind this position.
  let news = led.follow({ originId: new Uint8Array(16).fill(1), position: 2 });
  led.acknowledge(news);
  const announce = (number: number) =>
    newsOf(
      led.stage.put({
        kind: 'received',
        connection: client.number,
        request: { kind: 'announce', id: 1, swarm: keyBytes(swarmOf(number)), have: 2, ...client.version() },
      }),
    ).flatMap((one) => (one.kind === 'records' ? [[one.entries.length, one.progress.length, one.files.length]] : []));
  assert.deepEqual(announce(1), [[0, 1, 0]]);
  client.share(swarmOf(3));
  assert.deepEqual(announce(2), [[0, 1, 0]]);
  news = led.follow();
  assert.ok(news.every((one) => one.kind !== 'records' || one.progress.length === 0));
});

test('progress of an entry that is unknown here makes the follower ask for everything of that client', () => {
  const stage = new Stage();
  stage.client(1).share(swarmOf(1));
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  const rest = { position: null, files: [], entries: [], leaves: [] };
  const row = (number: number, epoch: number) => progressRow(swarmOf(number), clientBytes(1), { epoch });
  const asked = (effects: readonly FlatEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'sendPartner' ? [effect.message.kind] : []));
  assert.deepEqual(asked(said({ kind: 'records', frame: 1, ...rest, progress: [row(1, 2)] })), ['applied']);
  assert.deepEqual(stage.listed(swarmOf(1)), ['10.0.0.1:6001 2']);
  const effects = said({ kind: 'records', frame: 2, ...rest, progress: [row(9, 2)] });
  assert.deepEqual(asked(effects), ['applied', 'resendClients']);
  assert.deepEqual(stage.listed(swarmOf(9)), []);
});

test('a hash string that a frame told of is asked for, though an earlier frame was still being written when it came', () => {
  const stage = new Stage();
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  stage.holdsCommits = true;
  const rest = { position: null, leaves: [], progress: [] };
  said({ kind: 'records', frame: 1, ...rest, files: [], entries: [] });
  const files = [fileRow(swarmOf(1))];
  const entry = entryRow(swarmOf(1), clientBytes(1));
  said({ kind: 'records', frame: 2, ...rest, files, entries: [entry] });
  const wishes: string[] = [];
  for (let settled = 0; settled < 2; settled += 1) {
    const commit = stage.effects.filter((effect) => effect.kind === 'commit').at(-1);
    assert.ok(commit?.kind === 'commit');
    const effects = stage.put({ kind: 'committed', group: commit.group, tookMs: 1 });
    for (const effect of effects)
      if (effect.kind === 'sendPartner' && effect.message.kind === 'wantPart')
        wishes.push(swarmKey(effect.message.swarm));
  }
  assert.deepEqual(wishes, [swarmOf(1)]);
});

function linkOf(stage: Stage): number {
  return stage.effects.flatMap((effect) => (effect.kind === 'dialPartner' ? [effect.link] : [])).at(-1) ?? 0;
}

test('a follower that names the feature is told what files say beside and which are listed; one of before is told the rest', () => {
  for (const isOfBefore of [false, true]) {
    const led = new Led();
    if (isOfBefore) led.mark = [];
    const client = led.stage.client(1);
    const details = { info: new Uint8Array(32).fill(5), listBytes: 7, files: 3, isListed: true };
    client.share(swarmOf(1));
    client.ask({ ...client.shareRequest(swarmOf(2)), details });
    let news = led.follow();
    if (isOfBefore) {
      assert.equal(entriesOf(news), 0, 'it may still name it');
      led.stage.nowMs += PAIR_BEAT_MS;
      news = newsOf(led.stage.put({ kind: 'wake' }));
    }
    const records = news.find((one) => one.kind === 'records');
    assert.equal(records?.entries.length, 2);
    const place = records.files.findIndex(({ swarm }) => swarmKey(swarm) === swarmOf(2));
    const listed = records.entries.findIndex(({ swarm }) => swarmKey(swarm) === swarmOf(2));
    assert.deepEqual(
      records.details,
      isOfBefore ? undefined : [[{ place, info: details.info, listBytes: 7, files: 3 }], [listed]],
    );
  }
});

test('a follower that names the feature late is told everything again', () => {
  const led = new Led();
  led.stage.client(1).share(swarmOf(1));
  const { mark } = led;
  led.mark = [];
  led.follow();
  led.stage.nowMs += PAIR_BEAT_MS;
  assert.equal(entriesOf(newsOf(led.stage.put({ kind: 'wake' }))), 1);
  assert.equal(entriesOf(led.put({ kind: 'resendClients', clients: mark })), 1);
});

test('the mark of features is no client that a leader of before could know, and others are none', () => {
  const mark = featureMark([PAIR_FEATURES.readsDetails]);
  assert.equal(mark.length, 16);
  assert.deepEqual(markedFeatures(mark), new Set([PAIR_FEATURES.readsDetails]));
  assert.deepEqual(markedFeatures(featureMark([])), new Set());
  assert.equal(markedFeatures(clientBytes(1)), undefined);
});

test('what the partner tells beside reaches the list, also of a word that came before without it', () => {
  const stage = new Stage();
  stage.put({ kind: 'partnerConnected', link: linkOf(stage) });
  const said = (news: LeaderMessage) => stage.put({ kind: 'partnerSaid', link: linkOf(stage), message: news });
  said({ kind: 'welcome', leaderId: OTHER, isFullSync: true, position: 0 });
  const row = entryRow(swarmOf(1), clientBytes(1));
  const file = fileRow(swarmOf(1), { name: 'a', size: 9, pieceCount: 1, isProven: false });
  const rest = { position: null, files: [file], entries: [row], leaves: [], progress: [] };
  said({ kind: 'records', frame: 1, ...rest });
  assert.equal(stage.machine.registry.catalogue.count, 0);
  said({
    kind: 'records',
    frame: 2,
    ...rest,
    details: [[{ place: 0, info: new Uint8Array(32).fill(5), listBytes: 7, files: 3 }], [0]],
  });
  assert.equal(stage.machine.registry.catalogue.count, 1);
  assert.equal(stage.machine.registry.swarm(swarmOf(1))?.facts?.details?.listBytes, 7);
  said({ kind: 'records', frame: 3, ...rest });
  assert.equal(stage.machine.registry.catalogue.count, 1, 'an earlier release says nothing of it');
});
