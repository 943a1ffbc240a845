// A client of a closed swarm at its two trackers: it hears who is shut out, has its card renewed long before it ends
// and after it has ended, and finds out a tracker that keeps news back. No date locks it out.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Ban } from '../../../src/foundation/identity/bans.js';
import { readCard } from '../../../src/foundation/identity/card.js';
import type { Credentials } from '../../../src/foundation/identity/credentials.js';
import { keyIdBytes } from '../../../src/foundation/identity/keys.js';
import { swarmKey } from '../../../src/foundation/torrent/ids.js';
import { REFUSED_BY_TRACKER } from '../../../src/foundation/wire/refusals.js';
import { VISIT_MS } from '../../../src/tracking/announce/limits.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { CARD_LIFE_S, type MemberOptions, SAID_AT_S, SmallSwarm } from '../../support/small-swarm.js';
import { type ScriptedTracker, Theatre } from './theatre.js';

const swarm = new SmallSwarm();
const [DAY_S, DAY_MS, HOUR_MS] = [86_400, 86_400_000, 3_600_000];
const EVE = swarm.member('eve@lab').id;
const BAN: Ban = { member: EVE, version: 1, isBanned: true };

interface World {
  readonly theatre: Theatre;
  readonly ada: Credentials;
  /** What each tracker tells whoever says what it knows. */
  readonly bans: [Ban[], Ban[]];
  /** By which each tracker's clock is off, in seconds. */
  readonly offS: [number, number];
  /** Card options of what each tracker gives; undefined: it refuses. */
  readonly gives: [MemberOptions | undefined, MemberOptions | undefined];
}

function trackerS(world: World, index: 0 | 1): number {
  return SAID_AT_S + Math.floor(world.theatre.nowMs / 1_000) + world.offS[index];
}

function bansFrame(world: World, index: 0 | 1, isWhole = true): TrackerReply {
  const rows = world.bans[index].map((ban) => ({ ...ban, member: keyIdBytes(ban.member) }));
  return { kind: 'bans', seconds: trackerS(world, index), isWhole, rows };
}

function close(world: World, index: 0 | 1): void {
  const tracker = world.theatre.trackers[index];
  const { answer } = tracker;
  tracker.answer = (request) => {
    if (request.kind === 'knownBans') return bansFrame(world, index);
    if (request.kind !== 'renew') {
      const reply = answer(request);
      // So that months pass quickly.
      return reply?.kind === 'helloReply' ? { ...reply, renewMs: HOUR_MS } : reply;
    }
    const options = world.gives[index];
    if (options === undefined) return { kind: 'error', id: request.id, code: 'forbidden', sentence: 'not known here' };
    const card = swarm.card('ada@lab', { tracker: index, saidAtS: trackerS(world, index), ...options });
    return { kind: 'renewed', id: request.id, card };
  };
}

function worldOf(options: MemberOptions = {}, seed = 1): World {
  const ada = swarm.member('ada@lab', options);
  const theatre = new Theatre({ credentials: ada, seed });
  const world: World = { theatre, ada, bans: [[], []], offS: [0, 0], gives: [{}, {}] };
  close(world, 0);
  close(world, 1);
  return world;
}

function goodUntilS({ ada }: World): number {
  const card = readCard(ada.card, swarm.rootKey);
  return card?.kind === 'member' ? card.member.goodUntilS : 0;
}

const renewals = ({ heard }: ScriptedTracker): number => heard.filter(({ kind }) => kind === 'renew').length;

test('right behind its hello a client says which bans it knows, and hears what it does not', () => {
  const world = worldOf();
  world.bans[0].push(BAN);
  world.theatre.start();
  assert.deepEqual(
    world.theatre.trackers[0].heard.slice(0, 2).map(({ kind }) => kind),
    ['hello', 'knownBans'],
  );
  assert.ok(world.ada.standing.bans.isBanned(EVE));
  const said = world.theatre.events.filter(({ kind }) => kind === 'shutOut');
  assert.deepEqual(said, [{ kind: 'shutOut', bans: [BAN], withdrawals: [] }]);
  assert.equal(world.ada.trackerClock.at(0), SAID_AT_S);
});

