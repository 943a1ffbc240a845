// What release 0.1 left on a disk (test/fixtures), put into the directory of a test as if it had been written there:
// paths, addresses and times are those of the test. Nothing else is changed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Address, formatAddress } from '../../src/foundation/torrent/address.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';

const PIECE = 512 * 1024;
const FOLDER = fileURLToPath(new URL('../../../test/fixtures/release-0.1/', import.meta.url));

/**
 * Live, lapsed and left entries of its list are of this swarm; the last word about it was acknowledged just before the
 * kill.
 */
export const MANY = 'b'.repeat(40) as SwarmKey;

interface Made {
  /** The directory in which everything lay. */
  readonly root: string;
  readonly trackers: readonly [Address, Address];
  readonly madeAtMs: number;
  /** File → time of its last change, as `touch -d` takes it. */
  readonly times: Readonly<Record<string, string>>;
  /** What the release read in its list, rows as it loads them. */
  readonly list: {
    readonly swarms: readonly (readonly [swarm: string, name: string, size: number, pieces: number, ...number[]])[];
    readonly entries: readonly (readonly (string | number)[])[];
    readonly leaves: readonly (readonly [client: string, epoch: number, sequence: number])[];
  };
}

export const made = JSON.parse(readFileSync(join(FOLDER, 'made.json'), 'utf8')) as Made;

function textOf(name: string, directory: string, trackers: readonly Address[]): string {
  let text = readFileSync(join(FOLDER, name), 'utf8').replaceAll(made.root, directory);
  for (const [at, old] of made.trackers.entries())
    text = text.replaceAll(formatAddress(old), formatAddress(trackers[at] ?? old));
  return text;
}

/** The file that the unfinished download is of, and the complete one, as `.tools/fixtures.mjs` made them. */
export function contentsOf(name: 'wanted.bin' | 'shared.bin'): Buffer {
  const [size, first] = name === 'wanted.bin' ? [9 * PIECE + 1_000, 65] : [2 * PIECE + 12_345, 97];
  return Buffer.from(Buffer.alloc(size).map((_, at) => first + Math.floor(at / PIECE)));
}

/** One of its `.mtorrent` files, byte for byte. */
export function mtorrentBytes(name: string): Buffer {
  return readFileSync(join(FOLDER, name));
}

/** The client `client`, complete with its files, in the directory of a swarm with these trackers. */
export function restoreClient(directory: string, trackers: readonly Address[]): void {
  for (const name of ['shared.mtorrent', 'wanted.mtorrent'])
    writeFileSync(join(directory, name), textOf(name, directory, trackers));
  const state = join(directory, 'client.state');
  cpSync(join(FOLDER, 'state'), state, { recursive: true });
  const library = textOf('state/library.json', directory, trackers);
  writeFileSync(join(state, 'library.json'), library);
  // Resume data is named by the place of its download.
  const hashOf = (root: string): string =>
    createHash('sha1').update(`${root}/got/wanted.bin`).digest('hex').slice(0, 12);
  for (const name of readdirSync(join(state, 'resume')))
    renameSync(join(state, 'resume', name), join(state, 'resume', name.replace(hashOf(made.root), hashOf(directory))));
  for (const [name, time] of Object.entries(made.times)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, gunzipSync(readFileSync(join(FOLDER, `${name}.gz`))));
    const { status, stderr } = spawnSync('touch', ['-d', time, path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`touch: ${stderr}`);
  }
}

/** The list as it was found after kill -9: the file, and the log with most of its contents. */
export function restoreList(path: string): void {
  for (const end of ['', '-wal'])
    writeFileSync(`${path}${end}`, gunzipSync(readFileSync(join(FOLDER, `list${end}.gz`))));
}

/** As if the tracker had been killed just now: a list that nobody served for a day is believed by nobody. */
export function moveToPresent(path: string): void {
  const Database = createRequire(import.meta.url)('libsql');
  const database = new Database(path);
  try {
    database.pragma('wal_autocheckpoint = 0');
    const byMs = Date.now() - made.madeAtMs;
    for (const [table, column] of [
      ['self', 'seen_at'],
      ['entries', 'changed_at'],
      ['leaves', 'changed_at'],
    ])
      database.exec(`update ${table} set ${column} = ${column} + ${byMs}`);
  } finally {
    database.close();
  }
}
