// What people read of a closed swarm: who is a member, whom a name means, who was told of a ban; and which roles may be
// typed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberLines, toldText, whichMember } from '../../../../src/app/cli/swarm/members.js';
import { INVITED_ROLES, MEMBER_ROLES } from '../../../../src/app/cli/swarm/roles.js';
import { agoText, timeText } from '../../../../src/app/cli/swarm/words.js';
import type { MemberRow } from '../../../../src/client/administration/questions.js';
import { MiniTorrentError } from '../../../../src/foundation/base/errors.js';
import { keyIdOf, SecretKey, shortName } from '../../../../src/foundation/identity/keys.js';
import { ROLES } from '../../../../src/foundation/identity/powers.js';

function member(seed: number, name: string, more: Partial<MemberRow> = {}): MemberRow {
  const key = SecretKey.ofSeed(new Uint8Array(32).fill(seed)).publicKey;
  const id = keyIdOf(key);
  return { id, key, name, powers: 3, by: id, isBanned: false, seenSecondsAgo: 5, address: '192.0.2.7', ...more };
}

const ADA = member(1, 'ada@node1', { powers: 15 });
const BOB = member(2, 'bob@node3', { seenSecondsAgo: undefined, isBanned: true, address: '' });

test('roles are those that powers have, and a tracker is invited only', () => {
  assert.deepEqual([...INVITED_ROLES].sort(), Object.keys(ROLES).sort());
  assert.deepEqual([...MEMBER_ROLES, 'tracker'], [...INVITED_ROLES]);
});

test('members are shown in columns, a banned one as banned', () => {
  const short = [ADA, BOB].map(({ id }) => shortName(id));
  assert.deepEqual(memberLines([ADA, BOB]), [
    'name       key       role    admitted by  seen                           from',
    `ada@node1  ${short[0]}  admin   ${short[0]}     now                            192.0.2.7`,
    `bob@node3  ${short[1]}  banned  ${short[1]}     not since the tracker started`,
  ]);
});

test('a member is named by its whole name, or by the letters of its key', () => {
  assert.equal(whichMember('bob@node3', [ADA, BOB]), BOB);
  assert.equal(whichMember(shortName(ADA.id).slice(0, 5), [ADA, BOB]), ADA);
  for (const [text, code, what] of [
    ['bob', 'NOT_LISTED', /no member is called "bob"/],
    ['\u001b[2J', 'NOT_LISTED', /"\\u\{1b\}\[2J"/],
    ['', 'INVALID_ARGUMENTS', /may be several members/],
  ] as const)
    assert.throws(() => whichMember(text, [ADA, BOB]), { code, message: what });
  assert.throws(() => whichMember('two', [member(3, 'two'), member(4, 'two')]), /name one by its key/);
});

test('a ban says who knows, and who will hear of it later', () => {
  const tracker = { host: '192.0.2.11', port: 7001 };
  const other = { host: '192.0.2.12', port: 7001 };
  assert.equal(
    toldText(
      [
        { tracker, clients: 400 },
        { tracker: other, clients: 12 },
      ],
      0.41,
    ),
    'both trackers know; 412 clients were told, in 0.4 s',
  );
  assert.equal(
    toldText(
      [
        { tracker, clients: 1 },
        { tracker: other, failure: new MiniTorrentError('NO_TRACKER', '') },
      ],
      2,
    ),
    '1 client was told, in 2.0 s; 192.0.2.12:7001 does not answer: it is told when it is back',
  );
});

test('a time of today is shown without its day', () => {
  const now = new Date(2026, 4, 3, 14, 2);
  assert.equal(timeText(new Date(2026, 4, 3, 15, 5).getTime() / 1000, now), '15:05');
  assert.equal(timeText(new Date(2026, 4, 13, 15, 5).getTime() / 1000, now), '13 May 15:05');
  assert.equal(timeText(new Date(2027, 4, 13, 15, 5).getTime() / 1000, now), '13 May 2027 15:05');
  assert.deepEqual([59, 60, 3_600, 172_800].map(agoText), ['now', '1 min ago', '1 h ago', '2 d ago']);
});
