// What a download may read of other shares: those that are offered, and what was found in them for it.

import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { ReusePlan } from '../../transfer/storage/reuse/plan.js';
import type { SourceShare } from './matching.js';

/** Another share of this client, or of one on this machine. */
export interface KnownShare extends Omit<SourceShare, 'group'> {
  readonly swarm: SwarmKey;
  readonly name: string;
}

export interface FoundPlan {
  readonly plan: ReusePlan;
  /** The name of each group. */
  readonly names: readonly string[];
  /** Pieces that may lie in the `.part` already, in shared memory. */
  readonly placed?: Bitfield | undefined;
}
