// A closed tracker, on a table: a stranger joins and nothing else, a card that ran out is renewed, whoever is banned is
// cut off and taken off every list, and every client hears of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readCard } from '../../../src/foundation/identity/card.js';
import { keyIdBytes, keyIdOf } from '../../../src/foundation/identity/keys.js';
import { INVITATION_SECRET_SIZE } from '../../../src/foundation/identity/limits.js';
import { ROLES } from '../../../src/foundation/identity/powers.js';
import { vouchingProof } from '../../../src/foundation/identity/vouching.js';
import { keyBytes } from '../../../src/foundation/torrent/ids.js';
import { CARD_LIFE_S, CARDLESS_CONNECTIONS_MAX } from '../../../src/tracking/membership/limits.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { NOW_S, ROOT, secretOf, withdrawalOf } from '../membership/closed-pair.js';
import {
  ClosedStage,
  cardFor,
  closedSetting,
  greet,
  isGoodCard,
  memberId,
  TRACKER_1,
  TRACKER_2,
} from './closed-stage.js';
import { type Connection, clientBytes, Stage, swarmOf } from './stage.js';

const ADMIN = 90;
const DAY_S = 24 * 3600;

function invited(stage: ClosedStage, admin: Connection, uses = 1): Uint8Array {
  const [reply] = admin.send({ kind: 'invite', id: 7, powers: ROLES.client, uses, seconds: 3600 });
  assert.equal(reply?.kind, 'invited');
  assert.equal(stage.isCut(admin), false);
  return reply.kind === 'invited' ? reply.secret : new Uint8Array(INVITATION_SECRET_SIZE);
}

function codeOf(replies: readonly TrackerReply[]): string | undefined {
  const [reply] = replies;
  return reply?.kind === 'error' ? reply.code : reply?.kind;
}

function ban(stage: ClosedStage, admin: Connection, seed: number, isBanned = true): TrackerReply | undefined {
  const from = stage.effects.length;
  admin.send({ kind: 'ban', id: 9, member: keyIdBytes(memberId(seed)), isBanned });
  return stage.heard(admin, from).find(({ kind }) => kind === 'banned' || kind === 'error');
}

test('a stranger joins by an invitation, and its card opens the tracker', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const secret = invited(stage, admin);
  const [reply] = stage.stranger(50).send({ kind: 'join', id: 1, secret, name: 'Bob@Mill' });
  assert.equal(reply?.kind, 'admitted');
  assert.ok(reply.kind === 'admitted' && isGoodCard(reply.card));
  assert.deepEqual([reply.swarm, reply.trackers], ['lab', ['192.0.2.11:7001', '192.0.2.12:7001']]);
  const inside = stage.enter(50, reply.card);
  assert.ok(inside !== undefined);
  assert.equal(greet(inside, 50)[0]?.kind, 'helloReply');
  assert.equal(inside.share(swarmOf(1)).kind, 'shared');
});

test('a stranger that asks anything but to join is hung up on, and nothing is answered', () => {
  const requests = [
    { kind: 'stats', id: 1 },
    { kind: 'seeders', id: 1, swarm: keyBytes(swarmOf(1)), want: 5 },
    { kind: 'renew', id: 1 },
    { kind: 'members', id: 1, after: new Uint8Array(0) },
    { kind: 'list', id: 1, after: new Uint8Array(0), filter: '', want: 5 },
    { kind: 'ban', id: 1, member: keyIdBytes(memberId(ADMIN)), isBanned: true },
  ] as const;
  for (const request of requests) {
    const stage = new ClosedStage();
    const stranger = stage.stranger(50);
    assert.equal(codeOf(stranger.send(request)), 'protocol', request.kind);
    assert.ok(stage.isCut(stranger), request.kind);
  }
});

