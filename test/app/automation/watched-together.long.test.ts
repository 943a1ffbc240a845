// Files of a watched folder are taken beside each other.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { WATCH_TAKEN_AT_ONCE } from '../../../src/app/automation/limits.js';
import { WatchedFolder } from '../../../src/app/automation/watched-folder.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { eventually } from '../../support/e2e-stage.js';

test('a file that is not taken yet holds up no other, and no more than some are taken at once', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'mtorrent-watch-'));
  for (const name of ['from', 'to', 'state']) mkdirSync(join(root, name));
  const names = Array.from({ length: WATCH_TAKEN_AT_ONCE + 2 }, (_, at) => `${String(at).padStart(2, '0')}.mtorrent`);
  for (const name of names)
    writeFileSync(join(root, 'from', name), `127.0.0.1:7001\n127.0.0.1:7002\n${name}\n1000\n${'a'.repeat(40)}\n`);
  let [open, most, asked] = [0, 0, 0];
  const slow = deferred<void>();
  const said: string[] = [];
  const client = {
    files: async () => [],
    get: async (path: string) => {
      asked += 1;
      const isSlow = asked === 1;
      open += 1;
      most = Math.max(most, open);
      if (isSlow) await slow.promise;
      else await new Promise(setImmediate);
      open -= 1;
      return { path };
    },
  };
  const watched = new WatchedFolder(
    client as unknown as SwarmClient,
    {
      directory: join(root, 'from'),
      destination: join(root, 'to'),
      stateDir: join(root, 'state'),
      stateRoot: root,
      mayName: () => true,
    },
    undefined,
    { path: join(root, 'log'), level: 'info' },
    (_, sentence) => said.push(sentence),
  );
  t.after(async () => {
    await watched.close();
    rmSync(root, { recursive: true });
  });
  const look = () => readdirSync(join(root, 'from')).filter((name) => name.endsWith('.mtorrent'));
  const [left] = await eventually(look, (there) => there.length === 1, 'all others are taken');
  slow.resolve();
  await eventually(look, (there) => there.length === 0, 'the slow one is taken, too');
  assert.ok(most > 1 && most <= WATCH_TAKEN_AT_ONCE, `${most} at once`);
  assert.deepEqual([said, existsSync(join(root, 'from', `${left}.failed.txt`))], [[], false]);
});
