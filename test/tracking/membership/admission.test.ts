// Who becomes a member, who gets a new card, and what administrators may: each refusal with its code, each lost answer
// repeated.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readCard } from '../../../src/foundation/identity/card.js';
import { keyIdOf } from '../../../src/foundation/identity/keys.js';
import { POWERS, ROLES } from '../../../src/foundation/identity/powers.js';
import { trackerProof } from '../../../src/foundation/identity/tracker-proof.js';
import type { Decision } from '../../../src/tracking/membership/decision.js';
import { CARD_LIFE_S, JOINS_PER_SECOND } from '../../../src/tracking/membership/limits.js';
import { fittedName, freeName } from '../../../src/tracking/membership/member-name.js';
import { Half, NOW_S, nameIn, ROOT, secretOf, withdrawalOf } from './closed-pair.js';

const T1 = 'a1'.repeat(16);
const T2 = 'b2'.repeat(16);

function moment(nowS = NOW_S) {
  return { nowS, nowMs: nowS * 1000 };
}

/** Writes the rows, as a tracker does before it answers. */
function kept<T>(half: Half, decision: Decision<T>): T {
  assert.equal(decision.refused, undefined, decision.refused?.sentence);
  assert.ok('rows' in decision);
  for (const row of decision.rows) half.membership.apply(row);
  return decision.answer;
}

function codeOf(decision: Decision<unknown>): string | undefined {
  return decision.refused?.code;
}

function invited(half: Half, uses = 1, seconds = 3600, powers: number = ROLES.client): Uint8Array {
  const admin = half.member(90, 'admin', 'ada@node1');
  return kept(half, half.administration.invite(admin, { powers, uses, seconds }, moment()));
}

function joining(secret: Uint8Array, seed: number, name = `m-${seed}`) {
  return { secret, name, key: secretOf(seed).publicKey, host: '192.0.2.77' };
}

test('an invitation admits once, and says who used it when somebody else comes', () => {
  const half = new Half(2);
  const secret = invited(half);
  const card = kept(half, half.admission.join(joining(secret, 50, 'bob@mill'), T1, moment()));
  const read = readCard(card, ROOT.publicKey);
  assert.equal(read?.kind, 'member');
  assert.equal(read?.kind === 'member' ? read.member.goodUntilS : 0, NOW_S + CARD_LIFE_S);
  const second = half.admission.join(joining(secret, 51), T1, moment());
  assert.equal(codeOf(second), 'notAdmitted');
  assert.match(
    second.refused?.sentence ?? '',
    /was used by bob@mill from 192\.0\.2\.77 at .*mtorrent swarm ban bob@mill/,
  );
});

test('the same key with the same invitation gets the same card, and no further use is counted', () => {
  const half = new Half(2);
  const secret = invited(half);
  const first = kept(half, half.admission.join(joining(secret, 50), T1, moment()));
  const again = half.admission.join(joining(secret, 50), T1, moment(NOW_S + 60));
  assert.deepEqual(kept(half, again), first);
  assert.ok('rows' in again && again.rows.length === 0);
});

test('the other tracker of the pair answers a repeated join, too, once it was told', () => {
  const [one, two] = [new Half(2), new Half(3)];
  const secret = invited(one);
  kept(one, one.admission.join(joining(secret, 50), T1, moment()));
  two.hears(one);
  const again = two.admission.join(joining(secret, 50), T2, moment(NOW_S + 5));
  assert.equal(nameIn(kept(two, again)), 'm-50');
  assert.equal(codeOf(two.admission.join(joining(secret, 51), T2, moment())), 'notAdmitted');
});

test('in a partition each tracker honours an invitation once, and both uses count afterwards', () => {
  const [one, two] = [new Half(2), new Half(3)];
  const secret = invited(one, 3);
  two.hears(one);
  kept(one, one.admission.join(joining(secret, 50), T1, moment()));
  kept(two, two.admission.join(joining(secret, 51), T2, moment()));
  one.hears(two);
  two.hears(one);
  kept(one, one.admission.join(joining(secret, 52), T1, moment()));
  assert.equal(codeOf(one.admission.join(joining(secret, 53), T1, moment())), 'notAdmitted');
});

test('an unknown invitation, one that ended, and one of somebody who was banned admit nobody', () => {
  const half = new Half(2);
  assert.equal(codeOf(half.admission.join(joining(new Uint8Array(16), 50), T1, moment())), 'notAdmitted');
  const secret = invited(half);
  const late = half.admission.join(joining(secret, 50), T1, moment(NOW_S + 3601));
  assert.match(late.refused?.sentence ?? '', /ended at/);
  half.membership.apply({ is: 'ban', member: keyIdOf(secretOf(90).publicKey), version: 1, isBanned: true });
  assert.equal(codeOf(half.admission.join(joining(secret, 50), T1, moment())), 'notAdmitted');
});