test('of refusals the log has a line a second, which says how many it left out', () => {
  const stage = new ClosedStage();
  const { connection: member } = stage.member(50);
  const ask = (): void => void member.send({ kind: 'invite', id: 1, powers: ROLES.client, uses: 1, seconds: 3600 });
  const told = () =>
    stage.effects.filter((effect) => effect.kind === 'log' && effect.sentence.startsWith('refused invite'));
  for (let times = 0; times < 20; times += 1) ask();
  assert.equal(told().length, 1);
  stage.advance(1_001);
  ask();
  assert.deepEqual(
    told().map((effect) => (effect.kind === 'log' ? (effect.fields as { untold: number }).untold : undefined)),
    [0, 19],
  );
});

test('C24: at a tracker without another authority nobody joins by one, whoever asks and whatever it proves', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const before = stage.effects.filter(({ kind }) => kind === 'commit').length;
  const key = secretOf(50).publicKey;
  const wish = { kind: 'joinByCa', id: 1, key, proof: new Uint8Array(64), name: 'pod' } as const;
  for (const each of [stage.stranger(50), admin]) assert.equal(codeOf(each.send(wish)), 'forbidden');
  assert.equal(stage.effects.filter(({ kind }) => kind === 'commit').length, before);
  const [reply] = admin.send({ kind: 'members', id: 2, after: new Uint8Array(0) });
  assert.ok(reply?.kind === 'memberList' && !reply.members.some(({ name }) => name.startsWith('pod')));
});

const EXPORTED = new Uint8Array(32).fill(9);

/** Over a connection on which a certificate of the other authority was proved. */
function vouchedStage(name?: string): { stage: ClosedStage; connection: Connection } {
  const stage = new ClosedStage({ closed: { ...closedSetting(TRACKER_1), joinCaPowers: ROLES.reader } });
  const connection = stage.connect('10.0.0.1', { kind: 'vouched', name, exported: EXPORTED });
  greet(connection, 0, 0);
  return { stage, connection };
}

function vouchedWish(seed: number, exported: Uint8Array = EXPORTED, signer = secretOf(seed)) {
  const proof = vouchingProof(ROOT.publicKey, exported, signer);
  return { kind: 'joinByCa', id: 1, key: secretOf(seed).publicKey, proof, name: 'pod' } as const;
}

test('C24: whom another authority vouches for becomes a member with the role and the name that it was given, once', () => {
  for (const [name, expected] of [
    ['Pod-1.Corp', 'pod-1.corp'],
    [undefined, 'pod'],
    ['a, "b"\0 c', 'a-b-c'],
    ['\u202e', 'member'],
  ] as const) {
    const { stage, connection } = vouchedStage(name);
    const [reply] = connection.send(vouchedWish(50));
    assert.ok(reply?.kind === 'admitted');
    const card = readCard(reply.card, ROOT.publicKey);
    assert.ok(card?.kind === 'member');
    assert.deepEqual([card.member.name, card.member.powers], [expected, ROLES.reader]);
    const before = stage.effects.filter(({ kind }) => kind === 'commit').length;
    assert.equal(codeOf(connection.send({ ...vouchedWish(50), id: 2 })), 'admitted');
    assert.equal(stage.effects.filter(({ kind }) => kind === 'commit').length, before, 'it is a member already');
  }
});

test('C24: no proof of the key, or one of another connection or another key, lets nobody in', () => {
  const { stage, connection } = vouchedStage('pod-1.corp');
  const wrong = [
    { ...vouchedWish(50), proof: new Uint8Array(64) },
    vouchedWish(50, new Uint8Array(32).fill(8)),
    vouchedWish(50, EXPORTED, secretOf(51)),
  ];
  for (const wish of wrong) assert.equal(codeOf(connection.send(wish)), 'notAdmitted');
  const stranger = stage.stranger(50);
  assert.equal(codeOf(stranger.send(vouchedWish(50))), 'forbidden', 'its certificate is none of the authority');
  assert.equal(stage.effects.filter(({ kind }) => kind === 'commit').length, 0);
});

