// A closed swarm with real threads and sockets: a file travels, a stranger gets nothing, and nobody says a plain byte.

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { ClosedStage } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';

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
