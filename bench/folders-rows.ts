// What the folders' bench measures, one function a subject. Each makes its trees, has them travel in a fresh swarm,
// and answers its bars: what was measured, and what is wanted of it, both in the same run.

import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ClientProcess, runProgram } from '../src/app/demo/processes.js';
import { Swarm } from '../src/app/demo/swarm.js';
import { LOOK_AGAIN_MS, LOOKS_TOGETHER } from '../src/client/limits.js';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { shellLine } from '../src/foundation/base/shell-line.js';
import { formatAddress } from '../src/foundation/torrent/address.js';
import { ANY_NAMES } from '../src/foundation/torrent/metainfo.js';
import { readMetainfo } from '../src/transfer/storage/metainfo-file.js';
import { withCleanup } from './cleanup.js';
import { measureChanged } from './folders-changed.js';
import { measureClone } from './folders-clone.js';
import {
  assertEqual,
  type Bar,
  type Measure,
  PROGRAM,
  share,
  type Travel,
  timeLine,
  timeProgram,
  timeShell,
  timeStream,
  timeTar,
  travel,
} from './folders-stage.js';
import { changePieces, filesIn, makeTree, makeVersions, SOURCE_TREES, writeRandom } from './folders-trees.js';
import { cpuSeconds, fileSystemOf, rssBytes } from './tracker-vitals.js';

const MIB = 2 ** 20;
const SMALL_FILE_BYTES = 4_096;
const LINKED_FILE_BYTES = 64;
const LARGE_FILES = 500;
/** Of the folder of which one file is wanted. */
const PARTIAL_FILES = 4;
const PARTIAL_FILE = 'd0/f1';
const CHANGED_SHARE = 0.1;
/** A get of one file and one of a folder, in turn. */
const LARGE_PAIRS = 3;
/** A get to a disk and one to a pipe, in turn. */
const STREAM_PAIRS = 3;
/** Until what the start of a client took has been given back. */
const IDLE_SETTLE_MS = 40_000;
/** Milliseconds between two looks at its memory then, and how many there are: through two looks at a large folder. */
const IDLE_LOOK_MS = 1_000;
const IDLE_LOOKS = (2 * LOOKS_TOGETHER * LOOK_AGAIN_MS) / IDLE_LOOK_MS;
/** Descriptors that a client may open for the files of folders, beside what it has open anyway. */
const DESCRIPTORS_MAX = 128 + 2 * 16 + 40;

interface Scene {
  readonly swarm: Swarm;
  readonly seeder: ClientProcess;
  /** A fresh one of each name. */
  readonly leecher: (name: string) => ClientProcess;
}

function inSwarm(root: string, use: (scene: Scene) => Promise<readonly Bar[]>): Promise<readonly Bar[]> {
  return withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(root);
    cleanup.add(() => swarm.end());
    await swarm.startTrackers();
    return use({ swarm, seeder: swarm.startClient('seeder'), leecher: (name) => swarm.startClient(name) });
  });
}

/** `create` of many small files that are in the page cache. */
const measureCreate: Measure = (root, { entries }) =>
  inSwarm(root, async ({ swarm }) => {
    const source = swarm.path('small');
    makeTree(source, entries, SMALL_FILE_BYTES);
    const trackers = swarm.trackers.flatMap((address) => ['-t', formatAddress(address)]);
    const words = ['create', source, '-o', swarm.path('small.mtorrent'), '-f', '-q', ...trackers];
    timeProgram(words);
    return [{ name: `create, ${entries} files of 4 KiB`, value: timeProgram(words), unit: 's', wanted: 3 }];
  });

/** Many small files, one to one on this machine, beside tar through a pipe. */
const measureSmall: Measure = (root, { entries }) =>
  inSwarm(root, async ({ swarm, seeder, leecher }) => {
    const source = swarm.path('small');
    makeTree(source, entries, SMALL_FILE_BYTES);
    const mtorrent = await share(seeder, swarm, source, 'x');
    const target = swarm.path('got');
    const measured = await travel(seeder, leecher('leecher'), mtorrent, target);
    assertEqual(source, target);
    const tar = timeTar(source, swarm.path('tar'));
    const what = `${entries} files of 4 KiB, 1 to 1`;
    return [
      { name: what, value: measured.seconds, unit: 's', wanted: 3.5 },
      { name: `${what}: over tar (${tar.toFixed(2)} s)`, value: measured.seconds / tar, unit: '×', wanted: 2 },
      { name: `${what}: processor of both`, value: measured.cpuSeconds, unit: 's' },
      ...barsOfMemory(what, measured),
    ];
  });

