// What a tracker keeps of what members say that they did: of who is listed, the latest word, for a day, in bounds, and
// in memory alone. Whoever may look may ask.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clientId, keyBytes, peerIdOf, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { Registry } from '../../../src/tracking/registry/registry.js';
import { SUMMARIES_MAX, SUMMARIES_PAGE_MAX, SUMMARY_KEPT_MS } from '../../../src/tracking/tracker/limits.js';
import type { SummaryFields, TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { Summaries } from '../../../src/tracking/tracker/session/summaries.js';
import { type Connection, clientBytes, Stage, swarmOf } from './stage.js';

const SWARM = swarmOf(1);

function said(sent: number, started: number | null = 4_000): SummaryFields {
  return { wanted: 1_000, received: 900, wasted: 10, sent, started, finished: null, downRate: 70, upRate: 80 };
}

function tell(client: Connection, sent: number, swarm: SwarmKey = SWARM): TrackerReply {
  return client.ask({ kind: 'summary', id: 5, swarm: keyBytes(swarm), summary: said(sent) });
}

function pageOf(stage: Stage, from = 0): Extract<TrackerReply, { kind: 'summaries' }> {
  const guest = stage.connect('10.9.9.9');
  guest.hello(new Uint8Array(16), 0, 0);
  const reply = guest.ask({ kind: 'summaries', id: 6, swarm: keyBytes(SWARM), from });
  guest.close();
  assert.ok(reply.kind === 'summaries', JSON.stringify(reply));
  return reply;
}

test('a guest is told the latest word of each member, under its peer id, and how old it is', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(SWARM);
  assert.equal(tell(client, 5).kind, 'noted');
  assert.equal(tell(client, 6).kind, 'noted');
  stage.nowMs += 250;
  const { rows, total, listed } = pageOf(stage);
  assert.deepEqual([rows.length, total, listed], [1, 1, 1]);
  const { peer, host, port, isListed, said: ageMs, ...fields } = rows[0] ?? assert.fail('a row');
  assert.equal(Buffer.compare(peer, peerIdOf(clientId(clientBytes(1)), SWARM)), 0, 'never its client id');
  assert.deepEqual([host, port, isListed, ageMs], ['10.0.0.1', 6_001, true, 250]);
  assert.deepEqual(fields, said(6, 4_250), 'its download began as long ago as it said, and since');
});

test('who is not listed for the file is told so, and a guest cannot say anything', () => {
  const stage = new Stage();
  const client = stage.client(1);
  const refused = tell(client, 5);
  assert.ok(refused.kind === 'error' && refused.code === 'unknown');
  const guest = stage.connect('10.9.9.9');
  guest.hello(new Uint8Array(16), 0, 0);
  const broken = tell(guest, 5);
  assert.ok(broken.kind === 'error' && broken.id === null, 'its connection ends');
  assert.equal(pageOf(stage).total, 0);
});

test('who has left is still told of, and is not listed', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(SWARM);
  tell(client, 5);
  client.ask({ kind: 'leave', id: 7, epoch: 1, sequence: 99 });
  const { rows, listed } = pageOf(stage);
  assert.deepEqual([rows.map((row) => row.isListed), listed], [[false], 0]);
});

test('nothing is written for a summary', () => {
  const stage = new Stage();
  const client = stage.client(1);
  client.share(SWARM);
  const before = stage.effects.filter(({ kind }) => kind === 'commit').length;
  tell(client, 5);
  assert.equal(stage.effects.filter(({ kind }) => kind === 'commit').length, before);
});

test('pages follow each other without a gap, whatever place is asked for', () => {
  const stage = new Stage();
  const count = SUMMARIES_PAGE_MAX + 3;
  for (let number = 1; number <= count; number += 1) {
    const client = stage.client(number, { port: 6_000 + number });
    client.share(SWARM);
    tell(client, number);
  }
  const [first, second, none] = [pageOf(stage), pageOf(stage, SUMMARIES_PAGE_MAX), pageOf(stage, 0xffff_ffff)];
  assert.deepEqual([first.rows.length, second.rows.length, none.rows.length], [SUMMARIES_PAGE_MAX, 3, 0]);
  const peers = new Set([...first.rows, ...second.rows].map(({ peer }) => Buffer.from(peer).toString('hex')));
  assert.deepEqual([peers.size, none.total], [count, count]);
});

function registryWith(clients: number): Registry {
  const registry = new Registry();
  const version = { epoch: 1, sequence: 1 };
  registry.apply({ kind: 'swarm', swarm: SWARM, name: 'a', size: 1, pieceCount: 1, details: undefined }, 0, 1);
  for (let at = 0; at < clients; at += 1) {
    const place = { host: '10.0.0.1', port: at % 60_000, have: 1, isListed: false };
    registry.apply({ kind: 'put', swarm: SWARM, client: idOf(at), ...place, ...version }, 0, 1);
  }
  return registry;
}

function idOf(at: number): ReturnType<typeof clientId> {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, at);
  return clientId(bytes);
}

test('what was said longest ago goes first when there is too much, and everything after a day', () => {
  const summaries = new Summaries(registryWith(SUMMARIES_MAX + 2));
  const note = (at: number, nowMs: number): void => {
    const word = { kind: 'summary', id: 1, swarm: keyBytes(SWARM), summary: said(1) } as const;
    assert.equal(summaries.note(word, { id: idOf(at), host: '10.0.0.1', port: 1 }, nowMs).kind, 'noted');
  };
  for (let at = 0; at < SUMMARIES_MAX; at += 1) note(at, 0);
  note(0, 1);
  note(SUMMARIES_MAX, 1);
  note(SUMMARIES_MAX + 1, 1);
  assert.equal(summaries.count, SUMMARIES_MAX);
  const page = (nowMs: number) => summaries.page({ kind: 'summaries', id: 2, swarm: keyBytes(SWARM), from: 0 }, nowMs);
  const first = page(1);
  const isOf = (at: number): boolean =>
    first.kind === 'summaries' && first.rows.some(({ peer }) => Buffer.compare(peer, peerIdOf(idOf(at), SWARM)) === 0);
  assert.deepEqual([isOf(0), isOf(1), isOf(2), isOf(3)], [true, false, false, true]);
  page(SUMMARY_KEPT_MS);
  assert.equal(summaries.count, 3, 'those that spoke a millisecond later');
  page(SUMMARY_KEPT_MS + 1);
  assert.equal(summaries.count, 0);
});
