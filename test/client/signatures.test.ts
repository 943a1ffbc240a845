// What a client signs of its own shares: who may, whether the setting or the share wants it, and that a signed file has
// the SHA-256 of its bytes.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LocalHashing } from '../../src/client/disk-jobs/local-hashing.js';
import { hashShare } from '../../src/client/disk-jobs/share.js';
import { signerFor } from '../../src/client/disk-jobs/signatures.js';
import { AS_IT_IS } from '../../src/client/messages.js';
import { silentLog } from '../../src/foundation/base/log.js';
import { judgeSeal } from '../../src/foundation/identity/seal.js';
import { SmallSwarm } from '../support/small-swarm.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { entryOf } from './stage.js';

const swarm = new SmallSwarm();

test('a share is signed when it or the setting says so, and refused before it is hashed where the card does not allow it', () => {
  const credentials = swarm.member('pam@lab', { role: 'publisher' });
  assert.equal(signerFor(undefined, { credentials }), undefined);
  assert.equal(signerFor(false, { credentials, signs: false }), undefined);
  for (const [isWanted, signs] of [
    [true, false],
    [undefined, true],
  ] as const)
    assert.deepEqual(signerFor(isWanted, { credentials, signs })?.card, credentials.card);
  const reader = swarm.member('ada@lab');
  assert.throws(() => signerFor(true, { credentials: reader }), /ada@lab may not sign in this swarm/);
  assert.throws(() => signerFor(true, {}), /belongs to no closed swarm, so it can sign nothing/);
});

test('a signed share of a file or a folder is good in its swarm, and that of a file has its SHA-256', async (t) => {
  const directory = temporaryDirectory(t);
  const hashing = new LocalHashing(1, silentLog);
  t.after(() => hashing.close());
  const credentials = swarm.member('pam@lab', { role: 'publisher' });
  const signer = signerFor(true, { credentials });
  writeFileSync(join(directory, 'model.bin'), 'weights');
  mkdirSync(join(directory, 'tree'));
  writeFileSync(join(directory, 'tree/a.bin'), 'a');
  for (const name of ['model.bin', 'tree']) {
    const path = join(directory, name);
    const order = { ...AS_IT_IS, path, mtorrentPath: `${path}.mtorrent`, trackers: entryOf('x').trackers, signer };
    const { metainfo } = await hashShare(order, hashing, () => undefined);
    assert.equal(judgeSeal(metainfo, credentials.standing).kind, 'good', name);
    const digest = createHash('sha256').update('weights').digest('hex');
    if (name === 'model.bin') assert.equal(Buffer.from(metainfo.sha256 ?? []).toString('hex'), digest);
  }
});