function barsOfMemory(what: string, measured: Travel): readonly Bar[] {
  return [
    { name: `${what}: memory of the leecher`, value: measured.leecherRss / MIB, unit: 'MiB', wanted: 200 },
    { name: `${what}: memory of the seeder`, value: measured.seederRss / MIB, unit: 'MiB', wanted: 200 },
    {
      name: `${what}: descriptors of the leecher`,
      value: measured.leecherDescriptors,
      unit: '',
      wanted: DESCRIPTORS_MAX,
    },
    {
      name: `${what}: descriptors of the seeder`,
      value: measured.seederDescriptors,
      unit: '',
      wanted: DESCRIPTORS_MAX,
    },
  ];
}

/** Many small files on a disk: what it takes to flush them and to give the folder its name. */
const measurePublish: Measure = (_, { entries }) =>
  inSwarm(tmpdir(), async ({ swarm, seeder, leecher }) => {
    const source = swarm.path('small');
    makeTree(source, entries, SMALL_FILE_BYTES);
    const mtorrent = await share(seeder, swarm, source, 'x');
    const { seconds, publishSeconds } = await travel(seeder, leecher('leecher'), mtorrent, swarm.path('got'));
    const what = `${entries} files of 4 KiB on a disk (${fileSystemOf(swarm.directory)})`;
    return [
      { name: `${what}: from the last piece to the folder's name`, value: publishSeconds, unit: 's', wanted: 10 },
      { name: `${what}: all of it`, value: seconds, unit: 's' },
    ];
  });

/** Large files, as of a model, beside one file of that size. */
const measureLarge: Measure = (root, { bytes }) =>
  inSwarm(root, async ({ swarm, seeder, leecher }) => {
    const [folder, file] = [swarm.path('large'), swarm.path('one.bin')];
    makeTree(folder, LARGE_FILES, Math.floor(bytes / LARGE_FILES));
    writeRandom(file, Math.floor(bytes / LARGE_FILES) * LARGE_FILES);
    const ofFile = await share(seeder, swarm, file, 'file');
    const ofFolder = await share(seeder, swarm, folder, 'folder');
    const ones: number[] = [];
    const manies: Travel[] = [];
    // The first pair is not counted: it has memory that nobody has touched before, which takes longer.
    for (let pair = 0; pair <= LARGE_PAIRS; pair += 1) {
      const [alone, together] = [leecher(`file-${pair}`), leecher(`folder-${pair}`)];
      const one = await travel(seeder, alone, ofFile, swarm.path('got.bin'));
      await alone.end();
      rmSync(swarm.path('got.bin'));
      const many = await travel(seeder, together, ofFolder, swarm.path('got'));
      assertEqual(folder, swarm.path('got'));
      await together.end();
      rmSync(swarm.path('got'), { recursive: true });
      if (pair === 0) continue;
      ones.push(one.seconds);
      manies.push(many);
    }
    const [one, many] = [middle(ones), middle(manies.map(({ seconds }) => seconds))];
    const ratio = middle(manies.map(({ seconds }, at) => seconds / (ones[at] ?? Number.NaN)));
    const what = `${LARGE_FILES} files, ${(bytes / 2 ** 30).toFixed(1)} GiB`;
    return [
      { name: what, value: many, unit: 's' },
      {
        name: `${what}: over one file (${one.toFixed(2)} s), in turn`,
        value: ratio,
        unit: '×',
        wanted: 1.05,
      },
      ...manies.slice(-1).flatMap((last) => barsOfMemory(what, last)),
    ];
  });

