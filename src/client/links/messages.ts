// What an attempt to get the .mtorrent of a link hears, and what it wants done.

import type { ErrorCode } from '../../foundation/base/error-codes.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { HashPart } from './hash-string.js';

export type AssemblyInput =
  | { readonly kind: 'begin' }
  /** It said hello, and gives piece hashes. */
  | { readonly kind: 'trackerReady'; readonly tracker: number }
  /** away: it may be there later. old: it gives no piece hashes. unlisted: it does not know the share. */
  | { readonly kind: 'trackerFailed'; readonly tracker: number; readonly why: TrackerFault; readonly reason: string }
  | { readonly kind: 'hashPart'; readonly tracker: number; readonly offset: number; readonly part: Uint8Array }
  | { readonly kind: 'seeders'; readonly tracker: number; readonly peers: readonly Address[] }
  | { readonly kind: 'listFetched'; readonly peer: Address; readonly bytes: Uint8Array }
  | { readonly kind: 'listFailed'; readonly peer: Address; readonly reason: string };

export type TrackerFault = 'away' | 'old' | 'unlisted' | 'liar';

export type AssemblyEffect =
  | { readonly kind: 'dialTracker'; readonly tracker: number }
  /** Nothing more is heard of it. */
  | { readonly kind: 'leaveTracker'; readonly tracker: number }
  | (HashPart & { readonly kind: 'askHash'; readonly tracker: number })
  | { readonly kind: 'askSeeders'; readonly tracker: number }
  | { readonly kind: 'fetchList'; readonly peer: Address }
  /** Ends it, as `failed` does. `list`: the lines behind the piece hashes. */
  | { readonly kind: 'done'; readonly digests: Uint8Array; readonly list: Uint8Array }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly sentence: string };

/** A tracker of the link as this attempt sees it. */
export interface TrackerState {
  readonly address: Address;
  /** failed: `fault` and `reason` say why. */
  at: 'new' | 'dialing' | 'ready' | 'failed';
  fault: TrackerFault | undefined;
  reason: string;
  /** When its next answer is overdue, or when it is dialed again. */
  dueMs: number;
}
