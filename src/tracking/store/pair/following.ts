// What a follower is set up with, and what it says of itself. Pure.

import type { Prng } from '../../../foundation/base/prng.js';
import type { Membership } from '../../membership/membership.js';
import type { Registry } from '../../registry/registry.js';
import type { UploadNumbers } from '../../registry/uploads.js';
import type { PairChange } from './changes.js';
import type { FollowerMessage } from './messages.js';
import type { ReplicationIndex } from './replication.js';

/** News of the partner on their way to the disk. */
export interface Arrival {
  /** Of the connection to the partner that they came on. */
  readonly link: number;
  /** Of the frame, which is acknowledged; undefined for a part of piece hashes. */
  readonly frame: number | undefined;
  /** How far the partner's changes are here then; undefined: no further than before. */
  readonly position: number | undefined;
}

export interface FollowerSetting {
  readonly registry: Registry;
  /** Of a closed swarm; undefined: the swarm is open. */
  readonly membership?: Membership | undefined;
  /** The partner's wall clock, in seconds since 1970. */
  readonly onPartnerClock?: ((seconds: number, nowMs: number) => void) | undefined;
  readonly index: ReplicationIndex;
  readonly uploads: UploadNumbers;
  readonly prng: Prng;
  readonly cluster: Uint8Array;
  readonly dial: (link: number) => void;
  readonly hangUp: (link: number) => void;
  readonly send: (link: number, word: FollowerMessage) => void;
  /** How far the partner has the changes that were made here. */
  readonly acknowledged: () => number;
  /** To the disk; `settled` is called when it is there. */
  readonly commit: (changes: readonly PairChange[], arrival: Arrival) => void;
  /** What the partner sent is on this disk as far as it was when the connection began. */
  readonly onCaughtUp: (nowMs: number) => void;
  /**
   * The partner is not what was followed here, or knows less of its own changes: its list is another one, or an older
   * copy.
   */
  readonly onRestored: () => void;
  /** The connection is gone, or there was none. `refusal`: the partner's sentence. */
  readonly onLost: (reason: string, wasFollowing: boolean, nowMs: number) => void;
}

/** Whose changes are on this disk, and up to which position. */
export interface Followed {
  readonly origin: Uint8Array;
  readonly position: number;
}

/** As it is in the statistics, whose names scripts know. */
export interface CatchUp {
  readonly isWhole: boolean;
  readonly tookMs: number;
  readonly records: number;
}