/** One file of a folder of four: what comes over the network for it, and what lies in the tree. */
const measurePartial: Measure = (root, { bytes }) =>
  inSwarm(root, async ({ swarm, seeder }) => {
    const folder = swarm.path('large');
    const size = Math.floor(bytes / PARTIAL_FILES);
    makeTree(folder, PARTIAL_FILES, size);
    const mtorrent = await share(seeder, swarm, folder, 'folder');
    const target = swarm.path('got');
    const words = ['get', mtorrent, target, '--only', PARTIAL_FILE, '--alone', '--state-dir', swarm.path('state')];
    const { code, stdout, stderr } = await runProgram([...words, '--json'], swarm.directory);
    if (code !== 0) throw new Error(`get --only ended with ${code}: ${stderr}`);
    assertEqual(join(folder, PARTIAL_FILE), join(target, PARTIAL_FILE));
    const { received, elapsedMs } = JSON.parse(stdout.split('\n').at(-1) ?? '');
    const what = `1 of ${PARTIAL_FILES} files, ${(bytes / 2 ** 30).toFixed(1)} GiB`;
    return [
      {
        name: `${what}: over the network`,
        value: received / MIB,
        unit: 'MiB',
        wanted: (size + PIECE_SIZE) / MIB,
      },
      { name: `${what}: files in the tree`, value: filesIn(target).length, unit: '', wanted: 1 },
      { name: what, value: elapsedMs / 1_000, unit: 's' },
    ];
  });

/** A folder of large files of which every tenth piece changed, fetched by who has the version before. */
const measureVersion: Measure = (root, { bytes }) =>
  inSwarm(root, async ({ swarm, seeder, leecher }) => {
    const [before, after] = [swarm.path('before'), swarm.path('after')];
    makeTree(before, LARGE_FILES, Math.floor(bytes / LARGE_FILES));
    const changed = changePieces(before, after, CHANGED_SHARE, 1);
    const fetcher = leecher('leecher');
    await travel(seeder, fetcher, await share(seeder, swarm, before, 'before'), swarm.path('had'));
    const mtorrent = await share(seeder, swarm, after, 'after');
    const next = await travel(seeder, fetcher, mtorrent, swarm.path('got'));
    assertEqual(after, swarm.path('got'));
    const what = `a version of ${(bytes / 2 ** 30).toFixed(1)} GiB, ${((100 * changed) / bytes).toFixed(1)} % in changed pieces`;
    return [
      {
        name: `${what}: of it over the network`,
        value: (100 * next.received) / bytes,
        unit: '%',
        wanted: (100 * changed) / bytes + 1,
      },
      { name: `${what}: first byte after`, value: next.firstByteSeconds, unit: 's', wanted: 0.5 },
      { name: what, value: next.seconds, unit: 's' },
    ];
  });

/** Source trees and their next versions: all of it over the network, and only what changed. */
const measureTrees: Measure = async (root) => {
  const bars: Bar[] = [];
  for (const shape of SOURCE_TREES) {
    const measured = await inSwarm(root, async ({ swarm, seeder, leecher }) => {
      const [before, after] = [swarm.path('before'), swarm.path('after')];
      const changed = makeVersions(shape, before, after);
      const fetcher = leecher('leecher');
      await travel(seeder, fetcher, await share(seeder, swarm, before, 'before'), swarm.path('had'));
      const mtorrent = await share(seeder, swarm, after, 'after');
      const plain = await travel(seeder, leecher('plain'), mtorrent, swarm.path('plain'));
      const next = await travel(seeder, fetcher, mtorrent, join(swarm.directory, 'got'));
      assertEqual(after, swarm.path('got'));
      const what = `${shape.name}, ${shape.changedFiles} of ${shape.files} files changed (${(changed / MIB).toFixed(1)} MiB)`;
      return [
        { name: `${what}: without the version before`, value: plain.received / MIB, unit: 'MiB' },
        { name: `${what}: with it`, value: next.received / MIB, unit: 'MiB', wanted: (1.3 * changed + 524_288) / MIB },
        { name: `${what}: seconds, without ${plain.seconds.toFixed(2)}`, value: next.seconds, unit: 's' },
      ];
    });
    bars.push(...measured);
  }
  return bars;
};

/** The `.mtorrent` of many files from its link, which a peer and the trackers hand out. */
const measureLink: Measure = (root, { entries }) =>
  inSwarm(root, async ({ swarm, seeder }) => {
    const source = swarm.path('small');
    makeTree(source, entries, LINKED_FILE_BYTES);
    const mtorrent = await share(seeder, swarm, source, 'x');
    const { stdout: link } = await runProgram(['info', mtorrent, '--link'], swarm.directory);
    const own = timeProgram(['info', mtorrent]);
    const startedMs = performance.now();
    const { layout } = await readMetainfo(mtorrent, ANY_NAMES);
    const parsed = (performance.now() - startedMs) / 1_000;
    const what = `info of a link to ${entries} files (of its .mtorrent: ${own.toFixed(2)} s)`;
    return [
      { name: what, value: timeProgram(['info', link]), unit: 's', wanted: 2 },
      { name: `reading a list of ${layout.folder?.count} entries`, value: parsed, unit: 's', wanted: 0.5 },
    ];
  });

