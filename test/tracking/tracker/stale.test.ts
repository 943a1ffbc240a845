// Words that come too late: who understands it hears which version is known instead, others what they always heard, and
// the very same word said again is no late word.

import assert from 'node:assert/strict';
import test from 'node:test';
import { keyBytes } from '../../../src/foundation/torrent/ids.js';
import { encodeFeatures } from '../../../src/foundation/wire/features.js';
import { OWN_FEATURES, TRACKER_FEATURES } from '../../../src/tracking/tracker/messages.js';
import { type Connection, clientBytes, Stage, swarmOf } from './stage.js';

const A = swarmOf(1);
const word = { id: 5, swarm: keyBytes(A) };

function connect(stage: Stage, features: readonly number[] = OWN_FEATURES): Connection {
  const connection = stage.connect();
  const names = { clientId: clientBytes(1), host: '', uploadPort: 6_001, epoch: 1 };
  connection.send({ kind: 'hello', ...names, token: encodeFeatures(features) });
  return connection;
}

function answers(client: Connection, version: { epoch: number; sequence: number }): string[] {
  const replies = [
    client.share(A, 2, version),
    client.ask({ kind: 'announce', ...word, have: 2, ...version }),
    client.ask({ kind: 'remove', ...word, ...version }),
    client.ask({ kind: 'leave', id: 5, ...version }),
  ];
  return replies.map((reply) => (reply.kind === 'stale' ? `stale ${reply.epoch}.${reply.sequence}` : reply.kind));
}

test('a word that is not above what is known, and is another one, is answered with the known version', () => {
  const stage = new Stage();
  const client = connect(stage);
  client.share(A, 1, { epoch: 3, sequence: 4 });
  for (const version of [
    { epoch: 3, sequence: 4 },
    { epoch: 3, sequence: 3 },
    { epoch: 2, sequence: 9 },
  ])
    assert.deepEqual(answers(client, version), Array(4).fill('stale 3.4'), JSON.stringify(version));
  assert.deepEqual(stage.listed(A), ['10.0.0.1:6001 1']);
});

test('who does not say that it understands this hears what it always heard', () => {
  const stage = new Stage();
  const client = connect(stage, [TRACKER_FEATURES.readsFeatures]);
  client.share(A, 1, { epoch: 3, sequence: 4 });
  assert.deepEqual(answers(client, { epoch: 3, sequence: 3 }), ['shared', 'announced', 'removed', 'left']);
});

test('the same word said again is answered as at first', () => {
  const client = connect(new Stage());
  const version = (sequence: number) => ({ epoch: 3, sequence });
  const said = (): string[] => [client.share(A, 1, version(1)).kind];
  assert.deepEqual([...said(), ...said()], ['shared', 'shared']);
  const announce = () => client.ask({ kind: 'announce', ...word, have: 2, ...version(2) }).kind;
  assert.deepEqual([announce(), announce()], ['announced', 'announced']);
  const remove = () => client.ask({ kind: 'remove', ...word, ...version(3) }).kind;
  assert.deepEqual([remove(), remove()], ['removed', 'removed']);
  const leave = () => client.ask({ kind: 'leave', id: 5, ...version(4) }).kind;
  assert.deepEqual([leave(), leave()], ['left', 'left']);
  assert.equal(client.share(A, 1, version(4)).kind, 'stale');
});

test('a word that another one overtakes on its way to the disk is late, too', () => {
  const stage = new Stage();
  const [client, twin] = [connect(stage), connect(stage)];
  stage.holdsCommits = true;
  twin.send(twin.shareRequest(A, 2, { epoch: 9, sequence: 1 }));
  client.send(client.shareRequest(A, 1, { epoch: 3, sequence: 1 }));
  const replies: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const commit = stage.effects.findLast((effect) => effect.kind === 'commit');
    if (commit?.kind !== 'commit') break;
    for (const effect of stage.put({ kind: 'committed', group: commit.group, tookMs: 1 }))
      if (effect.kind === 'reply') replies.push(effect.message.kind);
  }
  assert.deepEqual(replies, ['shared', 'stale']);
});
