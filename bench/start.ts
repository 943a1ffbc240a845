// How long a person waits for an answer: `--help`, and the prompt of a console in a real terminal, with trackers that
// are named and with a pair of its own. Beside them an empty Node program of the same run, since that much of each is
// none of ours.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spawn as spawnTerminal } from '@lydell/node-pty';
import { deferred, within } from '../src/foundation/base/deferred.js';
import { type Cleanup, withCleanup } from './cleanup.js';
import { ClosedSwarm } from './closed-swarm.js';
import { printTable, type Spread, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';

const MAIN = new URL('../bundle/mtorrent.cjs', import.meta.url).pathname;
const PROMPT = 'mtorrent> ';
const DEADLINE_MS = 10_000;

interface Scene {
  readonly name: string;
  readonly barMs: number | undefined;
  /** Milliseconds of one run in a directory of its own. */
  readonly run: (directory: string) => Promise<number>;
}

const SCENES: readonly Scene[] = [
  { name: 'an empty Node program', barMs: undefined, run: async () => ended(['-e', '0']) },
  { name: 'mtorrent --help', barMs: 250, run: async () => ended([MAIN, '--help']) },
  {
    name: 'prompt of mtorrent client …',
    barMs: 700,
    // Nothing listens there: trackers that do not answer hold up no prompt.
    run: (directory) =>
      prompted(directory, ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', join(directory, 'log')]),
  },
  {
    name: 'the same in a closed swarm',
    barMs: 700,
    run: async (directory) => {
      const at = (port: number) => ({ host: '127.0.0.1', port });
      const closed = await ClosedSwarm.make(join(directory, 'identities'), [at(1), at(2)], 1);
      const words = ['client', '127.0.0.1:0', '127.0.0.1:1', '127.0.0.1:2', join(directory, 'log')];
      return prompted(directory, words, closed.environmentOf('member-0'));
    },
  },
  { name: 'prompt of mtorrent', barMs: 700, run: (directory) => prompted(directory, []) },
];

export async function runStartBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      runs: { type: 'string', default: '11' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  const repetitions = values.quick ? 3 : Number(values.runs);
  const results = await withCleanup((cleanup) => measure(repetitions, cleanup));
  const isQuick = results.every(({ barMs, ms }) => barMs === undefined || ms.median <= barMs);
  const facts = { schema: 1, bench: 'start', cores: cpus().length, node: process.versions.node, isQuick, results };
  const bars = results.map(({ name, ms }) => ({ name, spread: ms }));
  const marks = [{ name: 'prompt, at most', value: 700 }];
  const title = 'From the command to its first answer';
  const saved = saveResults(
    values.out,
    'start',
    facts,
    barChart({ title, unit: 'ms; median, least and most', bars, marks }),
  );
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else {
    process.stdout.write(
      `from the command to its first answer, ${cpus().length} cores, Node ${process.versions.node}\n`,
    );
    printTable([
      ['what', 'ms', 'wanted'],
      ...results.map(({ name, barMs, ms }) => [name, showSpread(ms, 0), barMs === undefined ? '' : `≤ ${barMs}`]),
    ]);
    process.stdout.write(`written: ${saved.join(', ')}\n`);
  }
  return isQuick ? 0 : 1;
}

/** In turn, so that a busy machine is as busy for each. */
async function measure(
  repetitions: number,
  cleanup: Cleanup,
): Promise<readonly { readonly name: string; readonly barMs: number | undefined; readonly ms: Spread }[]> {
  const directory = mkdtempSync(join(tmpdir(), 'mtorrent-start-'));
  cleanup.add(async () => rmSync(directory, { recursive: true, force: true }));
  const times = SCENES.map((): number[] => []);
  for (let turn = 0; turn < repetitions; turn += 1) {
    for (const [at, { run }] of SCENES.entries()) times[at]?.push(await run(mkdtempSync(join(directory, 'run-'))));
  }
  return SCENES.map(({ name, barMs }, at) => ({ name, barMs, ms: spreadOf(times[at] ?? []) }));
}

function ended(words: readonly string[]): number {
  const begunMs = performance.now();
  const { status, error } = spawnSync(process.execPath, words, { stdio: 'pipe', timeout: DEADLINE_MS });
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${status ?? error?.message}`);
  return performance.now() - begunMs;
}

async function prompted(
  directory: string,
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const begunMs = performance.now();
  const own = { XDG_STATE_HOME: directory, XDG_RUNTIME_DIR: directory, XDG_CONFIG_HOME: directory };
  const env = { ...process.env, ...own, ...more };
  const terminal = spawnTerminal(process.execPath, [MAIN, ...words], { cols: 100, rows: 30, env });
  const gone = deferred<void>();
  terminal.onExit(() => gone.resolve());
  let shown = '';
  const seen = deferred<number>();
  terminal.onData((text) => {
    shown += text;
    if (shown.includes(PROMPT)) seen.resolve(performance.now() - begunMs);
  });
  try {
    return await within(seen.promise, DEADLINE_MS, () => {
      throw new Error(`mtorrent ${words.join(' ')} shows no prompt, but: ${shown}`);
    });
  } finally {
    terminal.write('quit\r');
    await within(gone.promise, DEADLINE_MS, () => terminal.kill('SIGKILL'));
  }
}
