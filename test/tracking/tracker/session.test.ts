// What a tracker promises one client: it is listed as itself only, answered after the commit, and never harmed by
// another.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { keyBytes, swarmKey } from '../../../src/foundation/torrent/ids.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { TOMBSTONE_UNHEARD_MS } from '../../../src/tracking/registry/limits.js';
import { TRACKER_REQUESTS_PER_CONNECTION_MAX } from '../../../src/tracking/tracker/limits.js';
import { OWN_FEATURES, type TrackerRequest } from '../../../src/tracking/tracker/messages.js';
import { clientBytes, LEASE_MS, Stage, swarmOf } from './stage.js';

const A = swarmOf(1);
const B = swarmOf(2);

/** The code of a refusal, or the kind of any other reply. */
function verdict(
  reply: { readonly kind: string; readonly code?: string } | { readonly kind: 'error'; readonly code: string },
) {
  return reply.kind === 'error' ? reply.code : reply.kind;
}

test('S9: a shared file lists its sharer under the address of its socket', () => {
  const stage = new Stage();
  assert.equal(stage.client(1, { host: '192.0.2.1', port: 7_000 }).share(A).kind, 'shared');
  assert.deepEqual(stage.listed(A), ['192.0.2.1:7000 1']);
});

test('S9: the host in a hello counts only where every client is trusted', () => {
  for (const trustHost of [false, true]) {
    const stage = new Stage({ trustHost });
    const connection = stage.connect('192.0.2.1');
    connection.hello(clientBytes(1), 7_000, 1, '198.51.100.9');
    connection.share(A);
    assert.deepEqual(stage.listed(A), [trustHost ? '198.51.100.9:7000 1' : '192.0.2.1:7000 1']);
  }
});

test('a host in a hello is listed as every other text of it', () => {
  const stage = new Stage({ trustHost: true });
  const client = stage.connect();
  client.hello(clientBytes(1), 6_001, 1, '2001:DB8:0:0::7');
  client.share(swarmOf(1));
  assert.deepEqual(stage.listed(swarmOf(1)), ['2001:db8::7:6001 1']);
});

test('nobody finds himself on the list, and a sample is asked for by size', () => {
  const stage = new Stage();
  const clients = Array.from({ length: 60 }, (_, at) => stage.client(at + 1));
  for (const client of clients) client.share(A);
  const list = clients[0]?.ask({ kind: 'seeders', id: 9, swarm: keyBytes(A), want: 65_535 });
  assert.ok(list?.kind === 'seederList');
  assert.equal(list.total, 59);
  assert.equal(list.seeders.length, 50);
  assert.equal(new Set(list.seeders.map(({ port }) => port)).size, 50);
  assert.ok(!list.seeders.some(({ port }) => port === 6_001));
});

test('an answer to a change waits for its commit, others do not', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.holdsCommits = true;
  assert.deepEqual(client.send(client.shareRequest(A)), []);
  assert.deepEqual(stage.listed(A), []);
  assert.equal(client.ask({ kind: 'ping', id: 5 }).kind, 'pong');
  stage.put({ kind: 'committed', group: 1, tookMs: 1 });
  assert.equal(stage.effects.at(-1)?.kind, 'reply');
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
});

test('changes gather behind the commit under way and share the next one', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.holdsCommits = true;
  for (let number = 1; number <= 10; number += 1) client.send(client.shareRequest(swarmOf(number)));
  stage.put({ kind: 'committed', group: 1, tookMs: 1 });
  const sizes = stage.effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.changes.length] : []));
  assert.deepEqual(sizes, [2, 18]);
});

test('a full disk refuses registrations, still takes removals, and is used again when it has room', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A);
  stage.holdsCommits = true;
  client.send(client.shareRequest(B));
  stage.put({ kind: 'failed', group: 2, outcome: 'full', sentence: 'full' });
  client.send(client.shareRequest(B));
  client.send({ kind: 'remove', id: 2, swarm: keyBytes(A), ...client.version() });
  stage.put({ kind: 'failed', group: 3, outcome: 'full', sentence: 'full' });
  // The removal, alone by now, is tried a second time and no more.
  stage.put({ kind: 'failed', group: 4, outcome: 'full', sentence: 'full' });
  stage.put({ kind: 'committed', group: 5, tookMs: 1 });
  const replies = stage.effects.flatMap((effect) => (effect.kind === 'reply' ? [verdict(effect.message)] : []));
  assert.deepEqual(replies.filter((kind) => kind === 'diskFull').length, 2);
  assert.equal(replies.at(-1), 'removed');
  assert.deepEqual(stage.listed(A), []);
  stage.holdsCommits = false;
  assert.equal(verdict(client.share(B)), 'shared');
});

