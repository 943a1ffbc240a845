// Hundreds of whole swarms with lying, silent, dripping, partial and vanishing peers, failing disks and restarts, each
// drawn from its seed. A failure prints the seed and what it means; put it into SEEDS to replay it first.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cases } from '../support/cases.js';
import { optionsOf, partialOptions, quickOptions, quietOptions, sourcesOptions, sparseOptions } from './options.js';
import { runSwarm } from './swarm.js';

/** Seeds that found something once: run first, and always. */
const SEEDS: readonly number[] = [248, 4_125, 5_238, 8_497, 9_012, 11_064];
const RUNS = Number(process.env['SIM_SEEDS'] ?? cases(300));
/** Of what takes longer for each seed. */
const FEW = cases(20);

test('whatever its peers do, a download keeps only right bytes, loses no slot, and completes while honest peers stay', () => {
  for (const seed of [...SEEDS, ...Array.from({ length: RUNS }, (_, at) => at)]) runSwarm(optionsOf(seed));
});

test('the same holds among peers that are quick enough to be asked for runs of pieces', () => {
  let runs = 0;
  for (let seed = 0; seed < RUNS / 4; seed += 1) runs += runSwarm(quickOptions(seed)).runs;
  assert.ok(runs >= RUNS / 4, `only ${runs} runs were asked for`);
});

test('FC-30: the same holds for sparse files, whose zeros are had from the start by those who know of them', () => {
  for (let seed = 0; seed < RUNS / 4; seed += 1) runSwarm(sparseOptions(seed));
});

test('partial clients complete with what they chose, and offer only what they can serve', () => {
  for (let seed = 0; seed < RUNS / 4; seed += 1) runSwarm(partialOptions(seed));
});

test('F18: whichever operation of a swarm fails, everyone completes in the end, and each has failed once', () => {
  for (let seed = 1; seed <= FEW; seed += 1) {
    const { operations } = runSwarm(quietOptions(seed, 0));
    let failsAt = 1;
    while (runSwarm(quietOptions(seed, failsAt)).operations >= failsAt) failsAt += 1;
    // The last round passed untouched; before it, each operation failed once.
    assert.equal(failsAt, operations + 1);
  }
});

test('P15: five liars beside one honest source make a download take at most twice as long', () => {
  for (let seed = 1; seed <= FEW; seed += 1) {
    const alone = runSwarm(sourcesOptions(seed, [['honest', 1_000]])).endedMs;
    for (const manner of ['corrupt', 'lies'] as const) {
      const liars = new Array(5).fill([manner, 1_000] as const);
      const { endedMs } = runSwarm(sourcesOptions(seed, [...liars, ['honest', 1_000]]));
      assert.ok(endedMs <= 2 * alone, `seed ${seed}: ${endedMs} ms instead of ${alone}`);
    }
  }
});

test('P24: sources of 1 Mbit/s beside a fast one do not hold up the last piece', () => {
  const [fast, slow] = [12_500, 125];
  for (let seed = 1; seed <= FEW; seed += 1) {
    const alone = runSwarm(sourcesOptions(seed, [['honest', fast]])).endedMs;
    const slows = new Array(4).fill(['honest', slow] as const);
    const { endedMs } = runSwarm(sourcesOptions(seed, [...slows, ['honest', fast]]));
    assert.ok(endedMs <= 2 * alone + 1_000, `seed ${seed}: ${endedMs} ms instead of ${alone}`);
  }
});

test('the same seed gives the same run', () => {
  for (const seed of [1, 7, 42, 123]) assert.deepEqual(runSwarm(optionsOf(seed)), runSwarm(optionsOf(seed)));
  assert.notEqual(runSwarm(optionsOf(1)).digest, runSwarm(optionsOf(7)).digest);
});
