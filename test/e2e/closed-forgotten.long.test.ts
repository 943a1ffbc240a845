// A member whose card ran out, at trackers that do not know it any more: a console, a one-shot command and the doctor
// say who refused it, why, and what to do next.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { keyFor, makeIdentityDirectory, writeCard, writeSwarmFile } from '../../src/app/identity/identity-directory.js';
import { SecretKey } from '../../src/foundation/identity/keys.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { ClosedStage } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { CommandRun, makeUser } from '../support/command-run.js';
import { eventually } from '../support/e2e-stage.js';

const DAY_S = 86_400;

test('C16: a member with an old card that no tracker knows hears who refuses it, and how it gets in again', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, swarm.tracker());
  await stage.tracker(1, swarm.tracker({ name: 'node2' }));
  const seeder = await stage.client('seeder', swarm.member({ name: 'seeder' }));
  const path = join(stage.directory, 'model.bin');
  const mtorrentPath = join(stage.directory, 'model.mtorrent');
  await writeFile(path, Buffer.alloc(600_000, 'model'));
  const plain = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
  await seeder.ask({ kind: 'share', path, mtorrentPath, ...plain });

  const directory = join(stage.directory, 'bob-swarm');
  await makeIdentityDirectory(directory);
  const secret = await keyFor(directory, 'client', () => SecretKey.generate());
  const saidAtS = swarm.nowS - 60 * DAY_S;
  await writeCard(directory, 'client', swarm.memberIdentity({ secret, saidAtS }).card);
  await writeSwarmFile(directory, { name: swarm.name, root: swarm.root.publicKey, trackers: stage.addresses });
  const user = await makeUser(stage.directory, 'bob');
  const bob = { ...user, env: { ...user.env, MTORRENT_IDENTITY: directory, MTORRENT_SWARM: 'closed' } };
  const [one, two] = stage.addresses.map(formatAddress) as [string, string];
  const does =
    'says: this tracker does not know bob@mill, and the card is good no more; ask an administrator for an invitation, then mtorrent join';

  const get = new CommandRun(t, bob, ['get', mtorrentPath, 'got.bin', '--timeout', '20s']);
  const { code, stderr } = await get.outcome();
  assert.notEqual(code, 0);
  const said = stderr.split('\n').filter((line) => line.includes('takes this client'));
  assert.equal(said.length, 1, stderr);
  assert.ok(
    [one, two].some((tracker) => said[0]?.includes(`; ${tracker} ${does}`)),
    stderr,
  );
  assert.doesNotMatch(stderr, /answers again/);

  const doctor = new CommandRun(t, bob, ['doctor']);
  const report = (await doctor.outcome()).stdout;
  for (const tracker of [one, two])
    assert.match(report, new RegExp(`tracker ${tracker}.* refuses this machine: this tracker does not know bob@mill`));

  const prompt = new CommandRun(t, bob, ['client', '127.0.0.1:0', one, two, 'bob.log']);
  prompt.write(`get ${mtorrentPath} other.bin`);
  await eventually(
    () => prompt.stderr + prompt.lines.join('\n'),
    (text) => text.includes(does),
    'the console says it',
  );
  prompt.write('quit');
  assert.equal(await prompt.exited, 0, prompt.stderr);
});
