// What leases keep beside the clients: nothing that nobody takes.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ClientId, SwarmKey } from '../../../src/foundation/torrent/ids.js';
import { Leases } from '../../../src/tracking/registry/leases.js';
import { Registry } from '../../../src/tracking/registry/registry.js';

test('renewals are gathered for a partner that is told of them, and for nobody else', () => {
  const registry = new Registry();
  const leases = new Leases(registry, { leaseMs: 1_000, tickMs: 250 });
  const client = '1'.repeat(32) as ClientId;
  const swarm = '2'.repeat(40) as SwarmKey;
  registry.apply({ kind: 'put', swarm, client, host: '10.0.0.1', port: 1, have: 1, epoch: 1, sequence: 1 }, 0, 1_000);
  leases.renew(client, 0);
  leases.collectRenewals(true);
  assert.equal(leases.takeRenewed().size, 0, 'what was renewed without a partner was not kept');
  leases.renew(client, 10);
  assert.equal(leases.takeRenewed().size, 1);
  assert.equal(leases.takeRenewed().size, 0, 'each renewal is told once');
  leases.renew(client, 20);
  leases.collectRenewals(false);
  leases.renew(client, 30);
  leases.collectRenewals(true);
  assert.equal(leases.takeRenewed().size, 0, 'the partner that went away is told everything when it comes back');
});
