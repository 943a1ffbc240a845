// `mtorrent verify`: compares a local file with its `.mtorrent`, piece by piece, and reports which pieces are good; a
// folder file by file. Changes neither. A file whose pieces are all good but which is longer than described fails as
// well.

import type { Argv } from 'yargs';
import { equalBytes, formatBytes } from '../../../foundation/base/bytes.js';
import { exitCodeOf } from '../../../foundation/base/error-codes.js';
import type { CommandOutput } from '../../../foundation/base/output.js';
import { readPathWord } from '../../../foundation/base/path-word.js';
import { pathIn } from '../../../foundation/base/surroundings.js';
import { Bitfield, type PieceRange } from '../../../foundation/torrent/bitfield.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import type { Metainfo } from '../../../foundation/torrent/metainfo.js';
import { IDENTITY_SETTINGS, settingFlags } from '../../settings/table.js';
import { type RunCommand, terminal } from '../context.js';
import { metainfoFrom } from '../metainfo-argument.js';
import { hashThreadsFor } from './create.js';
import { CHOICE_FLAGS } from './folder-flags.js';
import { pieceProgress } from './progress.js';

export interface VerifyArguments {
  readonly mtorrent: string;
  readonly file: string;
  readonly json?: boolean | undefined;
  /** Complains about what is in a folder and not in its list. */
  readonly strict?: boolean | undefined;
  /** Patterns: which files of a folder are compared. */
  readonly only?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
  /** A folder is compared with what the links in it point to. */
  readonly followLinks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function verifyCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'verify <mtorrent> <file>',
    'report which pieces of a file, or which files of a folder, are good',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true, describe: 'its path, or a link' })
        .positional('file', { type: 'string', demandOption: true })
        .option('strict', {
          type: 'boolean',
          default: false,
          describe: 'of a folder: complain of what is not in its list',
        })
        .option('follow-links', {
          type: 'boolean',
          default: false,
          describe: 'of a folder: compare what symbolic links point to, as create --follow-links made it',
        })
        .options(CHOICE_FLAGS)
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .options(settingFlags('allow-host-names', ...IDENTITY_SETTINGS)),
    (args) => run(() => runVerify(args, terminal())),
  );
}

interface Findings {
  readonly metainfo: Metainfo;
  readonly filePath: string;
  /** Bytes of the local file. */
  readonly size: number;
  readonly good: Bitfield;
  /** Whether the whole file's SHA-256 is right; undefined when the `.mtorrent` has none or a piece is bad already. */
  readonly sha256Matches: boolean | undefined;
}

/** Exit code 0 when the file is the one described, otherwise that of VERIFICATION_FAILED. */
export async function runVerify(given: VerifyArguments, output: CommandOutput): Promise<number> {
  const args = { ...given, file: pathIn(readPathWord(given.file)) };
  const metainfo = await metainfoFrom(args.mtorrent, { ...args });
  const { folder } = metainfo.layout;
  if (folder !== undefined) return verifyFolder(metainfo, folder, args, output);
  const { refuseChoice } = await import('../../../foundation/torrent/folder/choice.js');
  refuseChoice(metainfo.name, args);
  const findings = await examine(metainfo, args, output);
  const passed = isWhole(findings);
  if (args.json === true) output.stdout(JSON.stringify({ schema: 1, ...asJson(findings), passed }));
  else for (const line of asText(findings, passed)) output.stdout(line);
  return passed ? 0 : exitCodeOf('VERIFICATION_FAILED');
}

async function verifyFolder(
  metainfo: Metainfo,
  folder: FolderList,
  args: VerifyArguments,
  output: CommandOutput,
): Promise<number> {
  const { choose } = await import('../../../foundation/torrent/folder/choice.js');
  const { examineFolder, folderJson, folderText } = await import('./verify-folder.js');
  choose(folder, args);
  if (args.followLinks === true) folder.followLinks();
  const { file: path, strict = false, signal } = args;
  const findings = await examineFolder(metainfo, folder, { path, strict, signal }, output);
  const passed = findings.bad.length === 0;
  if (args.json === true) output.stdout(JSON.stringify({ schema: 1, ...folderJson(findings), passed }));
  else for (const line of folderText(findings)) output.stdout(line);
  return passed ? 0 : exitCodeOf('VERIFICATION_FAILED');
}

async function examine(metainfo: Metainfo, args: VerifyArguments, output: CommandOutput): Promise<Findings> {
  const { geometry, layout, digests, sha256 } = metainfo;
  const { file: filePath, signal } = args;
  const { inspectSource } = await import('../../../transfer/storage/source/source.js');
  const source = await inspectSource(filePath);
  const { openHashPool } = await import('../../../transfer/hash/pool.js');
  const pool = openHashPool({ threads: hashThreadsFor(geometry) });
  try {
    const onProgress = pieceProgress(output, 'checking', geometry);
    const good = await pool.check(source.path, layout, digests, { onProgress, signal });
    const asksWhole = sha256 !== undefined && good.isComplete && source.size === geometry.size;
    const whole = asksWhole ? await pool.sha256(source.path, layout, signal) : undefined;
    const sha256Matches = whole === undefined || sha256 === undefined ? undefined : equalBytes(whole, sha256);
    return { metainfo, filePath, size: source.size, good, sha256Matches };
  } finally {
    output.progress?.('');
    await pool.close();
  }
}

function isWhole(findings: Findings): boolean {
  const { metainfo, size, good, sha256Matches } = findings;
  return good.isComplete && size === metainfo.geometry.size && sha256Matches !== false;
}

function asJson(findings: Findings): object {
  const { metainfo, filePath, size, good, sha256Matches } = findings;
  return {
    file: filePath,
    name: metainfo.name,
    size,
    expectedSize: metainfo.geometry.size,
    pieceCount: good.pieceCount,
    goodCount: good.count,
    /** [first piece, how many], ascending. */
    bad: badRanges(good),
    sha256Matches: sha256Matches ?? null,
  };
}

function asText(findings: Findings, passed: boolean): readonly string[] {
  const { metainfo, filePath, size, good, sha256Matches } = findings;
  const expected = metainfo.geometry.size;
  const lines = [`${filePath}: ${good.count} of ${good.pieceCount} pieces are good`];
  const bad = badRanges(good);
  if (bad.length > 0) lines.push(`bad pieces: ${bad.map(asSpan).join(', ')}`);
  if (size !== expected) lines.push(`the size is ${size} bytes instead of ${expected} (${formatBytes(expected)})`);
  if (sha256Matches === false) lines.push('the SHA-256 differs: some pieces were forged to have the same SHA-1');
  lines.push(passed ? 'the file is complete and unchanged' : 'the file is not the one that the .mtorrent describes');
  return lines;
}

/** 4, or 7-9. */
function asSpan([begin, count]: PieceRange): string {
  return count === 1 ? String(begin) : `${begin}-${begin + count - 1}`;
}

function badRanges(good: Bitfield): readonly PieceRange[] {
  const bad = new Bitfield(good.pieceCount);
  for (let index = 0; index < good.pieceCount; index += 1) if (!good.has(index)) bad.set(index);
  return [...bad.ranges()];
}
