// `mtorrent demo`: runs a whole swarm on this machine: two trackers, seeders of which one has only a part, and a
// download during which a tracker is killed. Compares every byte, prints who sent how much, and leaves nothing behind.

import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, resolve } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { DEMO_SEEDERS_MAX } from '../../foundation/base/limits.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { roomAt } from '../../transfer/storage/disk/room.js';
import { inspectSource } from '../../transfer/storage/source/source.js';
import { DEMO_DEADLINE_MS, DEMO_SIZE_MAX } from './limits.js';
import { bringBack, killInMidDownload } from './outage.js';
import type { ClientProcess } from './processes.js';
import { type DemoResult, type Participant, tableOf } from './report.js';
import { Swarm, sha256OfFile } from './swarm.js';

export interface DemoArguments {
  readonly file: string | undefined;
  /** Bytes of the generated file when `file` is not given. */
  readonly size: number;
  readonly seeders: number;
  readonly json: boolean;
}

export async function runDemo(args: DemoArguments, output: CommandOutput): Promise<number> {
  if (!Number.isInteger(args.seeders) || args.seeders < 1 || args.seeders > DEMO_SEEDERS_MAX) {
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--seeders takes a whole number from 1 to ${DEMO_SEEDERS_MAX}`);
  }
  if (args.size > DEMO_SIZE_MAX) throw new MiniTorrentError('INVALID_ARGUMENTS', '--size takes at most 64 GiB');
  const size = args.file === undefined ? args.size : (await inspectSource(args.file)).size;
  const free = (await roomAt(tmpdir())).freeBytes ?? Number.POSITIVE_INFINITY;
  // The source (unless it is the user's), the result, and a part at one seeder.
  if (free < 3 * size)
    throw new MiniTorrentError(
      'DISK_FULL',
      `${tmpdir()} has too little space for a demo of this size; choose a smaller size or set TMPDIR`,
    );

  // Before there is anything to clean up, so that Ctrl-C never leaves anything behind.
  const interrupted = onInterrupt();
  try {
    const swarm = await Swarm.create(tmpdir());
    const working = exchange(swarm, args, output);
    try {
      const result = await Promise.race([working, interrupted.promise]);
      output.stdout(args.json ? JSON.stringify(result) : tableOf(result));
      return 0;
    } finally {
      await swarm.stop();
      // A step that was interrupted may not write into a directory that is being removed.
      await working.catch(() => undefined);
      await swarm.end();
    }
  } finally {
    interrupted.stop();
  }
}

async function exchange(swarm: Swarm, args: DemoArguments, output: CommandOutput): Promise<DemoResult> {
  const say = (line: string): void => output.stderr(line);
  const source = args.file === undefined ? await swarm.makeFile('demo-file.bin', args.size) : resolve(args.file);
  const { size } = await inspectSource(source);
  const [firstTracker] = await swarm.startTrackers();
  say(`two trackers: ${swarm.trackers.map(formatAddress).join(' and ')}`);

  const seeders = await startSeeders(swarm, source, args.seeders);
  say(
    `${args.seeders} seeder${args.seeders === 1 ? '' : 's'} of ${basename(source)}${args.seeders > 1 ? ', the last with only half of the pieces' : ''}`,
  );

  const leecher = swarm.startClient('leecher');
  await leecher.address();
  const startedMs = performance.now();
  const target = await leecher.succeed(
    `get ${quoted(swarm.path('seeder-1.mtorrent'))} ${quoted(swarm.path('result.bin'))}`,
  );
  const killed = await killInMidDownload(firstTracker, leecher);
  say(killed ? 'killed tracker 1 during the download' : 'the download finished before tracker 1 could be killed');
  const event = await leecher.event((line) => line.includes(target), DEMO_DEADLINE_MS);
  const seconds = (performance.now() - startedMs) / 1000;
  if (!event.startsWith('COMPLETED:'))
    throw new MiniTorrentError('INTERNAL', `the download failed: ${event} ${leecher.stderr}`);

  const [before, after] = await Promise.all([sha256OfFile(source), sha256OfFile(target)]);
  if (before !== after)
    throw new MiniTorrentError('VERIFICATION_FAILED', `the result has SHA-256 ${after}, but the source has ${before}`);
  const received = await transferOf(leecher);
  const equalAfterSeconds = await bringBack(swarm, args.seeders + 1);
  return {
    schema: 1,
    bytes: size,
    seconds,
    megabytesPerSecond: size / 1e6 / seconds,
    sha256: after,
    wastedBytes: received.wasted,
    tracker: { killedInMidDownload: killed, listsEqualAfterSeconds: equalAfterSeconds },
    leecher: await participant('leecher', leecher, received.received),
    seeders: await sendersOf(seeders, received.received),
  };
}

/** All but the last hold the whole file; the last of several holds every second piece. */
async function startSeeders(swarm: Swarm, source: string, count: number): Promise<readonly ClientProcess[]> {
  const seeders: ClientProcess[] = [];
  const complete = count === 1 ? 1 : count - 1;
  for (let at = 1; at <= complete; at += 1) {
    const seeder = swarm.startClient(`seeder-${at}`);
    seeders.push(seeder);
    await seeder.succeed(`share ${quoted(source)} ${quoted(swarm.path(`seeder-${at}.mtorrent`))}`, DEMO_DEADLINE_MS);
  }
  if (count > complete) {
    const own = swarm.path(`seeder-${count}.mtorrent`);
    await copyFile(swarm.path('seeder-1.mtorrent'), own);
    const partial = await swarm.startPartialClient(`seeder-${count}`, source, own, (piece) => piece % 2 === 0);
    await partial.address();
    seeders.push(partial);
  }
  return seeders;
}

interface FileJson {
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
}

async function transferOf(client: ClientProcess): Promise<FileJson> {
  const { files } = await client.json<{ readonly files: readonly FileJson[] }>('show downloads --json');
  const [file] = files;
  if (file === undefined) throw new MiniTorrentError('INTERNAL', `${client.name} shows no file`);
  return file;
}

/** Seeders update their counters a few times a second: asks until everything is counted. */
async function sendersOf(seeders: readonly ClientProcess[], receivedBytes: number): Promise<readonly Participant[]> {
  const deadlineMs = performance.now() + 5_000;
  for (;;) {
    const sent = await Promise.all(seeders.map(async (seeder) => (await transferOf(seeder)).sent));
    const total = sent.reduce((sum, bytes) => sum + bytes, 0);
    if (total >= receivedBytes || performance.now() > deadlineMs) {
      return Promise.all(seeders.map((seeder, at) => participant(seeder.name, seeder, sent[at] ?? 0)));
    }
  }
}

async function participant(name: string, client: ClientProcess, bytes: number): Promise<Participant> {
  const vitals = await client.json<{
    cpuUserSeconds: number;
    cpuSystemSeconds: number;
    rssPeakBytes: number;
    loopDelayP99Ms: number;
  }>('show stats');
  return {
    name,
    address: formatAddress(await client.address()),
    bytes,
    cpuSeconds: vitals.cpuUserSeconds + vitals.cpuSystemSeconds,
    rssPeakBytes: vitals.rssPeakBytes,
    loopDelayP99Ms: vitals.loopDelayP99Ms,
  };
}

/** Quotes a path for a console line. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Rejects on Ctrl-C or SIGTERM, so that everything is cleaned up on the way out. */
function onInterrupt(): { promise: Promise<never>; stop(): void } {
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, onError) => {
    reject = onError;
  });
  // A signal after the race is over needs no handler.
  promise.catch(() => undefined);
  const onSignal = (): void =>
    reject(new MiniTorrentError('CANCELLED', 'the demo was interrupted; everything that it made was removed'));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    promise,
    stop: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
