// The files of an identity on a real disk: which are taken, which are refused with what sentence, and that none is
// overwritten.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  identityFilesIn,
  keyFor,
  keyPath,
  loadIdentity,
  makeIdentityDirectory,
  type Part,
  readRootKey,
  rootKeyPath,
  setAside,
  swarmFilePath,
  writeCard,
  writeSwarmFile,
} from '../../../src/app/identity/identity-directory.js';
import { makeKeyFile, readKeyFile } from '../../../src/app/identity/key-file.js';
import { parseSwarmFile } from '../../../src/app/identity/swarm-file.js';
import { cardOf } from '../../../src/foundation/identity/card.js';
import { SecretKey } from '../../../src/foundation/identity/keys.js';
import { ROLES } from '../../../src/foundation/identity/powers.js';
import { signStatement } from '../../../src/foundation/identity/statement.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const TRACKERS = [
  { host: '192.0.2.11', port: 7001 },
  { host: '192.0.2.12', port: 7001 },
] as const;
const root = SecretKey.ofSeed(new Uint8Array(32).fill(1));
const times = { saidAtS: 1_700_000_000, goodUntilS: 0 };

/** A whole identity, for both parts. */
async function stage(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'swarm');
  await makeIdentityDirectory(directory);
  const tracker = await keyFor(directory, 'tracker', () => SecretKey.generate());
  const client = await keyFor(directory, 'client', () => SecretKey.generate());
  const first = signStatement(
    { kind: 'tracker', powers: ROLES.tracker, name: 'node1', key: tracker.publicKey, ...times },
    root.publicKey,
    root,
  );
  const second = signStatement(
    { kind: 'member', powers: ROLES.client, name: 'bob@node3', key: client.publicKey, ...times },
    root.publicKey,
    tracker,
  );
  await writeCard(directory, 'tracker', cardOf(first));
  await writeCard(directory, 'client', cardOf(first, second));
  await writeSwarmFile(directory, { name: 'lab', root: root.publicKey, trackers: TRACKERS });
  return directory;
}

function refused(directory: string, part: Part, code: string, what: RegExp): Promise<void> {
  return assert.rejects(loadIdentity(directory, part), { code, message: what });
}

test('an identity is read as it was written, as client and as tracker', async (t) => {
  const directory = await stage(t);
  for (const part of ['client', 'tracker'] as const) {
    const { swarm, trackers, secret } = await loadIdentity(directory, part);
    assert.equal(swarm, 'lab');
    assert.deepEqual(trackers, TRACKERS);
    assert.deepEqual(secret.publicKey, (await readKeyFile(keyPath(directory, part)))?.publicKey);
  }
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(keyPath(directory, 'client')).mode & 0o777, 0o600);
  assert.equal(statSync(swarmFilePath(directory)).mode & 0o777, 0o644);
});

test('a key that is there is used again, and never overwritten', async (t) => {
  const directory = await stage(t);
  const before = readFileSync(keyPath(directory, 'client'));
  const again = await keyFor(directory, 'client', () => assert.fail('a new key is not asked for'));
  assert.equal(again.exportPem(), before.toString());
  await assert.rejects(makeKeyFile(keyPath(directory, 'client'), root), { code: 'ALREADY_EXISTS' });
  assert.deepEqual(readFileSync(keyPath(directory, 'client')), before);
});

test('a key file of another kind, length or mode is refused, with exit code 4 and what to do', async (t) => {
  const directory = await stage(t);
  const path = keyPath(directory, 'client');
  await chmod(path, 0o644);
  await refused(directory, 'client', 'PERMISSION_DENIED', /others may read .*identity\.key; run chmod 600 on it/);
  await chmod(path, 0o600);
  await chmod(directory, 0o777);
  await refused(directory, 'client', 'PERMISSION_DENIED', /others may change what lies in .*run chmod go-w/);
  await chmod(directory, 0o700);
  await chmod(swarmFilePath(directory), 0o666);
  await refused(directory, 'client', 'PERMISSION_DENIED', /others may change .*swarm\.toml/);
  await chmod(swarmFilePath(directory), 0o644);
  await rename(path, `${path}.kept`);
  await writeFile(path, Buffer.alloc(5 * 1024), { mode: 0o600 });
  await refused(directory, 'client', 'PERMISSION_DENIED', /has 5120 bytes, more than the 4096/);
  await rm(path);
  await mkdir(path);
  await refused(directory, 'client', 'PERMISSION_DENIED', /is not a regular file/);
  await rm(path, { recursive: true });
  execFileSync('mkfifo', ['-m', '600', path]);
  await refused(directory, 'client', 'PERMISSION_DENIED', /is not a regular file/);
  await rm(path);
  await writeFile(path, 'no key\n', { mode: 0o600 });
  await refused(directory, 'client', 'STATE_DAMAGED', /is no Ed25519 key/);
  await rm(path);
  await refused(directory, 'client', 'NOT_ADMITTED', /is a tracker of swarm lab and no client/);
});

