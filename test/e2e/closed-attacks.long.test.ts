// What an attacker has who is no member, or lacks the power, or is of another swarm: recordings, a whole swarm of his
// own at our addresses, a tracker's key. None of it changes anything. A withdrawn tracker is left within seconds.

import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Questions } from '../../src/client/administration/questions.js';
import { deferred, within } from '../../src/foundation/base/deferred.js';
import { MiniTorrentError } from '../../src/foundation/base/errors.js';
import { silentLog } from '../../src/foundation/base/log.js';
import { readCard } from '../../src/foundation/identity/card.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import { type KeyId, keyIdOf, SecretKey, shortName } from '../../src/foundation/identity/keys.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { signStatement } from '../../src/foundation/identity/statement.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { clientId } from '../../src/foundation/torrent/ids.js';
import { startAnnounce } from '../../src/tracking/announce/actor.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { ClosedStage, type Figures, figuresOf, otherMembers, type StagedClient } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually } from '../support/e2e-stage.js';
import { HonestBeside } from '../support/honest-beside.js';
import { type Joint, MeddlingProxy, plainIn } from '../support/meddling-proxy.js';

const DEADLINE_MS = 60_000;
const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };
const HOUR_S = 3_600;
/** That a tracker or client of the other side holds in this process: listeners, and both ends of what it has open. */
const HOSTILE_SOCKETS = 8;
/** At an invitation; MTORRENT_LONG=1 tries a thousand. */
const GUESSES = process.env['MTORRENT_LONG'] === '1' ? 1_000 : 200;
const GUESSES_AT_ONCE = 20;
/** Not that both answered too late for a moment, as on a busy machine. */
const REFUSED_BY_BOTH = /good no more|no tracker of (?![^"]* answers \((?:no [a-z ]+ in time(?:; )?)+\))/;

/** What there is at a tracker, of which nothing may change. */
async function stateOf(tracker: Address, credentials: Credentials) {
  const { swarms, liveEntries, swarm } = await figuresOf(tracker, credentials);
  const { members, banned, invitations } = swarm;
  return { swarms, liveEntries, members, banned, invitations };
}

async function sharedFile(stage: ClosedStage, seeder: StagedClient, size = 1_500_001) {
  const bytes = randomFillSync(new Uint8Array(size));
  const path = join(stage.directory, 'model.bin');
  await writeFile(path, bytes);
  const mtorrentPath = join(stage.directory, 'model.mtorrent');
  const shared = await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN });
  assert.equal(shared.kind, 'accepted', seeder.said);
  return { path, mtorrentPath, bytes };
}

/** Says recorded bytes at a port, in one piece or a record at a time; until the port ends it. */
async function replay(t: TestContext, place: Address, { fromNear }: Joint): Promise<Buffer> {
  const heard: Buffer[] = [];
  const over = deferred<void>();
  const socket = net.connect({ ...place });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => heard.push(bytes));
  socket.on('close', () => over.resolve());
  socket.write(fromNear);
  await within(over.promise, DEADLINE_MS, () => assert.fail('a replay was not hung up on'));
  return Buffer.concat(heard);
}

test('C13: recorded bytes of a good join, share and ban do nothing at either port', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const tracker = await stage.tracker(0, swarm.tracker());
  const proxies = await Promise.all([0, 1, 2].map(() => MeddlingProxy.open(t, tracker.address)));
  const [join, share, ban] = proxies as [MeddlingProxy, MeddlingProxy, MeddlingProxy];
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const direct = new Questions(admin, [tracker.address]);
  const secret = await direct.invite({ powers: ROLES.client, uses: 2, seconds: HOUR_S });
  await new Questions(swarm.stranger(), [join.address]).join(secret, 'bob');
  const through = new ClosedStage(t, [share.address, stage.addresses[1]]);
  const seeder = await through.client('seeder', swarm.member({ name: 'seeder' }));
  await sharedFile(through, seeder);
  const upload = seeder.client?.upload as Address;
  await eventually(
    () => figuresOf(tracker.address, admin),
    ({ liveEntries }) => liveEntries === 1,
    'the seeder is listed',
  );
  await seeder.quit();
  const other = await through.client('other', swarm.member({ name: 'other' }));
  const victim = swarm.member({ name: 'victim' });
  await new Questions(victim, [tracker.address]).renew();
  await new Questions(admin, [ban.address]).ban(victim.id, true);
  await direct.ban(victim.id, false);

  const state = async (): Promise<string> => JSON.stringify(await stateOf(tracker.address, admin));
  await eventually(
    state,
    (each) => /"liveEntries":0,"members":4,"banned":0,"invitations":1/.test(each),
    'the seeder has left, and nobody is banned',
  );
  const honest = await HonestBeside.begin(stage, swarm);
  const before = await eventually(state, (each) => /"liveEntries":2,"members":6/.test(each), 'others are at work');
  const places = [tracker.address, other.client?.upload ?? upload];
  for (const joint of [join, share, ban].flatMap(({ joints }) => joints))
    for (const place of places) assert.equal(plainIn(await replay(t, place, joint)), undefined);
  assert.equal(await state(), before);
  await honest.end();
  const late = new Questions(swarm.stranger(), [tracker.address]);
  assert.equal((await late.join(secret, 'carl')).card.length, 358, 'no use was lost by the replay');
});

