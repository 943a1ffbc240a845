// Trees for the folders' bench, and their next versions. Every byte is random: nothing is a hole, nothing is equal by
// chance, and a file system that compresses gains nothing.

import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Prng } from '../src/foundation/base/prng.js';

const PIECE_BYTES = 512 * 1024;
const CHUNK_BYTES = 4 * 2 ** 20;
/** As in a source tree: so many files lie in one directory. */
const FILES_PER_DIRECTORY = 100;
/** Of a changed source file: bytes that come in or go, so that what lies behind them moves. */
const GROWTH_BYTES_MAX = 200;

/** What changes from one version to the next, as the trees of real programs do. */
export interface TreeShape {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly changedFiles: number;
  /** Of the bytes of the new version: those of its changed files. */
  readonly changedShare: number;
}

export const SOURCE_TREES: readonly TreeShape[] = [
  { name: 'linux-headers 6.1', files: 9_418, bytes: 51.7e6, changedFiles: 342, changedShare: 0.152 },
  { name: 'transmission 4.1', files: 1_797, bytes: 29e6, changedFiles: 29, changedShare: 0.024 },
  { name: 'kraken 0.1', files: 598, bytes: 9.4e6, changedFiles: 5, changedShare: 0.004 },
  { name: 'aria2 1.36', files: 1_392, bytes: 11.6e6, changedFiles: 137, changedShare: 0.149 },
  { name: 'libtorrent 2.0', files: 1_004, bytes: 11.9e6, changedFiles: 146, changedShare: 0.275 },
];

/** `count` files of `bytes` each below `root`, which must not be there. */
export function makeTree(root: string, count: number, bytes: number): void {
  const sizes = new Array<number>(count).fill(bytes);
  writeFiles(root, sizes);
}

function writeFiles(root: string, sizes: readonly number[]): void {
  const block = new Uint8Array(CHUNK_BYTES);
  for (const [at, size] of sizes.entries()) {
    const directory = join(root, `d${Math.floor(at / FILES_PER_DIRECTORY)}`);
    if (at % FILES_PER_DIRECTORY === 0) mkdirSync(directory, { recursive: true });
    writeRandom(join(directory, `f${at % FILES_PER_DIRECTORY}`), size, block);
  }
}

/** A new file of random bytes. */
export function writeRandom(path: string, size: number, block = new Uint8Array(CHUNK_BYTES)): void {
  const fd = openSync(path, 'wx');
  try {
    for (let at = 0; at < size; at += block.length) {
      const part = block.subarray(0, Math.min(block.length, size - at));
      randomFillSync(part);
      writeSync(fd, part);
    }
  } finally {
    closeSync(fd);
  }
}

/** A copy of `source` in which `share` of all pieces differ in one byte each; answers the bytes of those pieces. */
export function changePieces(source: string, target: string, share: number, seed: number): number {
  cpSync(source, target, { recursive: true });
  const prng = new Prng(seed);
  let changed = 0;
  for (const path of filesIn(target)) {
    const fd = openSync(path, 'r+');
    const { size } = statSync(path);
    for (let at = 0; at < size; at += PIECE_BYTES) {
      if (prng.next() >= share) continue;
      const byte = new Uint8Array(1);
      readSync(fd, byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ 0xff;
      writeSync(fd, byte, 0, 1, at);
      changed += Math.min(PIECE_BYTES, size - at);
    }
    closeSync(fd);
  }
  return changed;
}

/** Two versions of a made-up source tree at `from` and `to`. Answers the bytes of the files that changed. */
export function makeVersions(shape: TreeShape, from: string, to: string): number {
  const prng = new Prng(shape.files);
  const isChanged = new Set<number>();
  while (isChanged.size < shape.changedFiles) isChanged.add(prng.below(shape.files));
  // Changed files are larger than others, as those that people work on are.
  const unchanged = (shape.bytes * (1 - shape.changedShare)) / (shape.files - shape.changedFiles);
  const changed = (shape.bytes * shape.changedShare) / shape.changedFiles;
  const sizes = Array.from({ length: shape.files }, (_, at) =>
    Math.ceil((isChanged.has(at) ? changed : unchanged) * 2 * prng.next()),
  );
  writeFiles(from, sizes);
  cpSync(from, to, { recursive: true });
  let bytes = 0;
  for (const at of isChanged) {
    const size = (sizes[at] ?? 0) + 1 + prng.below(GROWTH_BYTES_MAX);
    const path = join(to, `d${Math.floor(at / FILES_PER_DIRECTORY)}`, `f${at % FILES_PER_DIRECTORY}`);
    writeFileSync(path, randomFillSync(new Uint8Array(size)));
    bytes += size;
  }
  return bytes;
}

/** Paths of all files below `root`. */
export function filesIn(root: string): readonly string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
