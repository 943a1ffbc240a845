// Which of several servers a tracker uses: one that takes writes, of the system that was seen before, and the one with
// the most failovers behind it. An old primary that still lives says that it takes writes, too. Pure.

import type { ServerIdentity } from './messages.js';

export interface ServerLook {
  /** As people write it. */
  readonly name: string;
  readonly isInRecovery: boolean;
  readonly identity: ServerIdentity;
}

/** Undefined: it may be used. */
export function whyNot(look: ServerLook, seen: ServerIdentity | undefined): string | undefined {
  const { name, isInRecovery, identity } = look;
  if (isInRecovery) return `${name} is a standby`;
  if (seen === undefined) return undefined;
  if (identity.system !== seen.system)
    return `${name} is another database cluster than the one that was used before (system ${identity.system}, not ${seen.system})`;
  if (identity.timeline < seen.timeline)
    return `${name} is an old primary: its timeline is ${identity.timeline}, and ${seen.timeline} was seen; stop it`;
  return undefined;
}

/** The first of those with the highest timeline; undefined: none may be used. */
export function bestOf<L extends ServerLook>(looks: readonly L[], seen: ServerIdentity | undefined): L | undefined {
  let best: L | undefined;
  for (const look of looks) {
    if (whyNot(look, seen) !== undefined) continue;
    if (best === undefined || look.identity.timeline > best.identity.timeline) best = look;
  }
  return best;
}
