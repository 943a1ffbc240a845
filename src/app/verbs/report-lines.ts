// The report of a swarm as lines of text, each short enough for a narrow terminal, and as JSON. What is estimated, and
// what is not known, says so. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Bound, ReportRow, SwarmReport } from '../library/swarm-report.js';
import { formatDuration } from '../settings/durations.js';

const LINKS: Readonly<Record<Bound['by'], string>> = {
  in: 'into one member',
  out: 'out of the sources',
  all: 'of all members together',
};

export function reportLines(report: SwarmReport): readonly string[] {
  const { name, size, members, rows, earlier } = report;
  const head = `${printable(name)}  ${formatBytes(size)}`;
  if (members === 0) return [`${head}  nobody has told of a download`, ...rows.map(rowLine), ...unknownLines(report)];
  return [
    `${head}  ${counted(members, 'download')}, begun ${seconds(report.startedMs)} ago`,
    ...timeLines(report),
    ...byteLines(report),
    ...rows.map(rowLine),
    ...(earlier === 0 ? [] : [`before: ${counted(earlier, 'download')}; what is sent counts from each client's start`]),
    ...unknownLines(report),
  ];
}

function timeLines(report: SwarmReport): readonly string[] {
  const { members, finished, running, left, makespanMs, p50Ms, p99Ms, bound } = report;
  const parts = [`done ${finished} of ${members}`];
  if (running > 0) parts.push(`${running} running`);
  if (left > 0) parts.push(`${left} left before the end`);
  const last = running > 0 ? `so far ${seconds(makespanMs)}` : `the last after ${seconds(makespanMs)}`;
  const ranks = [
    ...(p50Ms === null ? [] : [`half after ${seconds(p50Ms)}`]),
    ...(p99Ms === null ? [] : [`99 % after ${seconds(p99Ms)}`]),
  ];
  const lines = [parts.join(', ')];
  if (finished > 0 || running > 0) lines.push([last, ...ranks].join(', '));
  if (bound !== null)
    lines.push(
      `at least ${bound.distance.toFixed(2)} times the bound of the slowest link,`,
      `  about ${seconds(bound.ms)} by the rates seen ${LINKS[bound.by]}`,
    );
  return lines;
}

function byteLines({ received, wasted, copies, unexplained }: SwarmReport): readonly string[] {
  const waste = received === 0 ? 0 : (wasted / received) * 100;
  const lines = [
    `received ${formatBytes(received)}, wasted ${formatBytes(wasted)} (${waste.toFixed(1)} %)`,
    `sent ${copies.toFixed(2)} copies in all`,
  ];
  if (unexplained > 0) lines.push(`${formatBytes(unexplained)} came from members that have not told of it`);
  return lines;
}

function rowLine({ address, role, isListed, tookMs, wasted, copies }: ReportRow): string {
  const parts = [printable(address), role === 'source' ? role : `${role} ${seconds(tookMs)}`];
  parts.push(`sent ${copies.toFixed(2)} copies`);
  if (wasted > 0) parts.push(`wasted ${formatBytes(wasted)}`);
  if (!isListed && role !== 'left') parts.push('gone');
  return parts.join('  ');
}

function unknownLines({ silent, beyond, rows, members, trackers }: SwarmReport): readonly string[] {
  const lines = [];
  if (silent > 0) lines.push(`${counted(silent, 'client')} told nothing: no byte moved, or an earlier release`);
  if (beyond > 0) lines.push(`not known: ${counted(beyond, 'member')} more than one report takes`);
  if (rows.length < members) lines.push(`${members - rows.length} more are counted above and not shown`);
  for (const { problem } of trackers) if (problem !== '') lines.push(`not asked: ${printable(problem)}`);
  return lines;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** 12345 → '12.3 s'; from a minute on as settings write times. */
function seconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(Math.round(ms / 1000) * 1000);
}

/** One JSON object: bytes, milliseconds, rates in bytes a second. */
export function reportJson(report: SwarmReport): string {
  return JSON.stringify(reportRow(report));
}

export function reportRow(report: SwarmReport): object {
  return { schema: 1, ...report };
}
