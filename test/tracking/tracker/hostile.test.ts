// What a hostile client or host can take from the others: a bounded part, for a bounded time, and nothing that is
// theirs.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { PIECES_MAX, TOMBSTONE_MS } from '../../../src/foundation/base/limits.js';
import { keyBytes, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import {
  SWARMS_PER_CLIENT_MAX,
  TRACKER_HASH_BYTES_PER_CLIENT_MAX,
  TRACKER_UPLOAD_MIN_MS,
  TRACKER_UPLOADS_MAX,
  TRACKER_UPLOADS_PER_ADDRESS_MAX,
} from '../../../src/tracking/tracker/limits.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { Uploads } from '../../../src/tracking/tracker/session/uploads.js';
import { entryRow, fileRow } from '../../support/pair-rows.js';
import { type Connection, clientBytes, Stage, swarmOf } from './stage.js';

const WORDS_MAX = 500;
const BACKLOG_MAX = 5_000;
const PIECES = new Uint8Array(40).fill(7);
const KEY = createHash('sha1').update(PIECES).digest('hex') as SwarmKey;

function idOf(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(4, number + 1);
  return id;
}

function verdict(reply: TrackerReply): string {
  return reply.kind === 'error' ? reply.code : reply.kind;
}

function part(connection: Connection, offset: number, bytes: Uint8Array, swarm = KEY): string {
  return verdict(connection.ask({ kind: 'pieces', id: 1, swarm: keyBytes(swarm), offset, part: bytes }));
}

/** A client whose words take off one file after the other, of which nobody knows. */
function remove(connection: Connection, number: number): string {
  const version = { epoch: 1, sequence: number };
  return verdict(connection.ask({ kind: 'remove', id: 1, swarm: keyBytes(swarmOf(number)), ...version }));
}

test('leaving of clients that nobody knows is bounded for each address, and comes back within a day', () => {
  const stage = new Stage({ bounds: { unknownRemovals: WORDS_MAX } });
  const leave = (number: number, host: string): string => {
    const connection = stage.connect(host);
    connection.hello(idOf(number), 1, 1);
    const reply = verdict(connection.ask({ kind: 'leave', id: 1, epoch: 1, sequence: 1 }));
    connection.close();
    return reply;
  };
  const known = stage.client(1, { host: '10.6.6.6' });
  known.share(swarmOf(1));
  let taken = 0;
  while (leave(taken, '10.6.6.6') === 'left') taken += 1;
  assert.equal(taken, WORDS_MAX);
  assert.equal(leave(1_000_000, '10.6.6.6'), 'limit');
  assert.equal(leave(1_000_001, '10.7.7.7'), 'left', 'another address is as free as before');
  assert.equal(
    verdict(known.ask({ kind: 'leave', id: 1, epoch: 1, sequence: 99 })),
    'left',
    'who is known leaves, wherever it is',
  );
  stage.nowMs += TOMBSTONE_MS / 2;
  assert.equal(leave(1_000_002, '10.6.6.6'), 'left');
});

test('one client removes a bounded number of files that nobody knows, and its own at all times', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(swarmOf(SWARMS_PER_CLIENT_MAX * 9), 1, { epoch: 1, sequence: 1 });
  let taken = 1;
  while (remove(client, taken) === 'removed') taken += 1;
  assert.equal(taken, SWARMS_PER_CLIENT_MAX * 2);
  const { entries } = stage.machine.registry.counts;
  assert.equal(remove(client, SWARMS_PER_CLIENT_MAX * 9), 'removed');
  assert.equal(stage.machine.registry.counts.entries, entries);
});

test('what strangers say of a file keeps nobody from announcing it and from sending its hash string', () => {
  const stage = new Stage();
  const honest = stage.client(1);
  const stranger = stage.client(2, { host: '10.6.6.6' });
  const share = (connection: Connection, pieceCount: number, sequence: number): string => {
    const facts = { name: 'a', size: pieceCount * 524_288, pieceCount, have: 1 };
    return verdict(connection.ask({ kind: 'share', id: 1, swarm: keyBytes(KEY), ...facts, epoch: 1, sequence }));
  };
  assert.equal(share(honest, 2, 1), 'shared');
  assert.equal(share(stranger, 1, 1), 'shared', 'nothing is proven yet');
  const announce = { kind: 'announce', id: 1, swarm: keyBytes(KEY), have: 2, epoch: 1, sequence: 2 } as const;
  assert.equal(verdict(honest.ask(announce)), 'announced');
  assert.equal(part(honest, 0, PIECES.subarray(0, 20)), 'stored');
  assert.equal(share(stranger, 9, 2), 'shared');
  assert.equal(part(honest, 20, PIECES.subarray(20)), 'stored');
  assert.equal(stage.machine.registry.swarm(KEY)?.facts?.pieceCount, 2, 'now it is');
  assert.equal(share(stranger, 9, 3), 'invalid');
});

