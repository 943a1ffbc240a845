// Field cases of the doctor, with a client in the background.

import assert from 'node:assert/strict';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { onDaemon, startDaemon } from '../support/daemon-stage.js';
import { stageSwarm } from '../support/e2e-stage.js';

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
