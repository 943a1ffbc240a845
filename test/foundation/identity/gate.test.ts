// The gate: nobody comes in who fails any of its six checks, whatever else is right; each refusal has its own code.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cardOf, noCard } from '../../../src/foundation/identity/card.js';
import { type GateRefusal, judge, type Need, type Verdict } from '../../../src/foundation/identity/gate.js';
import { keyIdOf, type SecretKey } from '../../../src/foundation/identity/keys.js';
import { POWERS, ROLES } from '../../../src/foundation/identity/powers.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import {
  certificateOf,
  keyOf,
  MEMBER,
  MEMBER_CARD,
  memberStatement,
  OTHER_ROOT,
  OTHER_TRACKER,
  ROOT,
  THEN_S,
  TRACKER,
  TRACKER_CARD,
  trackerStatement,
  UNTIL_S,
  withdrawal,
} from '../../support/cards.js';

const NEEDS: readonly Need[] = ['track', 'fetch', 'peer', 'ask'];
const THEN = { ownS: THEN_S, trackerS: THEN_S };
const standing = (): Standing => new Standing(ROOT.publicKey);
const memberId = keyIdOf(MEMBER.publicKey);

function codeOf(verdict: Verdict): GateRefusal | 'member' | 'stranger' {
  return verdict.kind === 'refused' ? verdict.code : verdict.kind;
}

function judged(secret: SecretKey, card: Uint8Array, need: Need, who = standing(), clocks = THEN) {
  return codeOf(judge(certificateOf(secret, card), need, who, clocks));
}

test('a member comes in where its powers are enough, and a tracker where a tracker is needed', () => {
  assert.deepEqual(
    NEEDS.map((need) => judged(MEMBER, MEMBER_CARD, need)),
    ['noPower', 'member', 'member', 'member'],
  );
  assert.deepEqual(
    NEEDS.map((need) => judged(TRACKER, TRACKER_CARD, need)),
    ['member', 'noPower', 'member', 'member'],
  );
});

test('nobody is in without all six: key, signatures, withdrawal, ban, end and power in every combination', () => {
  for (let bits = 0; bits < 64; bits += 1) {
    const [keyWrong, rootWrong, withdrawn, banned, late, powerless] = [0, 1, 2, 3, 4, 5].map(
      (bit) => (bits & (1 << bit)) !== 0,
    );
    const powers = powerless ? POWERS.sign : ROLES.client;
    const root = rootWrong ? OTHER_ROOT : ROOT;
    const card = cardOf(trackerStatement(TRACKER, root), memberStatement({ powers }, TRACKER, root));
    const who = standing();
    if (withdrawn) who.withdraw(withdrawal());
    if (banned) who.bans.add({ member: memberId, version: 1, isBanned: true });
    const nowS = late ? UNTIL_S + 2 * 86_400 : THEN_S;
    const found = judged(keyWrong ? keyOf(7) : MEMBER, card, 'fetch', who, { ownS: nowS, trackerS: nowS });
    const expected = rootWrong
      ? 'otherSwarm'
      : keyWrong
        ? 'wrongKey'
        : withdrawn
          ? 'withdrawn'
          : banned
            ? 'banned'
            : late
              ? 'ranOut'
              : powerless
                ? 'noPower'
                : 'member';
    assert.equal(found, expected, `combination ${bits}`);
  }
});

test('who shows nothing, or a certificate of somebody else, is refused', () => {
  for (const need of NEEDS) {
    assert.equal(codeOf(judge(undefined, need, standing(), THEN)), 'noCertificate');
    assert.equal(codeOf(judge(new Uint8Array(613), need, standing(), THEN)), 'notOurs');
    assert.equal(judged(keyOf(7), MEMBER_CARD, need), 'wrongKey');
    assert.equal(judged(MEMBER, TRACKER_CARD, need), 'wrongKey');
  }
});

test('a statement in the place of another one is no card', () => {
  const [tracker, member] = [trackerStatement(), memberStatement()];
  const memberSaysMember = memberStatement({ key: keyOf(7).publicKey }, MEMBER);
  const memberAsTracker = memberStatement({ kind: 'tracker', powers: ROLES.tracker });
  const trackerSaysTracker = trackerStatement(MEMBER, TRACKER);
  const otherTracker = memberStatement({}, OTHER_TRACKER);
  for (const [name, card] of [
    ['the member first', cardOf(member, tracker)],
    ['two trackers', cardOf(tracker, tracker)],
    ['two members', cardOf(member, member)],
    ['a member alone', cardOf(member)],
    ['zeros, then a member', cardOf(new Uint8Array(179), member)],
    ['a member that admits', cardOf(tracker, memberSaysMember)],
    ['a tracker of a tracker', cardOf(tracker, memberAsTracker)],
    ['a tracker whom a tracker made', cardOf(trackerSaysTracker)],
    ['a member of another tracker', cardOf(tracker, otherTracker)],
    ['a withdrawal as a card', cardOf(withdrawal())],
  ] as const)
    for (const need of NEEDS) assert.equal(judged(MEMBER, card, need), 'otherSwarm', `${name}, ${need}`);
});

test('a card without a word is for joining at a tracker only', () => {
  assert.deepEqual(
    NEEDS.map((need) => judged(MEMBER, noCard(), need)),
    ['noCard', 'noCard', 'noCard', 'stranger'],
  );
});

test('a card that ran out is good for renewing at a tracker only', () => {
  const late = { ownS: UNTIL_S + 2 * 86_400, trackerS: UNTIL_S + 2 * 86_400 };
  const verdict = judge(certificateOf(MEMBER, MEMBER_CARD), 'ask', standing(), late);
  assert.equal(verdict.kind === 'member' && verdict.hasRunOut, true);
  for (const need of ['fetch', 'peer'] as const)
    assert.equal(judged(MEMBER, MEMBER_CARD, need, standing(), late), 'ranOut');
});

test('the members of a withdrawn tracker are good for renewing at another one only, and it for nothing', () => {
  const who = standing();
  assert.equal(who.withdraw(withdrawal(OTHER_TRACKER, OTHER_ROOT)), undefined);
  assert.equal(who.withdraw(memberStatement({ kind: 'withdrawn' })), undefined);
  assert.equal(judged(MEMBER, MEMBER_CARD, 'fetch', who), 'member');
  assert.equal(who.withdraw(withdrawal()), keyIdOf(TRACKER.publicKey));
  assert.equal(who.withdraw(withdrawal()), undefined, 'no news');
  const verdict = judge(certificateOf(MEMBER, MEMBER_CARD), 'ask', who, THEN);
  assert.equal(verdict.kind === 'member' && verdict.hasRunOut, true);
  for (const need of ['fetch', 'peer'] as const) assert.equal(judged(MEMBER, MEMBER_CARD, need, who), 'withdrawn');
  for (const need of NEEDS) assert.equal(judged(TRACKER, TRACKER_CARD, need, who), 'withdrawn');
});

test('a ban holds at every door, for renewing as well', () => {
  const who = standing();
  who.bans.add({ member: memberId, version: 3, isBanned: true });
  for (const need of ['fetch', 'peer', 'ask'] as const) assert.equal(judged(MEMBER, MEMBER_CARD, need, who), 'banned');
  who.withdraw(withdrawal());
  assert.equal(judged(MEMBER, MEMBER_CARD, 'ask', who), 'withdrawn');
});