test('C24: whom another authority vouches for may say that, and nothing else; a banned key hears so', () => {
  const { stage, connection } = vouchedStage('pod-1.corp');
  const { connection: admin } = stage.member(ADMIN, 'admin');
  admin.send({ kind: 'ban', id: 1, member: keyIdBytes(memberId(50)), isBanned: true });
  assert.equal(codeOf(connection.send(vouchedWish(50))), 'notAdmitted');
  const secret = invited(stage, admin);
  assert.equal(codeOf(connection.send({ kind: 'join', id: 3, secret, name: 'pod' })), 'forbidden');
});

test('two strangers that come with one invitation while the disk is busy are one member', () => {
  const stage = new ClosedStage();
  const secret = invited(stage, stage.member(ADMIN, 'admin').connection);
  const [one, two] = [stage.stranger(50), stage.stranger(51)];
  stage.holdsCommits = true;
  one.send({ kind: 'join', id: 1, secret, name: 'one' });
  two.send({ kind: 'join', id: 1, secret, name: 'two' });
  const from = stage.effects.length;
  stage.holdsCommits = false;
  const commit = stage.effects.findLast((effect) => effect.kind === 'commit');
  assert.ok(commit?.kind === 'commit');
  stage.put({ kind: 'committed', group: commit.group, tookMs: 1 });
  assert.equal(codeOf(stage.heard(one, from)), 'admitted');
  assert.equal(codeOf(stage.heard(two, from)), 'notAdmitted');
});

test('nothing is admitted that the disk did not take', () => {
  const stage = new ClosedStage();
  const secret = invited(stage, stage.member(ADMIN, 'admin').connection);
  const one = stage.stranger(50);
  stage.holdsCommits = true;
  one.send({ kind: 'join', id: 1, secret, name: 'one' });
  const commit = stage.effects.findLast((effect) => effect.kind === 'commit');
  assert.ok(commit?.kind === 'commit');
  const from = stage.effects.length;
  stage.put({ kind: 'failed', group: commit.group, outcome: 'full', sentence: 'no room' });
  assert.equal(codeOf(stage.heard(one, from)), 'diskFull');
  stage.holdsCommits = false;
  assert.equal(codeOf(one.send({ kind: 'join', id: 2, secret, name: 'one' })), 'admitted');
});

test('connections without a card have few places, and none for long', () => {
  const stage = new ClosedStage();
  const strangers = Array.from({ length: CARDLESS_CONNECTIONS_MAX + 1 }, () => stage.enter(50));
  const [first] = strangers;
  const last = strangers.at(-1);
  assert.ok(first !== undefined && last !== undefined);
  assert.ok(stage.isCut(last));
  assert.ok(!stage.isCut(first));
  stage.advance(7_000);
  assert.ok(stage.isCut(first));
  assert.ok(stage.enter(51) !== undefined);
  assert.equal(stage.isCut(stage.member(60).connection), false);
});

test('a member with a card that ran out renews it and asks nothing else', () => {
  const stage = new ClosedStage();
  stage.member(50);
  stage.put({ kind: 'clock', seconds: NOW_S + 400 * DAY_S });
  const old = cardFor(50);
  const late = stage.enter(50, old, 400 * DAY_S);
  assert.ok(late !== undefined);
  greet(late, 50);
  assert.equal(codeOf(late.send(late.shareRequest(swarmOf(1)))), 'notAdmitted');
  assert.equal(codeOf(late.send({ kind: 'seeders', id: 1, swarm: keyBytes(swarmOf(1)), want: 5 })), 'notAdmitted');
  const [reply] = late.send({ kind: 'renew', id: 2 });
  assert.ok(reply?.kind === 'renewed' && isGoodCard(reply.card));
  const again = stage.verdict(50, reply.card, 400 * DAY_S);
  assert.ok(again.kind === 'member' && !again.hasRunOut);
});