test('C12: guesses at an invitation let nobody in, and cost a transfer beside them nothing', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  await new Questions(admin, [address]).invite({ powers: ROLES.admin, uses: 1, seconds: HOUR_S });
  const honest = await HonestBeside.begin(stage, swarm);
  const before = await eventually(
    async () => JSON.stringify(await stateOf(address, admin)),
    (state) => /"liveEntries":2,"members":3,"banned":0,"invitations":1/.test(state),
    'others are at work',
  );
  const guess = async (): Promise<string> => {
    const joined = new Questions(swarm.stranger(), [address]).join(randomBytes(16), 'eve');
    return joined.then(
      () => 'admitted',
      (error: unknown) => (error instanceof MiniTorrentError ? error.code : assert.fail(String(error))),
    );
  };
  for (let done = 0; done < GUESSES; done += GUESSES_AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: GUESSES_AT_ONCE }, guess));
    assert.equal(answers.includes('admitted'), false);
  }
  assert.equal(JSON.stringify(await stateOf(address, admin)), before);
  await honest.end();
});

test("C11: a whole other swarm at the trackers' addresses is asked for nothing, and both roots are named", async (t) => {
  const [ours, theirs] = [new ClosedSwarm(), new ClosedSwarm('theirs')];
  const stage = await ClosedStage.begin(t);
  const own1 = await stage.tracker(0, ours.tracker());
  const own2 = await stage.tracker(1, ours.tracker({ name: 'node2', secret: SecretKey.generate() }));
  const honest = await HonestBeside.begin(stage, ours, 5);
  await Promise.all([own1, own2].map((each) => each.stop('others take their addresses')));
  await stage.tracker(0, theirs.tracker(), join(stage.directory, 'theirs-0.db'));
  await stage.tracker(1, theirs.tracker({ name: 'node2' }), join(stage.directory, 'theirs-1.db'));
  const client = await stage.client('lost', ours.member());
  await sharedFile(stage, client);
  const [own, other] = [ours, theirs].map(({ root }) => shortName(keyIdOf(root.publicKey)));
  const both = new RegExp(`is of another swarm \\(its root is ${other}, yours is ${own}\\)`);
  // A tracker that was slow to answer may have been told of before.
  await client.until((event) => event.kind === 'notice' && event.level === 'bad' && both.test(JSON.stringify(event)));
  assert.equal(await otherMembers(stage.addresses[0], theirs.member({ role: 'reader' })), 0);
  await honest.end(HOSTILE_SOCKETS);
});

