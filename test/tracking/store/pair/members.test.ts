// What a pair tells each other of a closed swarm's members: news at once, whole tables where sums differ, and both end
// with the same, whatever was lost on the way.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { keyIdOf } from '../../../../src/foundation/identity/keys.js';
import { Standing } from '../../../../src/foundation/identity/standing.js';
import { MEMBERSHIP_ROWS_MAX } from '../../../../src/tracking/membership/limits.js';
import { Membership } from '../../../../src/tracking/membership/membership.js';
import type { MembershipRow } from '../../../../src/tracking/membership/records.js';
import { membershipFieldsOf } from '../../../../src/tracking/membership/rows.js';
import { MEMBERSHIP_NEWS_MAX, MEMBERSHIP_RETRY_MS } from '../../../../src/tracking/store/pair/limits.js';
import { MemberArrivals } from '../../../../src/tracking/store/pair/member-arrivals.js';
import { MemberFeed } from '../../../../src/tracking/store/pair/member-feed.js';
import { leaderMessages } from '../../../../src/tracking/store/pair/messages.js';
import { keyOf, ROOT, TRACKER, withdrawal } from '../../../support/cards.js';

const BY = keyIdOf(TRACKER.publicKey);

const rows: fc.Arbitrary<MembershipRow> = fc.oneof(
  fc
    .record({ seed: fc.integer({ min: 20, max: 24 }), version: fc.nat(3), powers: fc.constantFrom(1, 3, 15) })
    .map(({ seed, version, powers }): MembershipRow => {
      const key = keyOf(seed).publicKey;
      const from = { by: BY, invitation: '', host: '10.0.0.1', atS: version } as const;
      return { is: 'member', id: keyIdOf(key), key, name: `m-${seed}`, powers, version, ...from };
    }),
  fc
    .record({ seed: fc.integer({ min: 20, max: 24 }), version: fc.integer({ min: 1, max: 3 }), isBanned: fc.boolean() })
    .map(
      ({ seed, version, isBanned }): MembershipRow => ({
        is: 'ban',
        member: keyIdOf(keyOf(seed).publicKey),
        version,
        isBanned,
      }),
    ),
  fc
    .record({ hash: fc.integer({ min: 1, max: 3 }), times: fc.integer({ min: 1, max: 4 }), isVoid: fc.boolean() })
    .map(({ hash, times, isVoid }): MembershipRow => {
      const used = [[String(hash).repeat(32), times]] as const;
      return { is: 'invitation', hash: `0${hash}`.repeat(16), powers: 3, by: BY, uses: 9, endS: 9, isVoid, used };
    }),
  fc.constant<MembershipRow>({ is: 'withdrawal', statement: withdrawal() }),
);

/** One direction of a pair, its messages through their codec. */
class Direction {
  readonly from = new Membership(new Standing(ROOT.publicKey));
  readonly to = new Membership(new Standing(ROOT.publicKey));
  #feed = new MemberFeed(this.from);
  readonly #arrivals = new MemberArrivals(this.to);
  #frame = 0;

  constructor() {
    this.from.observe((row) => this.#feed.add(row));
  }

  reconnect(): void {
    this.#feed = new MemberFeed(this.from);
    this.#arrivals.startOver();
  }

  /** Tells what waits. @param isLost the connection ends before it arrives. */
  tell(isLost = false): number {
    let count = 0;
    for (let told = this.#feed.next(); told.length > 0; told = this.#feed.next()) {
      assert.ok(told.length <= MEMBERSHIP_ROWS_MAX);
      this.#frame += 1;
      count += told.length;
      const frame = leaderMessages.encode({ kind: 'membership', frame: this.#frame, ...membershipFieldsOf(told) });
      const heard = leaderMessages.decode(Uint8Array.from(frame));
      assert.ok(heard.kind === 'membership');
      if (!isLost) for (const { row } of this.#arrivals.newsIn(heard)) this.to.apply(row, true);
    }
    return count;
  }

  /** A look at the sums; answers the tables that are told again. */
  look(nowMs: number): number {
    this.#arrivals.digestCame(this.#frame, this.from.digest());
    const tables = this.#arrivals.compare(this.#frame, nowMs);
    this.#feed.addTables(tables);
    return tables.length;
  }

  get isEqual(): boolean {
    return Buffer.compare(this.from.digest(), this.to.digest()) === 0;
  }
}

test('whatever was lost, a look on a new connection and what follows from it make both the same', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(rows, fc.boolean()), { maxLength: 25 }), (steps) => {
      const direction = new Direction();
      for (const [row, isLost] of steps) {
        direction.from.apply(row);
        direction.tell(isLost);
        if (isLost) direction.reconnect();
      }
      direction.reconnect();
      direction.look(0);
      direction.tell();
      assert.equal(direction.isEqual, true);
      assert.equal(direction.look(MEMBERSHIP_RETRY_MS), 0, 'equal tables are not asked for');
    }),
    { numRuns: 300 },
  );
});

test('news is told once, as it comes, and only news is written', () => {
  const direction = new Direction();
  const ban = { is: 'ban', member: BY, version: 1, isBanned: true } as const;
  direction.from.apply(ban);
  assert.equal(direction.tell(), 1);
  assert.equal(direction.isEqual, true);
  direction.from.apply(ban);
  assert.equal(direction.tell(), 0);
});

test('one difference on a connection that has looked is waited for; at two in a row the table is asked for, now and then', () => {
  const direction = new Direction();
  direction.look(0);
  direction.from.apply({ is: 'ban', member: BY, version: 1, isBanned: true });
  direction.tell(true);
  assert.equal(direction.look(2_000), 0, 'it may be on its way');
  assert.equal(direction.look(4_000), 1);
  assert.equal(direction.look(6_000), 0, 'it was asked for');
  assert.equal(direction.look(4_000 + MEMBERSHIP_RETRY_MS), 1);
  direction.tell();
  assert.equal(direction.isEqual, true);
});

test('more news than may wait becomes whole tables', () => {
  const direction = new Direction();
  for (let number = 0; number <= MEMBERSHIP_NEWS_MAX; number += 1) {
    const member = keyIdOf(keyOf(1).publicKey).replace(/.{8}$/, number.toString(16).padStart(8, '0')) as typeof BY;
    direction.from.apply({ is: 'ban', member, version: 1, isBanned: true });
  }
  assert.equal(direction.tell(), MEMBERSHIP_NEWS_MAX + 1);
  assert.equal(direction.isEqual, true);
});