test('cards are good for as long as the tracker was told, at joining and at renewing', () => {
  const cardLifeS = 3 * DAY_S;
  const stage = new ClosedStage({ closed: { ...closedSetting(TRACKER_1), cardLifeS } });
  const secret = invited(stage, stage.member(ADMIN, 'admin').connection);
  const [joined] = stage.stranger(50).send({ kind: 'join', id: 1, secret, name: 'bob' });
  assert.ok(joined?.kind === 'admitted');
  const inside = stage.enter(50, joined.card);
  assert.ok(inside !== undefined);
  greet(inside, 50);
  const [renewed] = inside.send({ kind: 'renew', id: 2 });
  assert.ok(renewed?.kind === 'renewed');
  for (const card of [joined.card, renewed.card]) {
    const verdict = stage.verdict(50, card);
    assert.ok(verdict.kind === 'member' && verdict.member.goodUntilS === NOW_S + cardLifeS);
  }
});

test('somebody whom this tracker does not know renews no card that ran out', () => {
  const stage = new ClosedStage();
  const late = stage.enter(51, cardFor(51), 400 * DAY_S);
  assert.ok(late !== undefined);
  greet(late, 51);
  assert.equal(codeOf(late.send({ kind: 'renew', id: 2 })), 'notAdmitted');
});

test('every client hears the clock behind its hello, and the bans when it knows others', () => {
  const stage = new ClosedStage();
  const { connection, greeting } = stage.member(50);
  assert.deepEqual(
    greeting.map(({ kind }) => kind),
    ['helloReply', 'bans'],
  );
  assert.deepEqual(greeting[1], { kind: 'bans', seconds: NOW_S, isWhole: true, rows: [] });
  const digest = stage.standing.bans.digest();
  assert.deepEqual(connection.send({ kind: 'knownBans', digest }), []);
  const { connection: admin } = stage.member(ADMIN, 'admin');
  ban(stage, admin, 51);
  const [told] = connection.send({ kind: 'knownBans', digest });
  assert.ok(told?.kind === 'bans' && told.rows.length === 1 && told.isWhole);
});

test('a ban cuts the member, takes its files off the list, and is told to everybody', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const { connection: bad } = stage.member(50);
  const { connection: good } = stage.member(51, 'client', '10.0.0.2');
  const look = stage.member(52, 'reader', '10.0.0.3').connection;
  bad.share(swarmOf(1));
  good.share(swarmOf(1));
  const seeders = (): number => {
    const list = look.ask({ kind: 'seeders', id: 1, swarm: keyBytes(swarmOf(1)), want: 9 });
    return list.kind === 'seederList' ? list.total : -1;
  };
  assert.equal(seeders(), 2);
  const from = stage.effects.length;
  const reply = ban(stage, admin, 50);
  assert.ok(reply?.kind === 'banned' && !reply.partner);
  assert.equal(reply.clients, 3);
  assert.ok(stage.isCut(bad));
  assert.equal(seeders(), 1);
  const told = stage.heard(good, from).filter(({ kind }) => kind === 'bans');
  assert.equal(told.length, 1);
  assert.equal(stage.enter(50, cardFor(50)), undefined);
  assert.equal(
    codeOf(stage.stranger(50).send({ kind: 'join', id: 1, secret: new Uint8Array(16), name: 'x' })),
    'notAdmitted',
  );
});

test('a word of a banned member that was on its way to the disk is taken off as well', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const { connection: bad } = stage.member(50);
  const look = stage.member(52, 'reader', '10.0.0.3').connection;
  stage.holdsCommits = true;
  const from = stage.effects.length;
  admin.send({ kind: 'ban', id: 9, member: keyIdBytes(memberId(50)), isBanned: true });
  bad.send(bad.shareRequest(swarmOf(1)));
  stage.holdsCommits = false;
  for (const effect of stage.effects.slice(from))
    if (effect.kind === 'commit') stage.put({ kind: 'committed', group: effect.group, tookMs: 1 });
  const list = look.ask({ kind: 'seeders', id: 1, swarm: keyBytes(swarmOf(1)), want: 9 });
  assert.ok(list.kind === 'seederList' && list.total === 0);
});

