// A version of one large file on a file system that can clone: what is written to its disk, beside what a clone of the
// version before and the changed pieces take. In an image of its own, of XFS, which is mounted for as long as it lasts.

import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Swarm } from '../src/app/demo/swarm.js';
import { withCleanup } from './cleanup.js';
import { assertEqual, type Bar, type Measure, share, timeShell, travel } from './folders-stage.js';
import { changePieces, writeRandom } from './folders-trees.js';

/** Bytes of the file: what an image in memory holds three times. */
const FILE_BYTES_MAX = 2 ** 30;
const CHANGED_SHARE = 0.1;
const SECTOR_BYTES = 512;
/** Beside the versions: the journal of XFS, and what the download is beside its file. */
const IMAGE_BYTES = 512 * 2 ** 20;

export const measureClone: Measure = (root, { bytes }) =>
  withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(root);
    cleanup.add(() => swarm.end());
    const size = Math.min(bytes, FILE_BYTES_MAX);
    const mounted = mountImage(swarm.path('image'), swarm.path('disk'), 4 * size + IMAGE_BYTES);
    if (typeof mounted === 'string') return [skipped(mounted)];
    cleanup.add(async () => {
      // Whoever has a file there keeps it mounted.
      await swarm.stop();
      const failed = run('umount', mounted.path);
      if (failed !== undefined) throw new Error(failed);
    });
    await swarm.startTrackers();
    const [before, after] = [swarm.path('before.d'), swarm.path('after.d')];
    mkdirSync(before);
    writeRandom(`${before}/model`, size);
    const changed = changePieces(before, after, CHANGED_SHARE, 1);
    const seeder = swarm.startClient('seeder');
    const leecher = swarm.startClient('leecher');
    const first = await share(seeder, swarm, `${before}/model`, 'before');
    await travel(seeder, leecher, first, `${mounted.path}/had`);
    const next = await share(seeder, swarm, `${after}/model`, 'after');
    const copy = mounted.during(() => timeShell(`cp --reflink=never ${mounted.path}/had ${mounted.path}/copy`));
    rmSync(`${mounted.path}/copy`);
    const clone = mounted.during(() => timeShell(`cp --reflink=always ${mounted.path}/had ${mounted.path}/clone`));
    rmSync(`${mounted.path}/clone`);
    const begun = mounted.writtenBytes();
    const version = await travel(seeder, leecher, next, `${mounted.path}/got`);
    const written = mounted.writtenBytes() - begun;
    assertEqual(`${after}/model`, `${mounted.path}/got`);
    const what = `a version of ${(size / 2 ** 20).toFixed(0)} MiB on XFS, ${((100 * changed) / size).toFixed(1)} % changed`;
    return [
      {
        name: `${what}: of it written (cp ${percent(copy.written, size)}, a clone ${percent(clone.written, size)})`,
        value: (100 * written) / size,
        unit: '%',
        wanted: (100 * changed) / size + 1,
      },
      { name: `${what}: first byte after`, value: version.firstByteSeconds, unit: 's', wanted: 0.5 },
      { name: `${what}: over cp (${copy.result.toFixed(2)} s)`, value: version.seconds / copy.result, unit: '×' },
    ];
  });

function percent(written: number, size: number): string {
  return `${((100 * written) / size).toFixed(1)} %`;
}

function skipped(why: string): Bar {
  return { name: 'a version on a file system that clones', value: Number.NaN, unit: '', skipped: why };
}

interface Mounted {
  readonly path: string;
  /** To its device, with all that was waiting. */
  readonly writtenBytes: () => number;
  readonly during: <T>(work: () => T) => { readonly result: T; readonly written: number };
}

/** Why it cannot be mounted, if so. */
function mountImage(image: string, path: string, bytes: number): Mounted | string {
  if (process.getuid?.() !== 0) return 'only root may mount an image';
  const fd = openSync(image, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
  mkdirSync(path);
  const made = run('mkfs.xfs', '-q', '-m', 'reflink=1', image);
  if (made !== undefined) return `mkfs.xfs: ${made}`;
  const mounted = run('mount', '-o', 'loop', image, path);
  if (mounted !== undefined) return `mount: ${mounted}`;
  writeFileSync(`${path}/probe`, 'x');
  const cloned = run('cp', '--reflink=always', `${path}/probe`, `${path}/probe2`);
  const device = basename(spawnSync('findmnt', ['-no', 'SOURCE', path], { encoding: 'utf8' }).stdout.trim());
  if (cloned !== undefined || device === '') {
    run('umount', path);
    return cloned === undefined ? 'findmnt does not know the image' : `it cannot clone: ${cloned}`;
  }
  const writtenBytes = (): number => {
    run('sync', '-f', path);
    const fields = readFileSync(`/sys/block/${device}/stat`, 'utf8').trim().split(/\s+/);
    return Number(fields[6]) * SECTOR_BYTES;
  };
  return {
    path,
    writtenBytes,
    during(work) {
      const begun = writtenBytes();
      const result = work();
      return { result, written: writtenBytes() - begun };
    },
  };
}

/** What it said when it failed; undefined: it did not. */
function run(program: string, ...words: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr.trim().split('\n')[0] || `it ended with ${status}`;
}
