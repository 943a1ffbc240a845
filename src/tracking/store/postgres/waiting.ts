// A commit that waits for the database, and how it is answered: once, even if its group is written again and again.
// Pure.

import { isShuttingOut } from '../../membership/records.js';
import { freesRoom } from '../../registry/changes.js';
import type { Commit, Refusal } from '../contract.js';
import type { ChangeRules } from '../groups.js';
import type { DatabaseChange } from './batch.js';
import { DATABASE_WAIT_MS } from './limits.js';

export interface Waiting extends Omit<Commit, 'changes'> {
  readonly changes: readonly DatabaseChange[];
  /** Undefined: in this turn. */
  pushedMs: number | undefined;
  isSettled: boolean;
}

export const waitingRules: ChangeRules<DatabaseChange, Waiting> = {
  freesRoom: (change) => (change.kind === 'membership' ? isShuttingOut(change) : freesRoom(change)),
  // Uploads, since one with a hole is never completed.
  streamsOf: ({ changes }) => changes.flatMap((change) => (change.kind === 'part' ? [`upload ${change.upload}`] : [])),
};

export function isLate({ pushedMs }: Waiting, nowMs: number): boolean {
  return pushedMs !== undefined && nowMs - pushedMs >= DATABASE_WAIT_MS;
}

/** Whoever was told that the tracker is busy hears nothing more. */
export function settle(commit: Waiting, refusal: Refusal | undefined, nowMs: number): void {
  if (commit.isSettled) return;
  commit.isSettled = true;
  // The leases of those who were to expire have become longer meanwhile: nothing is left to do.
  const { changes } = commit;
  const isExpiry = refusal === 'busy' && changes.length > 0 && changes.every(({ kind }) => kind === 'expire');
  commit.settled(isExpiry ? undefined : refusal, nowMs);
}
