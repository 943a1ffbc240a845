// What an endpoint keeps of .mtorrent files that browsers were given: those of downloads, and no others.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ServedClient } from '../../../src/app/http/served-client.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { MiniTorrentError } from '../../../src/foundation/base/errors.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

function directoryOf(mtorrent: Buffer): string {
  return createHash('sha1').update(mtorrent).digest('hex');
}

test('a dropped .mtorrent is kept while its download is known, and deleted by the next drop after that', async (t) => {
  const dropDir = join(temporaryDirectory(t), 'dropped');
  const known: string[] = [];
  const client = {
    listen: () => () => undefined,
    get: async (path: string) => {
      assert.ok(existsSync(path), 'it is there before the client is asked');
      if (path.includes('refused')) throw new MiniTorrentError('INVALID_MTORRENT', 'it is none');
      known.push(path);
      return { path: '/data/x' };
    },
    files: async () => known.map((mtorrentPath) => ({ mtorrentPath })),
  };
  const service = new ServedClient({ downloadDir: '/data', dropDir });
  t.after(() => service.events.close());
  service.serve(client as unknown as SwarmClient);
  const [one, two, bad] = [Buffer.from('one'), Buffer.from('two'), Buffer.from('bad')];
  assert.deepEqual(await service.drop(one, 'one.mtorrent', undefined), { schema: 1, path: '/data/x' });
  // Of a run that ended in between.
  mkdirSync(join(dropDir, 'orphan'));
  writeFileSync(join(dropDir, 'orphan/x.mtorrent'), 'x');
  await assert.rejects(service.drop(bad, 'refused.mtorrent', undefined), /it is none/);
  assert.deepEqual(readdirSync(dropDir), [directoryOf(one)]);
  known.length = 0;
  await service.drop(two, 'two.mtorrent', undefined);
  assert.deepEqual(readdirSync(dropDir), [directoryOf(two)]);
});
