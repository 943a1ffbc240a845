// Turns what a client answers into lines of text, for people and for scripts. Text from elsewhere is escaped. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import type { InvitationView } from '../library/invitations.js';
import {
  type FileView,
  type FindingView,
  isWhole,
  type ListedFile,
  type PeerView,
  type PieceMap,
  type Relocation,
  type Retracking,
  type Reused,
  type TrackerView,
  type Verification,
} from '../library/views.js';
import { formatDuration } from '../settings/durations.js';
import { formatRate } from '../settings/rates.js';

export type Result =
  /** `detail` for programs, `sentence` for people. */
  | { readonly kind: 'done'; readonly detail: string; readonly sentence: string }
  /** Rows for both; people see `empty` in place of no rows, programs get `detail` after them. */
  | { readonly kind: 'table'; readonly rows: readonly string[]; readonly detail: string; readonly empty: string }
  | { readonly kind: 'json'; readonly json: string };

export function done(detail: string, sentence: string): Result {
  return { kind: 'done', detail, sentence };
}

/** The line to run on another machine. */
export function invited({ words, goodForS }: InvitationView): Result {
  const line = command(...words);
  const until = goodForS === undefined ? '' : `, once and within ${formatDuration(goodForS * 1000)}`;
  return done(line, `run this on the other machine${until}:\n${line}`);
}

/** @param detail the number of rows when absent. */
export function table(rows: readonly string[], empty: string, detail: number | string = rows.length): Result {
  return { kind: 'table', rows, detail: String(detail), empty };
}

export function limits({ up, down }: { readonly up: number; readonly down: number }): Result {
  return done(`up=${up} down=${down}`, `up: ${formatRate(up)}, down: ${formatRate(down)}`);
}

/** `[D] name  43.2 %  …` while downloading, `[S] name  …` once complete. Scripts rely on the mark at the start. */
export function downloadLine(file: FileView): string {
  const { name, state, size, have, pieces, rate, peers, seeders, sent, problem, zeros, changed } = file;
  const parts = [`${isWhole(file) ? '[S]' : '[D]'} ${printable(name)}`];
  if (state === 'seeding') {
    const shared = changed > 0 ? `${have} of ${pieces} pieces` : '100 %';
    parts.push(shared, formatBytes(size), ...filesColumn(file), `sent ${formatBytes(sent)}`);
  } else parts.push(percent(have, pieces), formatBytes(size), ...filesColumn(file), ...zerosColumn(zeros));
  if (state === 'downloading')
    parts.push(
      `${formatBytes(Math.round(rate))}/s`,
      `${peers === 1 ? '1 peer' : `${peers} peers`} (${seeders} complete)`,
    );
  else if (state !== 'seeding') parts.push(state);
  if (problem !== '') parts.push(printable(problem));
  return parts.join('  ');
}

/** How many files of a folder are there, of those that are wanted; nothing for a share that is one file. */
export function filesColumn({ files, filesDone }: Pick<FileView, 'files' | 'filesDone'>): readonly string[] {
  if (files === 0) return [];
  const count = filesDone === files ? `${files}` : `${filesDone} of ${files}`;
  return [`${count} ${files === 1 ? 'file' : 'files'}`];
}

/** How much of a file is known to be zeros, and so is neither fetched nor written; nothing where none is. */
export function zerosColumn(bytes: number): readonly string[] {
  if (bytes === 0) return [];
  // Rounded down, so that a file of which a little is no zeros does not seem to be all zeros.
  const tenth = 1024 ** Math.floor(Math.log2(bytes) / 10) / 10;
  return [`zeros ${formatBytes(bytes < 1024 ? bytes : Math.floor(bytes / tenth) * tenth)}`];
}

/** What `retrack` did, then what it could not do. */
export function retrackLines(
  { files, failures, isForNewShares }: Retracking,
  from: string,
  to: string,
  isTrial: boolean,
): readonly string[] {
  const what = files === 1 ? '1 file' : `${files} files`;
  const done = isTrial ? `${what} would move from ${from} to ${to}` : `moved ${what} from ${from} to ${to}`;
  const setting = isForNewShares ? [`new shares still go to ${from}: change the setting trackers, and restart`] : [];
  return [done, ...failures.map((failure) => `not rewritten: ${printable(failure)}`), ...setting];
}

/** What `relocate` did below a directory, then what it could not do. */
export function relocationLines({ files, refused, failures }: Relocation, from: string, to: string): readonly string[] {
  const of = (count: number): string => (count === 1 ? '1 share' : `${count} shares`);
  const more = refused - failures.length;
  return [
    `relocated ${of(files)} from ${printable(from)} to ${printable(to)}`,
    ...failures.map((failure) => `not relocated: ${printable(failure)}`),
    ...(more > 0 ? [`not relocated: ${of(more)} more; put these right, and run the same command again`] : []),
  ];
}

/** A row of `show shares`: the file, its size, the bytes sent, its path and its .mtorrent. */
export function shareLine(file: FileView): string {
  const { name, size, sent, path, mtorrentPath, problem } = file;
  const parts = [
    printable(name),
    formatBytes(size),
    `sent ${formatBytes(sent)}`,
    printable(path),
    printable(mtorrentPath),
  ];
  return [...parts, ...(problem === '' ? [] : [printable(problem)])].join('  ');
}