test('a key behind links is taken, as Kubernetes mounts it, and the directory that it really lies in counts too', async (t) => {
  const directory = await stage(t);
  const mounted = join(temporaryDirectory(t), 'mounted');
  await mkdir(mounted, { mode: 0o755 });
  await symlink(directory, join(mounted, '..data'));
  for (const name of ['identity.key', 'identity.card', 'swarm.toml'])
    await symlink(`..data/${name}`, join(mounted, name));
  assert.equal((await loadIdentity(mounted, 'client')).swarm, 'lab');
  await refused(mounted, 'tracker', 'NOT_ADMITTED', /belongs to swarm lab and is no tracker of it/);
  await chmod(directory, 0o777);
  await refused(mounted, 'client', 'PERMISSION_DENIED', /others may change what lies in/);
});

test('what is not whole is refused, and never taken for no identity', async (t) => {
  const directory = await stage(t);
  await rm(join(directory, 'identity.card'));
  await refused(directory, 'client', 'NOT_ADMITTED', /joining did not finish; run the same mtorrent join again/);
  await rm(swarmFilePath(directory));
  await refused(directory, 'tracker', 'NOT_ADMITTED', /joining did not finish/);
  assert.equal((await identityFilesIn(directory)).length, 3);
  assert.deepEqual(await identityFilesIn(join(directory, 'missing')), []);
  assert.deepEqual(await identityFilesIn(join(directory, 'tracker.key', 'below')), []);
});

test('a card of another key, of the other part, or of no form at all is refused', async (t) => {
  const directory = await stage(t);
  const card = join(directory, 'identity.card');
  await writeFile(card, readFileSync(join(directory, 'tracker.card')));
  await refused(directory, 'client', 'STATE_DAMAGED', /is no card of the key beside it in swarm lab/);
  for (const text of ['', 'x', '-----BEGIN MTORRENT CARD-----\nAAAA\n-----END MTORRENT CARD-----\n']) {
    await writeFile(card, text);
    await refused(directory, 'client', 'STATE_DAMAGED', /is no card/);
  }
});

test('swarm.toml without a root, a name or two trackers says what is wrong; what a later release adds is left alone', () => {
  const line = `root = "${'a'.repeat(51)}a"`;
  const good = `name = "lab"\n${line}\ntrackers = ["192.0.2.11:7001", "tracker.example.org:7001"]\nlater = 1\n`;
  assert.equal(parseSwarmFile(good, '/s').name, 'lab');
  for (const [text, what] of [
    [good.replace('"lab"', '"Lab!"'), /name is no name/],
    [good.replace('a"\n', '"\n'), /root is no public key/],
    [good.replace('"192.0.2.11:7001", ', ''), /trackers are not two addresses/],
    [good.replace('tracker.example.org:7001', '192.0.2.11:7001'), /needs two different addresses/],
  ] as const)
    assert.throws(() => parseSwarmFile(text, '/s'), { code: 'STATE_DAMAGED', message: what });
});

test('what --replace replaces is kept beside the files', async (t) => {
  const directory = await stage(t);
  await makeKeyFile(rootKeyPath(directory), root);
  const files = await identityFilesIn(directory);
  const aside = await setAside(directory, files, 'k7q2m4xa');
  assert.deepEqual(await identityFilesIn(directory), []);
  assert.equal((await loadIdentity(aside, 'client')).swarm, 'lab');
  assert.deepEqual((await readRootKey(aside))?.publicKey, root.publicKey);
});
