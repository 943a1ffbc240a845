// What a tracker tells of the files that are shared: of each to who knows its key, of listed ones to everybody, and its
// piece hashes in parts. A list holds what its owners want in it, and no request holds the others up.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { keyBytes, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { commonFeatures, encodeFeatures } from '../../../src/foundation/wire/features.js';
import { CATALOGUE_LOOKS_MAX } from '../../../src/tracking/registry/limits.js';
import {
  CATALOGUE_PAGE_MAX,
  STORE_READ_WEIGHT,
  STORE_READS_MAX,
  TRACKER_REQUESTS_PER_CONNECTION_MAX,
} from '../../../src/tracking/tracker/limits.js';
import { OWN_FEATURES, TRACKER_FEATURES, type TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { type Connection, clientBytes, LEASE_MS, Stage, swarmOf } from './stage.js';

const INFO = new Uint8Array(32).fill(5);

function shareAs(client: Connection, swarm: SwarmKey, isListed: boolean, name = 'a.bin', have = 1): TrackerReply {
  return client.ask({
    ...client.shareRequest(swarm, have),
    name,
    details: { info: INFO, listBytes: 77, files: 3, isListed },
  });
}

function guestOf(stage: Stage): Connection {
  const guest = stage.connect('10.9.9.9');
  guest.hello(new Uint8Array(16), 0, 0, '', encodeFeatures(OWN_FEATURES));
  return guest;
}

type Listing = Extract<TrackerReply, { kind: 'listing' }>;

function pageOf(
  guest: Connection,
  after: Uint8Array = new Uint8Array(0),
  filter = '',
  want = CATALOGUE_PAGE_MAX,
): Listing {
  const reply = guest.ask({ kind: 'list', id: 9, after, filter, want });
  assert.ok(reply.kind === 'listing', JSON.stringify(reply));
  return reply;
}

function namesOf(stage: Stage, filter = ''): string[] {
  const guest = guestOf(stage);
  const names: string[] = [];
  for (let after: Uint8Array | undefined = new Uint8Array(0); after !== undefined; ) {
    const { items, next } = pageOf(guest, after, filter);
    names.push(...items.map(({ name }) => name));
    after = next.length === 0 ? undefined : next;
  }
  guest.close();
  return names;
}

test('whoever knows a key is told what its file is, by whom it is shared, and what its .mtorrent says beside', () => {
  const stage = new Stage();
  shareAs(stage.client(1), swarmOf(1), false);
  stage.client(2).share(swarmOf(1), 2);
  const guest = guestOf(stage);
  const reply = guest.ask({ kind: 'describe', id: 7, swarm: keyBytes(swarmOf(1)) });
  assert.deepEqual(reply, {
    kind: 'description',
    id: 7,
    what: {
      ...{ name: 'a.bin', size: 1_048_576, pieceCount: 2 },
      ...{ info: INFO, listBytes: 77, files: 3, seeders: 2, complete: 1 },
    },
    isProven: false,
  });
  const unknown = guest.ask({ kind: 'describe', id: 8, swarm: keyBytes(swarmOf(2)) });
  assert.ok(unknown.kind === 'error' && unknown.code === 'unknown');
});

test('only files whose owners said so are listed: none of a client of before, of a fetcher, or of who wants it not', () => {
  const stage = new Stage();
  const owner = stage.client(1);
  shareAs(owner, swarmOf(1), true, 'listed');
  shareAs(owner, swarmOf(2), false, 'unlisted');
  owner.share(swarmOf(3));
  shareAs(stage.client(2), swarmOf(1), false, 'listed');
  assert.deepEqual(namesOf(stage), ['listed']);
  shareAs(owner, swarmOf(1), false, 'listed');
  assert.deepEqual(namesOf(stage), [], 'its owner changed its mind');
});

test('a file is listed while somebody has it and who listed it has not taken it back', () => {
  const stage = new Stage();
  const owner = stage.client(1);
  shareAs(owner, swarmOf(1), true);
  stage.client(2).share(swarmOf(1));
  owner.close();
  stage.advance(LEASE_MS / 2);
  const other = stage.client(2);
  other.ask({ kind: 'ping', id: 1 });
  stage.advance(LEASE_MS * 0.75);
  assert.equal(stage.listed(swarmOf(1)).length, 1, 'the owner expired');
  assert.deepEqual(namesOf(stage), ['a.bin'], 'a machine that is down has taken nothing back');
  const again = stage.client(1, { epoch: 2 });
  again.ask({ kind: 'leave', id: 1, epoch: 2, sequence: 1 });
  assert.deepEqual(namesOf(stage), []);
  shareAs(again, swarmOf(2), true);
  again.close();
  stage.advance(LEASE_MS * 2);
  assert.deepEqual(namesOf(stage), [], 'nobody has it');
});

test('an announce from another address leaves the file listed', () => {
  const stage = new Stage();
  shareAs(stage.client(1), swarmOf(1), true);
  const moved = stage.client(1, { host: '10.0.0.9' });
  moved.ask({ kind: 'announce', id: 1, swarm: keyBytes(swarmOf(1)), have: 2, epoch: 1, sequence: 9 });
  assert.deepEqual(stage.listed(swarmOf(1)), ['10.0.0.9:6001 2']);
  assert.deepEqual(namesOf(stage), ['a.bin']);
});

test('pages follow each other in the order of keys, each file once, whatever comes and goes meanwhile', () => {
  const stage = new Stage();
  const owner = stage.client(1);
  const total = CATALOGUE_PAGE_MAX * 3;
  const keys = Array.from({ length: total }, (_, at) =>
    createHash('sha1').update(String(at)).digest('hex'),
  ) as SwarmKey[];
  for (const [at, key] of keys.entries()) shareAs(owner, key, true, `${at}.bin`);
  const guest = guestOf(stage);
  const seen: string[] = [];
  let after = new Uint8Array(0);
  for (let pages = 0; pages < 9; pages += 1) {
    const page = pageOf(guest, after);
    seen.push(...page.items.map(({ swarm }) => Buffer.from(swarm).toString('hex')));
    if (page.next.length === 0) break;
    after = new Uint8Array(page.next);
    // The file behind which the next page begins goes, and so does one that was not shown yet.
    const last = keys.find((key) => key === Buffer.from(after).toString('hex'));
    if (last !== undefined) owner.ask({ kind: 'remove', id: 1, swarm: keyBytes(last), ...owner.version() });
  }
  assert.deepEqual(seen, [...keys].sort());
  assert.deepEqual(pageOf(guest, new Uint8Array(0), '', 3).items.length, 3);
});

test('a filter finds what contains it, whatever the case', () => {
  const stage = new Stage();
  const owner = stage.client(1);
  for (const [at, name] of ['Llama-3.bin', 'LLAMA.txt', 'other', 'ÄPFEL'].entries())
    shareAs(owner, swarmOf(at + 1), true, name);
  assert.deepEqual(namesOf(stage, 'llama'), ['Llama-3.bin', 'LLAMA.txt']);
  assert.deepEqual(namesOf(stage, 'äPf'), ['ÄPFEL']);
  assert.deepEqual(namesOf(stage, '*'), []);
});

test('a request looks at a bounded number of files and seeders, and its answer says where to go on', () => {
  const stage = new Stage();
  const owner = stage.client(1);
  for (let at = 1; at <= CATALOGUE_LOOKS_MAX + 10; at += 1) shareAs(owner, swarmOf(at), true, 'nothing');
  shareAs(owner, swarmOf(CATALOGUE_LOOKS_MAX + 20), true, 'wanted');
  const guest = guestOf(stage);
  const first = pageOf(guest, new Uint8Array(0), 'wanted');
  assert.deepEqual([first.items.length, first.next], [0, keyBytes(swarmOf(CATALOGUE_LOOKS_MAX))]);
  const second = pageOf(guest, new Uint8Array(first.next), 'wanted');
  assert.deepEqual([second.items.length, second.next.length], [1, 0]);
  assert.equal(second.total, CATALOGUE_LOOKS_MAX + 11);
});

test('a tracker whose owner turned lists off says so in its features, refuses them, and still describes', () => {
  const stage = new Stage({ lists: false });
  const client = stage.connect();
  const reply = client.hello(clientBytes(1), 6_001, 1, '', encodeFeatures(OWN_FEATURES));
  assert.ok(reply.kind === 'helloReply' && reply.features !== undefined);
  const { describes, lists } = TRACKER_FEATURES;
  const features = commonFeatures(reply.features, OWN_FEATURES);
  assert.deepEqual([features.has(describes), features.has(lists)], [true, false]);
  shareAs(client, swarmOf(1), true);
  const refused = client.ask({ kind: 'list', id: 1, after: new Uint8Array(0), filter: '', want: 1 });
  assert.ok(refused.kind === 'error' && refused.code === 'invalid' && /told not to list/.test(refused.sentence));
  assert.equal(client.ask({ kind: 'describe', id: 2, swarm: keyBytes(swarmOf(1)) }).kind, 'description');
});

test('the first details of a file that is whole stay, and those of another file of its key are not taken', () => {
  const stage = new Stage();
  const pieces = new Uint8Array(40).fill(7);
  const key = createHash('sha1').update(pieces).digest('hex') as SwarmKey;
  const [old, first, second] = [stage.client(1), stage.client(2), stage.client(3)];
  old.share(key);
  old.ask({ kind: 'pieces', id: 1, swarm: keyBytes(key), offset: 0, part: pieces });
  const infoOf = () => {
    const reply = old.ask({ kind: 'describe', id: 2, swarm: keyBytes(key) });
    assert.ok(reply.kind === 'description' && reply.isProven);
    return [reply.what.name, reply.what.info[0] ?? 0];
  };
  const tell = (client: Connection, name: string, byte: number) =>
    client.ask({
      ...client.shareRequest(key),
      name,
      details: { info: new Uint8Array(32).fill(byte), listBytes: 0, files: 1, isListed: false },
    });
  assert.deepEqual(infoOf(), ['a.bin', 0]);
  tell(first, 'b.bin', 8);
  assert.deepEqual(infoOf(), ['a.bin', 0], 'they are of another name');
  tell(first, 'a.bin', 9);
  assert.deepEqual(infoOf(), ['a.bin', 9]);
  tell(second, 'a.bin', 1);
  assert.deepEqual(infoOf(), ['a.bin', 9]);
});

test('piece hashes are read a few parts at once, in order, and a connection that asks for many is not read meanwhile', () => {
  const stage = new Stage();
  const pieces = new Uint8Array(40).fill(7);
  const key = createHash('sha1').update(pieces).digest('hex') as SwarmKey;
  const owner = stage.client(1);
  owner.share(key);
  const guest = guestOf(stage);
  const ask = (id: number, offset = 0) =>
    guest.send({ kind: 'hashString', id, swarm: keyBytes(key), offset, length: 20 });
  const [early] = ask(1);
  assert.ok(early?.kind === 'error' && early.code === 'unknown', 'they are not here yet');
  owner.ask({ kind: 'pieces', id: 1, swarm: keyBytes(key), offset: 0, part: pieces });
  const [beyond] = ask(2, 41);
  assert.ok(beyond?.kind === 'error' && beyond.code === 'unknown');
  const before = stage.effects.length;
  const most = TRACKER_REQUESTS_PER_CONNECTION_MAX / STORE_READ_WEIGHT;
  for (let id = 10; id < 10 + most; id += 1) assert.deepEqual(ask(id, id - 10), []);
  const effects = () => stage.effects.slice(before);
  const reads = () => effects().flatMap((effect) => (effect.kind === 'readHashes' ? [effect] : []));
  assert.equal(reads().length, STORE_READS_MAX);
  assert.ok(effects().some((effect) => effect.kind === 'pauseReading' && effect.connection === guest.number));
  for (let at = 0; at < most; at += 1) {
    const read = reads()[at];
    assert.ok(read !== undefined && read.offset === at && read.length === 20);
    const answered = stage.put({ kind: 'hashesRead', read: read.read, part: Uint8Array.of(at) });
    const reply = answered.find((effect) => effect.kind === 'reply');
    assert.ok(reply?.kind === 'reply' && reply.message.kind === 'hashStringPart');
    assert.deepEqual([reply.message.id, reply.message.part[0]], [10 + at, at]);
  }
  assert.ok(effects().some((effect) => effect.kind === 'resumeReading' && effect.connection === guest.number));
});

test('what a connection asked for is forgotten with it, and the others go on', () => {
  const stage = new Stage();
  const pieces = new Uint8Array(40).fill(7);
  const key = createHash('sha1').update(pieces).digest('hex') as SwarmKey;
  const owner = stage.client(1);
  owner.share(key);
  owner.ask({ kind: 'pieces', id: 1, swarm: keyBytes(key), offset: 0, part: pieces });
  const request = { kind: 'hashString', swarm: keyBytes(key), offset: 0, length: 20 } as const;
  const gone = guestOf(stage);
  for (let id = 0; id < 6; id += 1) gone.send({ ...request, id });
  const stays = guestOf(stage);
  stays.send({ ...request, id: 99 });
  gone.close();
  const answered: number[] = [];
  for (let at = 0; at < stage.effects.length; at += 1) {
    const effect = stage.effects[at];
    if (effect?.kind !== 'readHashes') continue;
    for (const { kind, ...reply } of stage.put({ kind: 'hashesRead', read: effect.read, part: new Uint8Array(20) }))
      if (kind === 'reply' && 'connection' in reply) answered.push(reply.connection);
  }
  assert.deepEqual(answered, [stays.number]);
});
