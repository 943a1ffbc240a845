// Two clients with one identity, and addresses that clients name for themselves (FC-01, FC-15, FC-19): who is listed
// where, who is turned away, and who is told what. Who listens where is a table of the test's.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CLIENT_EPOCH_MAX } from '../../../src/foundation/base/limits.js';
import { clientId, keyBytes, peerIdOf, type SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import {
  COPY_GRACE_MS,
  DIAL_BACK_VERDICT_MS,
  DIAL_BACKS_PER_PERIOD_MAX,
} from '../../../src/tracking/tracker/limits.js';
import { OWN_FEATURES, type TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { type Connection, clientBytes, Stage, swarmOf } from './stage.js';

const [A, B] = [swarmOf(1), swarmOf(2)];
const TOKEN = encodeFeatures(OWN_FEATURES);
/** Of the release before: it reads features and understands `stale`. */
const TOKEN_BEFORE = encodeFeatures([1, 2]);

/** `ip:port` → the number of the client that answers there, for every file. */
function stageWith(listening: Readonly<Record<string, number>>): Stage {
  const stage = new Stage();
  stage.whoAnswers = ({ host, port, swarm }) => {
    const number = listening[`${host}:${port}`];
    if (number === undefined) return { kind: 'nothing' };
    return { kind: 'hello', peerId: peerIdOf(clientId(clientBytes(number)), swarm) };
  };
  return stage;
}

function greeted(stage: Stage, number: number, from: string, port: number, host = '', token = TOKEN): Connection {
  const connection = stage.connect(from);
  connection.hello(clientBytes(number), port, 1, host, token);
  return connection;
}

/** Everything said to this connection since the start. */
function saidTo(stage: Stage, { number }: Connection): readonly TrackerReply[] {
  return stage.effects.flatMap((effect) =>
    effect.kind === 'reply' && effect.connection === number ? [effect.message] : [],
  );
}

function isEnded(stage: Stage, { number }: Connection): boolean {
  return stage.effects.some((effect) => effect.kind === 'hangUp' && effect.connection === number);
}

const besides = (stage: Stage, connection: Connection) =>
  saidTo(stage, connection).filter(({ kind }) => kind === 'beside');

for (const word of ['share', 'remove', 'leave'] as const)
  test(`FC-01: a copy's ${word} changes nothing while its original answers: the copy is turned away, and both are told once`, () => {
    const stage = stageWith({ '10.0.0.1:6901': 1, '10.0.0.2:6902': 1 });
    const original = greeted(stage, 1, '10.0.0.1', 6_901);
    original.share(A);
    const copy = greeted(stage, 1, '10.0.0.2', 6_902);
    const version = { epoch: 9, sequence: 1 };
    const request = {
      share: copy.shareRequest(A, 0, version),
      remove: { kind: 'remove', id: 1, swarm: keyBytes(A), ...version },
      leave: { kind: 'leave', id: 1, ...version },
    } as const;
    copy.send(request[word]);
    assert.deepEqual(stage.listed(A), ['10.0.0.1:6901 1']);
    assert.deepEqual(besides(stage, copy), [
      { kind: 'beside', what: 'sameIdentity', keeps: false, host: '10.0.0.1', port: 6_901 },
    ]);
    assert.ok(isEnded(stage, copy));
    assert.deepEqual(besides(stage, original), [
      { kind: 'beside', what: 'sameIdentity', keeps: true, host: '10.0.0.2', port: 6_902 },
    ]);
    const again = greeted(stage, 1, '10.0.0.2', 6_902);
    again.send(again.shareRequest(A, 0, version));
    assert.equal(besides(stage, original).length, 1);
  });

test('FC-01: where the original cannot be dialed, its next word shows the copy', () => {
  const stage = stageWith({});
  const original = greeted(stage, 1, '10.0.0.1', 6_901);
  original.share(A);
  const copy = greeted(stage, 1, '10.0.0.2', 6_902);
  copy.share(A, 0, { epoch: 2, sequence: 1 });
  assert.equal(besides(stage, copy).length, 0);
  stage.advance(COPY_GRACE_MS);
  original.send({ kind: 'ping', id: 7 });
  assert.equal(besides(stage, copy).length, 1);
  assert.ok(isEnded(stage, copy));
  assert.equal(besides(stage, original).length, 1, 'so it says again what it shares');
});

test('a client that came back from another address is no copy, whatever was still under way from the former one', () => {
  const stage = stageWith({ '10.0.0.2:6901': 1 });
  const former = greeted(stage, 1, '10.0.0.1', 6_901);
  former.share(A);
  const moved = greeted(stage, 1, '10.0.0.2', 6_901);
  former.send({ kind: 'ping', id: 7 });
  assert.equal(moved.share(A, 1, { epoch: 2, sequence: 1 }).kind, 'shared');
  former.close();
  assert.deepEqual(stage.listed(A), ['10.0.0.2:6901 1']);
  stage.advance(COPY_GRACE_MS * 2);
  assert.equal(moved.ask({ kind: 'ping', id: 8 }).kind, 'pong');
  assert.equal(besides(stage, moved).length, 0);
});

test('a client that moves soon after it was reached at its former address is no copy of itself', () => {
  const listening: Record<string, number> = { '10.0.0.1:6901': 1 };
  const stage = stageWith(listening);
  const former = greeted(stage, 1, '10.0.0.1', 6_901);
  former.share(A);
  const reached = former.ask({ kind: 'reach', id: 5, swarm: keyBytes(A) });
  assert.ok(reached.kind === 'reach' && reached.found === 'reached');
  stage.advance(1);
  // A tunnel came up: nothing of the former connection arrives any more, and nothing says that it has ended.
  delete listening['10.0.0.1:6901'];
  listening['10.0.0.2:6901'] = 1;
  const moved = greeted(stage, 1, '10.0.0.2', 6_901);
  assert.equal(moved.share(A, 1, { epoch: 1, sequence: 9 }).kind, 'shared');
  assert.equal(besides(stage, moved).length, 0);
  assert.deepEqual(stage.listed(A), ['10.0.0.2:6901 1']);
});

test('FC-01: a copy of an earlier release hears of an epoch that it cannot have, and so takes a new id', () => {
  const stage = stageWith({ '10.0.0.1:6901': 1 });
  greeted(stage, 1, '10.0.0.1', 6_901, '', TOKEN_BEFORE).share(A);
  const copy = greeted(stage, 1, '10.0.0.2', 6_902, '', TOKEN_BEFORE);
  const [refusal] = copy.send(copy.shareRequest(A, 0, { epoch: 2, sequence: 1 })).slice(-1);
  assert.ok(refusal === undefined || refusal.kind === 'error');
  const said = saidTo(stage, copy).at(-1);
  assert.ok(said?.kind === 'error' && said.id === null && /identity/.test(said.sentence), JSON.stringify(said));
  const reply = stage.connect('10.0.0.2').hello(clientBytes(1), 6_902, 1, '', TOKEN_BEFORE);
  assert.ok(reply.kind === 'helloReply' && reply.highestEpoch === CLIENT_EPOCH_MAX);
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6901 1']);
});

test('FC-15: an address that a client names is listed when this very client answers there, and not before', () => {
  const listening: Record<string, number> = {};
  const stage = stageWith(listening);
  const client = greeted(stage, 1, '172.17.0.2', 7_000, '192.0.2.7');
  const refused = client.share(A);
  assert.ok(refused.kind === 'error' && refused.code === 'limit');
  assert.match(
    refused.sentence,
    /192\.0\.2\.7:7000, the address that it advertises: nobody answers there.*--advertise/,
  );
  listening['192.0.2.7:7000'] = 2;
  stage.advance(DIAL_BACK_VERDICT_MS);
  const stranger = client.share(A);
  assert.ok(stranger.kind === 'error' && /somebody else answers there/.test(stranger.sentence));
  assert.deepEqual(stage.listed(A), []);
  listening['192.0.2.7:7000'] = 1;
  stage.advance(DIAL_BACK_VERDICT_MS);
  assert.equal(client.share(A).kind, 'shared');
  assert.equal(client.share(B).kind, 'shared');
  assert.deepEqual(stage.listed(A), ['192.0.2.7:7000 1']);
  assert.equal(stage.effects.filter(({ kind }) => kind === 'dialBack').length, 3);
});

test('FC-15: only a client that names the feature is listed where it says, and a loopback only from a loopback', () => {
  const stage = stageWith({ '192.0.2.7:7000': 1, '127.0.0.1:7000': 1 });
  greeted(stage, 1, '172.17.0.2', 7_000, '192.0.2.7', TOKEN_BEFORE).share(A);
  assert.deepEqual(stage.listed(A), ['172.17.0.2:7000 1']);
  greeted(stage, 1, '172.17.0.3', 7_000, '127.0.0.1').share(B);
  assert.deepEqual(stage.listed(B), ['172.17.0.3:7000 1']);
});

test('FC-15: a source makes a tracker dial the addresses that it names a bounded number of times in a minute', () => {
  const stage = stageWith({});
  for (let number = 1; number < DIAL_BACKS_PER_PERIOD_MAX * 2; number += 1)
    greeted(stage, number, '172.17.0.2', 7_000, `192.0.2.${number}`).share(A);
  assert.ok(stage.effects.filter(({ kind }) => kind === 'dialBack').length <= DIAL_BACKS_PER_PERIOD_MAX);
});

test('FC-15: who is listed at an address hears once that another client names it too', () => {
  const stage = stageWith({ '10.0.0.1:6881': 1 });
  const holder = greeted(stage, 1, '10.0.0.1', 6_881);
  holder.share(A);
  const other = greeted(stage, 2, '10.0.0.1', 6_881);
  for (const swarm of [A, B]) assert.equal(other.share(swarm).kind, 'error');
  assert.deepEqual(besides(stage, holder), [
    { kind: 'beside', what: 'sameAddress', keeps: true, host: '10.0.0.1', port: 6_881 },
  ]);
  assert.equal(besides(stage, other).length, 0, 'its refusal says why');
});

test('FC-19: a client that asks hears whether the tracker reaches it at its address', () => {
  const stage = stageWith({ '10.0.0.1:6001': 1, '10.0.0.3:6003': 9 });
  const reach = (number: number, swarm: SwarmKey) => {
    const client = greeted(stage, number, `10.0.0.${number}`, 6_000 + number);
    client.share(A);
    return client.ask({ kind: 'reach', id: 5, swarm: keyBytes(swarm) });
  };
  const answer = { kind: 'reach', id: 5 };
  assert.deepEqual(reach(1, A), { ...answer, host: '10.0.0.1', port: 6_001, found: 'reached' });
  assert.deepEqual(reach(2, A), { ...answer, host: '10.0.0.2', port: 6_002, found: 'nobody' });
  assert.deepEqual(reach(3, A), { ...answer, host: '10.0.0.3', port: 6_003, found: 'stranger' });
  assert.deepEqual(reach(4, B), { ...answer, host: '10.0.0.4', port: 6_004, found: 'unlisted' });
});

test('FC-15: hundreds behind one address that ask whether they are reached leave half of its dial-backs to those that decide', () => {
  const stage = stageWith({});
  for (let number = 1; number <= 200; number += 1) {
    const client = greeted(stage, number, '10.0.0.1', 6_000 + number);
    client.share(A);
    client.ask({ kind: 'reach', id: 5, swarm: keyBytes(A) });
  }
  const dials = (): number => stage.effects.filter(({ kind }) => kind === 'dialBack').length;
  assert.equal(dials(), DIAL_BACKS_PER_PERIOD_MAX / 2);
  const late = greeted(stage, 201, '10.0.0.1', 7_000);
  late.share(A);
  const unasked = late.ask({ kind: 'reach', id: 5, swarm: keyBytes(A) });
  assert.ok(unasked.kind === 'reach' && unasked.found === 'unasked');
  greeted(stage, 202, '10.0.0.1', 7_001, '192.0.2.7').share(B);
  assert.equal(dials(), DIAL_BACKS_PER_PERIOD_MAX / 2 + 1);
});