test('a ban ends what the banned one invited, and lifting it does not bring that back', () => {
  const stage = new ClosedStage();
  const { connection: thief } = stage.member(80, 'admin');
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const secret = invited(stage, thief);
  ban(stage, admin, 80);
  ban(stage, admin, 80, false);
  assert.equal(codeOf(stage.stranger(50).send({ kind: 'join', id: 1, secret, name: 'x' })), 'notAdmitted');
  assert.ok(stage.enter(80, cardFor(80)) !== undefined);
});

test('C17: a reader passes on what is known and introduces nothing', () => {
  const stage = new ClosedStage();
  const { connection: reader } = stage.member(50, 'reader');
  assert.equal(codeOf([reader.share(swarmOf(1))]), 'forbidden');
  stage.member(51, 'client', '10.0.0.2').connection.share(swarmOf(1));
  assert.equal(reader.share(swarmOf(1)).kind, 'shared');
});

test('C17: only an administrator invites, bans, withdraws and sees the members', () => {
  const stage = new ClosedStage();
  const { connection: member } = stage.member(50, 'publisher');
  const requests = [
    { kind: 'invite', id: 1, powers: ROLES.client, uses: 1, seconds: 3600 },
    { kind: 'ban', id: 1, member: keyIdBytes(memberId(ADMIN)), isBanned: true },
    { kind: 'withdraw', id: 1, statement: withdrawalOf(secretOf(TRACKER_2)) },
    { kind: 'members', id: 1, after: new Uint8Array(0) },
  ] as const;
  for (const request of requests) assert.equal(codeOf(member.send(request)), 'forbidden', request.kind);
  assert.equal(stage.standing.bans.size, 0);
  assert.equal(stage.standing.withdrawals.length, 0);
});

test("two members with one client id are two clients, and nobody writes another's entry", () => {
  const stage = new ClosedStage();
  const one = stage.enter(50, cardFor(50));
  const two = stage.enter(51, cardFor(51), 0, '10.0.0.2');
  assert.ok(one !== undefined && two !== undefined);
  for (const connection of [one, two])
    connection.send({
      kind: 'hello',
      clientId: clientBytes(7),
      host: '',
      uploadPort: 6_007,
      epoch: 1,
      token: new Uint8Array(0),
    });
  one.share(swarmOf(1));
  two.share(swarmOf(1));
  const count = [...stage.machine.registry.clients()].filter(({ liveCount }) => liveCount > 0);
  assert.equal(count.length, 2);
  assert.ok(count.every(({ id }) => [memberId(50), memberId(51)].some((member) => id.startsWith(member.slice(0, 22)))));
  two.send({ kind: 'leave', id: 5, epoch: 9, sequence: 9 });
  assert.equal([...stage.machine.registry.clients()].filter(({ liveCount }) => liveCount > 0).length, 1);
});

test('a withdrawn tracker is told to everybody, now and at each hello', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const from = stage.effects.length;
  admin.send({ kind: 'withdraw', id: 3, statement: withdrawalOf(secretOf(TRACKER_2)) });
  assert.ok(stage.heard(admin, from).some(({ kind }) => kind === 'withdrawn'));
  assert.ok(stage.standing.isWithdrawn(keyIdOf(secretOf(TRACKER_2).publicKey)));
  assert.deepEqual(
    stage.member(50).greeting.map(({ kind }) => kind),
    ['helloReply', 'bans', 'withdrawn'],
  );
});