test("C11: a client of another swarm at a seeder's address gets no request, and the download goes on elsewhere", async (t) => {
  const [ours, theirs] = [new ClosedSwarm(), new ClosedSwarm('theirs')];
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, ours.tracker());
  const between = await MeddlingProxy.open(t, stage.addresses[0]);
  const seeder = await stage.client('seeder', ours.member({ name: 'seeder' }), { advertise: between.address });
  between.target = seeder.client?.upload as Address;
  const { mtorrentPath, bytes, path } = await sharedFile(stage, seeder);
  await eventually(
    () => figuresOf(stage.addresses[0], ours.member()),
    ({ liveEntries }) => liveEntries === 1,
    'the seeder is listed',
  );
  const abroad = await ClosedStage.begin(t);
  await abroad.tracker(0, theirs.tracker());
  const honest = await HonestBeside.begin(stage, ours);
  const thief = await abroad.client('thief', theirs.member());
  await thief.ask({ kind: 'share', path, mtorrentPath: join(abroad.directory, 'x.mtorrent'), ...PLAIN });
  between.target = thief.client?.upload as Address;
  const leecher = await stage.client('leecher', ours.member({ name: 'leecher' }));
  const destination = join(stage.directory, 'got.bin');
  await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
  const [own, other] = [ours, theirs].map(({ root }) => shortName(keyIdOf(root.publicKey)));
  const both = new RegExp(`the peer at \\S+ is of another swarm \\(its root is ${other}, yours is ${own}\\)`);
  const log = join(stage.directory, 'leecher.log');
  await eventually(
    () => readFile(log, 'utf8'),
    (text) => both.test(text),
    'the leecher has met the thief, and says both roots',
    DEADLINE_MS,
  );
  await honest.end(HOSTILE_SOCKETS);
  between.target = seeder.client?.upload as Address;
  await leecher.until((event) => event.kind === 'completed');
  assert.deepEqual(await readFile(destination), Buffer.from(bytes));
});

async function isForbidden(what: Promise<unknown>, sentence: RegExp): Promise<void> {
  await assert.rejects(what, (error: unknown) => {
    assert.ok(error instanceof MiniTorrentError, String(error));
    assert.equal(error.code, 'NOT_ADMITTED', error.message);
    assert.match(error.message, sentence);
    return true;
  });
}

test('C17: a member without the power for it introduces, invites, bans and withdraws nothing', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const credentials = swarm.member({ name: 'reader', role: 'reader' });
  const reader = await stage.client('reader', credentials);
  await sharedFile(stage, reader);
  const isTold = (event: object): boolean => /a reader shares what a publisher brought in/.test(JSON.stringify(event));
  await reader.until(isTold);
  const before = await eventually(
    () => stateOf(address, admin),
    ({ members }) => members === 2,
    'the tracker knows the reader and who asks',
  );
  assert.deepEqual(before, { swarms: 0, liveEntries: 0, members: 2, banned: 0, invitations: 0 });
  const honest = await HonestBeside.begin(stage, swarm);
  for (const who of [credentials, swarm.member({ name: 'pub', role: 'publisher' })]) {
    const questions = new Questions(who, [address]);
    const mayNot = /may not administer this swarm; ask one of its administrators/;
    await isForbidden(questions.invite({ powers: ROLES.client, uses: 1, seconds: HOUR_S }), mayNot);
    await isForbidden(questions.invite({ powers: ROLES.admin, uses: 1, seconds: HOUR_S }), mayNot);
    await isForbidden(questions.ban(admin.id, true), mayNot);
    await isForbidden(questions.members(), mayNot);
    await isForbidden(questions.withdraw(withdrawalOf(swarm, swarm.issuer)), mayNot);
  }
  await honest.end();
  const after = await eventually(
    () => stateOf(address, admin) as Promise<Figures['swarm']>,
    ({ members }) => members === 5,
    'the tracker knows the other who asked, and the honest two',
  );
  assert.deepEqual(after, { ...(before as object), swarms: 1, liveEntries: 2, members: 5 }, 'the honest two alone');
  // An administrator is none over trackers: the root alone lets them in and withdraws them.
  const administrator = new Questions(admin, [address]);
  await isForbidden(
    administrator.invite({ powers: ROLES.tracker, uses: 1, seconds: HOUR_S }),
    /only the root of this swarm lets a tracker in/,
  );
  await isForbidden(administrator.ban(keyIdOf(swarm.issuer.publicKey), true), /a tracker is withdrawn by the root/);
});