test('a store that is broken refuses what waited and ends the tracker', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.holdsCommits = true;
  client.send(client.shareRequest(A));
  const effects = stage.put({ kind: 'failed', group: 1, outcome: 'broken', sentence: 'EIO' });
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'reply' ? [verdict(effect.message)] : [])),
    ['ioError'],
  );
  assert.ok(effects.some((effect) => effect.kind === 'giveUp'));
});

test('S7: a higher version wins, an equal one changes nothing, a lower one is acknowledged and ignored', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A, 1, { epoch: 2, sequence: 5 });
  assert.equal(client.share(A, 0, { epoch: 2, sequence: 5 }).kind, 'shared');
  assert.equal(client.share(A, 2, { epoch: 1, sequence: 9 }).kind, 'shared');
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
  client.share(A, 2, { epoch: 2, sequence: 6 });
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 2']);
});

test('S7: a removal touches the own entry only, and its older word does not bring it back', () => {
  const stage = new Stage();
  const [one, two] = [stage.client(1), stage.client(2)];
  one.share(A, 1, { epoch: 1, sequence: 1 });
  two.share(A, 1, { epoch: 1, sequence: 1 });
  assert.equal(one.ask({ kind: 'remove', id: 4, swarm: keyBytes(A), epoch: 1, sequence: 3 }).kind, 'removed');
  one.share(A, 1, { epoch: 1, sequence: 2 });
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6002 1']);
  one.share(A, 1, { epoch: 1, sequence: 4 });
  assert.equal(stage.listed(A).length, 2);
});

test('S7: captured words of a client that are said again, by whomever, change nothing of its entry', () => {
  const stage = new Stage();
  const owner = stage.client(1, { host: '192.0.2.1', port: 7_000 });
  const captured = owner.shareRequest(A, 1, { epoch: 1, sequence: 5 });
  owner.ask(captured);
  // As itself, another client speaks of its own entry only.
  const other = stage.client(2, { host: '198.51.100.2', port: 8_000 });
  other.ask({ kind: 'remove', id: 1, swarm: keyBytes(A), epoch: 9, sequence: 9 });
  other.ask({ kind: 'leave', id: 2, epoch: 9, sequence: 9 });
  assert.deepEqual(stage.listed(A), ['192.0.2.1:7000 1']);
  // Under the owner's id as well, as far as it has only heard of it.
  const impostor = stage.client(1, { host: '198.51.100.2', port: 8_000 });
  impostor.ask(captured);
  for (const sequence of [1, 4]) {
    impostor.share(A, 0, { epoch: 1, sequence });
    impostor.ask({ kind: 'announce', id: 3, swarm: keyBytes(A), have: 0, epoch: 1, sequence });
    impostor.ask({ kind: 'remove', id: 4, swarm: keyBytes(A), epoch: 1, sequence });
  }
  assert.deepEqual(stage.listed(A), ['192.0.2.1:7000 1']);
});

test('leaving takes the client off every list, and covers words that were said before and come later', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A, 1, { epoch: 1, sequence: 1 });
  assert.equal(client.ask({ kind: 'leave', id: 1, epoch: 1, sequence: 9 }).kind, 'left');
  client.share(B, 1, { epoch: 1, sequence: 8 });
  assert.deepEqual([...stage.listed(A), ...stage.listed(B)], []);
  client.share(B, 1, { epoch: 1, sequence: 10 });
  assert.equal(stage.listed(B).length, 1);
});

test('a client that lost its state hears the highest epoch known of it', () => {
  const stage = new Stage();
  stage.client(1).share(A, 1, { epoch: 41, sequence: 1 });
  const reply = stage.connect().hello(clientBytes(1), 6_001, 1);
  assert.equal(reply.kind === 'helloReply' && reply.highestEpoch, 41);
});

test('a tracker names its features to who reads them, and answers others as the first release did', () => {
  const reply = (token: Uint8Array): object => new Stage().connect().hello(clientBytes(1), 6_001, 1, '', token);
  const first = reply(new Uint8Array(0));
  assert.equal('features' in first, false);
  // Of another version of the list; a list without "reads features".
  for (const token of [Uint8Array.of(2, 1), Uint8Array.of(1, 200)]) assert.deepEqual(reply(token), first);
  const features = encodeFeatures(OWN_FEATURES);
  for (const token of [features, Uint8Array.of(1, 1, 200)]) assert.deepEqual(reply(token), { ...first, features });
});

test('progress of a file that is not shared is refused, so that the client shares it', () => {
  const stage = new Stage();
  const client = stage.client(1);
  const announce = { kind: 'announce', id: 3, swarm: keyBytes(A), have: 2 } as const;
  assert.equal(verdict(client.ask({ ...announce, ...client.version() })), 'unknown');
  client.share(A);
  assert.equal(client.ask({ ...announce, ...client.version() }).kind, 'announced');
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 2']);
});

