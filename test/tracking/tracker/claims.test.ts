// Several clients that name one address: who is listed, who is refused and told why, and how little a tracker can be
// made to dial. Who listens where is a table of the test's.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type ClientId, clientId, keyBytes, peerIdOf, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import type { DialBack, DialBackAnswer } from '../../../src/tracking/tracker/claims/claim.js';
import {
  DIAL_BACK_PERIOD_MS,
  DIAL_BACK_VERDICT_MS,
  DIAL_BACKS_PER_PERIOD_MAX,
  DIAL_BACKS_PER_SOURCE_MAX,
} from '../../../src/tracking/tracker/limits.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { entryRow, fileRow } from '../../support/pair-rows.js';
import type { PairedSetting } from './paired-tracker.js';
import { type Connection, clientBytes, LEASE_MS, Stage, swarmOf } from './stage.js';

const [A, B, C] = [swarmOf(1), swarmOf(2), swarmOf(3)];
const PORT = 7_000;
const AT = { port: PORT };
const RENEW_MS = 300;

const idOf = (number: number): ClientId => clientId(clientBytes(number));

interface Listening {
  readonly number: number;
  readonly serves: readonly SwarmKey[];
  readonly isOfFirstRelease?: boolean;
}

/** One client listens at the contested address, or nobody. */
function stageOf(listening: Listening | undefined, setting: Partial<PairedSetting> = {}): Stage {
  const stage = new Stage({ renewMs: RENEW_MS, ...setting });
  listen(stage, listening);
  return stage;
}

function listen(stage: Stage, listening: Listening | undefined): void {
  stage.whoAnswers = ({ swarm }): DialBackAnswer => {
    if (listening === undefined) return { kind: 'nothing' };
    const { number, serves, isOfFirstRelease } = listening;
    if (!serves.includes(swarm)) return { kind: 'unknownSwarm' };
    const peerId = isOfFirstRelease === true ? keyBytes(idOf(number)) : peerIdOf(idOf(number), swarm);
    return { kind: 'hello', peerId };
  };
}

function dialsOf(stage: Stage): readonly DialBack[] {
  return stage.effects.flatMap((effect) => (effect.kind === 'dialBack' ? [effect] : []));
}

function refused(reply: TrackerReply, sentence: RegExp): void {
  assert.ok(reply.kind === 'error' && reply.code === 'limit', JSON.stringify(reply));
  assert.match(reply.sentence, sentence);
  assert.match(reply.sentence, /10\.0\.0\.1:7000.*--address/);
}

for (const isOfFirstRelease of [false, true]) {
  const release = isOfFirstRelease ? 'of the first release' : 'of this release';
  test(`a client ${release} that answers at its address stays listed there, and who else names it is told why not`, () => {
    const stage = stageOf({ number: 1, serves: [A, B], isOfFirstRelease });
    stage.client(1, AT).share(A);
    const other = stage.client(2, AT);
    for (const swarm of [A, B, C]) refused(other.share(swarm), /another client answers there/);
    assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 1']);
    assert.deepEqual(stage.listed(C), []);
  });

  test(`a client ${release} that a dial-back reaches is listed at once, and who was there is off every list and told why`, () => {
    const stage = stageOf({ number: 2, serves: [A], isOfFirstRelease });
    const former = stage.client(1, AT);
    former.share(A);
    former.share(B);
    assert.equal(stage.client(2, AT).share(A, 2).kind, 'shared');
    assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 2']);
    assert.deepEqual(stage.listed(B), []);
    assert.deepEqual(former.ask({ kind: 'ping', id: 9 }), { kind: 'pong', id: 9, entries: 0 });
    refused(former.share(A), /another client answers there/);
    assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 2']);
  });
}

test('a client that was restarted without its state is listed at once, and its old entries are gone', () => {
  const stage = stageOf({ number: 1, serves: [A, B] });
  const former = stage.client(1, AT);
  former.share(A);
  former.share(B);
  former.close();
  listen(stage, { number: 2, serves: [A] });
  stage.client(2, AT).share(A, 2);
  assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 2']);
  assert.deepEqual(stage.listed(B), []);
});

test('where nobody answers, a client that is connected keeps its address, whoever else names it and however often', () => {
  const stage = stageOf(undefined);
  const first = stage.client(1, AT);
  first.share(A);
  const other = stage.client(2, AT);
  for (let round = 0; round < 5; round += 1) {
    refused(other.share(A), /nobody answers there/);
    stage.advance(RENEW_MS);
    first.ask({ kind: 'ping', id: 1 });
  }
  assert.equal(first.share(B).kind, 'shared', 'it lists more, as before');
  assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 1']);
});

test('where nobody answers, a client that has hung up gives way', () => {
  const stage = stageOf(undefined);
  const former = stage.client(1, AT);
  former.share(A);
  former.ask({ kind: 'ping', id: 1 });
  former.close();
  assert.equal(stage.client(2, AT).share(B).kind, 'shared');
  assert.deepEqual(stage.listed(B), ['10.0.0.1:7000 1']);
  stage.advance(LEASE_MS * 1.5);
  assert.deepEqual(stage.listed(A), []);
});