test('a banned key joins by no invitation and renews no card', () => {
  const half = new Half(2);
  const secret = invited(half);
  const member = half.member(50);
  half.membership.apply({ is: 'ban', member: member.id, version: 1, isBanned: true });
  assert.equal(codeOf(half.admission.join(joining(secret, 50), T1, moment())), 'notAdmitted');
  assert.equal(codeOf(half.admission.renew(member, false, moment())), 'notAdmitted');
});

test('a thousand guesses cost no more than the joins of a second are worth, and honest ones go on a second later', () => {
  const half = new Half(2);
  const secret = invited(half);
  const guess = (at: number) => half.admission.join(joining(new Uint8Array(16).fill(at), 60), T1, moment());
  const codes = Array.from({ length: 1_000 }, (_, at) => codeOf(guess(at)));
  assert.equal(codes.filter((code) => code === 'notAdmitted').length, JOINS_PER_SECOND);
  assert.equal(codes.filter((code) => code === 'limit').length, 1_000 - JOINS_PER_SECOND);
  kept(half, half.admission.join(joining(secret, 50), T1, moment(NOW_S + 1)));
});

test('a member whose card ran out is renewed when its key is known, and a stranger only by a good card', () => {
  const half = new Half(2);
  const known = half.member(50, 'client', 'drawer');
  const later = NOW_S + 400 * 24 * 3600;
  const card = kept(half, half.admission.renew(known, true, moment(later)));
  assert.equal(half.judge(secretOf(50), card, later).kind, 'member');
  const unknown = half.stranger(51);
  assert.equal(codeOf(half.admission.renew(unknown, true, moment(later))), 'notAdmitted');
  kept(half, half.admission.renew(unknown, false, moment()));
  assert.equal(half.membership.isActive(unknown.id), true);
});

test('what the partner knows of a member beats what was learned from its card', () => {
  const half = new Half(2);
  const member = half.stranger(51, 'reader', 'old-name');
  kept(half, half.admission.renew(member, false, moment()));
  const { id, key, by } = member;
  half.membership.apply({
    is: 'member',
    id,
    key,
    by,
    name: 'new-name',
    powers: 3,
    version: 1,
    invitation: '',
    host: '',
    atS: 1,
  });
  assert.equal(nameIn(kept(half, half.admission.renew(member, false, moment()))), 'new-name');
});

test('names are made to fit and are given once', () => {
  const long = 'x'.repeat(64);
  assert.equal(fittedName('Bob Müller@Mill'), 'bob-m-ller@mill');
  assert.equal(fittedName('\u0000\'";--..'), 'member');
  assert.equal(fittedName(''), 'member');
  assert.equal(
    freeName('bob', (name) => ['bob', 'bob-2'].includes(name)),
    'bob-3',
  );
  assert.equal(freeName(long, (name) => name === long).length, 64);
});

test('C17: only administrators invite and ban, nobody but the root admits or shuts out a tracker', () => {
  const half = new Half(2);
  const admin = half.member(90, 'admin');
  const request = { powers: ROLES.client, uses: 1, seconds: 3600 };
  for (const role of ['reader', 'client', 'publisher'] as const) {
    const member = half.member(70, role);
    assert.equal(codeOf(half.administration.invite(member, request, moment())), 'forbidden');
    assert.equal(codeOf(half.administration.ban(member, admin.id, true)), 'forbidden');
    assert.equal(codeOf(half.administration.withdraw(member, withdrawalOf(secretOf(3)))), 'forbidden');
  }
  const track = { ...request, powers: POWERS.track };
  assert.equal(codeOf(half.administration.invite(admin, track, moment())), 'forbidden');
  assert.equal(codeOf(half.administration.ban(admin, half.issuer.id, true)), 'forbidden');
  const forged = withdrawalOf(secretOf(3), NOW_S, secretOf(9));
  assert.equal(codeOf(half.administration.withdraw(admin, forged)), 'invalid');
  kept(half, half.administration.withdraw(admin, withdrawalOf(secretOf(3))));
  assert.equal(half.standing.isWithdrawn(keyIdOf(secretOf(3).publicKey)), true);
});

