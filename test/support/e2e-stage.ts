// What the end-to-end tests share: a swarm of real processes that ends with its test, questions that are asked again
// until they are answered as wished, and what a tracker's seederlist file says.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream } from 'node:fs';
import { copyFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makePartialClient } from '../../src/app/demo/partial.js';
import type { ClientProcess, ConsoleProcess, Outcome } from '../../src/app/demo/processes.js';
import { Swarm } from '../../src/app/demo/swarm.js';
import { createSwarmClient, type SwarmClient, type SwarmClientOptions } from '../../src/app/library/mini-torrent.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { makeMetainfo } from '../../src/foundation/torrent/metainfo.js';
import { listSeeders } from '../../src/tracking/store/sqlite/list.js';
import { startTracker } from '../../src/tracking/tracker/start.js';
import { writeMetainfo } from '../../src/transfer/storage/metainfo-file.js';
import { PATIENCE_MS } from './patience.js';

export const PIECE = 512 * 1024;
/** Between two questions, growing: the program that we ask has other work to do, on the same cores. */
const ASK_AGAIN_MS = 10;
const ASK_AGAIN_MAX_MS = 100;
const ASK_AGAIN_GROWTH = 1.2;
/** Of one directory: with the pauses of Node between them, some seconds. */
const REMOVALS_MAX = 10;

