// A list that was moved, copied, restored, brought to a new format or only looked at is never taken for what it is not.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, linkSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ClientId } from '../../../../src/foundation/torrent/ids.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { listSeeders } from '../../../../src/tracking/store/sqlite/list.js';
import { storeCommandsOf } from '../../../../src/tracking/store/sqlite/rows.js';
import { lockBesideList } from '../../../../src/tracking/store/sqlite/side-lock.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { failsWith } from '../../../support/failures.js';
import { canUnshare, inNamespace } from '../../../support/namespaces.js';
import { hasTool } from '../../../support/needs.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { run } from '../../tracker/running.js';
import { swarmOf } from '../../tracker/stage.js';

const CLUSTER = new Uint8Array(20).fill(1);
const PARTNER = '127.0.0.1:1';

function idOf(store: SeederStore): string {
  return Buffer.from(store.identity().trackerId).toString('hex');
}

/** A client shares a file. */
function shared(number: number): Change[] {
  const swarm = swarmOf(number);
  const client = String(number).repeat(32) as ClientId;
  const place = { host: `10.0.0.${number}`, port: number, have: 1 };
  return [
    { kind: 'swarm', swarm, name: 'a', size: 1, pieceCount: 1 },
    { kind: 'put', swarm, client, ...place, epoch: 1, sequence: 1 },
  ];
}

/** A list with one seeder, used at `own`, and closed. */
function listAt(t: TestContext, own: string): string {
  const path = join(temporaryDirectory(t), 'list');
  const store = SeederStore.open(path);
  store.usedAt(own, CLUSTER);
  assert.equal(store.commit(storeCommandsOf(shared(1), 1), Date.now(), 1), undefined);
  store.commit([{ kind: 'followed', origin: new Uint8Array(16).fill(9), position: 5 }], Date.now(), 2);
  store.close();
  return path;
}

test('a list that is used elsewhere, or by another pair, belongs to another tracker; where it was it stays the same', (t) => {
  const path = listAt(t, '192.0.2.1:7001');
  const store = SeederStore.open(path);
  const first = idOf(store);
  assert.equal(store.usedAt('192.0.2.1:7001', CLUSTER), '');
  assert.equal(idOf(store), first);
  assert.equal(store.identity().followed, 5);
  assert.equal(store.usedAt('192.0.2.2:7001', CLUSTER), '192.0.2.1:7001');
  const second = idOf(store);
  assert.notEqual(second, first);
  assert.equal(store.identity().origin, null, 'whom it followed is another one now');
  assert.equal(store.identity().position, 2, 'no position is given out twice');
  assert.equal(store.usedAt('192.0.2.2:7001', new Uint8Array(20).fill(2)), '192.0.2.2:7001');
  assert.notEqual(idOf(store), second);
  store.close();
});

test('looking at a list changes nothing, neither the list nor a file beside it', async (t) => {
  const path = listAt(t, 'a');
  const directory = join(path, '..');
  const seen = (): unknown =>
    readdirSync(directory).map((name) => [
      name,
      statSync(join(directory, name)).mtimeMs,
      readFileSync(join(directory, name)),
    ]);
  const before = seen();
  for (let look = 0; look < 2; look += 1) assert.match(await listSeeders(path, { json: false }), /10\.0\.0\.1:1/);
  assert.deepEqual(seen(), before, 'of a tracker that was stopped');
  const tracker = run(t, ['127.0.0.1:0', PARTNER, path, join(directory, 'log')]);
  await tracker.listening();
  tracker.child.kill('SIGKILL');
  await tracker.ended();
  assert.ok(existsSync(`${path}-wal`));
  const killed = readFileSync(`${path}-wal`);
  assert.match(await listSeeders(path, { json: false }), /10\.0\.0\.1:1/);
  assert.deepEqual(readFileSync(`${path}-wal`), killed, 'of one that was killed');
});

test('F19: one tracker on one list, also from another network namespace, and its holder is named', async (t) => {
  if (!canUnshare(t)) return;
  const directory = temporaryDirectory(t);
  const args = ['127.0.0.1:0', PARTNER, join(directory, 'list')];
  const first = run(t, [...args, join(directory, 'log-1')]);
  await first.listening();
  const second = run(t, [...args, join(directory, 'log-2')], inNamespace());
  assert.equal(await second.endedOrListening(), 11);
  assert.match(second.stderr, new RegExp(`^ALREADY_RUNNING: a tracker \\(process ${first.child.pid}\\) uses `));
  const third = run(t, [...args, join(directory, 'log-3')], inNamespace(true));
  assert.equal(await third.endedOrListening(), 11);
  assert.match(third.stderr, new RegExp(`process ${first.child.pid} of another pid namespace`));
  first.child.kill('SIGKILL');
  await first.ended();
  await run(t, [...args, join(directory, 'log-4')], inNamespace()).listening();
});

test('a list of which another name exists, as after cp -al, is a file of its own once a tracker uses it', async (t) => {
  const path = listAt(t, '127.0.0.1:0');
  const names = [path, `${path}.linked`] as const;
  linkSync(...names);
  const logOf = (name: string): string => `${name}.log`;
  const trackers = names.map((name) => run(t, ['127.0.0.1:0', PARTNER, name, logOf(name)]));
  for (const tracker of trackers) await tracker.listening();
  const [one, other] = names.map((name) => statSync(name));
  assert.notEqual(one?.ino, other?.ino);
  for (const name of names) assert.match(await listSeeders(name, { json: false }), /10\.0\.0\.1:1/);
});

test('the lock beside the list is one for all names of the list, and ends with its holder', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  const lock = lockBesideList(path);
  assert.throws(() => lockBesideList(path), failsWith('ALREADY_RUNNING', `process ${process.pid}`));
  lock.release();
  lockBesideList(path).release();
});

test('a backup of a running list is a whole list, as OPERATING.md makes it', async (t) => {
  if (!hasTool(t, 'sqlite3')) return;
  const path = listAt(t, 'a');
  const store = SeederStore.open(path);
  const backup = `${path}.backup`;
  store.commit(storeCommandsOf(shared(2), 3), Date.now(), 3);
  const made = spawnSync('sqlite3', [path, `.backup ${backup}`]);
  assert.equal(made.status, 0, String(made.stderr));
  assert.match(await listSeeders(backup, { json: false }), /10\.0\.0\.2:2/);
  store.close();
  cpSync(path, `${path}.copy`);
  assert.match(await listSeeders(`${path}.copy`, { json: false }), /10\.0\.0\.2:2/);
});
