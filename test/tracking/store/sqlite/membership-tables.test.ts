// A closed swarm's membership on the disk: what was committed is loaded as memory has it, whatever the order of rows
// and however often they come, and a list of before gets its tables.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { Standing } from '../../../../src/foundation/identity/standing.js';
import { MEMBERSHIP_ROWS_MAX } from '../../../../src/tracking/membership/limits.js';
import { Membership } from '../../../../src/tracking/membership/membership.js';
import type { MembershipRow } from '../../../../src/tracking/membership/records.js';
import { membershipFieldsOf, membershipRowsOf } from '../../../../src/tracking/membership/rows.js';
import { storeCommandsOf } from '../../../../src/tracking/store/sqlite/rows.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { cases } from '../../../support/cases.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { anyRow, contentOf, rowText } from '../../membership/any-rows.js';
import { Half, ROOT } from '../../membership/closed-pair.js';

function loaded(store: SeederStore): Membership {
  const membership = new Membership(new Standing(ROOT.publicKey));
  for (const fields of store.membership.load()) for (const row of membershipRowsOf(fields)) membership.apply(row);
  return membership;
}

function commit(store: SeederStore, rows: readonly MembershipRow[]): void {
  const changes = rows.map((row) => ({ kind: 'membership', row }) as const);
  assert.equal(store.commit(storeCommandsOf(changes), 1, 1), undefined);
}

test('rows on the disk merge as those in memory', (t) => {
  const directory = temporaryDirectory(t);
  let lists = 0;
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 12 }), (rows) => {
      lists += 1;
      const path = join(directory, `list-${lists}`);
      const store = SeederStore.open(path);
      for (const row of rows) commit(store, [row]);
      commit(store, rows);
      const membership = new Membership(new Standing(ROOT.publicKey));
      for (const row of rows) membership.apply(row);
      assert.equal(contentOf(loaded(store)), contentOf(membership));
      store.close();
    }),
    { numRuns: cases(25) },
  );
});

test('a thousand members are loaded again after the list was closed', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  const half = new Half(2);
  for (let seed = 100; seed < 100 + MEMBERSHIP_ROWS_MAX * 3; seed += 1) half.member(seed);
  const store = SeederStore.open(path);
  commit(store, [...half.membership.rows('member')]);
  store.close();
  const again = SeederStore.open(path);
  assert.deepEqual(loaded(again).digest(), half.membership.digest());
  again.close();
});

test('an invitation that ended a day ago is forgotten at the next start, and nothing else', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  const half = new Half(2);
  const { id: by } = half.member(50);
  const terms = { powers: 3, by, uses: 1, isVoid: false, used: [['aa'.repeat(16), 1]] as const };
  const store = SeederStore.open(path);
  const day = 24 * 3600;
  const ended = { is: 'invitation', hash: '11'.repeat(16), endS: 10 * day, ...terms } as const;
  commit(store, [...half.membership.rows('member'), ended, { ...ended, hash: '22'.repeat(16), endS: 12 * day }]);
  store.resume(12 * day * 1000);
  const { members, invitations } = loaded(store);
  assert.deepEqual(
    [...invitations].map(({ hash }) => hash),
    ['22'.repeat(16)],
  );
  assert.equal(members.size, 1);
  store.close();
});

test('a list of version 4 gets the tables of a closed swarm, and the list of before is kept', (t) => {
  const path = join(temporaryDirectory(t), 'list');
  SeederStore.open(path).close();
  const Database = createRequire(import.meta.url)('libsql');
  const old = new Database(path);
  const tables = ['members', 'bans', 'invitations', 'invitation_uses', 'withdrawals'];
  old.exec(`${tables.map((table) => `drop table ${table};`).join(' ')} pragma user_version = 4`);
  old.close();
  const store = SeederStore.open(path);
  assert.ok(existsSync(`${path}.format-4`));
  const half = new Half(2);
  half.member(50);
  commit(store, [...half.membership.rows('member')]);
  assert.equal(loaded(store).members.size, 1);
  store.close();
});

test('rows go over the wire and come back as they were', () => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 20 }), (rows) => {
      const back = membershipRowsOf(membershipFieldsOf(rows));
      const sorted = (all: readonly MembershipRow[]): string[] => all.map(rowText).sort();
      assert.deepEqual(sorted(back), sorted(rows));
    }),
    { numRuns: cases(500) },
  );
});
