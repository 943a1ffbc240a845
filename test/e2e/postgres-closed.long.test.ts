// A closed swarm whose trackers share a database: who is a member, who is banned and which invitation was used is the
// same at every tracker, whoever is killed.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { Questions } from '../../src/client/administration/questions.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import { SecretKey } from '../../src/foundation/identity/keys.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { invitationIn, Machine } from '../support/closed-machine.js';
import { ClosedStage, figuresOf } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually, PIECE, stageSwarm } from '../support/e2e-stage.js';
import { hasPostgres, PostgresServer } from '../support/postgres.js';

const DEADLINE_MS = 60_000;
const REFUSED = 8;
const HOUR_S = 3_600;
const SLOW = PIECE / 2;
const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };

test('a member of one tracker fetches through the other, an invitation is good once at both, and a ban at one cuts at the other', async (t) => {
  if (!hasPostgres(t)) return;
  const server = await PostgresServer.start();
  t.after(() => server.remove());
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const second = swarm.tracker({ name: 'node2', secret: SecretKey.generate() });
  await stage.tracker(0, swarm.tracker(), server.address());
  await stage.tracker(1, second, server.address());
  const [one, two] = stage.addresses;
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const known = async (at: 0 | 1) => (await figuresOf(stage.addresses[at], admin)).swarm;

  const secret = await new Questions(admin, [one]).invite({ powers: ROLES.client, uses: 1, seconds: HOUR_S });
  await eventually(
    () => known(1),
    ({ invitations }) => invitations === 1,
    'the other tracker knows the invitation',
  );
  const bob = await new Questions(swarm.stranger(), [two]).join(secret, 'bob');
  assert.ok(bob.card.length > 0);
  await eventually(
    () => known(0),
    ({ members }) => members === 2,
    'the first tracker knows who joined at the second',
  );
  await assert.rejects(new Questions(swarm.stranger(), [one]).join(secret, 'carl'), /this invitation was used by bob/);
  await assert.rejects(new Questions(swarm.stranger(), [two]).join(secret, 'carl'), /this invitation was used by bob/);

  const bytes = randomFillSync(new Uint8Array(40 * PIECE));
  const path = join(stage.directory, 'model.bin');
  const mtorrentPath = join(stage.directory, 'model.mtorrent');
  await writeFile(path, bytes);
  const seeder = await stage.client('seeder', swarm.member({ name: 'seeder' }));
  assert.equal((await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN })).kind, 'accepted', seeder.said);
  const reader = async (name: string, credentials: Credentials, down: number) => {
    const client = await stage.client(name, credentials, { trackers: [two, one], rates: { up: 0, down } });
    await client.ask({ kind: 'get', mtorrentPath, destination: join(stage.directory, `${name}.bin`), ...WHOLE });
    return client;
  };
  const whole = await reader('whole', swarm.member({ name: 'whole' }), 0);
  await whole.until((event) => event.kind === 'completed');
  assert.deepEqual(await readFile(join(stage.directory, 'whole.bin')), Buffer.from(bytes));

  const mallory = swarm.member({ name: 'mallory' });
  const banned = await reader('mallory', mallory, SLOW);
  await eventually(
    () => known(1),
    ({ members }) => members >= 5,
    'the second tracker has met the one who is to be banned',
  );
  await new Questions(admin, [one]).ban(mallory.id, true);
  await banned.until((event) => JSON.stringify(event).includes('is banned from this swarm'));
  await eventually(
    () => known(1),
    (found) => found.banned === 1,
    'the second tracker knows of the ban',
  );
  await assert.rejects(new Questions(mallory, [two]).renew(), /mallory is banned from this swarm/);
});

test('members, bans and used invitations outlive kill -9 of both trackers and of their database', async (t) => {
  if (!hasPostgres(t)) return;
  const server = await PostgresServer.start();
  t.after(() => server.remove());
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress) as [string, string];
  const machine = (name: string): Promise<Machine> => Machine.make(t, swarm.directory, name);
  const [first, second, bob, eve] = await Promise.all(['node1', 'node2', 'bob', 'eve'].map(machine));
  assert.ok(first !== undefined && second !== undefined && bob !== undefined && eve !== undefined);
  await first.succeed('swarm', 'init', 'lab', one, two);
  const startOne = () => first.start('tracker', one, two, server.address(), 'tracker.log');
  const startTwo = () => second.start('tracker', two, one, server.address(), 'tracker.log');
  const trackerOne = startOne();
  await trackerOne.line(/^TRACKER LISTENING/, DEADLINE_MS);
  await second.succeed('join', invitationIn(await first.succeed('swarm', 'invite', '--role', 'tracker')));
  const trackerTwo = startTwo();
  await trackerTwo.line(/^TRACKER LISTENING/, DEADLINE_MS);
  const [forBob, forEve] = [await first.succeed('swarm', 'invite'), await first.succeed('swarm', 'invite')];
  await eve.succeed('join', invitationIn(forEve));
  const name = /^(\S+@\S+) +\S+ +client /m.exec(await first.succeed('swarm', 'members'))?.[1] ?? '';
  await first.succeed('swarm', 'ban', name);

  for (const tracker of [trackerOne, trackerTwo]) tracker.kill('SIGKILL');
  await server.stop('SIGKILL');
  await Promise.all([trackerOne.exited, trackerTwo.exited]);
  await server.begin();
  const [oneAgain, twoAgain] = [startOne(), startTwo()];
  for (const tracker of [oneAgain, twoAgain]) await tracker.line(/^TRACKER LISTENING/, DEADLINE_MS);

  await bob.succeed('join', invitationIn(forBob));
  const late = await (await machine('late')).run('join', invitationIn(forEve));
  assert.equal(late.code, REFUSED, late.stderr);
  assert.match(late.stderr, /this invitation was used by/);
  assert.match(await first.succeed('swarm', 'members'), new RegExp(`^${name} .*banned`, 'm'));

  const source = join(first.directory, 'model.bin');
  await writeFile(source, Buffer.alloc(3 * PIECE + 1, 'model'));
  const sharing = first.start('share', 'model.bin');
  await sharing.line(/model\.bin\.mtorrent/, DEADLINE_MS);
  oneAgain.kill('SIGKILL');
  await oneAgain.exited;
  const got = await bob.succeed('get', `${source}.mtorrent`, '.');
  assert.equal(await sha256OfFile(got), await sha256OfFile(source));
  const refused = await eve.run('get', `${source}.mtorrent`, '.', '--timeout', '30s');
  assert.equal(refused.code, REFUSED, refused.stderr);
  assert.match(refused.stderr, /is banned from this swarm/);
});
