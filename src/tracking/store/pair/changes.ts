// What the pair writes beside the registry's changes, in the same transaction: how far it has come with its partner,
// and who it is. Pure.

import type { MembershipChange } from '../../membership/records.js';
import type { Change } from '../../registry/changes.js';

export type PairChange =
  | Change
  | MembershipChange
  /** Everything that the tracker `origin` changed up to this position is in this transaction or was before. */
  | { readonly kind: 'followed'; readonly origin: Uint8Array; readonly position: number }
  /** This tracker is another one from now on: it follows nobody, and nobody follows it. */
  | { readonly kind: 'identity'; readonly tracker: Uint8Array };

export function isOfRegistry(change: PairChange): change is Change {
  return change.kind !== 'followed' && change.kind !== 'identity' && change.kind !== 'membership';
}