test('a member whom a withdrawn tracker admitted gets a card of this one, when it is known', () => {
  const stage = new ClosedStage();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  const card = cardFor(50, 'client', NOW_S + DAY_S, TRACKER_2);
  const before = stage.enter(50, card);
  assert.ok(before !== undefined);
  greet(before, 50);
  admin.send({ kind: 'withdraw', id: 3, statement: withdrawalOf(secretOf(TRACKER_2)) });
  const after = stage.enter(50, card);
  assert.ok(after !== undefined);
  greet(after, 50);
  const [reply] = after.send({ kind: 'renew', id: 1 });
  assert.ok(reply?.kind === 'renewed');
  const again = stage.verdict(50, reply.card);
  assert.ok(again.kind === 'member' && !again.hasRunOut);
});

test('cards are signed by the later clock, and clocks that are far apart are an error', () => {
  const closed = closedSetting(TRACKER_1);
  const stage = new ClosedStage({ closed }, closed.standing);
  closed.partnerClock.heard(NOW_S + 5 * DAY_S, 0);
  stage.put({ kind: 'clock', seconds: NOW_S });
  assert.ok(stage.effects.some((effect) => effect.kind === 'log' && effect.level === 'error'));
  const [reply] = stage.member(50).connection.send({ kind: 'renew', id: 1 });
  assert.ok(reply?.kind === 'renewed');
  const verdict = stage.verdict(50, reply.card);
  assert.ok(verdict.kind === 'member' && verdict.member.goodUntilS === NOW_S + 5 * DAY_S + CARD_LIFE_S);
});

test('an administrator sees who is there, page by page, and who is banned', () => {
  const stage = new ClosedStage();
  for (let seed = 200; seed < 270; seed += 1) stage.member(seed).connection.close();
  const { connection: admin } = stage.member(ADMIN, 'admin');
  ban(stage, admin, 200);
  const keys = new Set<string>();
  let banned = 0;
  for (let after: Uint8Array = new Uint8Array(0), last = false; !last; ) {
    const [reply] = admin.send({ kind: 'members', id: 1, after });
    assert.ok(reply?.kind === 'memberList');
    for (const { key, state, seen } of reply.members) {
      keys.add(Buffer.from(key).toString('hex'));
      if (state === 'banned') banned += 1;
      assert.ok(seen !== null);
    }
    const ids = reply.members.map(({ key }) => Buffer.from(keyIdBytes(keyIdOf(key as never))));
    after = ids.sort(Buffer.compare).at(-1) ?? after;
    last = reply.last;
  }
  assert.equal(keys.size, 71);
  assert.equal(banned, 1);
});

test('statistics count members and name none', () => {
  const stage = new ClosedStage();
  const { connection } = stage.member(50);
  const from = stage.effects.length;
  connection.send({ kind: 'stats', id: 1 });
  const stats = stage.effects.slice(from).find(({ kind }) => kind === 'giveStats');
  assert.ok(stats?.kind === 'giveStats');
  assert.deepEqual(stats.figures.swarm, {
    ...{ members: 1, banned: 0, invitations: 0, withdrawnTrackers: 0, cardless: 0, clockApartS: null },
  });
});

test('an open tracker has no members, whoever asks', () => {
  const stage = new Stage();
  const client = stage.client(1);
  assert.equal(codeOf([client.ask({ kind: 'renew', id: 1 })]), 'forbidden');
  assert.equal(codeOf([client.ask({ kind: 'join', id: 1, secret: new Uint8Array(16), name: 'x' })]), 'forbidden');
});

test('the tracker of the seed is the one that signs', () => {
  const stage = new ClosedStage();
  const { connection } = stage.member(50);
  const [reply] = connection.send({ kind: 'renew', id: 1 });
  assert.ok(reply?.kind === 'renewed');
  const verdict = stage.verdict(50, reply.card);
  assert.ok(verdict.kind === 'member' && verdict.member.by === keyIdOf(secretOf(TRACKER_1).publicKey));
});
