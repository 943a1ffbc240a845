// The members of a closed swarm through schedules of faults. A failure prints its seed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cases } from '../support/cases.js';
import { type MembersScene, runMembers } from './members-scene.js';

const SEEDS = Number(process.env['SIM_SEEDS'] ?? cases(8));

test('C21: whatever happens to the two trackers, no ban is lost, and no member is refused', () => {
  const only = process.env['SIM_SEED'];
  const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [Number(only)];
  const counts: Record<keyof MembersScene['counts'], number> = {
    ...{ invited: 0, admitted: 0, banned: 0, renewed: 0, withdrawn: 0 },
  };
  for (const seed of seeds) {
    try {
      const scene = runMembers(seed);
      for (const what of Object.keys(counts) as (keyof typeof counts)[]) counts[what] += scene.counts[what];
    } catch (error) {
      throw new Error(`SIM_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `nothing was ${what}`);
});