test('a ban that is pushed counts at once, is told once, and ends with a higher version only', () => {
  const world = worldOf();
  world.theatre.start();
  world.bans[0].push(BAN);
  for (let times = 0; times < 2; times += 1) world.theatre.reply(0, bansFrame(world, 0));
  assert.equal(world.theatre.eventKinds().filter((kind) => kind === 'shutOut').length, 1);
  world.bans[0][0] = { ...BAN, version: 1, isBanned: false };
  world.theatre.reply(0, bansFrame(world, 0));
  assert.ok(world.ada.standing.bans.isBanned(EVE));
  world.bans[0][0] = { ...BAN, version: 2, isBanned: false };
  world.theatre.reply(0, bansFrame(world, 0));
  assert.ok(!world.ada.standing.bans.isBanned(EVE));
});

test('an open swarm is asked about no members, and what is said of some is not heard', () => {
  const theatre = new Theatre().start();
  theatre.reply(0, {
    kind: 'bans',
    seconds: SAID_AT_S,
    isWhole: true,
    rows: [{ member: keyIdBytes(EVE), version: 1, isBanned: true }],
  });
  theatre.advance(3 * VISIT_MS);
  assert.deepEqual(theatre.eventKinds(), ['trackerUp']);
  assert.equal(theatre.trackers[1].dials, 0);
});

test('a card is renewed each day at another moment, on the connection that is open anyhow', () => {
  const moments = [1, 2, 3, 4, 5].map((seed) => {
    const world = worldOf({}, seed);
    world.theatre.start();
    world.theatre.advance(DAY_MS - 60_000);
    assert.equal(renewals(world.theatre.trackers[0]) + renewals(world.theatre.trackers[1]), 0, 'not in the first day');
    while (goodUntilS(world) === SAID_AT_S + CARD_LIFE_S && world.theatre.nowMs < 3 * DAY_MS)
      world.theatre.advance(600_000);
    const at = world.theatre.nowMs;
    assert.ok(at < 2 * DAY_MS + HOUR_MS, `renewed in the second day, not after ${at} ms`);
    assert.ok(world.theatre.trackers[0].dials === 1, 'on the same connection');
    assert.ok(world.theatre.events.some(({ kind }) => kind === 'cardRenewed'));
    return at;
  });
  assert.ok(new Set(moments).size >= 4, `members do not come in step: ${moments}`);
});

test('in four hundred days no card comes near its end, and each is asked for once', () => {
  const world = worldOf();
  world.theatre.start();
  for (let day = 0; day < 400; day += 1) {
    world.theatre.advance(DAY_MS);
    const leftS = goodUntilS(world) - trackerS(world, 0);
    assert.ok(leftS > 11 * DAY_S, `${leftS} s are left on day ${day}`);
  }
  const count = renewals(world.theatre.trackers[0]) + renewals(world.theatre.trackers[1]);
  assert.ok(count >= 190 && count <= 400, `${count} renewals in 400 days`);
});

test('a laptop from the drawer, whose card ran out long ago, is renewed in its first second', () => {
  const world = worldOf();
  world.offS[0] = 60 * DAY_S;
  world.offS[1] = 60 * DAY_S;
  world.theatre.start();
  assert.equal(goodUntilS(world), SAID_AT_S + 60 * DAY_S + CARD_LIFE_S);
});

