// Field cases of what is said of trackers: by the doctor beside a client in the background, and by a get.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { create, onceTried, PIECE, stageSwarm } from '../support/e2e-stage.js';

test('X6: doctor beside a client in the background asks it, too: its dead trackers and its port are among the findings', async (t) => {
  const swarm = await stageSwarm(t);
  const daemon = await startDaemon(swarm);
  const [first = ''] = swarm.trackers.map(formatAddress);
  const { code, stdout } = await onDaemon(swarm, 'doctor');
  assert.equal(code, 1, stdout);
  assert.match(stdout, new RegExp(`BAD +tracker ${first}: does not answer`));
  assert.match(stdout, /ok +upload port 127\.0\.0\.1:\d+: this client answers there/);
  assert.equal(await daemon.end(), 0);
  const alone = await runProgram(['doctor'], swarm.directory);
  assert.doesNotMatch(alone.stdout, /tracker/);
});

test('X7: a get after its trackers moved names those that it uses, and ends with 6 when none answers', async (t) => {
  const swarm = await stageSwarm(t);
  const mtorrent = await create(swarm, await swarm.makeFile('big.bin', PIECE), 'big.mtorrent');
  const get = () =>
    onceTried((timeout) =>
      runProgram(['get', mtorrent, swarm.path('got.bin'), '--alone', '--timeout', timeout], swarm.directory, {
        env: { XDG_STATE_HOME: swarm.path('state') },
      }),
    );
  const before = await get();
  assert.equal(before.code, 6, before.stderr);
  const [, , ...rest] = readFileSync(mtorrent, 'utf8').split('\n');
  const moved = ['127.0.0.1:1', '127.0.0.1:2'];
  writeFileSync(mtorrent, [...moved, ...rest].join('\n'));
  const after = await get();
  assert.equal(after.code, 6, after.stderr);
  assert.match(after.stderr, /with the trackers 127\.0\.0\.1:1 and 127\.0\.0\.1:2/);
  assert.match(after.stderr, /no tracker of 127\.0\.0\.1:1 and 127\.0\.0\.1:2 answers/);
});
