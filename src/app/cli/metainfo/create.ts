// `mtorrent create`: hashes a local file or folder and writes its `.mtorrent`. Contacts no tracker and serves nothing.
// Whatever can be refused is refused before the hashing, which may take minutes.

import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { formatBytes } from '../../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { HASH_RANGE_PIECES, HASH_THREADS_MAX } from '../../../foundation/base/limits.js';
import type { CommandOutput } from '../../../foundation/base/output.js';
import { readPathWord } from '../../../foundation/base/path-word.js';
import { absolutePathOf, pathIn } from '../../../foundation/base/surroundings.js';
import { lookAtMachine } from '../../../foundation/base/this-machine.js';
import type { Signer } from '../../../foundation/identity/seal.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { Geometry } from '../../../foundation/torrent/geometry.js';
import { linkTo } from '../../../foundation/torrent/link.js';
import { EXECUTABLE_LINE, formatHead, type Metainfo, makeMetainfo } from '../../../foundation/torrent/metainfo.js';
import { printable } from '../../../foundation/torrent/names.js';
import { namedPair } from '../../../foundation/torrent/tracker-pair.js';
import type { HashPool } from '../../../transfer/hash/pool.js';
import { notesOn } from '../../../transfer/hash/survey-notes.js';
import type { Source } from '../../../transfer/storage/source/source.js';
import { IDENTITY_SETTINGS, SIGN_FLAG, settingFlags } from '../../settings/table.js';
import { clientConfigOf } from '../client-config.js';
import { type ParsedArguments, type RunCommand, settingsOf, terminal } from '../context.js';
import { FOLDER_FLAGS, type FolderArguments, surveyOptionsOf } from './folder-flags.js';
import { pieceProgress } from './progress.js';
import { ownSigner, signed } from './sign.js';

export interface CreateArguments extends FolderArguments {
  /** Path of the file or folder to describe. */
  readonly file: string;
  /** Path of the `.mtorrent`; `<name>.mtorrent` in the current directory when absent. */
  readonly out?: string | undefined;
  /** The pair that the `.mtorrent` names. */
  readonly trackers: readonly [Address, Address];
  /** Name to save under; the file's own when absent. */
  readonly name?: string | undefined;
  readonly sha256?: boolean | undefined;
  /** Signs it with this machine's card of a closed swarm; a single file gets its SHA-256. */
  readonly sign?: Signer | undefined;
  /** Replace another file at `out`. */
  readonly force?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function createCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'create <file>',
    'make a .mtorrent of a file or folder without sharing it',
    (args) =>
      args
        .positional('file', { type: 'string', demandOption: true })
        .options({ trackers: { ...settingFlags('trackers').trackers, alias: ['tracker', 't'] } })
        .options(settingFlags(...IDENTITY_SETTINGS))
        .option('out', { alias: 'o', type: 'string', describe: 'the .mtorrent [default: <name>.mtorrent here]' })
        .option('name', { type: 'string', describe: 'save under another name' })
        .option('sha256', { type: 'boolean', default: false, describe: 'add the SHA-256 of the whole file' })
        .options(SIGN_FLAG)
        .option('force', { alias: 'f', type: 'boolean', default: false, describe: 'replace an existing .mtorrent' })
        .options(FOLDER_FLAGS)
        .option('quiet', { alias: 'q', type: 'boolean', default: false, describe: 'print the path and nothing else' })
        .example('$0 create disk.img -t 192.0.2.1:7001 -t 192.0.2.2:7001', '')
        .example("$0 create models -t 192.0.2.1:7001 -t 192.0.2.2:7001 --exclude '*.tmp'", ''),
    (args) =>
      run(async () => {
        const { file, out, name, sha256, force, quiet, exclude, skipUnshareable, followLinks, mtimes, mode } = args;
        const folder = { exclude, skipUnshareable, followLinks, mtimes, mode };
        const trackers = await pairOf(args);
        const sign = (await settingsOf(args)).values.sign ? await ownSigner(args) : undefined;
        return runCreate({ file, out, trackers, name, sha256, sign, force, quiet, ...folder }, terminal());
      }),
  );
}

async function pairOf(args: ParsedArguments): Promise<readonly [Address, Address]> {
  const { trackers } = clientConfigOf(await settingsOf(args)).pair;
  if (trackers !== undefined) return namedPair(trackers);
  throw new MiniTorrentError('INVALID_ARGUMENTS', 'no trackers are set; name both: -t ip:port -t ip:port');
}

