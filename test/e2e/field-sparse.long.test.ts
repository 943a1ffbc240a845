// FC-30: images with holes. A piece of zeros is neither fetched nor written, needs no room on the disk, and is there
// for others from the start; whatever else lies in its place is made zeros again.

import assert from 'node:assert/strict';
import { mkdir, open, stat, truncate, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import test from 'node:test';
import { runProgram } from '../../src/app/demo/processes.js';
import { type Swarm, sha256OfFile } from '../../src/app/demo/swarm.js';
import {
  completes,
  create,
  eventually,
  type FileJson,
  fileOf,
  filesOf,
  getWhole,
  hasPieces,
  killHard,
  listedEventually,
  namesIn,
  PIECE,
  quit,
  refuses,
  share,
  stageSwarm,
  startPartial,
  startTrackerHere,
} from '../support/e2e-stage.js';
import { firstProgram } from '../support/first-program.js';
import { smallDisk, unmountAfter } from '../support/small-disk.js';

const PIECES = 200;
/** The last piece is short, and zeros. */
const SIZE = (PIECES - 1) * PIECE + 5;
const DATA = [7, 8, 130] as const;
const ZEROS = SIZE - DATA.length * PIECE;

/** An image with a byte or more in the pieces of DATA, and holes elsewhere; answers its path. */
async function makeImage(swarm: Swarm, name = 'disk.img'): Promise<string> {
  const path = swarm.path(name);
  const handle = await open(path, 'wx');
  await handle.write(new Uint8Array(PIECE).fill(3), 0, PIECE, 7 * PIECE);
  await handle.write(Uint8Array.of(1), 0, 1, 9 * PIECE - 1);
  await handle.write(Uint8Array.of(2), 0, 1, 130 * PIECE);
  await handle.close();
  await truncate(path, SIZE);
  return path;
}

const allocatedOf = async (path: string): Promise<number> => (await stat(path)).blocks * 512;

test('FC-30: a sparse image goes to a disk that has room for its data only, and stays sparse', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  // The reserve of 16 MiB, the data, and what is less than a piece of zeros.
  disk = smallDisk(t, 18);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const source = await makeImage(swarm);
  const seeder = swarm.startClient('seeder');
  const mtorrent = await share(seeder, source, 'disk.mtorrent');
  const info = await runProgram(['info', mtorrent], swarm.directory);
  assert.match(info.stdout, new RegExp(`^zeros +${ZEROS} bytes \\(98\\.0 MiB\\), neither fetched nor written$`, 'm'));

  const leecher = swarm.startClient('leecher');
  const target = await getWhole(leecher, mtorrent, `${disk}/`);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  const { have, pieces, received, zeros } = await fileOf(leecher);
  assert.deepEqual(
    { have, pieces, received, zeros },
    { have: PIECES, pieces: PIECES, received: 3 * PIECE, zeros: ZEROS },
  );
  // Its row is told four times a second.
  await eventually(
    () => fileOf(seeder),
    ({ sent }) => sent === 3 * PIECE,
    'three pieces were sent',
  );
  assert.ok((await allocatedOf(target)) <= 3 * PIECE);

  // A release that asks for every piece gets the holes of ours.
  const program = firstProgram(t);
  if (program === undefined) return;
  await quit(seeder);
  const older = swarm.startClient('older', 0, [], { program });
  const copy = await getWhole(older, mtorrent, swarm.path('older.img'));
  assert.equal(await sha256OfFile(copy), await sha256OfFile(source));
});