test("C17: a tracker's key at a second tracker with another list gets none of the pair's rows and changes none", async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, swarm.tracker());
  const second = SecretKey.generate();
  await stage.tracker(1, swarm.tracker({ name: 'node2', secret: second }));
  const [first, partner] = stage.addresses;
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  await new Questions(admin, [first]).invite({ powers: ROLES.client, uses: 1, seconds: HOUR_S });
  const isWhole = async (): Promise<string> => JSON.stringify(await stateOf(partner, admin));
  const honest = await HonestBeside.begin(stage, swarm, 8);
  const areKnown = /"liveEntries":2,"members":3.*"invitations":1/;
  await eventually(isWhole, (state) => areKnown.test(state), 'both know the same', DEADLINE_MS);
  const elsewhere = await ClosedStage.begin(t);
  const thief = await startTracker({
    own: elsewhere.addresses[0],
    partner,
    seederListPath: join(elsewhere.directory, 'thief.db'),
    log: { path: join(elsewhere.directory, 'thief.log'), level: 'debug' },
    replicaWaitMs: 100,
    credentials: swarm.tracker(),
  });
  t.after(() => thief.stop('the test is over'));
  const before = await isWhole();
  await eventually(
    () => figuresOf(thief.address, admin),
    (figures) => /another tracker|another pair|same two addresses/.test(figures.partner.refusedBy),
    'the second tracker was refused',
    DEADLINE_MS,
  );
  const stolen = await figuresOf(thief.address, swarm.member({ name: 'eve', role: 'reader' }));
  assert.ok(stolen.swarm.members <= 2 && stolen.swarm.invitations === 0, JSON.stringify(stolen.swarm));
  assert.equal(await isWhole(), before);
  assert.ok((await figuresOf(first, admin)).partner.followedBy, 'the pair is one still');
  await honest.end(HOSTILE_SOCKETS);
});

function withdrawalOf(swarm: ClosedSwarm, { publicKey: key }: SecretKey): Uint8Array {
  const said = { kind: 'withdrawn', powers: 0, name: 'node1', key, saidAtS: swarm.nowS, goodUntilS: 0 } as const;
  return signStatement(said, swarm.root.publicKey, swarm.root);
}

function issuerOf(credentials: Credentials): KeyId | undefined {
  const card = readCard(credentials.card, credentials.root);
  return card?.kind === 'member' ? keyIdOf(card.tracker.key) : undefined;
}

test('C18: when a tracker is withdrawn, all its clients have a card of the other one within ten seconds', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const second = SecretKey.generate();
  await stage.tracker(0, swarm.tracker());
  await stage.tracker(1, swarm.tracker({ name: 'node2', secret: second }));
  const [first, partner] = stage.addresses;
  const members = Array.from({ length: 40 }, (_, at) => swarm.member({ name: `m${at}` }));
  for (const [at, credentials] of members.slice(2).entries()) {
    const announce = startAnnounce({
      trackers: stage.addresses,
      clientId: clientId(new Uint8Array(16).fill(at + 1)),
      epoch: 1,
      upload: { host: '127.0.0.1', port: 20_000 + at },
      seed: at,
      credentials,
      digestsOf: () => undefined,
      onEvent: () => undefined,
      log: silentLog,
    });
    t.after(() => announce.stop());
  }
  const [one, two] = members as [Credentials, Credentials];
  const seeder = await stage.client('seeder', one);
  const { mtorrentPath, bytes } = await sharedFile(stage, seeder, 12_000_000);
  const leecher = await stage.client('leecher', two, { rates: { up: 0, down: 2_000_000 } });
  const destination = join(stage.directory, 'got.bin');
  await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const known = async (): Promise<number> => (await figuresOf(partner, admin)).swarm.members;
  const honest = await HonestBeside.begin(stage, swarm, 10);
  await eventually(known, (count) => count === members.length + 3, 'both trackers know all members', DEADLINE_MS);

  const told = await new Questions(admin, [first, partner]).withdraw(withdrawalOf(swarm, swarm.issuer));
  assert.ok(told.some(({ failure }) => failure === undefined));
  const beganMs = performance.now();
  const without = (): number => members.filter((each) => issuerOf(each) !== keyIdOf(second.publicKey)).length;
  await eventually(without, (count) => count === 0, 'all have a card of the other tracker');
  t.diagnostic(`all ${members.length} had a new card after ${Math.round(performance.now() - beganMs)} ms`);
  await leecher.until((event) => event.kind === 'completed');
  assert.deepEqual(await readFile(destination), Buffer.from(bytes));
  await honest.end();
  assert.doesNotMatch(leecher.said, REFUSED_BY_BOTH, 'it is told that another tracker is asked');
  await isForbidden(new Questions(members[3] as Credentials, [first]).renew(), /was withdrawn/);
});
