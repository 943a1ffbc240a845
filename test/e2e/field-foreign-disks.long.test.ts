// Files and folders that go to disks with a file system from elsewhere: FAT and exFAT as memory cards have them, NTFS,
// and disks for which names that differ in case only are one name. Real file systems, mounted from an image.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Outcome, runProgram } from '../../src/app/demo/processes.js';
import { makeUser } from '../support/command-run.js';
import { namesIn, PIECE, refusedWith, share, stageSwarm, startTrackerHere } from '../support/e2e-stage.js';
import { FOREIGN_DISKS, type ForeignDisk, foreignDisk } from '../support/foreign-disk.js';
import { playInGuest } from '../support/guest-kernel.js';
import { lacksPlace } from '../support/needs.js';

const THIS = fileURLToPath(import.meta.url);

async function elsewhere(t: TestContext, { isInGuest }: ForeignDisk, why: string): Promise<void> {
  if (isInGuest === false) lacksPlace(t, why);
  else await playInGuest(t, THIS, why);
}

for (const disk of FOREIGN_DISKS) {
  test(`a file arrives on ${disk.name}, is continued there, is there when it is asked for again, and is not overwritten`, async (t) => {
    const swarm = await stageSwarm(t);
    const mounted = foreignDisk(t, disk);
    if ('lacks' in mounted) return await elsewhere(t, disk, mounted.lacks);
    const to = mounted.at;
    await startTrackerHere(swarm);
    const source = await swarm.makeFile('image.bin', 6 * PIECE + 1);
    const mtorrent = await share(swarm.startClient('seeder'), source, 'image.mtorrent');
    const { env } = await makeUser(swarm.directory, 'ada');
    const get = () => runProgram(['get', mtorrent, `${to}/`, '-q'], swarm.directory, { env });
    writeFileSync(join(to, 'image.bin.part'), readFileSync(source).subarray(0, 2 * PIECE));
    for (const round of ['it is fetched', 'it is there']) {
      const { code, stderr } = await get();
      assert.equal(code, 0, `${round}: ${stderr}`);
      assert.deepEqual(await namesIn(to), ['image.bin']);
      assert.ok(readFileSync(join(to, 'image.bin')).equals(readFileSync(source)), round);
    }
    writeFileSync(join(to, 'image.bin'), 'of somebody else');
    assert.equal((await get()).code, 13);
    assert.equal(readFileSync(join(to, 'image.bin'), 'utf8'), 'of somebody else');
  });

  test(`names of a folder that differ in case only, ${disk.folds ? 'are refused with both before anything is written' : 'both arrive'} on ${disk.name}`, async (t) => {
    const swarm = await stageSwarm(t);
    const mounted = foreignDisk(t, disk);
    if ('lacks' in mounted) return await elsewhere(t, disk, mounted.lacks);
    const to = mounted.at;
    await startTrackerHere(swarm);
    const seeder = swarm.startClient('seeder');
    const { env } = await makeUser(swarm.directory, 'ada');
    const there: string[] = [];
    for (const [folder, one, two, harm] of [
      ['directories', 'Dir/a', 'dir/b', 'lie in one folder'],
      ['deeper', 'x/É/y/a', 'x/é/y/b', 'lie in one folder'],
      ['files', 'README', 'readme', 'be one file'],
      ['both', 'Docs', 'docs/a', 'be one file'],
    ] as const) {
      for (const path of [one, two] as const) {
        mkdirSync(dirname(swarm.path(`${folder}/${path}`)), { recursive: true });
        writeFileSync(swarm.path(`${folder}/${path}`), path);
      }
      const mtorrent = await share(seeder, swarm.path(folder), `${folder}.mtorrent`);
      const get = (...words: readonly string[]): Promise<Outcome> =>
        runProgram(['get', mtorrent, `${to}/`, '-q', ...words], swarm.directory, { env });
      if (disk.folds) {
        refusedWith(
          await get(),
          10,
          'UNSAFE_NAME',
          new RegExp(`${one} and ${two} would ${harm} on the file system of ${to}; choose another .* with --except`),
        );
        assert.deepEqual(await namesIn(to), there.toSorted());
      }
      const { code, stderr } = await get(...(disk.folds ? ['--except', two] : []));
      assert.equal(code, 0, stderr);
      for (const path of disk.folds ? [one] : [one, two]) {
        assert.equal(readFileSync(join(to, folder, path), 'utf8'), path);
      }
      there.push(folder);
    }
  });
}

test('a directory that lets files be made and none be renamed or removed is told as that before anything is fetched', async (t) => {
  const swarm = await stageSwarm(t);
  const append = 'mkdir "$2/kept" && chattr +a "$2/kept"';
  const disk: ForeignDisk = {
    name: 'ext4 that only adds',
    folds: false,
    make: 'mkfs.ext4 -q "$1"',
    mounts: [`mount -o loop "$1" "$2" && ${append}`],
  };
  const mounted = foreignDisk(t, disk);
  if ('lacks' in mounted) return lacksPlace(t, mounted.lacks);
  const to = join(mounted.at, 'kept');
  await startTrackerHere(swarm);
  const source = await swarm.makeFile('image.bin', PIECE + 1);
  const mtorrent = await share(swarm.startClient('seeder'), source, 'image.mtorrent');
  const { env } = await makeUser(swarm.directory, 'ada');
  const refused = await runProgram(['get', mtorrent, `${to}/`, '-q'], swarm.directory, { env });
  refusedWith(
    refused,
    4,
    'PERMISSION_DENIED',
    /takes files, and lets none be renamed or removed \(EPERM\), as after `chattr \+a`, .*chattr -a/,
  );
  assert.deepEqual(
    (await namesIn(to)).filter((name) => name.includes('image')),
    [],
  );
});