test('FC-30: a download of which only zeros are there offers them, says so, and after a crash makes zeros of what is none', async (t) => {
  const swarm = await stageSwarm(t);
  await startTrackerHere(swarm);
  const source = await makeImage(swarm);
  const mtorrent = await create(swarm, source, 'disk.mtorrent');
  const leecher = swarm.startClient('leecher');
  const target = await leecher.succeed(`get disk.mtorrent ${swarm.path('copy.img')}`);
  const row = await hasPieces(leecher, PIECES - DATA.length);
  assert.deepEqual([row.have, row.received, row.zeros], [PIECES - DATA.length, 0, ZEROS]);
  await listedEventually(
    swarm,
    0,
    ([one, ...more]) => one?.endsWith(' 197') === true && more.length === 0,
    'it is listed',
  );
  const { rows } = await leecher.command('show downloads');
  assert.match(rows.join('\n'), /98\.5 % {2}99\.5 MiB {2}zeros 98\.0 MiB/);
  await killHard(leecher);
  // Somebody wrote to the part, and the record is lost.
  const part = await open(`${target}.part`, 'r+');
  for (const at of [0, 50 * PIECE + 9, SIZE - 1]) await part.write(Uint8Array.of(6), 0, 1, at);
  await part.close();
  const resume = swarm.path('leecher.state/resume');
  for (const name of await namesIn(resume)) await writeFile(`${resume}/${name}`, 'damaged');
  await startPartial(swarm, source, mtorrent, (piece) => piece === 7, 'one');
  await startPartial(swarm, source, mtorrent, (piece) => piece > 7 && piece < 140, 'two');

  const again = swarm.startClient('leecher');
  await completes(again, target);
  assert.equal(await sha256OfFile(target), await sha256OfFile(source));
  assert.equal((await fileOf(again)).received, 3 * PIECE);
  assert.ok((await allocatedOf(target)) <= 6 * PIECE);
});

test('FC-30: a file that is all zeros, or empty, is complete without any peer', async (t) => {
  const swarm = await stageSwarm(t);
  const client = swarm.startClient('client');
  for (const size of [0, 1, PIECE, 64 * PIECE + 3]) {
    const source = swarm.path(`zeros-${size}`);
    await writeFile(source, '');
    await truncate(source, size);
    const mtorrent = await create(swarm, source, `${size}.mtorrent`);
    const target = await getWhole(client, mtorrent, swarm.path(`copy-${size}`));
    assert.equal((await stat(target)).size, size);
    assert.equal(await sha256OfFile(target), await sha256OfFile(source), basename(target));
    assert.equal(await allocatedOf(target), 0);
  }
  const rows = await filesOf(client);
  assert.deepEqual(
    rows.map(({ state, received, size, zeros }) => [state, received, size - zeros]),
    rows.map(() => ['seeding', 0, 0]),
  );
});

test('a choice of a sparse folder needs the room that its own data takes, whatever else of the folder is zeros', async (t) => {
  const swarm = await stageSwarm(t);
  let disk: string | undefined;
  unmountAfter(t, () => disk);
  disk = smallDisk(t, 8);
  if (disk === undefined) return;
  await startTrackerHere(swarm);
  const folder = swarm.path('images');
  await mkdir(folder);
  await makeImage(swarm, 'images/hollow.img');
  await writeFile(`${folder}/dense.img`, new Uint8Array(20 * PIECE).fill(5));
  const mtorrent = await share(swarm.startClient('seeder'), folder, 'images.mtorrent');
  const only = (name: string) => runProgram(['info', mtorrent, '--only', name, '--json'], swarm.directory);
  const zerosOf = async (name: string) =>
    (JSON.parse((await only(name)).stdout.split('\n')[0] ?? '') as FileJson).zeros;
  assert.deepEqual(
    [await zerosOf('*.img'), await zerosOf('hollow.img'), await zerosOf('dense.img')],
    [ZEROS, ZEROS, 0],
  );

  const leecher = swarm.startClient('leecher');
  await refuses(leecher, `get images.mtorrent ${disk}/ --only dense.img`, 'DISK_FULL', /needs 10\.0 MiB,/);
  await completes(leecher, await leecher.succeed(`get images.mtorrent ${disk}/ --only hollow.img`));
  assert.deepEqual(
    (await filesOf(leecher)).map(({ size, zeros }) => [size, zeros]),
    [[SIZE, ZEROS]],
  );
});
