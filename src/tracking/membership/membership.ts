// All that a tracker knows of a closed swarm, as the store has it: its members, bans, invitations and withdrawn
// trackers. Rows come from requests, from the disk and from the partner, and are merged alike. Pure.

import { createHash } from 'node:crypto';
import type { Member } from '../../foundation/identity/gate.js';
import { type KeyId, keyIdOf } from '../../foundation/identity/keys.js';
import { BANS_MAX } from '../../foundation/identity/limits.js';
import type { Standing } from '../../foundation/identity/standing.js';
import { isStatementOf, parseStatement } from '../../foundation/identity/statement.js';
import { Invitations } from './invitations.js';
import { Members } from './members.js';
import type { MembershipRow } from './records.js';
import { ROW_SUM_SIZE } from './row-sums.js';

/** Of the tables, in this order; each has ROW_SUM_SIZE bytes of the digest. */
export const MEMBERSHIP_TABLES = ['member', 'ban', 'invitation', 'withdrawal'] as const;
export type MembershipTable = MembershipRow['is'];
export const MEMBERSHIP_DIGEST_SIZE = MEMBERSHIP_TABLES.length * ROW_SUM_SIZE;

export class Membership {
  /** What the gate of this process asks: shared with it, so that a ban holds as soon as it is applied. */
  readonly standing: Standing;
  readonly members = new Members();
  readonly invitations = new Invitations();
  readonly #onNews: Set<(row: MembershipRow, isPartners: boolean) => void> = new Set();

  constructor(standing: Standing) {
    this.standing = standing;
  }

  /** @param onNews called for each row that `apply` took. */
  observe(onNews: (row: MembershipRow, isPartners: boolean) => void): void {
    this.#onNews.add(onNews);
  }

  /** What a card says, as far as no later admission says less. */
  powersOf({ id, powers }: Member): number {
    return powers & (this.members.get(id)?.powers ?? powers);
  }

  isActive(id: KeyId): boolean {
    return this.members.get(id) !== undefined && !this.standing.bans.isBanned(id);
  }

  /** Whether it would change anything. What the root did not sign never does. */
  isNews(row: MembershipRow): boolean {
    switch (row.is) {
      case 'member':
        return this.members.isNews(row);
      case 'invitation':
        return this.invitations.isNews(row);
      case 'ban': {
        const known = this.standing.bans.of(row.member);
        if (known === undefined) return this.standing.bans.size < BANS_MAX;
        return row.version > known.version || (row.version === known.version && row.isBanned && !known.isBanned);
      }
      case 'withdrawal':
        return this.#isWithdrawalNews(row.statement);
    }
  }

  /** What is durable. @param isPartners the partner told it. */
  apply(row: MembershipRow, isPartners = false): boolean {
    if (!this.#merge(row)) return false;
    for (const onNews of this.#onNews) onNews(row, isPartners);
    return true;
  }

  *rows(table: MembershipTable): Generator<MembershipRow> {
    if (table === 'member') for (const record of this.members) yield { is: 'member', ...record };
    else if (table === 'ban') for (const ban of this.standing.bans) yield { is: 'ban', ...ban };
    else if (table === 'invitation') for (const record of this.invitations) yield { is: 'invitation', ...record };
    else for (const statement of this.standing.withdrawals) yield { is: 'withdrawal', statement };
  }

  /** MEMBERSHIP_DIGEST_SIZE bytes. */
  digest(): Uint8Array {
    const withdrawn = createHash('sha256').update(this.#withdrawnKeys().join(' ')).digest();
    return Buffer.concat([
      this.members.digest,
      this.standing.bans.digest(),
      this.invitations.digest,
      withdrawn.subarray(0, ROW_SUM_SIZE),
    ]);
  }

  #merge(row: MembershipRow): boolean {
    switch (row.is) {
      case 'member':
        return this.members.apply(row);
      case 'invitation':
        return this.invitations.apply(row);
      case 'ban':
        return this.standing.bans.add({ member: row.member, version: row.version, isBanned: row.isBanned });
      case 'withdrawal':
        return this.standing.withdraw(row.statement) !== undefined;
    }
  }

  #isWithdrawalNews(statement: Uint8Array): boolean {
    const { root } = this.standing;
    const said = parseStatement(statement);
    if (said?.kind !== 'withdrawn' || this.standing.isWithdrawn(keyIdOf(said.key))) return false;
    return isStatementOf(root, root, statement);
  }

  /** Two statements of one tracker say the same. */
  #withdrawnKeys(): string[] {
    return this.standing.withdrawals
      .flatMap((statement) => {
        const said = parseStatement(statement);
        return said === undefined ? [] : [keyIdOf(said.key)];
      })
      .sort();
  }
}