test('hash strings that are held open give their places up, to other addresses at once and to all after their time', () => {
  const stage = new Stage();
  const hold = (number: number, host: string): Connection => {
    const connection = stage.connect(host);
    connection.hello(idOf(number), 1_000 + (number % 60_000), 1);
    connection.share(KEY);
    return connection;
  };
  const held: Connection[] = [];
  for (let number = 1; number <= TRACKER_UPLOADS_MAX; number += 1) {
    const connection = hold(number, `10.6.6.${number % (TRACKER_UPLOADS_MAX / TRACKER_UPLOADS_PER_ADDRESS_MAX)}`);
    assert.equal(part(connection, 0, PIECES.subarray(0, 20)), 'stored');
    held.push(connection);
  }
  assert.equal(part(hold(500, '10.6.6.1'), 0, PIECES.subarray(0, 20)), 'limit', 'an address has a bounded number');
  const honest = hold(501, '10.0.0.9');
  assert.equal(part(honest, 0, PIECES.subarray(0, 20)), 'stored', 'who comes from elsewhere takes a place of a crowd');
  const verdicts = held.map((connection) => part(connection, 20, PIECES.subarray(0, 1)));
  assert.equal(verdicts.filter((word) => word === 'limit').length, 1, 'which one of the crowd has lost');
  stage.advance(TRACKER_UPLOAD_MIN_MS + 2_000);
  assert.equal(part(honest, 20, PIECES.subarray(20)), 'limit', 'it took too long');
  const dropped = stage.effects.flatMap((effect) =>
    effect.kind === 'commit' ? effect.changes.filter(({ kind }) => kind === 'dropParts') : [],
  );
  assert.equal(dropped.length, TRACKER_UPLOADS_MAX + 1, 'of each the store has dropped what came');
});

test('the hash strings of one client, and those that come from one address, have a bound in bytes', () => {
  const uploads = new Uploads();
  const most = PIECES_MAX * 20;
  let count = 0;
  for (; ; count += 1) {
    const opening = uploads.open('10.6.6.6', most, 0);
    if ('refusal' in opening) break;
    uploads.close(opening.number);
  }
  assert.ok(count < 200 && count * most >= TRACKER_HASH_BYTES_PER_CLIENT_MAX, `${count} of the largest`);
  assert.ok('number' in uploads.open('10.7.7.7', most, 0), 'another address is as free as before');
  const stage = new Stage();
  const client = stage.client(1);
  const verdicts = Array.from({ length: 20 }, (_, number) => {
    const facts = { name: 'a', size: PIECES_MAX * 524_288, pieceCount: PIECES_MAX, have: 1 };
    const swarm = keyBytes(swarmOf(number + 1));
    client.ask({ kind: 'share', id: 1, swarm, ...facts, epoch: 1, sequence: number + 1 });
    return part(client, 0, PIECES, swarmOf(number + 1));
  });
  const allowed = Math.floor(TRACKER_HASH_BYTES_PER_CLIENT_MAX / most);
  assert.deepEqual(
    verdicts.map((word) => word === 'stored'),
    verdicts.map((_, at) => at < allowed),
  );
});

test('lists that are waited for end with their connection', () => {
  const stage = new Stage({ replicaWaitMs: 2_000 });
  for (let number = 1; number <= 1_000; number += 1) {
    const client = stage.client(1 + (number % 200));
    client.send({ kind: 'seeders', id: number, swarm: keyBytes(swarmOf(1)), want: 1 });
    client.close();
  }
  const last = stage.client(7);
  last.send({ kind: 'seeders', id: 7, swarm: keyBytes(swarmOf(1)), want: 1 });
  const before = stage.effects.length;
  stage.nowMs += 2_000;
  stage.put({ kind: 'wake' });
  const replies = stage.effects.slice(before).filter(({ kind }) => kind === 'reply');
  assert.equal(replies.length, 1, 'only who is still there is answered');
});

test('while the disk hangs, connections that come, ask and go without end are refused and break nothing', () => {
  const stage = new Stage({ backlogMax: BACKLOG_MAX });
  stage.holdsCommits = true;
  const verdicts = new Map<string, number>();
  for (let number = 1; number <= BACKLOG_MAX * 3; number += 1) {
    const connection = stage.connect(`10.6.${number % 200}.1`);
    connection.hello(idOf(number), 1, 1);
    const [reply] = connection.send(connection.shareRequest(swarmOf(1 + (number % 100))));
    const word = reply === undefined ? 'waits' : verdict(reply);
    verdicts.set(word, (verdicts.get(word) ?? 0) + 1);
    connection.close();
    stage.effects.length = 0;
  }
  assert.deepEqual([...verdicts.keys()], ['waits', 'ioError']);
  assert.ok((verdicts.get('waits') ?? 0) <= BACKLOG_MAX + 1);
  assert.equal(verdict(stage.client(9).ask({ kind: 'ping', id: 1 })), 'pong', 'what needs no disk is answered');
});

test('a stranger that goes on saying other facts does not keep the partner from sending the hash string', () => {
  const stage = new Stage();
  const link = (): number =>
    stage.effects.reduce((last, effect) => (effect.kind === 'dialPartner' ? effect.link : last), 0);
  stage.put({ kind: 'partnerConnected', link: link() });
  const said = (news: Parameters<typeof newsOf>[0]) => stage.put(newsOf(news, link()));
  said({ kind: 'welcome', leaderId: new Uint8Array(16).fill(9), isFullSync: true, position: 1 });
  const facts = fileRow(KEY, { name: 'a', size: 600_000 });
  const entry = entryRow(KEY, clientBytes(1));
  const rest = { leaves: [], progress: [] };
  const stranger = stage.client(2, { host: '10.6.6.6' });
  const lie = (sequence: number) =>
    stranger.ask({
      kind: 'share',
      id: 1,
      swarm: keyBytes(KEY),
      name: 'a',
      size: 1,
      pieceCount: 1,
      have: 1,
      epoch: 1,
      sequence,
    });
  lie(1);
  said({ kind: 'records', frame: 1, position: 1, files: [facts], entries: [entry], ...rest });
  lie(2);
  said({ kind: 'part', swarm: keyBytes(KEY), offset: 0, part: PIECES });
  assert.equal(stage.machine.registry.swarm(KEY)?.complete, true);
});

type PartnerNews = Extract<Parameters<Stage['put']>[0], { kind: 'partnerSaid' }>['message'];

function newsOf(news: PartnerNews, link: number): Parameters<Stage['put']>[0] {
  return { kind: 'partnerSaid', link, message: news };
}
