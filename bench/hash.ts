// `mtorrent create` against `mktorrent -l 19` on the same cached file, whole processes, in turn; where mktorrent is not
// installed, only ours.

import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes, parseBytes } from '../src/foundation/base/bytes.js';
import { printTable, showSpread, spreadOf } from './figures.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';

const PROGRAM = new URL('../bundle/mtorrent.cjs', import.meta.url).pathname;

export async function runHashBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      size: { type: 'string', default: '4GiB' },
      runs: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const size = values.quick ? 512 * 1024 * 1024 : (parseBytes(values.size) ?? 0);
  const runs = values.quick ? 2 : Number(values.runs);
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mtorrent-bench-'));
  try {
    const file = join(directory, 'source.bin');
    fill(file, size);
    const rival = spawnSync('mktorrent', ['-h']).error === undefined;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run <= runs; run += 1) {
      const create = time(process.execPath, [
        PROGRAM,
        'create',
        file,
        '-o',
        join(directory, 'x.mtorrent'),
        '-f',
        '-q',
        '-t',
        '127.0.0.1:1',
        '-t',
        '127.0.0.1:2',
      ]);
      const mktorrent = rival
        ? time('mktorrent', ['-l', '19', '-a', 'http://127.0.0.1/', '-o', join(directory, `x${run}.torrent`), file])
        : Number.NaN;
      // The first pair warms the page cache.
      if (run === 0) continue;
      ours.push(create);
      theirs.push(mktorrent);
    }
    report({ size, rival, ours, theirs, json: values.json, out: values.out });
    return 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function fill(path: string, size: number): void {
  const fd = openSync(path, 'wx');
  const buffer = randomFillSync(new Uint8Array(8 * 1024 * 1024));
  for (let at = 0; at < size; at += buffer.length) {
    buffer[0] = at / buffer.length;
    writeSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
  }
  closeSync(fd);
}

/** Seconds of one whole process. */
function time(command: string, words: readonly string[]): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${String(stderr)}`);
  return (performance.now() - startedMs) / 1000;
}

interface Outcome {
  readonly size: number;
  readonly rival: boolean;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly json: boolean;
  readonly out: string;
}

function report({ size, rival, ours, theirs, json, out }: Outcome): void {
  const ratios = ours.map((seconds, at) => seconds / (theirs[at] ?? Number.NaN));
  const facts = { schema: 1, bench: 'hash', size, cores: cpus().length, ours, theirs: rival ? theirs : null };
  const bars = [
    { name: 'mtorrent create', spread: spreadOf(ours) },
    ...(rival ? [{ name: 'mktorrent -l 19', spread: spreadOf(theirs) }] : []),
  ];
  const title = `Hashing a cached file of ${formatBytes(size)}, whole processes`;
  const saved = saveResults(out, 'hash', facts, barChart({ title, unit: 'seconds', bars, marks: [] }));
  if (json) {
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  process.stdout.write(
    `${formatBytes(size)}, cached, ${cpus().length} cores, Node ${process.versions.node}; median (min–max)\n`,
  );
  printTable([
    ['', 'seconds', 'MB/s'],
    [
      'mtorrent create',
      showSpread(spreadOf(ours), 2),
      showSpread(spreadOf(ours.map((seconds) => size / 1e6 / seconds)), 0),
    ],
    ...(rival
      ? [
          [
            'mktorrent -l 19',
            showSpread(spreadOf(theirs), 2),
            showSpread(spreadOf(theirs.map((seconds) => size / 1e6 / seconds)), 0),
          ],
        ]
      : []),
    ...(rival
      ? [['ratio, pair by pair', showSpread(spreadOf(ratios), 2), '']]
      : [['mktorrent is not installed', '', '']]),
  ]);
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}