test('progress that meets its own removal on the way to the disk is judged by their order', () => {
  const announce = { kind: 'announce', swarm: keyBytes(A), have: 2 } as const;
  const remove = { kind: 'remove', id: 9, swarm: keyBytes(A) } as const;
  for (const [order, verdicts] of [
    [
      ['announce', 'remove'],
      ['announced', 'removed'],
    ],
    [
      ['remove', 'announce'],
      ['removed', 'unknown'],
    ],
  ] as const) {
    const stage = new Stage();
    const client = stage.client(1);
    client.share(A);
    stage.holdsCommits = true;
    // The first goes to the disk alone, so that these two share the next commit.
    client.send(client.shareRequest(B));
    for (const kind of order) client.send({ ...(kind === 'announce' ? announce : remove), id: 9, ...client.version() });
    stage.put({ kind: 'committed', group: 2, tookMs: 1 });
    const replies = stage
      .put({ kind: 'committed', group: 3, tookMs: 1 })
      .flatMap((effect) => (effect.kind === 'reply' ? [verdict(effect.message)] : []));
    assert.deepEqual(replies, verdicts);
    assert.deepEqual(stage.listed(A), []);
  }
});

test('progress under a new address moves the entry there', () => {
  const stage = new Stage();
  stage.client(1, { port: 7_000 }).share(A, 1, { epoch: 1, sequence: 1 });
  const moved = stage.client(1, { host: '10.0.0.2', port: 7_001, epoch: 2 });
  assert.equal(
    moved.ask({ kind: 'announce', id: 3, swarm: keyBytes(A), have: 2, epoch: 2, sequence: 1 }).kind,
    'announced',
  );
  assert.deepEqual(stage.listed(A), ['10.0.0.2:7001 2']);
});

test('any request renews the lease of every entry; silence ends it within a tick', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.client(2).share(A);
  client.share(A);
  client.share(B);
  stage.advance(LEASE_MS * 0.75);
  client.ask({ kind: 'ping', id: 1 });
  stage.advance(LEASE_MS * 0.75);
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
  assert.equal(stage.listed(B).length, 1);
  stage.advance(LEASE_MS * 0.5);
  assert.deepEqual(stage.listed(B), []);
  const pong = client.ask({ kind: 'ping', id: 1 });
  assert.equal(pong.kind === 'pong' && pong.entries, 0);
});

test('after an expiry the same word of the owner lists it again', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A, 1, { epoch: 1, sequence: 1 });
  stage.advance(LEASE_MS * 2);
  assert.deepEqual(stage.listed(A), []);
  client.share(A, 1, { epoch: 1, sequence: 1 });
  assert.equal(stage.listed(A).length, 1);
});

test('F15: nobody expires because the tracker was frozen', () => {
  const stage = new Stage();
  stage.client(1).share(A);
  stage.freeze(LEASE_MS * 20);
  stage.advance(LEASE_MS);
  assert.equal(stage.listed(A).length, 1);
  stage.advance(LEASE_MS);
  assert.deepEqual(stage.listed(A), []);
});

test('a removed entry and then its swarm are forgotten after the time of a tombstone without a partner', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(A);
  client.ask({ kind: 'remove', id: 1, swarm: keyBytes(A), ...client.version() });
  stage.freeze(TOMBSTONE_UNHEARD_MS);
  assert.equal(stage.machine.registry.counts.entries, 1);
  stage.advance(LEASE_MS);
  assert.deepEqual(stage.machine.registry.counts, { swarms: 0, clients: 0, entries: 0, liveEntries: 0 });
});

/** A share that cannot be true, made from one that can. */
function checkRefusedShare(change: Partial<Extract<TrackerRequest, { kind: 'share' }>>): void {
  const client = new Stage().client(1);
  assert.equal(verdict(client.ask({ ...client.shareRequest(A), ...change })), 'invalid', JSON.stringify(change));
}

test('a share that cannot be true is refused', () => {
  for (const name of ['', '.', '..', 'a/b', 'a\\b', 'a\0b', 'a\nb']) checkRefusedShare({ name });
  checkRefusedShare({ pieceCount: 3 });
  checkRefusedShare({ size: 0 });
  checkRefusedShare({ have: 3 });
  checkRefusedShare({ size: 0, pieceCount: 0, have: 0 });
});

test('an empty file needs no hash string', () => {
  const swarm = swarmKey(createHash('sha1').digest());
  const client = new Stage().client(1);
  const reply = client.ask({ ...client.shareRequest(swarm), size: 0, pieceCount: 0, have: 0 });
  assert.deepEqual(reply, { kind: 'shared', id: 1, piecesNeeded: false });
});

