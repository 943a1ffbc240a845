// What a tracker acknowledged survives a power failure, which no test can cause. So the two things that it rests on are
// looked at: the setting of the connection that writes, and, with strace, the flush that each answer waited for.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import Database from 'libsql';
import { keyBytes } from '../../../../src/foundation/torrent/ids.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { canTrace } from '../../../support/strace.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { run } from '../../tracker/running.js';
import { swarmOf } from '../../tracker/stage.js';
import { WireClient } from '../../tracker/wire.js';

/** SQLite's number for it: a transaction's log is flushed before the transaction counts as committed. */
const FULL = 2;

test('the connection that writes flushes every commit', (t) => {
  const { pragma } = Database.prototype;
  const connections = new Set<Database.Database>();
  t.mock.method(Database.prototype, 'pragma', function (this: Database.Database, source: string) {
    connections.add(this);
    return pragma.call(this, source);
  });
  const store = SeederStore.open(join(temporaryDirectory(t), 'list'));
  const [connection, ...others] = connections;
  assert.ok(connection !== undefined && others.length === 0);
  const read = (name: string): unknown => connection.prepare(`pragma ${name}`).raw().get();
  assert.deepEqual([read('synchronous'), read('journal_mode')], [[FULL], ['wal']]);
  store.close();
});

test('a share is answered after its own flush', async (t) => {
  if (!canTrace(t)) return;
  const directory = temporaryDirectory(t);
  const trace = join(directory, 'trace');
  const list = join(directory, 'list');
  // Only what happens to the log of commits: the ballast and the program's log are flushed too.
  const strace = ['strace', '-D', '-f', '-qq', '-o', trace, '-e', 'trace=fsync,fdatasync', '-P', `${list}-wal`];
  const tracker = run(t, ['127.0.0.1:0', '127.0.0.1:1', list, join(directory, 'log')], strace);
  const client = new WireClient(t, await tracker.listening());
  await client.hello(1);
  const flushes = (): number => readFileSync(trace, 'utf8').match(/= 0$/gm)?.length ?? 0;
  for (let id = 1; id <= 20; id += 1) {
    const before = flushes();
    const facts = { name: 'a.bin', size: 600_000, pieceCount: 2, have: 1 };
    client.send({ kind: 'share', id, swarm: keyBytes(swarmOf(id)), ...facts, epoch: 1, sequence: id });
    assert.equal((await client.reply(id)).kind, 'shared');
    assert.ok(flushes() > before, `share ${id} was answered without a flush`);
  }
  tracker.child.kill('SIGKILL');
  await tracker.ended();
});
