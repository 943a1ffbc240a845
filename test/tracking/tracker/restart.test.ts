// What a tracker knows of others when it starts: nothing. Its list comes in batches before it works, however long that
// takes, and whoever is on it could not be heard meanwhile.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clientId } from '../../../src/foundation/torrent/ids.js';
import { NOBODY, PairedTracker } from './paired-tracker.js';
import { clientBytes, LEASE_MS, swarmOf } from './stage.js';

const CLIENT = clientId(clientBytes(1));

test('after a restart everybody has a whole lease, however long the list took to load', () => {
  const machine = new PairedTracker({
    ...{ partner: { host: '127.0.0.1', port: 2 }, cluster: new Uint8Array(20), replicaWaitMs: 0 },
    spareId: new Uint8Array(16).fill(3),
    ...{ leaseMs: LEASE_MS, renewMs: 300, trustHost: false, seed: 1 },
  });
  const row = [swarmOf(1), CLIENT, '10.0.0.1', 6_001, 2, 1, 1, 'live', 5, 0, 0] as const;
  machine.receive({ kind: 'loadedRows', loaded: { kind: 'loadedEntries', rows: [row] } }, 0);
  const startMs = LEASE_MS * 3;
  const trackerId = new Uint8Array(16).fill(1);
  const lapsedAtMs: number[] = [];
  for (let nowMs = startMs; nowMs <= startMs + LEASE_MS * 2 && lapsedAtMs.length === 0; nowMs += LEASE_MS / 4) {
    const input = { kind: 'started', lastUpload: 0, trackerId, position: 0, followed: NOBODY } as const;
    for (const effect of machine.receive(nowMs === startMs ? input : { kind: 'wake' }, nowMs)) {
      if (effect.kind !== 'commit') continue;
      for (const change of effect.changes) if (change.kind === 'expire') lapsedAtMs.push(nowMs - startMs);
    }
  }
  assert.deepEqual(lapsedAtMs, [LEASE_MS * 1.25]);
});
