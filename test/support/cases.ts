// How many random cases a property is tried on: all of them when its file is run alone and in the long tier, a share of
// them in the tiers that are run often.

const SHARE = Number(process.env['MTORRENT_TEST_CASES'] ?? 1);
/** Below it a property would hardly be tried at all. */
const FEWEST = 5;

/** @param full number of cases. `MTORRENT_TEST_CASES`, from 0 to 1, is the share of them that is tried. */
export function cases(full: number): number {
  return Math.min(full, Math.max(FEWEST, Math.round(full * SHARE)));
}
