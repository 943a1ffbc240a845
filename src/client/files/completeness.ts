// How much of a file is known to be right on the disk, and the two fields of library.json that say so: these are read for ever.
// Pure.

export type Completeness =
  /** An unfinished download. `paused`: it fetches nothing until it is resumed. */
  | { readonly kind: 'partial'; readonly paused: boolean }
  /** `mtimeMs`: modification time of the file when it was last known to be right. */
  | { readonly kind: 'complete'; readonly mtimeMs: number }
  /** All pieces were there, and some failed verification: whatever its time says, the next check hashes every piece. */
  | { readonly kind: 'rotten' };

/** The time that library.json has for a rotten file. No real file has it. */
const ROTTEN_MS = -1;

export const UNFINISHED: Completeness = { kind: 'partial', paused: false };

/** The time that library.json has; null: it is not complete. */
export function recordedMs(completeness: Completeness): number | null {
  if (completeness.kind === 'partial') return null;
  return completeness.kind === 'rotten' ? ROTTEN_MS : completeness.mtimeMs;
}

export function isPaused(completeness: Completeness): boolean {
  return completeness.kind === 'partial' && completeness.paused;
}

/** What the two fields of library.json mean. */
export function completenessOf(mtimeMs: number | null, paused: boolean): Completeness {
  if (mtimeMs === null) return { kind: 'partial', paused };
  return mtimeMs === ROTTEN_MS ? { kind: 'rotten' } : { kind: 'complete', mtimeMs };
}