/** The partner tells of client `number` at the contested address, with a whole lease. */
function toldOf(stage: Stage, number: number, swarm: SwarmKey, frame = 1): void {
  const link = 1;
  if (frame === 1) {
    stage.put({ kind: 'partnerConnected', link });
    const leaderId = new Uint8Array(16).fill(9);
    stage.put({ kind: 'partnerSaid', link, message: { kind: 'welcome', leaderId, isFullSync: true, position: 0 } });
  }
  const files = [fileRow(swarm, { isProven: false })];
  const row = entryRow(swarm, clientBytes(number), { port: PORT, sequence: frame, ms: LEASE_MS });
  const records = { frame, position: frame, files, entries: [row], leaves: [], progress: [] };
  stage.put({ kind: 'partnerSaid', link, message: { kind: 'records', ...records } });
}

test('where nobody answers, a client whose lease is renewed at the partner keeps its address, and gives way when it is not', () => {
  const stage = stageOf(undefined);
  toldOf(stage, 1, A);
  const other = stage.client(2, AT);
  refused(other.share(B), /nobody answers there/);
  stage.advance(RENEW_MS * 2);
  assert.equal(other.share(B).kind, 'shared');
});

test('a merge evicts nobody: who is connected here is looked for, and goes only when another one answers', () => {
  const stage = stageOf(undefined);
  const mine = stage.client(2, AT);
  mine.share(A, 2);
  toldOf(stage, 1, A);
  assert.equal(stage.machine.registry.counts.liveEntries, 2);
  assert.equal(stage.listed(A).length, 1, 'a list shows an address once');
  assert.equal(dialsOf(stage).length, 1);

  stage.advance(100);
  const found = stageOf({ number: 1, serves: [A, B] });
  const late = found.client(2, AT);
  late.share(A, 2);
  toldOf(found, 1, B);
  assert.deepEqual(found.listed(A), []);
  assert.deepEqual(found.listed(B), ['10.0.0.1:7000 1']);
  refused(late.share(A), /another client answers there/);
});

test('the partner looks for the clients that talk to it: none of them is taken off a list here', () => {
  const stage = stageOf({ number: 2, serves: [A] });
  const mine = stage.client(2, AT);
  mine.share(A, 2);
  toldOf(stage, 1, B);
  assert.equal(stage.machine.registry.counts.liveEntries, 2);
  assert.deepEqual(stage.listed(B), ['10.0.0.1:7000 1']);
});

test('an announce from a new address follows the same rule as a share there', () => {
  const stage = stageOf({ number: 1, serves: [A] });
  stage.client(1, AT).share(A);
  const roaming = stage.client(2, { host: '10.0.0.2', port: PORT });
  roaming.share(B);
  roaming.close();
  const moved = stage.client(2, AT);
  const announce = { kind: 'announce', id: 5, swarm: keyBytes(B), have: 2, epoch: 1, sequence: 9 } as const;
  const reply = moved.ask(announce);
  assert.ok(reply.kind === 'error' && reply.code === 'unknown');
  refused(moved.share(B, 2, { epoch: 1, sequence: 10 }), /another client answers there/);
  assert.deepEqual(stage.listed(B), [], 'nor is it listed where it is no longer');

  listen(stage, { number: 3, serves: [C] });
  const owner = stage.client(3, { host: '10.0.0.3', port: PORT });
  owner.share(C);
  owner.close();
  const came = stage.client(3, AT);
  assert.equal(came.ask({ ...announce, swarm: keyBytes(C) }).kind, 'announced');
  assert.deepEqual(stage.listed(C), ['10.0.0.1:7000 2']);
  assert.deepEqual(stage.listed(A), []);
});

test('who answers but lacks the file is asked about one of those that are listed there', () => {
  const stage = stageOf({ number: 1, serves: [A] });
  stage.client(1, AT).share(A);
  refused(stage.client(2, AT).share(B), /another client answers there/);
  assert.deepEqual(
    dialsOf(stage).map(({ swarm }) => swarm),
    [B, A],
  );
});

test('a dial-back goes to the address of the socket, whatever host the hello names', () => {
  const stage = stageOf(undefined);
  stage.client(1, AT).share(A);
  const hostile = stage.connect();
  hostile.hello(clientBytes(2), PORT, 1, '192.0.2.7');
  hostile.share(A);
  assert.deepEqual(
    dialsOf(stage).map(({ host, port }) => `${host}:${port}`),
    ['10.0.0.1:7000'],
  );
});

