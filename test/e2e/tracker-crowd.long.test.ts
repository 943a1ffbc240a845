// Crowds at a tracker pair of real processes: those that only hold their connection, and those that all come at once
// because their tracker died. The timings of crowds of ten thousand are the bench's (`npm run bench -- tracker idle
// failover`).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import type { TrackerProcess } from '../../src/app/demo/processes.js';
import { silentLog } from '../../src/foundation/base/log.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { clientId, type SwarmKey } from '../../src/foundation/torrent/ids.js';
import { type Announce, startAnnounce } from '../../src/tracking/announce/actor.js';
import { eventually, killHard, OPEN_REMARK, stageSwarm } from '../support/e2e-stage.js';
import { lacksPlace } from '../support/needs.js';
import { PairClient } from '../support/pair-client.js';
import { WireClient } from '../tracking/tracker/wire.js';

const DEADLINE = { timeout: 600_000 };
const IDLE = 1_000;
const CROWD = 300;

const SWARM = createHash('sha1').update('a crowd').digest('hex') as SwarmKey;

function descriptors({ pid }: TrackerProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test('T3: a thousand idle clients cost those at work nothing, and nothing is left of them', DEADLINE, async (t) => {
  if (process.platform !== 'linux') {
    lacksPlace(t, 'descriptors of another process are counted on Linux only');
    return;
  }
  const swarm = await stageSwarm(t);
  const [first] = await swarm.startTrackers();
  const [active, onlooker] = [
    await PairClient.connect(t, swarm.trackers[0], 1),
    await PairClient.connect(t, swarm.trackers[0], 0),
  ];
  await eventually(
    () => onlooker.partner(),
    ({ following, followedBy }) => following && followedBy,
    'the pair is connected',
  );
  const before = descriptors(first);
  const idle: WireClient[] = [];
  for (let number = 0; number < IDLE; number += 100) {
    const some = Array.from({ length: 100 }, () => new WireClient(t, swarm.trackers[0]));
    await Promise.all(some.map((client, at) => client.hello(2 + number + at)));
    idle.push(...some);
    await active.share(SWARM);
    assert.deepEqual(await onlooker.listed(SWARM), [1]);
  }
  // It may have had a connection more for a moment, as to the partner.
  await eventually(
    () => descriptors(first),
    (count) => count === before + IDLE,
    `${before + IDLE} descriptors`,
  );
  for (const client of idle) client.socket.destroy();
  await eventually(
    () => descriptors(first),
    (count) => count === before,
    `back to ${before} descriptors`,
  );
  assert.deepEqual(await onlooker.listed(SWARM), [1]);
});

/** A real announcer that shares one file; what it says of its trackers goes into `refusals`. */
function announcer(number: number, trackers: readonly [Address, Address], refusals: string[]): Announce {
  const id = Uint8Array.from({ length: 16 }, (_, at) => (number >> ((at % 4) * 8)) & 0xff);
  const announce = startAnnounce({
    ...{ trackers, clientId: clientId(id), epoch: 1, seed: number, log: silentLog },
    upload: { host: '127.0.0.1', port: 20_000 + number },
    digestsOf: () => undefined,
    onEvent: (event) => {
      if (event.kind === 'refused') refusals.push(JSON.stringify(event));
    },
  });
  const facts = { name: 'crowd.bin', size: 2 * 524_288, pieceCount: 2, have: 2 };
  announce.tell({ kind: 'register', swarm: SWARM, ...facts });
  return announce;
}

async function allListed(t: TestContext, tracker: Address, what: string): Promise<void> {
  const onlooker = await PairClient.connect(t, tracker, 0);
  await eventually(
    () => onlooker.stats(),
    ({ liveEntries }) => liveEntries === CROWD,
    what,
    90_000,
  );
  onlooker.close();
}

test(
  'T5: clients of a tracker that was killed all come to the other one, and come back, without a word lost',
  DEADLINE,
  async (t) => {
    const swarm = await stageSwarm(t);
    const [first, second] = await swarm.startTrackers();
    const refusals: string[] = [];
    const crowd = Array.from({ length: CROWD }, (_, at) => announcer(1 + at, swarm.trackers, refusals));
    t.after(() => {
      for (const announce of crowd) announce.stop();
    });
    for (const tracker of swarm.trackers) await allListed(t, tracker, 'all are listed at both');
    await killHard(first);
    const onlooker = await PairClient.connect(t, swarm.trackers[1], 0);
    // All of them and the onlooker, since the partner is gone.
    await eventually(
      () => onlooker.stats() as Promise<{ readonly connections?: number }>,
      ({ connections }) => connections === CROWD + 1,
      'all have come to the other one',
    );
    await swarm.startTracker(0);
    await allListed(t, swarm.trackers[0], 'the tracker that is back lists all');
    const back = await PairClient.connect(t, swarm.trackers[0], 0);
    await eventually(
      () => back.stats() as Promise<{ readonly connections?: number }>,
      ({ connections = 0 }) => connections >= CROWD + 1,
      'all have come back to the first',
      90_000,
    );
    for (const tracker of swarm.trackers) await allListed(t, tracker, 'all are listed at both in the end');
    assert.deepEqual(refusals, []);
    assert.equal(second.stderr, OPEN_REMARK);
  },
);