/** A row of `list`: a file that trackers list, who has it, and the link that fetches it. */
export function listedLine({ name, size, files, seeders, complete, link }: ListedFile): string {
  const parts = [printable(name), formatBytes(size)];
  if (files > 0) parts.push(files === 1 ? '1 file' : `${files} files`);
  parts.push(`${seeders === 1 ? '1 seeder' : `${seeders} seeders`} (${complete} complete)`);
  return [...parts, ...(link === '' ? [] : [link])].join('  ');
}

/** People see it in place of no rows. */
export function nothingListed(text: string): string {
  return text === ''
    ? 'the trackers list nothing; what is shared with --unlisted, or by an earlier release, is not shown'
    : `the trackers list nothing with "${printable(text)}" in its name`;
}

/** One JSON object for `list --json`: sizes in bytes, an empty link where the trackers know no more than a key. */
export function listedJson(files: readonly ListedFile[]): string {
  return JSON.stringify({ schema: 1, files });
}

/** One JSON object for `show downloads --json`: bytes and pieces as numbers, rates in bytes a second. */
export function downloadsJson(files: readonly FileView[]): string {
  return JSON.stringify({ schema: 1, files });
}

export function percent(have: number, pieces: number): string {
  if (pieces === 0 || have === pieces) return '100 %';
  // Rounded down, so that 100 % means every piece.
  return `${(Math.floor((have / pieces) * 1000) / 10).toFixed(1)} %`;
}

/**
 * What a download found on this machine: how much, where, and what was left to fetch. `isPlan`: what it would find.
 */
export function reusedSentence({ bytes, fetched, sources }: Reused, isPlan = false): string {
  const [reused, fetching] = isPlan ? ['would reuse', 'would fetch'] : ['reused', 'fetched'];
  if (bytes === 0) return `${reused} nothing; ${fetching} ${formatBytes(fetched)}`;
  const all = bytes + fetched;
  const [[first] = [''], ...others] = sources;
  const rest = others.length === 0 ? '' : others.length === 1 ? ' and 1 other' : ` and ${others.length} others`;
  const share = `${Math.floor((bytes / all) * 100)} %`;
  return `${reused} ${formatBytes(bytes)} of ${formatBytes(all)} (${share}) from ${first}${rest}; ${fetching} ${formatBytes(fetched)}`;
}

export function peerLine({ direction, address, bytes, rate, pieces, member, problem }: PeerView): string {
  if (direction === 'silent') return `silent ${address}  ${problem}`;
  const who = member === undefined ? address : `${address}  ${printable(member.name)} (${member.key})`;
  if (direction === 'to') return `to   ${who}  sent ${formatBytes(bytes)}`;
  return `from ${who}  received ${formatBytes(bytes)}  ${formatBytes(Math.round(rate))}/s  has ${pieces} pieces`;
}

const TRACKER_WORDS: Readonly<Record<TrackerView['state'], string>> = {
  talking: 'in use',
  standby: 'standby',
  away: 'not responding',
};

export function trackerLine({ address, state, reason }: TrackerView): string {
  const why = reason === '' ? '' : `: ${printable(reason)}`;
  return `${printable(address)}  ${TRACKER_WORDS[state]}${why}`;
}

/** Cells of the piece map, from no piece to every piece. */
const SHADES = [' ', '░', '▒', '▓', '█'] as const;
const SHADES_ASCII = ['.', '-', '+', '*', '#'] as const;
const MAP_COLUMNS = 64;

/** The map as lines of MAP_COLUMNS cells between bars, then a line with the totals. */
export function pieceLines({ have, pieces, cells }: PieceMap, ascii: boolean): readonly string[] {
  const shades = ascii ? SHADES_ASCII : SHADES;
  // Only a complete cell is shown as full, and only an empty one as empty.
  const shadeOf = (cell: number): string => shades[cell === 255 ? 4 : Math.ceil((cell / 255) * 3)] ?? ' ';
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += MAP_COLUMNS)
    lines.push(`|${[...cells.subarray(at, at + MAP_COLUMNS)].map(shadeOf).join('')}|`);
  return [...lines, `${have} of ${pieces} pieces, ${percent(have, pieces)}`];
}

export function verificationLine({ name, good, pieces, bad, more }: Verification): string {
  const sum = `${printable(name)}: ${good} of ${pieces} pieces are good`;
  if (bad.length === 0) return sum;
  const spans = bad.map(([first, count]) => (count === 1 ? `${first}` : `${first}-${first + count - 1}`));
  return `${sum}; bad: ${spans.join(', ')}${more ? ', …' : ''}`;
}

export function findingLines({ severity, subject, found, remedy }: FindingView): readonly string[] {
  const mark = { fine: 'ok  ', note: 'note', bad: 'BAD ' }[severity];
  const line = `${mark}  ${printable(subject)}: ${printable(found)}`;
  return remedy === '' ? [line] : [line, `      ${printable(remedy)}`];
}
