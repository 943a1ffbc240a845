// A closed swarm with real threads and sockets: a file travels, a stranger gets nothing, and nobody says a plain byte.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { shortName } from '../../src/foundation/identity/keys.js';
import { ClosedStage, type StagedClient } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually } from '../support/e2e-stage.js';

const FILE_BYTES = 3_000_001;

async function sharedFile(stage: ClosedStage): Promise<{ path: string; mtorrentPath: string; bytes: Uint8Array }> {
  const bytes = randomFillSync(new Uint8Array(FILE_BYTES));
  const path = join(stage.directory, 'model.bin');
  await writeFile(path, bytes);
  return { path, mtorrentPath: join(stage.directory, 'model.mtorrent'), bytes };
}

const PLAIN = { exclude: [], skipUnshareable: false, followLinks: false, mtimes: false, mode: false, isListed: true };
const WHOLE = { only: [], except: [], reuse: [], noReuse: false, exact: false };

test('a file travels between members of a closed swarm, whose trackers follow each other', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, swarm.tracker());
  await stage.tracker(1, swarm.tracker({ name: 'node2' }));
  const { path, mtorrentPath, bytes } = await sharedFile(stage);
  const seeder = await stage.client('seeder', swarm.member({ name: 'seeder' }));
  const shared = await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN });
  assert.equal(shared.kind, 'accepted', seeder.said);
  const leecher = await stage.client('leecher', swarm.member({ name: 'leecher' }));
  const destination = join(stage.directory, 'got.bin');
  await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
  await leecher.until((event) => event.kind === 'completed');
  assert.deepEqual(await readFile(destination), Buffer.from(bytes));
});

/** Direction, member and key of each peer of the file. */
async function peersOf(client: StagedClient): Promise<readonly string[]> {
  const answer = await client.ask({ kind: 'peers', name: 'model.bin' });
  if (answer.kind !== 'peersListed') return [];
  return answer.peers.map(({ direction, member }) => `${direction} ${member?.name} ${member?.key}`);
}

test('both ends of a connection see whose the other is', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  await stage.tracker(0, swarm.tracker());
  const { path, mtorrentPath } = await sharedFile(stage);
  const [ada, bob] = [swarm.member({ name: 'ada@laptop' }), swarm.member({ name: 'bob@mill' })];
  // So slow that it is still sending when it is asked, on any machine.
  const seeder = await stage.client('seeder', ada, { rates: { up: 20_000, down: 0 } });
  assert.equal((await seeder.ask({ kind: 'share', path, mtorrentPath, ...PLAIN })).kind, 'accepted', seeder.said);
  const leecher = await stage.client('leecher', bob);
  const destination = join(stage.directory, 'model.bin.got');
  await leecher.ask({ kind: 'get', mtorrentPath, destination, ...WHOLE });
  const row = (direction: string, name: string, id: typeof ada.id) => `${direction} ${name} ${shortName(id)}`;
  for (const [client, expected] of [
    [leecher, row('from', 'ada@laptop', ada.id)],
    [seeder, row('to', 'bob@mill', bob.id)],
  ] as const)
    await eventually(
      () => peersOf(client),
      (rows) => rows.includes(expected),
      `a row "${expected}"`,
    );
});