test('an administrator whose record says otherwise by now administers no longer, whatever the card says', () => {
  const half = new Half(2);
  const admin = half.stranger(90, 'admin');
  const { id, key, name, by } = admin;
  const record = { id, key, name, by, powers: ROLES.reader, version: 5, invitation: '', host: '', atS: 1 } as const;
  half.membership.apply({ is: 'member', ...record });
  assert.equal(codeOf(half.administration.ban(admin, keyIdOf(secretOf(50).publicKey), true)), 'forbidden');
});

test('terms of an invitation that nobody may give are refused', () => {
  const half = new Half(2);
  const admin = half.member(90, 'admin');
  const ask = (powers: number, uses: number, seconds: number) =>
    codeOf(half.administration.invite(admin, { powers, uses, seconds }, moment()));
  assert.equal(ask(ROLES.client, 0, 3600), 'invalid');
  assert.equal(ask(ROLES.client, 10_001, 3600), 'invalid');
  assert.equal(ask(ROLES.client, 1, 59), 'invalid');
  assert.equal(ask(ROLES.client, 1, 31 * 24 * 3600), 'invalid');
  assert.equal(ask(POWERS.publish, 1, 3600), 'invalid');
});

test('a ban is written once, and lifted by a higher version', () => {
  const half = new Half(2);
  const admin = half.member(90, 'admin');
  const { id } = half.member(50);
  kept(half, half.administration.ban(admin, id, true));
  const again = half.administration.ban(admin, id, true);
  assert.ok('rows' in again && again.rows.length === 0);
  kept(half, half.administration.ban(admin, id, false));
  assert.deepEqual(half.standing.bans.of(id), { member: id, version: 2, isBanned: false });
  assert.equal(codeOf(half.administration.ban(admin, admin.id, true)), 'invalid');
});

test('members are listed page by page in the order of their ids', () => {
  const half = new Half(2);
  for (let seed = 100; seed < 110; seed += 1) half.member(seed);
  const ids: string[] = [];
  for (let after = '', isLast = false; !isLast; ) {
    const page = half.membership.members.page(after, 4);
    ids.push(...page.members.map(({ id }) => id));
    after = ids.at(-1) ?? '';
    isLast = page.isLast;
  }
  assert.deepEqual(ids, [...ids].sort());
  assert.equal(new Set(ids).size, 10);
});

test('a tracker is let in by the root alone: by its proof, where its key is, and for that one signature', () => {
  let isHere = true;
  const half = new Half(2, () => (isHere ? ROOT : undefined));
  const admin = half.member(90, 'admin', 'ada@node1');
  const terms = { powers: ROLES.tracker, uses: 1, seconds: 3600 };
  const invite = (proof?: Uint8Array) => half.administration.invite(admin, { ...terms, proof }, moment());
  const proof = trackerProof(ROOT.publicKey, admin.id, ROOT);
  for (const wrong of [
    undefined,
    trackerProof(ROOT.publicKey, admin.id, secretOf(91)),
    trackerProof(ROOT.publicKey, keyIdOf(secretOf(92).publicKey), ROOT),
    trackerProof(secretOf(91).publicKey, admin.id, ROOT),
  ])
    assert.equal(codeOf(invite(wrong)), 'forbidden');
  const secret = kept(half, invite(proof));
  isHere = false;
  assert.equal(codeOf(invite(proof)), 'unknown');
  assert.equal(codeOf(half.admission.join(joining(secret, 50, 'node2'), T1, moment())), 'unknown');
  isHere = true;
  const card = kept(half, half.admission.join(joining(secret, 50, 'node2'), T1, moment()));
  const read = readCard(card, ROOT.publicKey);
  assert.ok(read?.kind === 'tracker' && read.tracker.name === 'node2' && read.tracker.goodUntilS === 0);
  assert.deepEqual(kept(half, half.admission.join(joining(secret, 50, 'node2'), T1, moment(NOW_S + 60))), card);
  assert.equal(codeOf(half.admission.join(joining(secret, 51), T1, moment())), 'notAdmitted');
  assert.equal(codeOf(half.administration.ban(admin, keyIdOf(secretOf(50).publicKey), true)), 'forbidden');
});

test('no invitation gives a tracker any other power, or a member that of a tracker', () => {
  const half = new Half(2, () => ROOT);
  const admin = half.member(90, 'admin', 'ada@node1');
  const proof = trackerProof(ROOT.publicKey, admin.id, ROOT);
  for (let powers = 0; powers <= 31; powers += 1) {
    const decision = half.administration.invite(admin, { powers, uses: 1, seconds: 3600, proof }, moment());
    const isMember = (powers & POWERS.fetch) !== 0 && (powers & POWERS.track) === 0;
    assert.equal(codeOf(decision) === undefined, isMember || powers === ROLES.tracker, `${powers}`);
  }
});