test('where every client is trusted, a dial-back goes to the host that the hello names, and counts to the one it came from', () => {
  const stage = stageOf(undefined, { trustHost: true });
  const named = (number: number, from: string): Connection => {
    const connection = stage.connect(from);
    connection.hello(clientBytes(number), PORT, 1, '192.0.2.7');
    return connection;
  };
  named(1, '10.0.0.1').share(A);
  for (let number = 2; number < DIAL_BACKS_PER_PERIOD_MAX + 100; number += 1) named(number, '10.0.0.2').share(A);
  assert.deepEqual([...new Set(dialsOf(stage).map(({ host }) => host))], ['192.0.2.7']);
  assert.equal(dialsOf(stage).length, DIAL_BACKS_PER_PERIOD_MAX);
  named(0xff, '10.0.0.3').share(A);
  assert.equal(dialsOf(stage).length, DIAL_BACKS_PER_PERIOD_MAX + 1);
});

test('a client that is refused asks with all its files for one dial-back in a minute', () => {
  const stage = stageOf({ number: 1, serves: [A] });
  const first = stage.client(1, AT);
  first.share(A);
  const other = stage.client(2, AT);
  const untilMs = stage.nowMs + DIAL_BACK_VERDICT_MS * 3;
  while (stage.nowMs < untilMs) {
    for (let file = 1; file <= 20; file += 1) refused(other.share(swarmOf(file)), /another client answers/);
    first.ask({ kind: 'ping', id: 1 });
    stage.advance(RENEW_MS);
  }
  assert.ok(dialsOf(stage).length <= 4 * 2, `${dialsOf(stage).length} dials`);
  assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 1']);
});

/**
 * As many connections as wished from one host, each a client of its own that names the contested address, or another of
 * that host.
 */
function storm(stage: Stage, first: number, clients: number, portOf: (at: number) => number): void {
  for (let at = first; at < first + clients; at += 1) {
    const hostile = stage.connect();
    const id = new Uint8Array(16).fill(5);
    new DataView(id.buffer).setUint32(0, at);
    hostile.hello(id, portOf(at), 1);
    hostile.send(hostile.shareRequest(A));
    hostile.close();
  }
}

test('however many clients one host pretends to be, a tracker dials it a bounded number of times in a minute', () => {
  const stage = stageOf(undefined);
  const holders = Array.from({ length: 50 }, (_, at) => stage.client(100 + at, { port: PORT + at }));
  for (const holder of holders) holder.share(A);
  storm(stage, 0, 2_000, (at) => PORT + (at % 50));
  assert.equal(dialsOf(stage).length, DIAL_BACKS_PER_PERIOD_MAX);
  const before = dialsOf(stage).length;
  const [a, b] = [stage.client(1, { host: '10.0.0.2' }), stage.client(2, { host: '10.0.0.2', port: 6_001 })];
  a.share(B);
  b.share(B);
  assert.ok(dialsOf(stage).length > before, 'another host is dialed all the same');
  stage.nowMs += DIAL_BACK_PERIOD_MS;
  for (const holder of holders) holder.ask({ kind: 'ping', id: 1 });
  storm(stage, 2_000, 1, () => PORT);
  assert.equal(stage.listed(A).length, 50);
});

test('while dial-backs are under way, further claims of that host are decided without one', () => {
  const stage = stageOf(undefined);
  stage.whoAnswers = () => undefined;
  const holders = Array.from({ length: 10 }, (_, at) => stage.client(100 + at, { port: PORT + at }));
  for (const holder of holders) holder.share(A);
  const asking = holders.map((_, at) => stage.client(at + 1, { port: PORT + at }));
  const replies = asking.map((connection) => connection.send(connection.shareRequest(A)).length);
  assert.equal(dialsOf(stage).length, DIAL_BACKS_PER_SOURCE_MAX);
  assert.equal(replies.filter((count) => count === 0).length, DIAL_BACKS_PER_SOURCE_MAX);
});

test('a share that waits for a dial-back does not keep a ping waiting, and may outlive its connection', () => {
  const stage = stageOf(undefined);
  stage.whoAnswers = () => undefined;
  stage.client(1, AT).share(A);
  const answerTo = (connection: Connection, number: number): number => {
    const answer = { kind: 'hello', peerId: peerIdOf(idOf(2), A) } as const;
    const effects = stage.put({ kind: 'dialedBack', number, answer });
    return effects.filter((effect) => effect.kind === 'reply' && effect.connection === connection.number).length;
  };
  const gone = stage.client(2, AT);
  assert.deepEqual(gone.send(gone.shareRequest(A)), []);
  assert.equal(gone.ask({ kind: 'ping', id: 2 }).kind, 'pong');
  gone.close();
  assert.equal(answerTo(gone, 1), 0);
  const again = stage.client(2, AT);
  assert.equal(again.share(A, 2).kind, 'shared', 'the answer is remembered');
  assert.deepEqual(stage.listed(A), ['10.0.0.1:7000 2']);
});

test('clients that name one address in the same moment are not all listed: the first one has it until its entry is written', () => {
  const stage = stageOf(undefined);
  stage.holdsCommits = true;
  const clients = [1, 2, 3].map((number) => stage.client(number, AT));
  const replies = clients.map((client) => client.send(client.shareRequest(A)));
  assert.deepEqual(replies[0], []);
  for (const [reply] of replies.slice(1)) refused(reply as TrackerReply, /nobody answers there/);
});
