// Lets the files of a `.part` begin as clones of files here, where its file system can. Bounded in files and in time,
// since the first byte from the network waits for it. Nothing is believed because a clone succeeded.

import type { Clock } from '../../foundation/base/clock.js';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { CloneCall } from '../../transfer/storage/disk/clone.js';
import { CLONE_LEFT_SHARE, CLONING_MS } from '../../transfer/storage/limits.js';
import {
  type Cloned,
  type CloneOrder,
  clonesOf,
  placedBy,
  spoiledBy,
} from '../../transfer/storage/reuse/clone-plan.js';
import type { ReusePlan } from '../../transfer/storage/reuse/plan.js';
import type { Storage } from '../../transfer/storage/storage.js';

export interface CloningOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** For tests; absent: the file system's. */
  readonly call?: CloneCall | undefined;
}

export interface PartToFill {
  readonly storage: Storage;
  /** Pieces that are there. Loses those that a clone may have written over. */
  readonly have: Bitfield;
  /** It was made just now, and has no bytes. */
  readonly isNew: boolean;
}

/**
 * Pieces that may lie in the `.part` now, in shared memory; undefined: none. Rejects with MiniTorrentError when the
 * `.part` cannot be used.
 */
export async function placePieces(
  { storage, have, isNew }: PartToFill,
  plan: ReusePlan,
  options: CloningOptions,
): Promise<Bitfield | undefined> {
  const { layout } = storage;
  const coverable = { plan, layout, geometry: new Geometry(layout.size) };
  const orders = clonesOf(coverable, have);
  const clones = isNew ? await cloneAll(storage, plan, orders, options) : await clonedBefore(storage, orders);
  if (clones.length === 0) return undefined;
  const placed = placedBy(coverable, clones);
  const spoiled = spoiledBy(coverable, clones, have);
  for (const [begin, count] of spoiled.ranges())
    for (let piece = begin; piece < begin + count; piece += 1) {
      have.clear(piece);
      placed.set(piece);
    }
  const { path } = storage;
  options.log.info({ path, files: clones.length, pieces: placed.count }, 'what is the same is verified in clones');
  return placed;
}

async function cloneAll(
  storage: Storage,
  plan: ReusePlan,
  orders: readonly CloneOrder[],
  { clock, log, call }: CloningOptions,
): Promise<readonly Cloned[]> {
  const clones: Cloned[] = [];
  const untilMs = clock.nowMs() + CLONING_MS;
  for (const { file, source } of orders) {
    if (clock.nowMs() >= untilMs) break;
    const from = plan.sourceAt(source);
    const result = await storage.cloneFrom(file, from, call);
    if (result.kind === 'cloned') clones.push({ file, source, spoiled: result.bytes });
    else log.debug({ from: from.path, why: result.why }, 'a file is not cloned, but read');
    if (result.kind === 'cannot') break;
  }
  return clones;
}

/** Files of an earlier run that take more of the disk than their pieces: they began as clones. */
async function clonedBefore(storage: Storage, orders: readonly CloneOrder[]): Promise<readonly Cloned[]> {
  const clones: Cloned[] = [];
  for (const { file, source, bytes, missing } of orders) {
    const size = storage.layout.folder?.sizeOf(file) ?? storage.layout.size;
    const unknown = (await storage.diskBytesOf(file)) - (size - missing);
    // Its pieces of zeros were made so when it was opened.
    if (unknown >= bytes * CLONE_LEFT_SHARE) clones.push({ file, source, spoiled: 0 });
  }
  return clones;
}
