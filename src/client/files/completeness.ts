// Whether a file is known to be complete on disk, and the two fields of library.json that record it. Those are released
// data and keep their meaning. Pure.

export type Completeness =
  /** An unfinished download. `paused`: it fetches nothing until it is resumed. */
  | { readonly kind: 'partial'; readonly paused: boolean }
  /** `mtimeMs`: modification time of the file when it was last known to be right. */
  | { readonly kind: 'complete'; readonly mtimeMs: number }
  /** Pieces of a complete file failed verification. Whatever its time, the next check hashes every piece. */
  | { readonly kind: 'rotten' };

/** Stands for `rotten` in library.json. No real file has this time. */
const ROTTEN_MS = -1;

export const UNFINISHED: Completeness = { kind: 'partial', paused: false };

/** The `mtimeMs` of library.json. Null: the file is not complete. */
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
