// What the scenes of the faults' bench share: figures with their bars, a swarm of real processes a scene, one download
// from `get` to its end with every byte compared, and processes of our own that misbehave and tell what they did.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import type { ClientProcess } from '../src/app/demo/processes.js';
import { Swarm, sha256OfFile } from '../src/app/demo/swarm.js';
import { within } from '../src/foundation/base/deferred.js';
import { type Cleanup, withCleanup } from './cleanup.js';

export interface FaultFigure {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  /** One a run; their median is held against the bar. */
  readonly values: readonly number[];
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Every run has to keep the bar. */
  readonly always?: boolean;
}

export interface FaultOptions {
  /** Where the files are made. */
  readonly root: string;
  readonly runs: number;
  readonly quick: boolean;
  /** Called with what is being done, for people who wait. */
  readonly note: (text: string) => void;
}

export const MIB = 1024 * 1024;
export const DEADLINE_MS = 120_000;

/** A swarm with one tracker; whatever was started is ended, however the scene ends. */
export function withSwarm<T>(root: string, use: (swarm: Swarm, cleanup: Cleanup) => Promise<T>): Promise<T> {
  return withCleanup(async (cleanup) => {
    const swarm = await Swarm.create(root);
    cleanup.add(() => swarm.end());
    await swarm.startTracker(0);
    return use(swarm, cleanup);
  });
}

/** A file that is shared, or will be. */
export interface Shared {
  readonly source: string;
  readonly mtorrent: string;
  readonly size: number;
  readonly sha256: string;
}

/** A new file of random bytes, shared by `seeder`. */
export async function shareNew(swarm: Swarm, seeder: ClientProcess, name: string, size: number): Promise<Shared> {
  const source = await swarm.makeFile(`${name}.bin`, size);
  const mtorrent = swarm.path(`${name}.mtorrent`);
  await seeder.succeed(`share ${source} ${mtorrent}`, DEADLINE_MS);
  return { source, mtorrent, size, sha256: await sha256OfFile(source) };
}

export interface FileJson {
  readonly state: string;
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
}

/** The only file of a client. */
export async function fileOf(client: ClientProcess): Promise<FileJson> {
  const { files } = await client.json<{ readonly files: readonly FileJson[] }>('show downloads --json');
  const [file] = files;
  if (file === undefined) throw new Error(`${client.name} shows no file: ${client.stderr}`);
  return file;
}

export interface Running {
  readonly leecher: ClientProcess;
  readonly mtorrent: string;
  readonly target: string;
  readonly startedMs: number;
}

/** Of this process: no two downloads have one target, so that a late event of one is not taken for another's. */
let lastTarget = 0;

export async function begin(swarm: Swarm, leecher: ClientProcess, shared: Shared): Promise<Running> {
  // Of its own, since `remove` deletes it.
  const mtorrent = swarm.path(`${leecher.name}-copy.mtorrent`);
  await copyFile(shared.mtorrent, mtorrent);
  const startedMs = performance.now();
  lastTarget += 1;
  const target = await leecher.succeed(`get ${mtorrent} ${swarm.path(`got-${lastTarget}.bin`)}`);
  return { leecher, mtorrent, target, startedMs };
}

/** Seconds from `get` to its end; a download that ends otherwise, or with a wrong byte, ends the bench. */
export async function completed(
  { leecher, target, startedMs }: Running,
  { sha256 }: Shared,
  deadlineMs = DEADLINE_MS,
): Promise<number> {
  const event = await leecher.event((line) => line.includes(target), deadlineMs);
  const seconds = (performance.now() - startedMs) / 1000;
  if (!event.startsWith('COMPLETED:')) throw new Error(`the download failed: ${event} ${leecher.stderr}`);
  if ((await sha256OfFile(target)) !== sha256) throw new Error(`${target} is complete and has wrong bytes`);
  return seconds;
}

/** As if it had never been: the next download of the same leecher starts from nothing. */
export async function discard({ leecher, mtorrent, target }: Running): Promise<void> {
  await leecher.succeed(`remove ${mtorrent} --force`);
  rmSync(target, { force: true });
}

/** A process of ours beside the product's: says READY, and when its input ends what it did, as one line of JSON. */
export class Driver {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, words: readonly string[], cleanup: Cleanup) {
    this.#child = spawn(process.execPath, [new URL(`./${name}.js`, import.meta.url).pathname, ...words]);
    this.#child.stderr.on('data', (said: Buffer) => process.stderr.write(said));
    this.#child.stdin.on('error', () => undefined);
    cleanup.add(async () => this.#child.kill('SIGKILL'));
    const reader: Interface = createInterface({ input: this.#child.stdout });
    this.#lines = reader[Symbol.asyncIterator]();
  }

  static async start(name: string, words: readonly string[], cleanup: Cleanup): Promise<Driver> {
    const driver = new Driver(name, words, cleanup);
    const said = await driver.#line();
    if (said !== 'READY') throw new Error(`${name} said ${said}`);
    return driver;
  }

  /** Ends it; answers what it did. All its sockets are gone then. */
  async end<T>(): Promise<T> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    const told = JSON.parse(await this.#line()) as T;
    await exited;
    return told;
  }

  #line(): Promise<string> {
    const next = async (): Promise<string> => {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`a process ended early: ${this.#child.spawnargs.join(' ')}`);
      return value;
    };
    return within(next(), DEADLINE_MS, () => {
      throw new Error(`a process says nothing: ${this.#child.spawnargs.join(' ')}`);
    });
  }
}

/** The other end of a `Driver`: says READY, and what `facts` says when its input ends. */
export function driven(facts: () => object): void {
  process.stdin.on('end', () => process.stdout.write(`${JSON.stringify(facts())}\n`, () => process.exit(0)));
  process.stdin.resume();
  process.stdout.write('READY\n');
}
