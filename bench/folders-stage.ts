// Where the folders' bench measures: a swarm of real processes, one that shares and one that fetches, watched from
// outside while a folder travels; and what plain tools take for the same on the same machine.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientProcess } from '../src/app/demo/processes.js';
import type { Swarm } from '../src/app/demo/swarm.js';
import { shellLine } from '../src/foundation/base/shell-line.js';
import { cpuSeconds, descriptorCount, rssPeakBytes } from './tracker-vitals.js';

const DEADLINE_MS = 1_800_000;
const WATCH_MS = 50;
export const PROGRAM = new URL('../bundle/mtorrent.cjs', import.meta.url).pathname;

export interface Travel {
  /** From `get` until its COMPLETED. */
  readonly seconds: number;
  /** From `get` until the first byte from a peer is counted; NaN: none came. */
  readonly firstByteSeconds: number;
  /** From when its last piece was there until its COMPLETED, to WATCH_MS. */
  readonly publishSeconds: number;
  readonly received: number;
  readonly cpuSeconds: number;
  /** The highest of both while it travelled. */
  readonly leecherRss: number;
  readonly seederRss: number;
  readonly leecherDescriptors: number;
  readonly seederDescriptors: number;
}

interface Row {
  readonly path: string;
  readonly received: number;
  readonly have: number;
  readonly pieces: number;
}

/** Shares `source` as `NAME.mtorrent` in the swarm's directory; answers that path. */
export async function share(seeder: ClientProcess, swarm: Swarm, source: string, name: string): Promise<string> {
  await seeder.succeed(shellLine('share', source, `${name}.mtorrent`), DEADLINE_MS);
  return swarm.path(`${name}.mtorrent`);
}

/** `leecher` gets `mtorrent` into the new folder or file `target`. */
export async function travel(
  seeder: ClientProcess,
  leecher: ClientProcess,
  mtorrent: string,
  target: string,
): Promise<Travel> {
  await Promise.all([seeder.address(), leecher.address()]);
  const cpuBefore = cpuSeconds(seeder.pid) + cpuSeconds(leecher.pid);
  const startedMs = performance.now();
  const watch = new Watch(seeder, leecher);
  await leecher.succeed(shellLine('get', mtorrent, target), DEADLINE_MS);
  const moments = momentsOf(leecher, target, watch);
  const event = await leecher.event((line) => line.includes(target), DEADLINE_MS);
  const endedMs = performance.now();
  watch.end();
  if (!event.startsWith('COMPLETED:')) throw new Error(`the download failed: ${event} ${leecher.stderr}`);
  const received = (await rowOf(leecher, target))?.received ?? Number.NaN;
  const { firstByteMs, wholeMs } = await moments;
  return {
    seconds: (endedMs - startedMs) / 1_000,
    firstByteSeconds: (firstByteMs - startedMs) / 1_000,
    publishSeconds: (endedMs - wholeMs) / 1_000,
    received,
    cpuSeconds: cpuSeconds(seeder.pid) + cpuSeconds(leecher.pid) - cpuBefore,
    leecherRss: rssPeakBytes(leecher.pid),
    seederRss: rssPeakBytes(seeder.pid),
    leecherDescriptors: watch.leecherDescriptors,
    seederDescriptors: watch.seederDescriptors,
  };
}

async function rowOf(leecher: ClientProcess, target: string): Promise<Row | undefined> {
  const { files } = await leecher.json<{ readonly files: readonly Row[] }>('show downloads --json');
  return files.find(({ path }) => path === target);
}

/** When the first byte was there, and the last piece; NaN: not seen. Asked for again and again until the end. */
async function momentsOf(leecher: ClientProcess, target: string, watch: Watch) {
  let [firstByteMs, wholeMs] = [Number.NaN, Number.NaN];
  while (!watch.hasEnded) {
    const { received = 0, have = 0, pieces = 1 } = (await rowOf(leecher, target)) ?? {};
    if (received > 0 && Number.isNaN(firstByteMs)) firstByteMs = performance.now();
    if (have === pieces && Number.isNaN(wholeMs)) wholeMs = performance.now();
    await pause(WATCH_MS);
  }
  return { firstByteMs, wholeMs };
}

