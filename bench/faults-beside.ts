// What an honest download in a closed swarm loses while strangers flood its trackers from one address: the same
// download alone and beside the flood, in turn. Its rate is limited, as by a link, so that it is not the processor of
// whoever floods that is measured.

import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { ClosedSwarm } from './closed-swarm.js';
import {
  begin,
  completed,
  Driver,
  discard,
  type FaultFigure,
  type FaultOptions,
  MIB,
  type Shared,
  shareNew,
} from './faults-stage.js';
import { FLOODS, type FloodName, SAID } from './strangers-floods.js';

const FILE_BYTES = 48 * MIB;
const FILE_QUICK_BYTES = 16 * MIB;
const RATE = '8M';
const LOSS_MOST = 5;

interface Honest {
  readonly swarm: Swarm;
  readonly identities: string;
  readonly leecher: ClientProcess;
  readonly shared: Shared;
}

export async function besideScene({ root, runs, quick, note }: FaultOptions): Promise<readonly FaultFigure[]> {
  return withCleanup(async (cleanup) => {
    const honest = await honestOf(root, quick ? FILE_QUICK_BYTES : FILE_BYTES, cleanup);
    // The first one finds its peers and starts its threads.
    await download(honest);
    const figures: FaultFigure[] = [];
    for (const flood of FLOODS) {
      const losses: number[] = [];
      for (let run = 1; run <= runs; run += 1) {
        note(`a download beside ${SAID[flood]}, run ${run} of ${runs}`);
        const isAloneFirst = run % 2 === 1;
        const first = isAloneFirst ? await download(honest) : await beside(honest, flood);
        const second = isAloneFirst ? await beside(honest, flood) : await download(honest);
        const [alone, flooded] = isAloneFirst ? [first, second] : [second, first];
        losses.push((flooded / alone - 1) * 100);
      }
      figures.push({ what: `a download beside ${SAID[flood]} loses`, ...LOSS, values: losses });
    }
    return figures;
  });
}

const LOSS = { unit: '%', digits: 1, atMost: LOSS_MOST } as const;

async function honestOf(root: string, size: number, cleanup: Cleanup): Promise<Honest> {
  const swarm = await Swarm.create(root);
  cleanup.add(() => swarm.end());
  const identities = swarm.path('identities');
  const closed = await ClosedSwarm.make(identities, swarm.trackers);
  swarm.environment = (name) => closed.environment(name);
  await swarm.startTrackers();
  const seeder = swarm.startClient('seeder');
  const shared = await shareNew(swarm, seeder, 'honest', size);
  const leecher = swarm.startClient('leecher', 0, ['--download-limit', RATE]);
  await leecher.address();
  return { swarm, identities, leecher, shared };
}

/** Seconds from `get` to its end. */
async function download({ swarm, leecher, shared }: Honest): Promise<number> {
  const running = await begin(swarm, leecher, shared);
  const seconds = await completed(running, shared);
  await discard(running);
  return seconds;
}

function beside(honest: Honest, flood: FloodName): Promise<number> {
  return withCleanup(async (cleanup) => {
    const words = [flood, formatAddress(honest.swarm.trackers[0]), honest.identities];
    const driver = await Driver.start('strangers', words, cleanup);
    const seconds = await download(honest);
    await driver.end();
    return seconds;
  });
}