/** Memory instead of a disk where there is one: these tests are about processes, not about how fast a disk flushes. */
export function fastRoot(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** A swarm in a directory of its own, ended and removed after the test. */
export async function stageSwarm(t: TestContext, root = fastRoot()): Promise<Swarm> {
  const swarm = await Swarm.create(root);
  t.after(async () => {
    await swarm.stop();
    // Programs that the test started beside it end behind this, and may bring a name back meanwhile.
    await rm(swarm.directory, { recursive: true, force: true, maxRetries: REMOVALS_MAX });
  });
  return swarm;
}

/** A tracker of a swarm on this test's own thread, which costs less than a process: for tests about clients. */
export async function startTrackerHere(swarm: Swarm, which: 0 | 1 = 0): Promise<void> {
  const [own, partner] = [swarm.trackers[which], swarm.trackers[which === 0 ? 1 : 0]];
  const name = `tracker-${which + 1}`;
  const log = { path: swarm.path(`${name}.log`), level: 'info' } as const;
  const tracker = await startTracker({ own, partner, seederListPath: swarm.path(`${name}.db`), log });
  swarm.adopt({ end: () => tracker.stop('its test has ended') });
}

/**
 * A client in this test's process that serves what others fetch, and fetches what others serve: half the cost of a
 * process, for clients that are only scenery. It ends with the swarm.
 */
export async function startClientHere(
  swarm: Swarm,
  name: string,
  settings: Partial<Omit<SwarmClientOptions, 'trackers'>> = {},
): Promise<SwarmClient> {
  const [first, second] = swarm.trackers;
  const client = await createSwarmClient({
    address: '127.0.0.1:0',
    peerThreads: 1,
    trackers: [formatAddress(first), formatAddress(second)],
    stateDir: swarm.path(`${name}.state`),
    ...settings,
  });
  swarm.adopt({ end: () => client.close() });
  return client;
}

/** A client in this test's process that shares `source` as `mtorrent` in the swarm's directory, as scenery. */
export async function shareHere(
  swarm: Swarm,
  source: string,
  mtorrent: string,
  settings: Omit<SwarmClientOptions, 'trackers' | 'stateDir'> = {},
  name = 'seeder',
): Promise<SwarmClient> {
  const client = await startClientHere(swarm, name, settings);
  await client.share(source, swarm.path(mtorrent));
  return client;
}

/** Asks until the answer fits. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  fits: (answer: T) => boolean,
  what: string,
  deadlineMs = PATIENCE_MS,
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (let pauseMs = ASK_AGAIN_MS; ; pauseMs = Math.min(pauseMs * ASK_AGAIN_GROWTH, ASK_AGAIN_MAX_MS)) {
    const answer = await ask();
    if (fits(answer)) return answer;
    assert.ok(
      performance.now() < endMs,
      `${what}: not within ${deadlineMs} ms; the last answer: ${JSON.stringify(answer)}`,
    );
    await pause(pauseMs);
  }
}

export interface FileJson {
  readonly name: string;
  readonly state: string;
  readonly path: string;
  readonly mtorrentPath: string;
  readonly size: number;
  readonly have: number;
  readonly pieces: number;
  readonly peers: number;
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
  readonly problem: string;
  readonly zeros: number;
}

export async function filesOf(client: ConsoleProcess): Promise<readonly FileJson[]> {
  return (await client.json<{ readonly files: readonly FileJson[] }>('show downloads --json')).files;
}

/** The only file of a client. */
export async function fileOf(client: ConsoleProcess): Promise<FileJson> {
  const [file, ...more] = await filesOf(client);
  assert.ok(file !== undefined && more.length === 0, `${client.name} has one file`);
  return file;
}

/** Waits until the only file of `client` has `pieces` pieces. */
export function hasPieces(client: ConsoleProcess, pieces: number): Promise<FileJson> {
  return eventually(
    () => fileOf(client),
    ({ have }) => have >= pieces,
    `${client.name} has ${pieces} pieces`,
  );
}

/** For a line of the console. */
export function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Shares `path` as `mtorrent` in the swarm's directory; answers the path of the .mtorrent. */
export async function share(client: ConsoleProcess, path: string, mtorrent: string): Promise<string> {
  await client.succeed(`share ${quoted(path)} ${quoted(mtorrent)}`);
  return mtorrent.startsWith('/') ? mtorrent : `${client.directory}/${mtorrent}`;
}

/**
 * A `.mtorrent` that nobody has announced; answers its path. Made on this test's own thread, which costs less than a
 * process of `mtorrent create`.
 */
export async function create(swarm: Swarm, source: string, name: string, withSha256 = false): Promise<string> {
  const digests: Buffer[] = [];
  const whole = createHash('sha256');
  let size = 0;
  for await (const part of createReadStream(source, { highWaterMark: PIECE })) {
    const piece = part as Buffer;
    digests.push(createHash('sha1').update(piece).digest());
    whole.update(piece);
    size += piece.length;
  }
  assert.equal(digests.length, Math.ceil(size / PIECE), 'a file is read in whole pieces');
  const sha256 = withSha256 ? new Uint8Array(whole.digest()) : undefined;
  const { trackers } = swarm;
  const parts = { trackers, name: basename(source), size, digests: new Uint8Array(Buffer.concat(digests)), sha256 };
  await writeMetainfo(swarm.path(name), makeMetainfo(parts), { overwrite: false });
  return swarm.path(name);
}

/** A client, started and listed, that has the pieces of `source` that `hasPiece` names and fetches no more. */
export async function startPartial(
  swarm: Swarm,
  source: string,
  mtorrent: string,
  hasPiece: (piece: number) => boolean,
  name = 'partial',
): Promise<ClientProcess> {
  await copyFile(mtorrent, swarm.path(`${name}.mtorrent`));
  const client = await swarm.startPartialClient(name, source, swarm.path(`${name}.mtorrent`), hasPiece);
  await eventually(
    () => fileOf(client),
    ({ state }) => state === 'paused',
    `${name} is paused`,
  );
  return client;
}

/** The same in this test's process. */
export async function startPartialHere(
  swarm: Swarm,
  sourcePath: string,
  mtorrent: string,
  hasPiece: (piece: number) => boolean,
): Promise<SwarmClient> {
  const [mtorrentPath, stateDir] = [swarm.path('partial.mtorrent'), swarm.path('partial.state')];
  await copyFile(mtorrent, mtorrentPath);
  const targetPath = swarm.path('partial.partial');
  await makePartialClient({ mtorrentPath, sourcePath, stateDir, targetPath, hasPiece });
  const client = await startClientHere(swarm, 'partial');
  await eventually(
    () => client.files(),
    ([file]) => file?.state === 'paused',
    'it is paused',
  );
  return client;
}

/** `get`, then its end; answers the path of the complete file. */
export async function getWhole(client: ConsoleProcess, mtorrent: string, destination: string): Promise<string> {
  const target = await client.succeed(`get ${quoted(mtorrent)} ${quoted(destination)}`);
  await completes(client, target);
  return target;
}

export async function completes(client: ConsoleProcess, target: string, deadlineMs = PATIENCE_MS): Promise<void> {
  const event = await client.event((line) => line.includes(target), deadlineMs);
  assert.equal(event, `COMPLETED:${target}`, client.stderr);
}

/** A graceful end, as a user would ask for it. */
export async function quit(client: ClientProcess): Promise<void> {
  assert.match(await client.succeed('quit'), /^BYE/);
  assert.equal(await client.exited, 0);
}

export async function killHard(running: {
  kill(signal: NodeJS.Signals): void;
  exited: Promise<number>;
}): Promise<void> {
  running.kill('SIGKILL');
  assert.equal(await running.exited, 137);
}

interface ListJson {
  readonly swarms: readonly {
    readonly name: string;
    readonly seeders: readonly { readonly address: string; readonly have: number }[];
  }[];
}

/** `name address have` of every seeder in the seederlist file of tracker 0 or 1, while it runs or not. */
export async function seederList(swarm: Swarm, which: 0 | 1): Promise<readonly string[]> {
  const { swarms } = JSON.parse(await listSeeders(swarm.path(`tracker-${which + 1}.db`), { json: true })) as ListJson;
  return swarms.flatMap(({ name, seeders }) => seeders.map(({ address, have }) => `${name} ${address} ${have}`));
}

export function listedEventually(
  swarm: Swarm,
  which: 0 | 1,
  fits: (rows: readonly string[]) => boolean,
  what: string,
): Promise<readonly string[]> {
  return eventually(() => seederList(swarm, which), fits, what);
}

/** Who left is off the list, if not at once: a leaving client does not wait long for a slow tracker's word. */
export function nobodyListed(swarm: Swarm): Promise<readonly string[]> {
  return listedEventually(swarm, 0, (rows) => rows.length === 0, 'nobody is listed');
}

/** A failed command line: its exit code, its code, and one sentence. */
export function refusedWith(outcome: Outcome, exitCode: number, code: string, sentence: RegExp): void {
  assert.equal(outcome.code, exitCode, outcome.stderr);
  const lines = outcome.stderr.trim().split('\n');
  assert.equal(lines.length, 1, `one sentence, not: ${outcome.stderr}`);
  assert.ok(lines[0]?.startsWith(`${code}: `), outcome.stderr);
  assert.match(outcome.stderr, sentence);
  assert.equal(outcome.stdout, '');
}

/**
 * What a get ends with that can do nothing without its trackers, once it has tried them: how long that takes is up to
 * the machine.
 */
export async function onceTried(get: (timeout: string) => Promise<Outcome>): Promise<Outcome> {
  for (let seconds = 3; ; seconds *= 4) {
    const outcome = await get(`${seconds}s`);
    if (outcome.code !== 14 || seconds * 4_000 > PATIENCE_MS) return outcome;
  }
}

/** A console command is refused with its code, and explained on stderr. */
export async function refuses(client: ConsoleProcess, line: string, code: string, sentence: RegExp): Promise<void> {
  const { result } = await client.command(line);
  assert.equal(result, `FAILURE:${code}`, `${line}: ${client.stderr}`);
  assert.match(await client.said(sentence), new RegExp(`${code}: `));
}

/** Names in a directory, sorted. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).sort();
}

/** All that a daemon of an open swarm says on stderr when nothing goes wrong. */
export const OPEN_REMARK = 'open, as MTORRENT_SWARM says: whoever reaches this port may take part\n';