test('thousands that come with cards of the day before ask within seconds, not in one moment', () => {
  const moments = Array.from({ length: 40 }, (_, seed) => {
    const world = worldOf({}, seed + 1);
    world.offS[0] = DAY_S + 3_600;
    world.theatre.start();
    while (renewals(world.theatre.trackers[0]) === 0 && world.theatre.nowMs < 60_000) world.theatre.advance(250);
    return world.theatre.nowMs;
  });
  assert.ok(Math.max(...moments) <= 10_250);
  assert.ok(new Set(moments).size > 15, `${new Set(moments).size} moments`);
});

test('both trackers are away for ten days, and nobody has to do anything when one is back', () => {
  const world = worldOf();
  world.theatre.start();
  world.theatre.kill(0);
  world.theatre.kill(1);
  for (let part = 0; part < 40; part += 1) world.theatre.advance(DAY_MS / 4);
  assert.equal(goodUntilS(world), SAID_AT_S + CARD_LIFE_S);
  world.theatre.trackers[0].state = 'up';
  world.theatre.advance(120_000);
  assert.ok(goodUntilS(world) >= SAID_AT_S + 10 * DAY_S + CARD_LIFE_S);
});

test('of two cards the one that is good for longer is kept, whatever the clocks of the trackers', () => {
  const world = worldOf();
  world.offS[0] = 2 * DAY_S;
  world.theatre.start();
  world.theatre.advance(10_000);
  const until = goodUntilS(world);
  assert.ok(until >= SAID_AT_S + 2 * DAY_S + CARD_LIFE_S);
  // A year behind: what it gives is good for less.
  world.offS[0] = -365 * DAY_S;
  world.theatre.kill(0);
  world.theatre.trackers[0].state = 'up';
  world.theatre.advance(2 * DAY_MS);
  assert.equal(goodUntilS(world), until);
});

test('a tracker whose clock is a year ahead gives a card that nobody has to renew for a year', () => {
  const world = worldOf();
  world.offS[0] = 365 * DAY_S;
  world.theatre.start();
  const until = goodUntilS(world);
  assert.ok(until > SAID_AT_S + 370 * DAY_S);
  world.offS[0] = 0;
  world.theatre.kill(0);
  world.theatre.trackers[0].state = 'up';
  world.theatre.advance(2 * DAY_MS);
  assert.equal(goodUntilS(world), until);
  world.theatre.advance(8 * DAY_MS);
  assert.ok(renewals(world.theatre.trackers[0]) + renewals(world.theatre.trackers[1]) <= 3);
});

test('what is no better card, of another key, of another root or damaged, is not kept, and is not asked for in a loop', () => {
  const other = new SmallSwarm(2).card('ada@lab', { saidAtS: SAID_AT_S + 90 * DAY_S });
  const damaged = Uint8Array.from(swarm.card('ada@lab', { saidAtS: SAID_AT_S + 90 * DAY_S }));
  damaged[300] = (damaged[300] ?? 0) ^ 1;
  for (const card of [swarm.card('eve@lab', { saidAtS: SAID_AT_S + 90 * DAY_S }), other, damaged]) {
    const world = worldOf();
    world.offS[0] = 60 * DAY_S;
    world.theatre.trackers[1].state = 'refuses';
    const { answer } = world.theatre.trackers[0];
    world.theatre.trackers[0].answer = (request) =>
      request.kind === 'renew' ? { kind: 'renewed', id: request.id, card } : answer(request);
    const before = world.ada.card;
    world.theatre.start();
    world.theatre.advance(HOUR_MS);
    assert.equal(world.ada.card, before);
    assert.ok(!world.theatre.eventKinds().includes('cardRenewed'));
    assert.ok(renewals(world.theatre.trackers[0]) <= 12, `${renewals(world.theatre.trackers[0])} tries in an hour`);
  }
});