test('hello comes first, once, and a guest may only look', () => {
  for (const requests of [
    [{ kind: 'ping', id: 1 }],
    [
      { kind: 'hello', clientId: clientBytes(1) },
      { kind: 'hello', clientId: clientBytes(1) },
    ],
    [
      { kind: 'hello', clientId: new Uint8Array(16), uploadPort: 0 },
      { kind: 'ping', id: 1 },
    ],
    [{ kind: 'hello', clientId: new Uint8Array(16), uploadPort: 5 }],
  ]) {
    const stage = new Stage();
    const connection = stage.connect();
    const rest = { host: '', uploadPort: 5, epoch: 1, token: new Uint8Array(0) };
    for (const request of requests) connection.send({ ...rest, ...request } as TrackerRequest);
    assert.equal(stage.effects.at(-1)?.kind, 'hangUp', JSON.stringify(requests));
  }
});

const DIGESTS = new Uint8Array(40).map((_, at) => at);
const REAL = swarmKey(createHash('sha1').update(DIGESTS).digest());

function partOf(offset: number, part: Uint8Array, id = 1): Extract<TrackerRequest, { kind: 'pieces' }> {
  return { kind: 'pieces', id, swarm: keyBytes(REAL), offset, part };
}

test('a hash string is taken in order, checked against the key, and asked for until it is whole', () => {
  const stage = new Stage();
  const client = stage.client(1);
  const first = client.share(REAL);
  assert.equal(first.kind === 'shared' && first.piecesNeeded, true);
  assert.equal(client.ask(partOf(0, DIGESTS.subarray(0, 20))).kind, 'stored');
  assert.equal(verdict(client.ask(partOf(21, DIGESTS.subarray(21)))), 'unknown');
  assert.equal(client.ask(partOf(20, DIGESTS.subarray(20))).kind, 'stored');
  const second = stage.client(2).share(REAL);
  assert.equal(second.kind === 'shared' && second.piecesNeeded, false);
});

test('a hash string that is not the one of the key is dropped', () => {
  for (const part of [new Uint8Array(40), new Uint8Array(60)]) {
    const stage = new Stage();
    const client = stage.client(1);
    client.share(REAL);
    assert.equal(verdict(client.ask(partOf(0, part))), 'invalid');
    const last = stage.effects.flatMap((effect) => (effect.kind === 'commit' ? effect.changes : [])).at(-1);
    assert.equal(last?.kind, 'dropParts');
  }
});

test('a hash string with a part that the full disk refused is never completed', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(REAL);
  stage.holdsCommits = true;
  client.send(partOf(0, DIGESTS.subarray(0, 20), 1));
  client.send(partOf(20, DIGESTS.subarray(20), 2));
  stage.put({ kind: 'failed', group: 2, outcome: 'full', sentence: 'full' });
  const replies = stage.effects.flatMap((effect) => (effect.kind === 'reply' ? [verdict(effect.message)] : []));
  assert.deepEqual(replies.slice(-2), ['diskFull', 'diskFull']);
  stage.holdsCommits = false;
  for (const group of [3, 4]) if (!stage.machine.machine.isIdle) stage.put({ kind: 'committed', group, tookMs: 1 });
  const again = client.share(REAL);
  assert.equal(again.kind === 'shared' && again.piecesNeeded, true);
});

test('a closed connection leaves no half hash string behind', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(REAL);
  client.ask(partOf(0, DIGESTS.subarray(0, 20)));
  client.close();
  const last = stage.effects.flatMap((effect) => (effect.kind === 'commit' ? effect.changes : [])).at(-1);
  assert.equal(last?.kind, 'dropParts');
});

test('a connection with too many waiting requests is not read until half of them are answered', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.holdsCommits = true;
  for (let number = 0; number < TRACKER_REQUESTS_PER_CONNECTION_MAX; number += 1) client.send(client.shareRequest(A));
  assert.deepEqual(
    stage.effects.filter(({ kind }) => kind === 'pauseReading'),
    [{ kind: 'pauseReading', connection: client.number }],
  );
  stage.put({ kind: 'committed', group: 1, tookMs: 1 });
  assert.ok(!stage.effects.some(({ kind }) => kind === 'resumeReading'));
  stage.put({ kind: 'committed', group: 2, tookMs: 1 });
  assert.ok(stage.effects.some(({ kind }) => kind === 'resumeReading'));
});

test('a connection that says nothing for long is closed', () => {
  const stage = new Stage();
  const client = stage.client(1);
  stage.advance(100_250);
  assert.ok(stage.effects.some((effect) => effect.kind === 'hangUp' && effect.connection === client.number));
});
