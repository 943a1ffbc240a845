// Whether a file is known to be complete on disk, and the fields of library.json that record it. Those are released
// data and keep their meaning. Pure.

/** This client has downloaded the copy itself, to the end. */
export interface Fetched {
  /** Wall-clock time of the end, in milliseconds. */
  readonly atMs: number;
  /** Where it lay then, with all symbolic links resolved. */
  readonly realPath: string;
}

export type Completeness =
  /** An unfinished download. `paused`: it fetches nothing until it is resumed. */
  | { readonly kind: 'partial'; readonly paused: boolean }
  /**
   * `mtimeMs`: modification time of the file when it was last known to be right. `fetched`: nobody has shared, moved or
   * changed it since.
   */
  | { readonly kind: 'complete'; readonly mtimeMs: number; readonly fetched?: Fetched | undefined }
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

/** What the fields of library.json mean. */
export function completenessOf(mtimeMs: number | null, paused: boolean, fetched?: Fetched): Completeness {
  if (mtimeMs === null) return { kind: 'partial', paused };
  return mtimeMs === ROTTEN_MS ? { kind: 'rotten' } : complete(mtimeMs, fetched);
}

export function complete(mtimeMs: number, fetched: Fetched | undefined): Completeness {
  return { kind: 'complete', mtimeMs, ...(fetched === undefined ? {} : { fetched }) };
}

/** As a check finds it again: what was true of it before still is when its time is the same. */
export function foundAgain(before: Completeness, mtimeMs: number): Completeness {
  return complete(mtimeMs, before.kind === 'complete' && before.mtimeMs === mtimeMs ? before.fetched : undefined);
}
