// Rows of membership as messages carry them, between two trackers and to the thread of the list: one field for each
// table. A row that no tracker of ours would make is left out on arrival. Pure.

import { toHex } from '../../foundation/base/bytes.js';
import { KEY_ID_SIZE, keyId, keyIdBytes, keyIdOf, PUBLIC_KEY_SIZE, publicKey } from '../../foundation/identity/keys.js';
import { POWERS_MAX } from '../../foundation/identity/powers.js';
import { isMemberName, MEMBER_NAME_MAX, STATEMENT_SIZE } from '../../foundation/identity/statement.js';
import { HOST_BYTES_MAX } from '../../foundation/torrent/address.js';
import { TRACKER_ID_SIZE } from '../../foundation/torrent/ids.js';
import {
  bytes,
  flag,
  listOf,
  record,
  text,
  tuple,
  u16,
  u32,
  type ValuesOf,
  whole,
} from '../../foundation/wire/schema.js';
import { INVITATION_COUNTERS_MAX, MEMBERSHIP_ROWS_MAX } from './limits.js';
import type { MembershipRow } from './records.js';

const HASH_SIZE = 16;
const seconds = whole(0, 2 ** 48 - 1);
const powers = whole(0, POWERS_MAX);
const id = bytes(KEY_ID_SIZE);
const most = MEMBERSHIP_ROWS_MAX;

export const membershipFields = {
  members: listOf(
    record({
      key: bytes(PUBLIC_KEY_SIZE),
      name: text(MEMBER_NAME_MAX),
      powers,
      by: id,
      version: u32,
      /** Empty: it was made without one. */
      invitation: bytes(0, HASH_SIZE),
      host: text(HOST_BYTES_MAX),
      atS: seconds,
    }),
    most,
  ),
  bans: listOf(record({ member: id, version: u32, isBanned: flag }), most),
  invitations: listOf(
    record({
      hash: bytes(HASH_SIZE),
      powers,
      by: id,
      uses: u16,
      endS: seconds,
      isVoid: flag,
      /** How often it was used at which tracker. */
      used: listOf(tuple(bytes(TRACKER_ID_SIZE), u32), INVITATION_COUNTERS_MAX),
    }),
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
    if (row.is === 'member')
      members.push({ ...row, by: keyIdBytes(row.by), invitation: Buffer.from(row.invitation, 'hex') });
    else if (row.is === 'ban') bans.push({ ...row, member: keyIdBytes(row.member) });
    else if (row.is === 'withdrawal') withdrawals.push(row.statement);
    else {
      const counters = row.used.slice(0, INVITATION_COUNTERS_MAX);
      const used = counters.map(([tracker, times]) => [Buffer.from(tracker, 'hex'), times] as const);
      invitations.push({ ...row, hash: Buffer.from(row.hash, 'hex'), by: keyIdBytes(row.by), used });
    }
  }
  return { members, bans, invitations, withdrawals };
}

/** Own what they hold. */
export function membershipRowsOf({ members, bans, invitations, withdrawals }: MembershipFields): MembershipRow[] {
  const rows: MembershipRow[] = [];
  for (const { key, by, invitation, ...member } of members) {
    if (!isMemberName(member.name) || (invitation.length !== 0 && invitation.length !== HASH_SIZE)) continue;
    const own = publicKey(Uint8Array.from(key));
    const whose = { id: keyIdOf(own), key: own, by: keyId(by) };
    rows.push({ is: 'member', ...member, ...whose, invitation: toHex(invitation) });
  }
  for (const { member, ...ban } of bans) rows.push({ is: 'ban', ...ban, member: keyId(member) });
  for (const { hash, by, used, ...terms } of invitations) {
    const counters = used.map(([tracker, times]) => [toHex(tracker), times] as const);
    const inOrder = counters.sort(([a], [b]) => (a < b ? -1 : 1));
    rows.push({ is: 'invitation', ...terms, hash: toHex(hash), by: keyId(by), used: inOrder });
  }
  for (const statement of withdrawals) rows.push({ is: 'withdrawal', statement: Uint8Array.from(statement) });
  return rows;
}
