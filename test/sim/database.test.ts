// Trackers on a modelled database through hundreds of schedules of faults. A failure prints its seed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cases } from '../support/cases.js';
import { runDatabase } from './database-scene.js';

const SEEDS = Number(process.env['SIM_SEEDS'] ?? cases(60));

test(`whatever happens to trackers and their database, no acknowledged word is lost and nobody who speaks is unlisted (${SEEDS} seeds)`, () => {
  const only = process.env['SIM_SEED'];
  const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [Number(only)];
  for (const seed of seeds) assert.ok(runDatabase(seed).acknowledged > 100, `seed ${seed} says something`);
});

test('the same seed gives the same run of a database', () => {
  assert.deepEqual(runDatabase(7), runDatabase(7));
});
