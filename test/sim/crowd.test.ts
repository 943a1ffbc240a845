// Crowds of the real machines in virtual time: everyone completes, what the seeder sends is about one copy, and nobody
// is left out. How long they need is the bench's to tell (`npm run bench -- sim`).

import assert from 'node:assert/strict';
import test from 'node:test';
import { Crowd, type CrowdRun } from './crowd.js';

const MBIT = 125;
const FAST = { up: 200 * MBIT, down: 200 * MBIT };
const SLOW = { up: 20 * MBIT, down: 20 * MBIT };

function run(seed: number, pieceCount: number, leechers: ConstructorParameters<typeof Crowd>[0]['leechers']): CrowdRun {
  return new Crowd({ seed, pieceCount, latencyMs: 1, seeder: FAST, leechers }).run();
}

test('eight that start together get the file for about one copy of the seeder, and next to nothing comes twice', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { seederCopies, wasteShare } = run(seed, 128, new Array(8).fill({ rates: FAST }));
    assert.ok(seederCopies <= 1.25, `seed ${seed}: ${seederCopies} copies`);
    assert.ok(wasteShare <= 0.02, `seed ${seed}: ${wasteShare} of it for nothing`);
  }
});

test('FC-30: of a sparse file eight get the data as fast as a file of that size, for about one copy of it', () => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const leechers = new Array(8).fill({ rates: FAST });
    const dense = { seed, pieceCount: 64, latencyMs: 1, seeder: FAST, leechers };
    const sparse = { ...dense, pieceCount: 16 * 64, dataEvery: 16 };
    const { seederCopies, wasteShare, makespanMs } = new Crowd(sparse).run();
    assert.ok(seederCopies <= 1.25, `seed ${seed}: ${seederCopies} copies`);
    assert.ok(wasteShare <= 0.02, `seed ${seed}: ${wasteShare} of it for nothing`);
    const denseMs = new Crowd(dense).run().makespanMs;
    assert.ok(makespanMs <= 1.25 * denseMs, `seed ${seed}: ${makespanMs} ms instead of ${denseMs}`);
  }
});

test('one receiver at a tenth of the rate does not hold up the others', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const { completedMs } = run(seed, 128, [{ rates: SLOW }, ...new Array(7).fill({ rates: FAST })]);
    const [slow = 0, ...others] = completedMs.map((atMs) => atMs ?? 0);
    assert.ok(Math.max(...others) < slow / 2, `seed ${seed}: ${completedMs}`);
  }
});

test('those that start last are not left out, although the first ones know enough peers without them', () => {
  const count = 60;
  const { completedMs } = run(1, 64, new Array(count).fill({ rates: FAST }));
  const sorted = completedMs.map((atMs) => atMs ?? 0).sort((a, b) => a - b);
  assert.ok((sorted[count - 1] ?? 0) < 1.5 * (sorted[count / 2] ?? 0), sorted.join());
});

test('P20: when the only seeder goes after 1.1 copies, eight that began together complete from each other', () => {
  for (let seed = 1; seed <= 3; seed += 1) {
    // A tenth of it are more pieces than are on their way, and lost, when it goes.
    const [pieceCount, leechers] = [256, new Array(8).fill({ rates: FAST })];
    const { completedMs, seederCopies } = new Crowd({
      seed,
      pieceCount,
      latencyMs: 1,
      seeder: FAST,
      leechers,
      seederCopiesMax: 1.1,
    }).run();
    assert.ok(completedMs.every((atMs) => atMs !== undefined));
    assert.ok(seederCopies < 1.12, `it went in time, after ${seederCopies} copies`);
  }
});

test('P20: when some lose their power on the way, the others complete', () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const leechers = Array.from({ length: 10 }, (_, at) => ({
      rates: FAST,
      ...(at % 3 === 0 && { diesAtMs: 500 * at + 200 }),
    }));
    const { completedMs } = run(seed, 128, leechers);
    for (const [at, atMs] of completedMs.entries()) assert.ok(at % 3 === 0 || atMs !== undefined, `seed ${seed}`);
  }
});

test('a distant seeder is asked over several connections, which brings four times as much; a near one over one', () => {
  const link = { up: 1_000 * MBIT, down: 1_000 * MBIT };
  const fetch = (rttMs: number, connectionBytes: number): { readonly ms: number; readonly connections: number } => {
    const leechers = [{ rates: link }];
    const traits = { latencyMs: rttMs / 2, connectionBytes };
    const crowd = new Crowd({ seed: 1, pieceCount: 512, ...traits, seeder: link, leechers });
    const { makespanMs, seederConnections } = crowd.run();
    return { ms: makespanMs, connections: seederConnections };
  };
  // What Linux buffers for a connection.
  const buffered = 2_900_000;
  const far = fetch(300, buffered);
  assert.ok(far.connections > 8, `${far.connections} connections`);
  const oneAloneMs = (512 * 524_288 * 300) / buffered;
  assert.ok(far.ms < oneAloneMs / 4, `${far.ms} of ${oneAloneMs} ms`);
  assert.equal(fetch(2, buffered).connections, 1);
});
