// What a tracker on a shared database says of its store. Pure.

import { DATABASE_POLL_MS } from './limits.js';
import type { FeedState } from './messages.js';
import type { Reach } from './reach.js';

export interface StoreProgress {
  readonly position: number;
  /** When the registry had everything that the database had. */
  readonly wholeMs: number;
  readonly lagChanges: number;
  readonly isReady: boolean;
}

export function figuresOf(
  { position, wholeMs, lagChanges, isReady }: StoreProgress,
  { reach, state }: { readonly reach: Reach; readonly state: FeedState | undefined },
  nowMs: number,
): object {
  const { isConnected, server, trouble } = reach;
  const behindMs = Math.max(0, Math.round(nowMs - wholeMs));
  const isBehind = !isConnected || behindMs > 2 * DATABASE_POLL_MS;
  const { trackers = 1 } = state ?? {};
  return {
    following: isConnected,
    followedBy: isConnected,
    behindChanges: isConnected ? Math.max(0, (state?.position ?? 0) - position) : null,
    lagChanges,
    lagMs: isBehind ? behindMs : 0,
    lastCatchUp: null,
    digestEqual: null,
    isReady,
    isAlone: false,
    refusedBy: '',
    store: { kind: 'postgres', server, isConnected, isBehind, behindMs, trackers, trouble },
  };
}
