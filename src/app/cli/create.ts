// `mtorrent create`: hashes a local file and writes its `.mtorrent`. Tells no tracker and serves nothing. Whatever can be
// refused is refused before the hashing, which may take minutes.

import { basename, resolve } from 'node:path';
import { formatBytes } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { HASH_RANGE_PIECES, HASH_THREADS_MAX } from '../../foundation/base/limits.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { lookAtMachine } from '../../foundation/base/this-machine.js';
import { type Address, parseAddress } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { formatHead, makeMetainfo } from '../../foundation/torrent/metainfo.js';
import { printable } from '../../foundation/torrent/names.js';
import { type HashPool, openHashPool } from '../../transfer/hash/pool.js';
import { checkMetainfoPath, writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { inspectSource, type Source } from '../../transfer/storage/source.js';
import { pieceProgress } from './progress.js';

export interface CreateArguments {
  /** Path of the file to describe. */
  readonly file: string;
  /** Path of the `.mtorrent`; `<name>.mtorrent` in the current directory when absent. */
  readonly out?: string | undefined;
  /** `ip:port`, twice. */
  readonly trackers: readonly [string, string];
  /** Name to save under; the file's own when absent. */
  readonly name?: string | undefined;
  readonly sha256?: boolean | undefined;
  /** Replace another file at `out`. */
  readonly force?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Prints the path written. Rejects with MiniTorrentError; nothing is left half-made. */
export async function runCreate(args: CreateArguments, output: CommandOutput): Promise<number> {
  const overwrite = args.force === true;
  const trackers: readonly [Address, Address] = [trackerOf(args.trackers[0]), trackerOf(args.trackers[1])];
  const source = await inspectSource(args.file);
  // macOS may hand out a name in another normal form than the one that is accepted everywhere.
  const name = args.name ?? basename(resolve(args.file)).normalize('NFC');
  const geometry = new Geometry(source.size);
  const head = formatHead({ trackers, name, size: source.size });
  const out = args.out ?? `${name}.mtorrent`;
  await checkMetainfoPath(out, head, { overwrite });

  const pool = openHashPool({ threads: threadsFor(geometry) });
  try {
    const { digests, sha256 } = await hash(pool, source, args, output);
    const metainfo = makeMetainfo({ trackers, name, size: source.size, digests, sha256 });
    await writeMetainfo(out, metainfo, { overwrite });
    output.stdout(out);
    if (args.quiet !== true) {
      const pieces = geometry.pieceCount === 1 ? '1 piece' : `${geometry.pieceCount} pieces`;
      output.stderr(`${printable(name)}: ${formatBytes(geometry.size)}, ${pieces}, swarm ${metainfo.swarm}`);
    }
    return 0;
  } finally {
    await pool.close();
  }
}

async function hash(
  pool: HashPool,
  { path, layout }: Source,
  args: CreateArguments,
  output: CommandOutput,
): Promise<{ readonly digests: Uint8Array; readonly sha256: Uint8Array | undefined }> {
  const { signal } = args;
  const onProgress = args.quiet === true ? undefined : pieceProgress(output, 'hashing', new Geometry(layout.size));
  try {
    const [digests, sha256] = await Promise.all([
      pool.hash(path, layout, { onProgress, signal }),
      args.sha256 === true ? pool.sha256(path, layout, signal) : undefined,
    ]);
    return { digests, sha256 };
  } finally {
    if (onProgress !== undefined) output.progress?.('');
  }
}

/** As many threads as there are cores, and no more than ranges to hash: a thread takes some 40 ms to start. */
export function threadsFor(geometry: Geometry): number {
  const ranges = Math.ceil(geometry.pieceCount / HASH_RANGE_PIECES);
  return Math.max(1, Math.min(lookAtMachine().cores, HASH_THREADS_MAX, ranges));
}

function trackerOf(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  const sentence = `"${printable(text)}" is not a tracker's address; write ip:port, such as 192.0.2.1:7000`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}
