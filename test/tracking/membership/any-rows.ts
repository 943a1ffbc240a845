// Any rows of membership, and what a membership holds as one text that is equal where the content is.

import fc from 'fast-check';
import { keyIdOf } from '../../../src/foundation/identity/keys.js';
import { MEMBERSHIP_TABLES, type Membership } from '../../../src/tracking/membership/membership.js';
import type { MembershipRow } from '../../../src/tracking/membership/records.js';
import { secretOf, withdrawalOf } from './closed-pair.js';

export const KEYS = [11, 12, 13].map((seed) => secretOf(seed).publicKey);
const WITHDRAWALS = [21, 22].map((seed) => withdrawalOf(secretOf(seed)));
export const TRACKERS = ['aa'.repeat(16), 'bb'.repeat(16), 'cc'.repeat(16)];
export const HASHES = ['11'.repeat(16), '22'.repeat(16)];

const key = fc.constantFrom(...KEYS);
const by = key.map(keyIdOf);
const version = fc.integer({ min: 0, max: 3 });
const used = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...TRACKERS), fc.integer({ min: 1, max: 3 })), { selector: ([id]) => id })
  .map((all) => all.sort(([a], [b]) => (a < b ? -1 : 1)));

export const anyRow: fc.Arbitrary<MembershipRow> = fc.oneof(
  fc
    .record({
      key,
      by,
      version,
      name: fc.constantFrom('ada', 'bob', 'bob-2'),
      powers: fc.constantFrom(1, 3, 15),
      invitation: fc.constantFrom('', ...HASHES),
      host: fc.constantFrom('', '192.0.2.7'),
      atS: fc.integer({ min: 0, max: 2 }),
    })
    .map((record) => ({ is: 'member', id: keyIdOf(record.key), ...record }) as const),
  fc.record({ is: fc.constant('ban' as const), member: by, version, isBanned: fc.boolean() }),
  fc.record({
    is: fc.constant('invitation' as const),
    hash: fc.constantFrom(...HASHES),
    powers: fc.constantFrom(1, 3),
    by,
    uses: fc.integer({ min: 1, max: 3 }),
    endS: fc.integer({ min: 10, max: 12 }),
    isVoid: fc.boolean(),
    used,
  }),
  // Each costs a check of its signature.
  fc.oneof(
    {
      weight: 7,
      arbitrary: fc.record({ is: fc.constant('ban' as const), member: by, version, isBanned: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ is: fc.constant('withdrawal' as const), statement: fc.constantFrom(...WITHDRAWALS) }),
    },
  ),
);

/** In the order of its keys, and bytes as hex. */
export function rowText(row: MembershipRow): string {
  const plain = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  const fields = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(fields.map(([name, value]) => [name, plain(value)]));
}

export function contentOf(membership: Membership): string {
  const rows = MEMBERSHIP_TABLES.flatMap((table) => [...membership.rows(table)]);
  return rows.map(rowText).sort().join('\n');
}