test('a tracker that refuses a card is said, and asked again with longer and longer waits', () => {
  const world = worldOf();
  world.offS[0] = 60 * DAY_S;
  world.gives[0] = undefined;
  world.theatre.trackers[1].state = 'refuses';
  world.theatre.start();
  world.theatre.advance(HOUR_MS);
  const tries = renewals(world.theatre.trackers[0]);
  assert.ok(tries >= 4 && tries <= 14, `${tries} tries in an hour`);
  assert.ok(world.theatre.events.some((event) => event.kind === 'cardRefused' && event.sentence === 'not known here'));
  world.gives[0] = {};
  world.theatre.advance(2 * HOUR_MS);
  assert.ok(goodUntilS(world) > SAID_AT_S + 60 * DAY_S);
});

test('a member whose tracker is withdrawn has a card of the other one in the same second', () => {
  const world = worldOf({ tracker: 0 });
  world.theatre.start();
  world.theatre.reply(0, { kind: 'withdrawn', statement: swarm.withdrawal(0) });
  // The passage cuts its connection, and lets it in no more.
  world.theatre.kill(0);
  world.theatre.advance(1_000);
  const card = readCard(world.ada.card, swarm.rootKey);
  assert.deepEqual(card?.kind === 'member' && card.tracker.key, swarm.trackerKey(1).publicKey);
  assert.deepEqual(
    world.theatre.events.filter(({ kind }) => kind === 'shutOut'),
    [{ kind: 'shutOut', bans: [], withdrawals: [swarm.withdrawal(0)] }],
  );
});

test('a card of a withdrawn tracker is not kept, however long it is good', () => {
  const world = worldOf({ tracker: 1 });
  world.theatre.start();
  world.theatre.reply(0, { kind: 'withdrawn', statement: swarm.withdrawal(1) });
  const own = readCard(world.ada.card, swarm.rootKey);
  assert.deepEqual(own?.kind === 'member' && own.tracker.key, swarm.trackerKey(0).publicKey);
  const until = goodUntilS(world);
  world.gives[0] = { tracker: 1, saidAtS: SAID_AT_S + 90 * DAY_S };
  world.theatre.advance(4 * DAY_MS);
  assert.equal(goodUntilS(world), until);
});

test('a statement that the root did not sign withdraws nobody', () => {
  const world = worldOf();
  world.theatre.start();
  world.theatre.reply(0, { kind: 'withdrawn', statement: new SmallSwarm(2).withdrawal(0) });
  assert.deepEqual(world.ada.standing.withdrawals, []);
  assert.ok(!world.theatre.eventKinds().includes('shutOut'));
});

test('a tracker that keeps a ban back is found out within two hours, by a visit at the other one that hangs up again', () => {
  const world = worldOf();
  world.theatre.start();
  world.bans[1].push(BAN);
  world.theatre.advance(2 * VISIT_MS);
  assert.ok(world.ada.standing.bans.isBanned(EVE));
  assert.ok(world.theatre.trackers[1].dials >= 1 && world.theatre.trackers[1].dials <= 3);
  assert.equal(world.theatre.trackers[1].link, undefined);
  assert.ok(!world.theatre.eventKinds().includes('trackerDown'));
  const hello = world.theatre.trackers[1].heard.find(({ kind }) => kind === 'hello');
  assert.ok(hello?.kind === 'hello' && hello.uploadPort === 0, 'a guest, who is listed nowhere');
});

test('visits come once an hour, at other moments, and end when the other tracker says nothing', () => {
  const world = worldOf();
  world.theatre.trackers[1].answer = () => undefined;
  world.theatre.start();
  world.theatre.advance(24 * VISIT_MS);
  const { dials } = world.theatre.trackers[1];
  assert.ok(dials >= 16 && dials <= 34, `${dials} visits in a day`);
  world.theatre.advance(60_000);
  assert.ok(world.theatre.trackers[1].link === undefined || dials < world.theatre.trackers[1].dials);
});

function untilVisited(theatre: Theatre): void {
  const [, other] = theatre.trackers;
  while (other.dials === 0 && theatre.nowMs < 2 * VISIT_MS) theatre.advance(250);
}

