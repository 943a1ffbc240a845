// A tracker that waits for its partner before its first list however slow the machine is: for tests of what it has by
// then. One of the command line waits REPLICA_WAIT_MS, and answers alone after it.

import type { TestContext } from 'node:test';
import type { Swarm } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { run } from '../tracking/tracker/running.js';
import { PATIENCE_MS } from './patience.js';

/** Starts tracker 0 or 1 of the swarm again, on its own list. It ends with the swarm. */
export async function startPatientTracker(t: TestContext, swarm: Swarm, which: 0 | 1): Promise<void> {
  const [own, partner] = [swarm.trackers[which], swarm.trackers[which === 0 ? 1 : 0]];
  const files = ['db', 'log'].map((end) => swarm.path(`tracker-${which + 1}.${end}`));
  const options = JSON.stringify({ replicaWaitMs: PATIENCE_MS });
  const tracker = run(t, [formatAddress(own), formatAddress(partner), ...files, options]);
  swarm.adopt({
    end: () => {
      tracker.child.kill('SIGKILL');
      return tracker.ended();
    },
  });
  await tracker.listening();
}
