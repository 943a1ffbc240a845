// How much of a download files of this machine have, without a transfer: for `get --dry-run`. Sources are looked at as
// for a real one; nothing that is found is read again, so an old file that changes until then costs more.

import type { Log } from '../../foundation/base/log.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { coverOf } from '../../transfer/storage/reuse/cover.js';
import { LocalHashing } from '../disk-jobs/local-hashing.js';
import type { FoundPlan, KnownShare } from './known-shares.js';
import { hashSources, planOf } from './reuse.js';

export interface ReuseEstimate {
  /** That are here, and that would be fetched. */
  readonly bytes: number;
  readonly fetched: number;
  /** How many under which name, those with the most bytes first. */
  readonly sources: readonly (readonly [name: string, bytes: number])[];
}

export interface EstimateOptions {
  /** Files and folders that may have bytes of it. Absolute. */
  readonly paths: readonly string[];
  /** Other shares on this machine. */
  readonly shares: AsyncIterable<KnownShare>;
  readonly hashThreads: number;
  readonly log: Log;
}

/** Rejects with FILE_NOT_FOUND and its like for a path. */
export async function estimateReuse(metainfo: Metainfo, options: EstimateOptions): Promise<ReuseEstimate> {
  const { paths, shares, hashThreads, log } = options;
  const hashing = new LocalHashing(hashThreads, log);
  try {
    const named = await hashSources(metainfo, paths, { hashing, log, onHashed: () => undefined });
    return sumOf(metainfo, await planOf(metainfo, undefined, named, shares));
  } finally {
    await hashing.close();
  }
}

function sumOf(metainfo: Metainfo, found: FoundPlan | undefined): ReuseEstimate {
  const { geometry, layout } = metainfo;
  const zeros = zerosOf(metainfo).pieces;
  const byGroup = new Map<number, number>();
  let [bytes, fetched] = [0, 0];
  for (let piece = 0; piece < geometry.pieceCount; piece += 1) {
    if (zeros.has(piece)) continue;
    const cover = found && coverOf({ plan: found.plan, geometry, layout }, piece, () => true);
    if (found === undefined || cover === undefined) {
      fetched += geometry.pieceLength(piece);
      continue;
    }
    bytes += cover.bytes;
    for (const { length } of cover.holes) fetched += length;
    for (const { source, length } of cover.parts) {
      const group = found.plan.groupOf(source);
      byGroup.set(group, (byGroup.get(group) ?? 0) + length);
    }
  }
  const sources = [...byGroup].map(([group, sum]) => [found?.names[group] ?? '', sum] as const);
  return { bytes, fetched, sources: sources.sort(([, a], [, b]) => b - a) };
}
