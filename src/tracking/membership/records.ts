// What a pair of trackers keeps of a closed swarm: members, bans, invitations and withdrawn trackers, as rows of which
// each may come in any order and again. Two rows of one thing always merge to the same one, without a clock. Pure.

import type { Ban } from '../../foundation/identity/bans.js';
import type { KeyId, PublicKey } from '../../foundation/identity/keys.js';

export interface MemberRecord {
  readonly id: KeyId;
  readonly key: PublicKey;
  readonly name: string;
  /** Bits of `POWERS`. */
  readonly powers: number;
  /** The tracker that admitted it. */
  readonly by: KeyId;
  /** Grows with each admission; 0: learned from its card. Whether it is banned has a version of its own. */
  readonly version: number;
  /** Hash of what it joined by; '' when nobody remembers. */
  readonly invitation: InvitationHash | '';
  /** From where it joined, and when, in seconds since 1970: for people. */
  readonly host: string;
  readonly atS: number;
}

/** First 16 bytes of SHA-256 over an invitation's secret, which no tracker keeps; lower-case hex. */
export type InvitationHash = string & { readonly brand?: 'InvitationHash' };

export interface InvitationRecord {
  readonly hash: InvitationHash;
  /** Of whoever joins by it. */
  readonly powers: number;
  /** The member who made it. */
  readonly by: KeyId;
  readonly uses: number;
  /** Seconds since 1970. */
  readonly endS: number;
  /** Whoever made it was banned; stays so. */
  readonly isVoid: boolean;
  /** How often each tracker has honoured it, by the id of its list in hex; sorted by that. */
  readonly used: readonly (readonly [tracker: string, times: number])[];
}

export type MembershipRow =
  | ({ readonly is: 'member' } & MemberRecord)
  | ({ readonly is: 'ban' } & Ban)
  | ({ readonly is: 'invitation' } & InvitationRecord)
  /** `statement`: the root's. */
  | { readonly is: 'withdrawal'; readonly statement: Uint8Array };

/** The higher version; of two with one version, which a partition may make, the greater by its other fields. */
export function mergedMember(a: MemberRecord, b: MemberRecord): MemberRecord {
  return compareLists(fieldsOf(a), fieldsOf(b)) >= 0 ? a : b;
}

/** Uses are counted by each tracker and added, so no order of news loses one. */
export function mergedInvitation(a: InvitationRecord, b: InvitationRecord): InvitationRecord {
  const terms = compareLists(termsOf(a), termsOf(b)) >= 0 ? a : b;
  const used = new Map(a.used);
  for (const [tracker, times] of b.used) used.set(tracker, Math.max(times, used.get(tracker) ?? 0));
  return { ...terms, isVoid: a.isVoid || b.isVoid, used: [...used].sort(([x], [y]) => (x < y ? -1 : 1)) };
}

export function usesOf({ used }: InvitationRecord): number {
  return used.reduce((sum, [, times]) => sum + times, 0);
}

/** One use more at this tracker. */
export function usedOnce(invitation: InvitationRecord, tracker: string): InvitationRecord {
  const times = new Map(invitation.used).get(tracker) ?? 0;
  return mergedInvitation(invitation, { ...invitation, used: [[tracker, times + 1]] });
}

export function isSameMember(a: MemberRecord, b: MemberRecord): boolean {
  return compareLists(fieldsOf(a), fieldsOf(b)) === 0;
}

export function isSameInvitation(a: InvitationRecord, b: InvitationRecord): boolean {
  return (
    a.isVoid === b.isVoid && compareLists([...termsOf(a), ...a.used.flat()], [...termsOf(b), ...b.used.flat()]) === 0
  );
}

type Fields = readonly (string | number)[];

/** In the order of the statement `members` of the store, which decides alike. */
function fieldsOf({ version, name, powers, by, invitation, host, atS }: MemberRecord): Fields {
  return [version, name, powers, by, invitation, host, atS];
}

function termsOf({ powers, by, uses, endS }: InvitationRecord): Fields {
  return [powers, by, uses, endS];
}

function compareLists(a: Fields, b: Fields): number {
  for (const [at, ours] of a.entries()) {
    const theirs = b[at];
    if (theirs === undefined) return 1;
    if (ours !== theirs) return ours < theirs ? -1 : 1;
  }
  return a.length - b.length;
}

/** As it is committed and replicated. Whether it changes anything is decided where it is merged. */
export interface MembershipChange {
  readonly kind: 'membership';
  readonly row: MembershipRow;
}

export function changesOf(rows: readonly MembershipRow[]): readonly MembershipChange[] {
  return rows.map((row) => ({ kind: 'membership', row }));
}

/** Who is shut out must fit on a full disk; who is let in need not. */
export function isShuttingOut({ row }: MembershipChange): boolean {
  return row.is === 'ban' || row.is === 'withdrawal';
}
