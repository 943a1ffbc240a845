// How long a fuzz test goes on: a moment in the suite, as long as is asked for by `npm run fuzz`. fast-check prints the
// seed and the smallest input of a failure; MTORRENT_FUZZ_SEED repeats it.

import fc from 'fast-check';

const RUNS = Number(process.env['MTORRENT_FUZZ_RUNS'] ?? 2_000);
const SEED = process.env['MTORRENT_FUZZ_SEED'];

export function fuzz<T>(inputs: fc.Arbitrary<T>, check: (input: T) => void): void {
  fc.assert(fc.property(inputs, check), { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
}
