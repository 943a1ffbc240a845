// Very many random schedules of faults, one a seed, on all cores: of `downloads`, of the pair of trackers with its
// clients (`trackers`), or of trackers on a `database`. Prints how many ran, how long, and every seed that failed with
// what it means; a schedule fails by an invariant of its simulation, or by not coming to its end.

import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { runDatabase } from './database-scene.js';
import { optionsOf } from './options.js';
import { pairOptionsOf, runPair } from './pair-scene.js';
import { runSwarm } from './swarm.js';

const FILE = new URL(import.meta.url).pathname;
const SCENES: Readonly<Record<string, (seed: number) => unknown>> = {
  downloads: (seed) => runSwarm(optionsOf(seed)),
  trackers: (seed) => runPair(pairOptionsOf(seed)),
  database: (seed) => runDatabase(seed),
};
const USAGE = 'npm run fuzz -- sim [downloads|trackers|database] [COUNT] [FIRST SEED], such as: sim downloads 10000 0';
/** First word of a process that runs one slice. */
const WORKER = 'worker';
const COUNT_DEFAULT = 10_000;
/** A schedule takes some hundredths of a second; one that takes this long runs in circles. */
const STUCK_MS = 60_000;
/** More of them tell nothing new. */
const FAILURES_MAX = 10;
const SAID_EVERY_MS = 10_000;

interface Failure {
  readonly seed: number;
  readonly what: string;
}

/** What a worker says: it begins with this seed; that seed failed; so many ran, and all is done. */
type Word = { readonly begins: number } | Failure | { readonly ran: number };

class Slice {
  readonly #child: ChildProcess;
  readonly #failures: Failure[];
  readonly ended: Promise<void>;
  #stuck: NodeJS.Timeout | undefined;
  readonly #first: number;
  #seed: number;
  ran = 0;

  constructor(scene: string, first: number, count: number, failures: Failure[]) {
    this.#first = first;
    this.#seed = first;
    this.#failures = failures;
    this.#child = fork(FILE, [WORKER, scene, String(count), String(first)]);
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        clearTimeout(this.#stuck);
        const isWhole = code === 0 && this.ran === count;
        if (!isWhole && signal !== 'SIGTERM')
          failures.push({ seed: this.#seed, what: `its process ended here (${code ?? signal})` });
        resolve();
      });
    });
    this.#child.on('message', (word: Word) => this.#onWord(word));
  }

  stop(): void {
    this.#child.kill('SIGTERM');
  }

  #onWord(word: Word): void {
    if ('what' in word) {
      this.#failures.push(word);
      return;
    }
    if ('ran' in word) {
      this.ran = word.ran;
      return;
    }
    this.ran = word.begins - this.#first;
    this.#seed = word.begins;
    clearTimeout(this.#stuck);
    this.#stuck = setTimeout(() => {
      this.#failures.push({ seed: this.#seed, what: `did not end within ${STUCK_MS / 1_000} s` });
      this.stop();
    }, STUCK_MS);
  }
}

async function run(scene: string, count: number, first: number): Promise<number> {
  const startedMs = performance.now();
  const failures: Failure[] = [];
  const share = Math.ceil(count / Math.min(count, availableParallelism()));
  const slices: Slice[] = [];
  for (let at = 0; at < count; at += share)
    slices.push(new Slice(scene, first + at, Math.min(share, count - at), failures));
  const ranCount = (): number => slices.reduce((sum, { ran }) => sum + ran, 0);
  const seconds = (): string => ((performance.now() - startedMs) / 1_000).toFixed(1);
  const look = setInterval(() => {
    process.stderr.write(
      `${scene}: ${ranCount()} of ${count} schedules in ${seconds()} s, ${failures.length} failed\n`,
    );
    if (failures.length >= FAILURES_MAX) for (const slice of slices) slice.stop();
  }, SAID_EVERY_MS);
  await Promise.all(slices.map(({ ended }) => ended));
  clearInterval(look);
  for (const { seed, what } of failures) process.stdout.write(`FAILED seed ${seed}: ${what}\n\n`);
  process.stdout.write(
    `${scene}: ${ranCount()} schedules ran (seeds ${first} to ${first + count - 1}) in ${seconds()} s; ${failures.length} failed\n`,
  );
  return failures.length === 0 ? 0 : 1;
}

function work(scene: (seed: number) => unknown, count: number, first: number): void {
  const tell = (word: Word): unknown => process.send?.(word);
  let ran = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    tell({ begins: seed });
    try {
      scene(seed);
    } catch (error) {
      tell({ seed, what: error instanceof Error ? error.message : String(error) });
    }
    ran += 1;
  }
  tell({ ran });
  process.disconnect();
}

const words = process.argv.slice(2);
const isWorker = words[0] === WORKER;
if (isWorker) words.shift();
const name = words[0] !== undefined && Object.hasOwn(SCENES, words[0]) ? words.shift() : 'downloads';
const scene = SCENES[name ?? ''];
const [count = COUNT_DEFAULT, first = 0] = words.map(Number);
const isRight =
  words.length <= 2 && Number.isSafeInteger(count) && count > 0 && Number.isSafeInteger(first) && first >= 0;
if (scene === undefined || !isRight) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else if (isWorker) work(scene, count, first);
else process.exitCode = await run(name ?? '', count, first);
