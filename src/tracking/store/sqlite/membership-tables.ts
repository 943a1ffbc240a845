// The membership of a closed swarm in the seeder list: four tables, whose statements merge as `membership/records.ts`
// does. In an open swarm they are empty.

import { keyIdBytes, keyIdOf } from '../../../foundation/identity/keys.js';
import { parseStatement } from '../../../foundation/identity/statement.js';
import { INVITATION_KEPT_S, MEMBERSHIP_ROWS_MAX } from '../../membership/limits.js';
import { type MembershipFields, membershipFieldsOf, membershipRowsOf } from '../../membership/rows.js';
import type { Database, Statement } from './database.js';

const MEMBER_ORDER = ['version', 'name', 'powers', 'admitted_by', 'invitation', 'host', 'at_s'];
const TERMS = ['powers', 'invited_by', 'uses', 'end_s'];

/** Of the excluded row and the known one, in the order of their fields. */
function isGreater(table: string, columns: readonly string[]): string {
  const of = (whose: string): string => columns.map((column) => `${whose}.${column}`).join(', ');
  return `(${of('excluded')}) > (${of(table)})`;
}

function taken(columns: readonly string[]): string {
  return columns.map((column) => `${column} = excluded.${column}`).join(', ');
}

const MEMBERSHIP_STATEMENTS = {
  member: `insert into members (member, public_key, ${MEMBER_ORDER.join(', ')}) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    on conflict (member) do update set ${taken(MEMBER_ORDER)} where ${isGreater('members', MEMBER_ORDER)}`,
  ban: `insert into bans (member, version, banned) values (?1, ?2, ?3)
    on conflict (member) do update set version = excluded.version, banned = excluded.banned
    where ${isGreater('bans', ['version', 'banned'])}`,
  invitation: `insert into invitations (hash, ${TERMS.join(', ')}) values (?1, ?2, ?3, ?4, ?5)
    on conflict (hash) do update set ${taken(TERMS)} where ${isGreater('invitations', TERMS)}`,
  voidInvitation: 'update invitations set void = max(void, ?2) where hash = ?1',
  use: `insert into invitation_uses (hash, tracker, times) values (?1, ?2, ?3)
    on conflict (hash, tracker) do update set times = max(invitation_uses.times, excluded.times)`,
  withdrawal: 'insert into withdrawals (tracker, statement) values (?1, ?2) on conflict (tracker) do nothing',
  loadMembers: `select public_key, name, powers, admitted_by, version, invitation, host, at_s from members`,
  loadBans: 'select member, version, banned from bans',
  loadInvitations: `select hash, powers, invited_by, uses, end_s, void,
    (select json_group_array(json_array(lower(hex(tracker)), times)) from invitation_uses u where u.hash = i.hash)
    from invitations i`,
  loadWithdrawals: 'select statement from withdrawals',
} as const;

type MembershipStatement = keyof typeof MEMBERSHIP_STATEMENTS;
type Loaded<K extends keyof MembershipFields> = MembershipFields[K][number];
/** The columns of `loadMembers`. */
type LoadedMember = readonly [Uint8Array, string, number, Uint8Array, number, Uint8Array, string, number];

export class MembershipTables {
  readonly #database: Database;
  readonly #prepared = new Map<MembershipStatement, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** In the transaction that is open. */
  write(fields: MembershipFields): void {
    // With their ids, which follow from their keys.
    for (const row of membershipRowsOf(fields))
      if (row.is === 'member') {
        const { id, key, version, name, powers, by, invitation, host, atS } = row;
        const hash = Buffer.from(invitation, 'hex');
        this.#statement('member').run(keyIdBytes(id), key, version, name, powers, keyIdBytes(by), hash, host, atS);
      }
    for (const { member, version, isBanned } of fields.bans)
      this.#statement('ban').run(member, version, isBanned ? 1 : 0);
    for (const { hash, powers, by, uses, endS, isVoid, used } of fields.invitations) {
      this.#statement('invitation').run(hash, powers, by, uses, endS);
      this.#statement('voidInvitation').run(hash, isVoid ? 1 : 0);
      for (const [tracker, times] of used) this.#statement('use').run(hash, tracker, times);
    }
    for (const statement of fields.withdrawals) {
      const said = parseStatement(statement);
      if (said !== undefined) this.#statement('withdrawal').run(keyIdBytes(keyIdOf(said.key)), statement);
    }
  }

  /** At the start: what nobody asks for any more goes. @param wallMs since 1970. */
  forgetEnded(wallMs: number): void {
    const endS = Math.floor(wallMs / 1000) - INVITATION_KEPT_S;
    this.#database.exec(`delete from invitation_uses where hash in (select hash from invitations where end_s < ${endS});
      delete from invitations where end_s < ${endS}`);
  }

  /** Everything, in parts of at most MEMBERSHIP_ROWS_MAX rows of one table. */
  *load(): Generator<MembershipFields> {
    const none = membershipFieldsOf([]);
    for (const members of this.#batches('loadMembers', memberOf)) yield { ...none, members };
    for (const bans of this.#batches('loadBans', banOf)) yield { ...none, bans };
    for (const invitations of this.#batches('loadInvitations', invitationOf)) yield { ...none, invitations };
    for (const withdrawals of this.#batches('loadWithdrawals', ([statement]) => statement as Uint8Array))
      yield { ...none, withdrawals };
  }

  *#batches<T>(name: MembershipStatement, rowOf: (row: readonly unknown[]) => T): Generator<readonly T[]> {
    let batch: T[] = [];
    for (const row of this.#statement(name).raw().iterate()) {
      batch.push(rowOf((row as readonly unknown[]).map(ownBytes)));
      if (batch.length < MEMBERSHIP_ROWS_MAX) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Prepared when it is needed first: an open swarm pays nothing. */
  #statement(name: MembershipStatement): Statement {
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const prepared = this.#database.prepare(MEMBERSHIP_STATEMENTS[name]);
    this.#prepared.set(name, prepared);
    return prepared;
  }
}

function memberOf(row: readonly unknown[]): Loaded<'members'> {
  const [key, name, powers, by, version, invitation, host, atS] = row as LoadedMember;
  return { key, name, powers, by, version, invitation, host, atS };
}

function banOf([member, version, isBanned]: readonly unknown[]): Loaded<'bans'> {
  return { member: member as Uint8Array, version: Number(version), isBanned: isBanned === 1 };
}

function invitationOf([hash, powers, by, uses, endS, isVoid, used]: readonly unknown[]): Loaded<'invitations'> {
  const counters = (JSON.parse(String(used)) as readonly (readonly [string, number])[]).map(
    ([tracker, times]) => [Buffer.from(tracker, 'hex'), times] as const,
  );
  const terms = { powers: Number(powers), uses: Number(uses), endS: Number(endS), isVoid: isVoid === 1 };
  return { hash: hash as Uint8Array, by: by as Uint8Array, ...terms, used: counters };
}

/** SQLite's blobs come as buffers, and codecs take bytes that are whole. */
function ownBytes(value: unknown): unknown {
  return value instanceof Uint8Array || value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}
