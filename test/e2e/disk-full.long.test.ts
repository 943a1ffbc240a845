// A disk that is too small refuses a download before it begins; one that fills up meanwhile holds it with its reason,
// keeps what is there, and lets it go on by itself when there is room again.

import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { errnoOf } from '../../src/foundation/base/errors.js';
import {
  completes,
  create,
  eventually,
  fileOf,
  filesOf,
  hasPieces,
  listedEventually,
  namesIn,
  PIECE,
  refusedWith,
  refuses,
  shareHere,
  stageSwarm,
  startPartialHere,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { smallDisk, unmountAfter } from '../support/small-disk.js';

const MIB = 1024 * 1024;

/** Takes the last byte of a disk; answers the path of the file that holds it. */
async function fill(directory: string): Promise<string> {
  const path = join(directory, 'filler');
  const handle = await open(path, 'wx');
  try {
    for (const bytes of [MIB, 4_096]) {
      try {
        for (;;) await handle.write(new Uint8Array(bytes));
      } catch (error) {
        assert.equal(errnoOf(error), 'ENOSPC');
      }
    }
  } finally {
    await handle.close();
  }
  return path;
}

test('a download that does not fit is refused before it begins', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 4);
  if (disk === undefined) return;
  await create(swarm, await swarm.makeFile('big.bin', 8 * MIB), 'big.mtorrent');
  const other = swarm.startClient('other');
  await refuses(
    other,
    `get big.mtorrent ${disk}`,
    'DISK_FULL',
    /needs 8\.0 MiB, and 128\.0 KiB must stay free .*; 4\.0 MiB are free/,
  );
  assert.deepEqual(await filesOf(other), []);
  assert.deepEqual(await namesIn(disk), []);
});

test('what does not fit where standard output has its pieces is refused, and leaves nothing there', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 4);
  if (disk === undefined) return;
  const mtorrent = await create(swarm, await swarm.makeFile('big.bin', 8 * MIB), 'big.mtorrent');
  const env = { HOME: swarm.directory, XDG_STATE_HOME: swarm.path('state') };
  const outcome = await runProgram(['get', mtorrent, '-', '--part-dir', disk, '-q'], swarm.directory, { env });
  refusedWith(outcome, 9, 'DISK_FULL', /needs 8\.0 MiB/);
  assert.deepEqual(await namesIn(disk), []);
});

test('F9: a disk that fills up holds the download with its reason, what is there stays shared, and it goes on by itself when there is room', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 36);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('fills.bin', 30 * PIECE);
  const mtorrent = await create(swarm, source, 'fills.mtorrent');
  await startPartialHere(swarm, source, mtorrent, (at) => at < 10);
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get fills.mtorrent ${disk}/`);
  await hasPieces(leecher, 10);
  await leecher.succeed('pause fills.mtorrent');
  await eventually(
    () => fileOf(leecher),
    ({ state }) => state === 'paused',
    'it is paused',
  );
  const filler = await fill(disk);
  await shareHere(swarm, source, 'seeder.mtorrent');
  await leecher.succeed('resume fills.mtorrent');
  const isOurs = (line: string): boolean => line.includes(target);
  assert.equal(await leecher.event(isOurs), `STALLED:${target}:DISK_FULL`);
  await leecher.said(/fills\.bin\.part has no room left on its disk/);
  const { state, have, problem } = await fileOf(leecher);
  assert.deepEqual({ state, have }, { state: 'paused', have: 10 });
  assert.match(problem, /no room left .*; it continues by itself when there is room/);
  assert.ok((await namesIn(disk)).includes('fills.bin.part'));
  // Still full: it says so again. `get` is refused for the same reason.
  await leecher.succeed('resume fills.mtorrent');
  assert.equal(await leecher.event(isOurs), `STALLED:${target}:DISK_FULL`);
  await refuses(leecher, `get fills.mtorrent ${disk}/`, 'DISK_FULL', /fills\.bin needs/);

  // What it has is there for others, and nobody waits for the rest.
  await listedEventually(swarm, 0, (rows) => rows.length === 3, 'it is listed still');
  assert.equal(await leecher.succeed('wait'), 'WAITED');
  await rm(filler);
  await leecher.said(/^fills\.bin goes on$/m);
  await completes(leecher, target);
  // The ten were not fetched again. In vain was what was on its way when it stopped, twice, and what the endgame asked
  // for twice.
  const { received, wasted } = await fileOf(leecher);
  assert.equal(received - wasted, 30 * PIECE);
  assert.ok(wasted < 10 * PIECE, `${wasted} bytes in vain`);
  assert.equal(await sha256OfFile(source), await sha256OfFile(target));
  assert.deepEqual(await namesIn(disk), ['fills.bin']);
});