/** Prints the path written. Rejects with MiniTorrentError, and then leaves nothing behind. */
export async function runCreate(args: CreateArguments, output: CommandOutput): Promise<number> {
  const { isFolder } = await import('../../../transfer/storage/source/source.js');
  // The path stays as it was typed, for what is said about it; a current directory without a usable path is refused.
  absolutePathOf(args.file);
  if (args.out !== undefined) absolutePathOf(args.out);
  const order = { ...args, file: pathIn(readPathWord(args.file)) };
  return (await isFolder(order.file)) ? createOfFolder(order, output) : createOfFile(order, output);
}

async function createOfFile(args: CreateArguments, output: CommandOutput): Promise<number> {
  const { inspectSource } = await import('../../../transfer/storage/source/source.js');
  const source = await inspectSource(args.file);
  await checkTarget(args, source.size);
  return withPool(hashThreadsFor(new Geometry(source.size)), async (pool) => {
    const withSha256 = args.sha256 === true || args.sign !== undefined;
    const { digests, sha256 } = await hash(pool, source, { ...args, sha256: withSha256 }, output);
    const extra = args.mode === true && source.isExecutable ? [EXECUTABLE_LINE] : [];
    const { trackers } = args;
    const metainfo = makeMetainfo({ trackers, name: nameOf(args), size: source.size, digests, sha256, extra });
    return write(metainfo, args, output);
  });
}

async function createOfFolder(args: CreateArguments, output: CommandOutput): Promise<number> {
  if (args.sha256 === true) {
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'a folder has no SHA-256 of the whole; leave out --sha256');
  }
  await checkTarget(args, undefined);
  return withPool(Math.min(lookAtMachine().cores, HASH_THREADS_MAX), async (pool) => {
    const { signal } = args;
    const source = await pool.survey(args.file, { ...surveyOptionsOf(args, absolutePathOf(outOf(args))), signal });
    await checkTarget(args, source.size);
    if (args.quiet !== true) for (const note of notesOn(source)) output.stderr(note);
    const { digests } = await hash(pool, source, args, output);
    const { trackers } = args;
    const { folder } = source.layout;
    const metainfo = makeMetainfo({ trackers, name: nameOf(args), size: source.size, digests, folder });
    return write(metainfo, args, output);
  });
}

function nameOf({ name, file }: CreateArguments): string {
  // macOS may return the name in a normal form that is not accepted everywhere.
  return name ?? basename(absolutePathOf(file)).normalize('NFC');
}

function outOf(args: CreateArguments): string {
  return args.out ?? `${nameOf(args)}.mtorrent`;
}

/** Refuses early what would be refused after minutes. @param size undefined while it is not known. */
async function checkTarget(args: CreateArguments, size: number | undefined): Promise<void> {
  const { checkMetainfoPath } = await import('../../../transfer/storage/metainfo-file.js');
  const { trackers } = args;
  const head = formatHead({ trackers, name: nameOf(args), size: size ?? 0 });
  const overwrite = args.force === true || size === undefined;
  await orForce(checkMetainfoPath(outOf(args), head, { overwrite }));
}

async function withPool<T>(threads: number, use: (pool: HashPool) => Promise<T>): Promise<T> {
  const { openHashPool } = await import('../../../transfer/hash/pool.js');
  const pool = openHashPool({ threads });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

async function write(bare: Metainfo, args: CreateArguments, output: CommandOutput): Promise<number> {
  const { writeMetainfo } = await import('../../../transfer/storage/metainfo-file.js');
  const out = outOf(args);
  const metainfo = args.sign === undefined ? bare : await signed(bare, args.sign);
  await orForce(writeMetainfo(out, metainfo, { overwrite: args.force === true }));
  output.stdout(out);
  if (args.quiet === true) return 0;
  output.stderr(summaryOf(metainfo));
  output.stderr(linkTo(metainfo));
  return 0;
}

function summaryOf({ name, geometry, layout: { folder }, swarm }: Metainfo): string {
  const pieces = geometry.pieceCount === 1 ? '1 piece' : `${geometry.pieceCount} pieces`;
  const { files, bytes } = folder?.totals() ?? { files: 0, bytes: geometry.size };
  const count = folder === undefined ? '' : files === 1 ? '1 file, ' : `${files} files, `;
  return `${printable(name)}: ${count}${formatBytes(bytes)}, ${pieces}, swarm ${swarm}`;
}

/** The same refusal, with the option of this command that replaces what is there. */
async function orForce(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_EXISTS') throw error;
    throw new MiniTorrentError(error.code, `${error.message}, or replace it with --force`, error);
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

/** One thread a core, and no more than there are ranges to hash. */
export function hashThreadsFor(geometry: Geometry): number {
  const ranges = Math.ceil(geometry.pieceCount / HASH_RANGE_PIECES);
  return Math.max(1, Math.min(lookAtMachine().cores, HASH_THREADS_MAX, ranges));
}
