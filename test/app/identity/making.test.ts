// A swarm that was made is whole: its first administrator and its first tracker are let in by the gate, and nobody
// else.

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadIdentity, readRootKey, swarmFilePath } from '../../../src/app/identity/identity-directory.js';
import { fitName, makeSwarm, ownMachineName, ownMemberName } from '../../../src/app/identity/making.js';
import { Credentials } from '../../../src/foundation/identity/credentials.js';
import { openEnvelope, sealEnvelope } from '../../../src/foundation/identity/envelope.js';
import { SecretKey } from '../../../src/foundation/identity/keys.js';
import { isMemberName } from '../../../src/foundation/identity/statement.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const NOW_S = 1_800_000_000;
const SWARM = {
  name: 'lab',
  trackers: [
    { host: '192.0.2.11', port: 7001 },
    { host: '192.0.2.12', port: 7001 },
  ],
  member: 'ada@node1',
  tracker: 'node1',
  root: undefined,
  trackerDirectory: undefined,
} as const;
const clocks = { ownS: NOW_S, trackerS: undefined };

test('the first administrator and the first tracker of a new swarm let each other in', async (t) => {
  const directory = join(temporaryDirectory(t), 'swarm');
  await makeSwarm(directory, SWARM, NOW_S);
  const [client, tracker] = [await loadIdentity(directory, 'client'), await loadIdentity(directory, 'tracker')];
  const asked = new Credentials(tracker).judge(sealEnvelope(client.secret, client.card), 'ask', clocks);
  assert.ok(asked.kind === 'member' && asked.member.name === 'ada@node1' && asked.member.powers === 15);
  const dialed = new Credentials(client).judge(sealEnvelope(tracker.secret, tracker.card), 'track', clocks);
  assert.ok(dialed.kind === 'member' && dialed.member.name === 'node1' && dialed.member.goodUntilS === 0);
  assert.ok(openEnvelope(sealEnvelope(client.secret, client.card)) !== undefined);
  for (const name of readdirSync(directory)) {
    const isSecret = name.endsWith('.key');
    assert.equal(statSync(join(directory, name)).mode & 0o077, isSecret || name.endsWith('.card') ? 0 : 0o044, name);
  }
});

test('a making that was cut off goes on with the keys that are there', async (t) => {
  const directory = join(temporaryDirectory(t), 'swarm');
  await makeSwarm(directory, SWARM, NOW_S);
  const before = await loadIdentity(directory, 'client');
  await rm(swarmFilePath(directory));
  await makeSwarm(directory, SWARM, NOW_S);
  const after = await loadIdentity(directory, 'client');
  assert.deepEqual([after.root, after.secret.publicKey], [before.root, before.secret.publicKey]);
});

test('with a root key of its owner none is written, and the tracker may have a directory of its own', async (t) => {
  const [directory, service] = [join(temporaryDirectory(t), 'swarm'), join(temporaryDirectory(t), 'service')];
  const root = SecretKey.generate();
  await makeSwarm(directory, { ...SWARM, root, trackerDirectory: service }, NOW_S);
  assert.equal(await readRootKey(directory), undefined);
  assert.deepEqual((await loadIdentity(service, 'tracker')).root, root.publicKey);
  await assert.rejects(loadIdentity(directory, 'tracker'), { code: 'NOT_ADMITTED' });
  await assert.rejects(loadIdentity(service, 'client'), { code: 'NOT_ADMITTED' });
});

test('any text becomes a name that a statement may have', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.ok(isMemberName(fitName(text)))));
  assert.equal(fitName('Ada Lovelace@Node 1'), 'ada-lovelace@node-1');
  assert.ok(isMemberName(ownMemberName()) && isMemberName(ownMachineName()));
});
