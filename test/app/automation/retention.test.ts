// When the rules of retention are applied: soon after each download that has ended, whenever that is.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { RetentionRounds } from '../../../src/app/automation/retention.js';
import type { SwarmClient } from '../../../src/app/library/swarm-client.js';
import { type Deferred, deferred } from '../../../src/foundation/base/deferred.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const DONE = { downloads: 1, going: 0, freed: 0, bytes: 1, shortfall: '' };

test('a download that ends while the rules are applied has them applied again, soon', async (t) => {
  const rounds: Deferred<typeof DONE>[] = [deferred(), deferred()];
  const begun: Deferred<void>[] = [deferred(), deferred()];
  let count = 0;
  let ended: (event: { readonly kind: 'completed' }) => void = () => assert.fail('nobody listens');
  const client = {
    listen: (listener: typeof ended) => {
      ended = listener;
      return () => undefined;
    },
    retain: () => {
      begun[count]?.resolve();
      count += 1;
      return rounds[count - 1]?.promise ?? Promise.reject(new Error('nobody asked for a third round'));
    },
  };
  const log = { path: join(temporaryDirectory(t), 'retention.log'), level: 'info' } as const;
  const rules = { days: 0, versions: 1, budget: 0 };
  const retention = new RetentionRounds(client as unknown as SwarmClient, rules, log);
  t.after(() => retention.close());
  await begun[0]?.promise;
  ended({ kind: 'completed' });
  rounds[0]?.resolve(DONE);
  await begun[1]?.promise;
  rounds[1]?.resolve(DONE);
  assert.equal(count, 2);
});