test('a visit ends with the last answer: news of bans, and a card where one is due', () => {
  for (const isDue of [false, true]) {
    const world = worldOf();
    const { theatre } = world;
    const [, other] = theatre.trackers;
    if (isDue) {
      world.offS[0] = 3 * DAY_S;
      world.gives[0] = undefined;
    }
    world.bans[1].push(BAN);
    theatre.start();
    untilVisited(theatre);
    assert.ok(world.ada.standing.bans.isBanned(EVE));
    assert.equal(renewals(other), isDue ? 1 : 0);
    assert.equal(other.link, undefined, 'it hung up in the same moment');
    assert.equal(other.dials, 1);
  }
});

test('a visit at a tracker that has no news ends with its answer to the question behind', () => {
  const world = worldOf();
  const { theatre } = world;
  const [, other] = theatre.trackers;
  const { answer } = other;
  other.answer = (request) => (request.kind === 'knownBans' ? undefined : answer(request));
  theatre.start();
  untilVisited(theatre);
  assert.deepEqual(
    other.heard.map(({ kind }) => kind),
    ['hello', 'knownBans', 'seeders'],
  );
  assert.equal(other.link, undefined);
});

test('a visit brings a card when the tracker that is talked to gives none', () => {
  const world = worldOf();
  world.gives[0] = undefined;
  world.theatre.start();
  world.theatre.advance(3 * DAY_MS);
  const card = readCard(world.ada.card, swarm.rootKey);
  assert.deepEqual(card?.kind === 'member' && card.tracker.key, swarm.trackerKey(1).publicKey);
});

test('who leaves visits nobody any more', () => {
  const world = worldOf();
  world.theatre.start();
  world.theatre.tell({ kind: 'leave' });
  world.theatre.advance(5 * VISIT_MS);
  assert.equal(world.theatre.trackers[1].dials, 0);
});

test('many bans come in parts', () => {
  const world = worldOf();
  world.theatre.start();
  const bans = Array.from({ length: 300 }, (_, index): Ban => {
    const { id } = swarm.member('mallory', { key: index });
    return { member: id, version: 1, isBanned: true };
  });
  world.bans[0].push(...bans.slice(0, 200));
  world.theatre.reply(0, bansFrame(world, 0, false));
  world.bans[0].splice(0, 200, ...bans.slice(200));
  world.theatre.reply(0, bansFrame(world, 0));
  assert.equal(world.ada.standing.bans.size, 300);
});

const SHARE = { swarm: swarmKey(new Uint8Array(20).fill(7)), name: 'a.bin', size: 1, pieceCount: 1, have: 1 };

/** As a tracker answers whose gate found that a card has run out. */
function renewsOnly(world: World, index: 0 | 1): void {
  const tracker = world.theatre.trackers[index];
  const { answer } = tracker;
  let isGood = false;
  tracker.answer = (request) => {
    if (request.kind === 'hello') isGood = goodUntilS(world) > trackerS(world, index);
    const isOpen = isGood || ['hello', 'knownBans', 'renew'].includes(request.kind);
    if (isOpen) return answer(request);
    const sentence = 'this card is good no more; renew it, and connect again with the new one';
    return { kind: 'error', id: 'id' in request ? request.id : null, code: 'notAdmitted', sentence };
  };
}

test('a client from the drawer shares and finds what it wants at once, and nobody hears of a refusal', () => {
  const world = worldOf();
  for (const index of [0, 1] as const) {
    world.offS[index] = 60 * DAY_S;
    renewsOnly(world, index);
  }
  const { theatre } = world;
  theatre.tell({ kind: 'register', ...SHARE });
  theatre.tell({ kind: 'findSeeders', swarm: SHARE.swarm });
  theatre.start();
  theatre.advance(2_000);
  const kinds = theatre.eventKinds();
  for (const kind of ['cardRenewed', 'registered', 'seedersFound'])
    assert.ok(
      kinds.some((each) => each === kind),
      `${kind}, not only ${kinds}`,
    );
  for (const kind of ['refused', 'allTrackersDown', 'cardRefused'])
    assert.ok(!kinds.some((each) => each === kind), `no ${kind} in ${kinds}`);
  assert.equal(renewals(theatre.trackers[0]), 1);
});

