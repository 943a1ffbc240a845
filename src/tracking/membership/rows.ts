// Rows of membership as messages carry them, between two trackers and to the thread of the list: one field for each
// table. A row that no tracker of ours would make is left out on arrival. Pure.

import { toHex } from '../../foundation/base/bytes.js';
import { KEY_ID_SIZE, keyId, keyIdBytes, keyIdOf, PUBLIC_KEY_SIZE, publicKey } from '../../foundation/identity/keys.js';
import { POWERS_MAX } from '../../foundation/identity/powers.js';
import { isMemberName, MEMBER_NAME_MAX, STATEMENT_SIZE } from '../../foundation/identity/statement.js';
import { HOST_BYTES_MAX } from '../../foundation/torrent/address.js';
import { TRACKER_ID_SIZE } from '../../foundation/torrent/ids.js';
import { bytes, flag, listOf, text, tuple, u16, u32, type ValuesOf, whole } from '../../foundation/wire/schema.js';
import { INVITATION_COUNTERS_MAX, MEMBERSHIP_ROWS_MAX } from './limits.js';
import type { MembershipRow } from './records.js';

const HASH_SIZE = 16;
const seconds = whole(0, 2 ** 48 - 1);
const powers = whole(0, POWERS_MAX);
const id = bytes(KEY_ID_SIZE);
const most = MEMBERSHIP_ROWS_MAX;

export const membershipFields = {
  /** [[key, name, powers, by, version, invitation, host, at], …] */
  members: listOf(
    tuple(
      bytes(PUBLIC_KEY_SIZE),
      text(MEMBER_NAME_MAX),
      powers,
      id,
      u32,
      bytes(0, HASH_SIZE),
      text(HOST_BYTES_MAX),
      seconds,
    ),
    most,
  ),
  /** [[member, version, isBanned], …] */
  bans: listOf(tuple(id, u32, flag), most),
  /** [[hash, powers, by, uses, end, isVoid, [[tracker, times], …]], …] */
  invitations: listOf(
    tuple(
      bytes(HASH_SIZE),
      powers,
      id,
      u16,
      seconds,
      flag,
      listOf(tuple(bytes(TRACKER_ID_SIZE), u32), INVITATION_COUNTERS_MAX),
    ),
    most,
  ),
  /** The root's statements. */
  withdrawals: listOf(bytes(STATEMENT_SIZE), most),
};

export type MembershipFields = ValuesOf<typeof membershipFields>;

/** @param rows at most MEMBERSHIP_ROWS_MAX. */
export function membershipFieldsOf(rows: readonly MembershipRow[]): MembershipFields {
  const members: MembershipFields['members'][number][] = [];
  const bans: MembershipFields['bans'][number][] = [];
  const invitations: MembershipFields['invitations'][number][] = [];
  const withdrawals: Uint8Array[] = [];
  for (const row of rows) {
    if (row.is === 'member') {
      const invitation = Buffer.from(row.invitation, 'hex');
      members.push([row.key, row.name, row.powers, keyIdBytes(row.by), row.version, invitation, row.host, row.atS]);
    } else if (row.is === 'ban') bans.push([keyIdBytes(row.member), row.version, row.isBanned]);
    else if (row.is === 'withdrawal') withdrawals.push(row.statement);
    else {
      const used = row.used.slice(0, INVITATION_COUNTERS_MAX);
      const counters = used.map(([tracker, times]) => [Buffer.from(tracker, 'hex'), times] as const);
      const terms = [Buffer.from(row.hash, 'hex'), row.powers, keyIdBytes(row.by), row.uses, row.endS] as const;
      invitations.push([...terms, row.isVoid, counters]);
    }
  }
  return { members, bans, invitations, withdrawals };
}

/** Own what they hold. */
export function membershipRowsOf({ members, bans, invitations, withdrawals }: MembershipFields): MembershipRow[] {
  const rows: MembershipRow[] = [];
  for (const [key, name, bits, by, version, invitation, host, atS] of members) {
    if (!isMemberName(name) || (invitation.length !== 0 && invitation.length !== HASH_SIZE)) continue;
    const own = publicKey(Uint8Array.from(key));
    const whose = { id: keyIdOf(own), key: own, name, powers: bits, by: keyId(by) };
    rows.push({ is: 'member', ...whose, version, invitation: toHex(invitation), host, atS });
  }
  for (const [member, version, isBanned] of bans) rows.push({ is: 'ban', member: keyId(member), version, isBanned });
  for (const [hash, bits, by, uses, endS, isVoid, counters] of invitations) {
    const used = counters.map(([tracker, times]) => [toHex(tracker), times] as const);
    const terms = { hash: toHex(hash), powers: bits, by: keyId(by), uses, endS, isVoid };
    rows.push({ is: 'invitation', ...terms, used: used.sort(([a], [b]) => (a < b ? -1 : 1)) });
  }
  for (const statement of withdrawals) rows.push({ is: 'withdrawal', statement: Uint8Array.from(statement) });
  return rows;
}