/** One file to standard output and to a disk, in turn; and a folder to tar. */
const measureStdout: Measure = (root, sizes) =>
  inSwarm(root, async ({ swarm, seeder }) => {
    const bytes = Math.ceil(sizes.bytes / 4);
    const [file, folder] = [swarm.path('one.bin'), swarm.path('small')];
    writeRandom(file, bytes);
    makeTree(folder, sizes.entries / 10, SMALL_FILE_BYTES);
    const [ofFile, ofFolder] = [await share(seeder, swarm, file, 'file'), await share(seeder, swarm, folder, 'folder')];
    const state = ['--alone', '--state-dir', swarm.path('state'), '-q'];
    const get = (...words: readonly string[]): string =>
      shellLine(process.execPath, PROGRAM, 'get', ...words, ...state);
    const target = swarm.path('plain.bin');
    const pairs = Array.from({ length: STREAM_PAIRS }, () => {
      const plain = timeLine(get(ofFile, target));
      rmSync(target);
      const streamed = timeLine(`${get(ofFile, '-')} | cat > /dev/null`);
      return { plain, streamed, pipe: timeLine(`cat ${file} | cat > /dev/null`) };
    });
    const streamed = await timeStream(['get', ofFile, '-', ...state.slice(0, -1)]);
    mkdirSync(swarm.path('untarred'));
    timeShell(`${get(ofFolder, '-')} | tar x -C ${swarm.path('untarred')}`);
    assertEqual(folder, swarm.path('untarred/small'));
    const what = `get to standard output, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const plain = middle(pairs.map((pair) => pair.plain.seconds));
    const ratio = middle(pairs.map((pair) => pair.streamed.seconds / pair.plain.seconds));
    const cpu = middle(pairs.map((pair) => pair.streamed.cpuSeconds - pair.plain.cpuSeconds));
    const pipe = middle(pairs.map((pair) => pair.pipe.cpuSeconds));
    return [
      { name: `${what}: over a plain get (${plain.toFixed(2)} s), in turn`, value: ratio, unit: '×', wanted: 1.25 },
      { name: `${what}: processor above a plain get's (cat | cat: ${pipe.toFixed(2)} s)`, value: cpu, unit: 's' },
      { name: `${what}: first byte after, with the program's start`, value: streamed.firstByteSeconds, unit: 's' },
    ];
  });

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Many small files that nobody wants, of a client that was started with them. */
const measureIdle: Measure = (root, { entries }) =>
  inSwarm(root, async ({ swarm, seeder }) => {
    const source = swarm.path('small');
    makeTree(source, entries, SMALL_FILE_BYTES);
    await share(seeder, swarm, source, 'x');
    await seeder.end();
    const idle = swarm.startClient('seeder');
    await idle.address();
    await idle.succeed('wait');
    await pause(IDLE_SETTLE_MS);
    const [cpuBefore, beganMs] = [cpuSeconds(idle.pid), performance.now()];
    const memory: number[] = [];
    for (let look = 0; look < IDLE_LOOKS; look += 1) {
      await pause(IDLE_LOOK_MS);
      memory.push(rssBytes(idle.pid) / MIB);
    }
    const ofCore = (100_000 * (cpuSeconds(idle.pid) - cpuBefore)) / (performance.now() - beganMs);
    const what = `an idle share of ${entries} files`;
    return [
      { name: `${what}: memory, median`, value: middle(memory), unit: 'MiB', wanted: 120 },
      { name: `${what}: memory at its highest`, value: Math.max(...memory), unit: 'MiB' },
      { name: `${what}: of a core`, value: ofCore, unit: '%', wanted: 1 },
    ];
  });

/** In the order in which they are shown. */
export const MEASURES: Readonly<Record<string, Measure>> = {
  create: measureCreate,
  small: measureSmall,
  publish: measurePublish,
  large: measureLarge,
  partial: measurePartial,
  version: measureVersion,
  trees: measureTrees,
  link: measureLink,
  stdout: measureStdout,
  idle: measureIdle,
  clone: measureClone,
  changed: measureChanged,
};