/** Counts open descriptors of both while they work. */
class Watch {
  leecherDescriptors = 0;
  seederDescriptors = 0;
  hasEnded = false;
  readonly #timer: NodeJS.Timeout;

  constructor(seeder: ClientProcess, leecher: ClientProcess) {
    this.#timer = setInterval(() => {
      this.leecherDescriptors = Math.max(this.leecherDescriptors, descriptorCount(leecher.pid));
      this.seederDescriptors = Math.max(this.seederDescriptors, descriptorCount(seeder.pid));
    }, WATCH_MS);
  }

  end(): void {
    this.hasEnded = true;
    clearInterval(this.#timer);
  }
}

/** A line of bash: its seconds, and those of processors that its programs took. */
export function timeLine(line: string): { readonly seconds: number; readonly cpuSeconds: number } {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync('bash', ['-c', `set -o pipefail; TIMEFORMAT='%U %S'; time { ${line}; }`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(),
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  if (status !== 0) throw new Error(`${line} ended with ${status}: ${String(stderr)}`);
  const cpu = String(stderr).trim().split('\n').at(-1)?.split(' ') ?? [];
  return { seconds, cpuSeconds: Number(cpu[0]) + Number(cpu[1]) };
}

/** Throws unless both hold the same files with the same bytes. */
export function assertEqual(source: string, target: string): void {
  const difference = differenceOf(source, target);
  if (difference !== undefined) throw new Error(`${target} is not ${source}: ${difference}`);
}

/** In which files they differ; undefined: in none. */
export function differenceOf(source: string, target: string): string | undefined {
  const { status, stdout } = spawnSync('diff', ['-rq', source, target], { encoding: 'utf8' });
  return status === 0 ? undefined : stdout.slice(0, 1_000);
}

/** Seconds of a line of the shell, to its end. */
export function timeShell(line: string): number {
  return time('sh', ['-c', `set -e; ${line}`]);
}

/** Seconds that tar takes to copy the folder `source` to the new folder `target`, which is removed again. */
export function timeTar(source: string, target: string): number {
  const seconds = timeShell(`mkdir ${target}; tar c -C ${source} . | tar x -C ${target}`);
  rmSync(target, { recursive: true });
  return seconds;
}

/** Seconds of one run of `mtorrent`, to its end. */
export function timeProgram(words: readonly string[]): number {
  return time(process.execPath, [PROGRAM, ...words]);
}

/**
 * One run of `mtorrent` that writes to a pipe, as in a shell: until the first byte came out of it, and to its end. The
 * pipes that Node gives its children are sockets.
 */
export async function timeStream(
  words: readonly string[],
): Promise<{ readonly seconds: number; readonly firstByteSeconds: number }> {
  const startedMs = performance.now();
  const since = (): number => (performance.now() - startedMs) / 1_000;
  const program = shellLine(process.execPath, PROGRAM, ...words, '-q');
  // The shell's own end says nothing of the first command of a pipeline.
  const line = `{ ${program} || echo failed >&2; } | { head -c 1; cat > /dev/null; }`;
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
  let firstByteSeconds = Number.NaN;
  let errors = '';
  child.stdout.once('data', () => {
    firstByteSeconds = since();
  });
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 || errors !== '') throw new Error(`mtorrent ${words.join(' ')} ended with ${code}: ${errors}`);
  return { seconds: since(), firstByteSeconds };
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, MTORRENT_CONFIG: '/dev/null' });

function time(program: string, words: readonly string[]): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(program, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(),
  });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${String(stderr)}`);
  return (performance.now() - startedMs) / 1_000;
}

/** What was measured, and the bar that it is held against. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** At most; undefined: shown only. */
  readonly wanted?: number;
  /** Why it could not be measured. */
  readonly skipped?: string;
}

export interface Sizes {
  /** Of the folder of small files. */
  readonly entries: number;
  /** Of the folder of large files. */
  readonly bytes: number;
}

export type Measure = (root: string, sizes: Sizes) => Promise<readonly Bar[]>;
