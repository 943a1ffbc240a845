// A ban while the banned member fetches and serves: both ends are cut, a tracker that was away hears of it, nobody lets
// him in again, and an honest transfer beside it loses nothing.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Questions } from '../../src/client/administration/questions.js';
import { SecretKey } from '../../src/foundation/identity/keys.js';
import { ClosedStage, figuresOf, type StagedClient } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually } from '../support/e2e-stage.js';
import { HonestBeside } from '../support/honest-beside.js';

const DEADLINE_MS = 60_000;
const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };
/** Bytes a second: a whole file takes longer than the test. */
const SLOW = 200_000;
const FILE_SIZE = 100 * SLOW;
/** That the banned one and its peer hold in this process. */
const OWN_SOCKETS = 12;

/** As rows of `show peers` begin, of those that are connected. */
async function peersOf(client: StagedClient, name: string, member: string): Promise<readonly string[]> {
  const listed = await client.ask({ kind: 'peers', name });
  const rows = listed.kind === 'peersListed' ? listed.peers : [];
  return rows.filter((row) => row.member?.name === member).map(({ direction }) => direction);
}

test('C15: a banned member is cut while it fetches and serves, and a transfer beside it loses nothing', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const second = swarm.tracker({ name: 'node2', secret: SecretKey.generate() });
  await stage.tracker(0, swarm.tracker());
  const away = await stage.tracker(1, second);
  const shared = async (client: StagedClient, name: string): Promise<string> => {
    const path = join(stage.directory, name);
    await writeFile(path, randomFillSync(new Uint8Array(FILE_SIZE)));
    const mtorrentPath = `${path}.mtorrent`;
    assert.equal((await client.ask({ kind: 'share', path, mtorrentPath, ...PLAIN })).kind, 'accepted', client.said);
    return mtorrentPath;
  };
  const slow = { rates: { up: 0, down: SLOW } };
  const good = await stage.client('good', swarm.member({ name: 'good' }), slow);
  const bobs = swarm.member({ name: 'bob' });
  const bob = await stage.client('bob', bobs, slow);
  const [ofGood, ofBob] = [await shared(good, 'good.bin'), await shared(bob, 'bob.bin')];
  await bob.ask({ kind: 'get', mtorrentPath: ofGood, destination: join(stage.directory, 'at-bob'), ...WHOLE });
  await good.ask({ kind: 'get', mtorrentPath: ofBob, destination: join(stage.directory, 'at-good'), ...WHOLE });
  const both = async (): Promise<string> =>
    [...(await peersOf(good, 'bob.bin', 'bob')), ...(await peersOf(good, 'good.bin', 'bob'))].join(' ');
  await eventually(both, (ways) => ways === 'from to', 'bob fetches and serves', DEADLINE_MS);
  const honest = await HonestBeside.begin(stage, swarm, 6);
  await away.stop('it is away');

  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const told = await new Questions(admin, stage.addresses).ban(bobs.id, true);
  assert.deepEqual(
    told.map(({ failure }) => failure?.code),
    [undefined, 'NO_TRACKER'],
  );
  await bob.until((event) => /is banned from this swarm/.test(JSON.stringify(event)));
  await eventually(both, (ways) => ways === '', 'bob is connected to nobody', DEADLINE_MS);
  await stage.tracker(1, second);
  const bannedAt = async (): Promise<readonly number[]> =>
    Promise.all(stage.addresses.map(async (at) => (await figuresOf(at, admin)).swarm.banned));
  await eventually(bannedAt, (counts) => counts.every((count) => count === 1), 'both trackers know', DEADLINE_MS);
  await honest.end(OWN_SOCKETS);
  assert.ok(!['at-bob', 'at-good'].some((name) => existsSync(join(stage.directory, name))));
});
