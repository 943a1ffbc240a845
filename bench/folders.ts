// `npm run bench -- folders [--entries 100000] [--size 4GiB] [--only create,small,…] [--quick] [--json] [--out DIR]`:
// what folders are held against, each beside what it is compared with in the same run. Real processes into a RAM disk.

import { existsSync, statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { formatBytes, parseBytes } from '../src/foundation/base/bytes.js';
import { printTable, spreadOf } from './figures.js';
import { MEASURES } from './folders-rows.js';
import type { Bar, Sizes } from './folders-stage.js';
import { barChart } from './plot.js';
import { OUT_DEFAULT, saveResults } from './results.js';
import { fileSystemOf } from './tracker-vitals.js';

const RAM_DISK = '/dev/shm';
/** Source, copy, and the version before of each. */
const COPIES = 4;

export async function runFoldersBench(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      entries: { type: 'string' },
      size: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      out: { type: 'string', default: OUT_DEFAULT },
    },
  });
  const entries = Number(values.entries ?? (values.quick ? 2_000 : 100_000));
  const bytes = parseBytes(values.size ?? (values.quick ? '256MiB' : '4GiB'));
  const names = values.only?.split(',') ?? Object.keys(MEASURES);
  if (bytes === undefined || !Number.isInteger(entries) || entries < 1 || names.some((name) => !(name in MEASURES))) {
    process.stderr.write(`--entries is a number, --size like 4GiB, --only of ${Object.keys(MEASURES).join(',')}\n`);
    return 2;
  }
  const sizes: Sizes = { entries, bytes };
  const root = rootFor(sizes);
  const bars: Bar[] = [];
  for (const name of names) {
    process.stderr.write(`folders: ${name}\n`);
    bars.push(...((await MEASURES[name]?.(root, sizes)) ?? []));
  }
  const { node } = process.versions;
  const facts = {
    schema: 1,
    bench: 'folders',
    ...sizes,
    cores: cpus().length,
    node,
    fileSystem: fileSystemOf(root),
    bars,
  };
  const saved = saveResults(values.out, 'folders', facts, plot(bars));
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else show(root, sizes, bars, saved);
  return bars.every(isMet) ? 0 : 1;
}

/** The RAM disk where it has room for all copies. */
function rootFor({ entries, bytes }: Sizes): string {
  if (!existsSync(RAM_DISK)) return tmpdir();
  const { bavail, bsize } = statfsSync(RAM_DISK);
  return bavail * bsize >= COPIES * Math.max(bytes, entries * 4_096) ? RAM_DISK : tmpdir();
}

function isMet({ value, wanted, skipped }: Bar): boolean {
  return wanted === undefined || skipped !== undefined || value <= wanted;
}

function show(root: string, { entries, bytes }: Sizes, bars: readonly Bar[], saved: readonly string[]): void {
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  process.stdout.write(`${entries} entries, ${formatBytes(bytes)}, in ${root}, ${fileSystemOf(root)}; ${machine}\n\n`);
  printTable([
    ['', 'measured', 'wanted', ''],
    ...bars.map((bar) => [
      bar.name,
      bar.skipped === undefined ? `${bar.value.toFixed(2)} ${bar.unit}` : `SKIPPED: ${bar.skipped}`,
      bar.wanted === undefined ? '' : `≤ ${bar.wanted.toFixed(2)}`,
      bar.wanted === undefined || bar.skipped !== undefined ? '' : isMet(bar) ? 'met' : 'MISSED',
    ]),
  ]);
  process.stdout.write(`\nwritten: ${saved.join(' ')}\n`);
}

/** Each bar as its share of what is wanted. */
function plot(bars: readonly Bar[]): string {
  const shares = bars.flatMap(({ name, value, wanted, skipped }) =>
    wanted === undefined || skipped !== undefined ? [] : [{ name, spread: spreadOf([value / wanted]) }],
  );
  return barChart({ title: 'Folders', unit: '× what is wanted', bars: shares, marks: [{ name: 'wanted', value: 1 }] });
}
