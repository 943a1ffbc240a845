// What all sessions of one tracker share, as it is at the tracker's start. Pure.

import { fitting } from '../../../foundation/base/bytes.js';
import { TOMBSTONE_MS } from '../../../foundation/base/limits.js';
import { Prng } from '../../../foundation/base/prng.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import type { Membership } from '../../membership/membership.js';
import type { Leases } from '../../registry/leases.js';
import type { Registry } from '../../registry/registry.js';
import type { Claims } from '../claims/claims.js';
import { TRACKER_RECORDS_PER_ADDRESS_MAX, TRACKER_UNKNOWN_REMOVALS_PER_ADDRESS_MAX } from '../limits.js';
import type { TrackerSetting } from '../machine/effects.js';
import { OWN_FEATURES, PARTNER_BYTES_MAX, TRACKER_FEATURES } from '../messages.js';
import { Budget } from './budget.js';
import type { SessionSetting } from './session.js';
import { Summaries } from './summaries.js';
import { Uploads } from './uploads.js';

export function sessionSettingOf(
  { leaseMs, renewMs, trustHost, partner, seed, bounds, lists = true }: TrackerSetting,
  registry: Registry,
  leases: Leases,
  claims: Claims,
  membership?: Membership,
): SessionSetting {
  return {
    ...{ registry, leases, membership, claims, leaseMs, renewMs, trustHost },
    // Clients take so much; no client of before knew host names.
    partner: fitting(formatAddress(partner), PARTNER_BYTES_MAX),
    features: OWN_FEATURES.filter((feature) => lists || feature !== TRACKER_FEATURES.lists),
    prng: new Prng(seed),
    uploads: new Uploads(),
    summaries: new Summaries(registry),
    records: new Budget(TRACKER_RECORDS_PER_ADDRESS_MAX, TOMBSTONE_MS),
    unknownRemovals: new Budget(bounds?.unknownRemovals ?? TRACKER_UNKNOWN_REMOVALS_PER_ADDRESS_MAX, TOMBSTONE_MS),
    self: { id: new Uint8Array(TRACKER_ID_SIZE), isReady: false },
  };
}