test('a tracker that gives no card is asked for one once a connection, and for nothing else behind a refusal', () => {
  const world = worldOf();
  world.offS[0] = 60 * DAY_S;
  renewsOnly(world, 0);
  world.gives[0] = undefined;
  world.theatre.trackers[1].state = 'refuses';
  world.theatre.tell({ kind: 'register', ...SHARE });
  world.theatre.start();
  world.theatre.advance(4_000);
  assert.equal(renewals(world.theatre.trackers[0]), 1);
  assert.equal(world.theatre.trackers[0].heard.filter(({ kind }) => kind === 'share').length, 1);
  assert.ok(world.theatre.events.some(({ kind }) => kind === 'cardRefused'));
});

/** As a tracker that knows neither this member nor, any more, its card. */
function knowsNobody(world: World, index: 0 | 1): void {
  renewsOnly(world, index);
  const tracker = world.theatre.trackers[index];
  const { answer } = tracker;
  tracker.answer = (request) =>
    request.kind === 'renew'
      ? { kind: 'error', id: request.id, code: 'notAdmitted', sentence: `tracker ${index} does not know ada@lab` }
      : answer(request);
}

test('a member whom no tracker knows any more hears once who refused it and why, and never that one is back', () => {
  const world = worldOf();
  const { theatre } = world;
  for (const index of [0, 1] as const) {
    world.offS[index] = 60 * DAY_S;
    knowsNobody(world, index);
  }
  theatre.tell({ kind: 'register', ...SHARE });
  theatre.start();
  theatre.advance(HOUR_MS);
  const reasons = theatre.events.flatMap((event) => (event.kind === 'trackerDown' ? [event.reason] : []));
  assert.deepEqual(
    reasons,
    [0, 1].map((index) => `${REFUSED_BY_TRACKER}tracker ${index} does not know ada@lab`),
  );
  assert.equal(theatre.eventKinds().filter((kind) => kind === 'allTrackersDown').length, 1);
  assert.ok(!theatre.eventKinds().includes('trackersBack'));
  for (const { dials } of theatre.trackers) assert.ok(dials > 10 && dials < 300, `${dials} dials in an hour`);
});

test('a member whom one tracker does not know has a card of the other one in the same second, and its files are listed', () => {
  const world = worldOf();
  const { theatre } = world;
  for (const index of [0, 1] as const) world.offS[index] = 60 * DAY_S;
  knowsNobody(world, 0);
  renewsOnly(world, 1);
  theatre.tell({ kind: 'register', ...SHARE });
  theatre.start();
  theatre.advance(1_500);
  assert.ok(theatre.eventKinds().includes('registered'), `registered, not only ${theatre.eventKinds()}`);
  assert.ok(!theatre.eventKinds().includes('allTrackersDown'));
});

test('a member that no tracker took is told of the first one that takes it again', () => {
  const world = worldOf();
  const { theatre } = world;
  const { answer } = theatre.trackers[0];
  world.offS[0] = 60 * DAY_S;
  theatre.trackers[1].state = 'refuses';
  knowsNobody(world, 0);
  theatre.tell({ kind: 'register', ...SHARE });
  theatre.start();
  theatre.advance(HOUR_MS);
  theatre.trackers[0].answer = answer;
  theatre.advance(2 * HOUR_MS);
  assert.deepEqual(
    theatre.eventKinds().filter((kind) => kind === 'allTrackersDown' || kind === 'trackersBack'),
    ['allTrackersDown', 'trackersBack'],
  );
  assert.ok(theatre.eventKinds().includes('registered'));
});
