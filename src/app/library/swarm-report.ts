// The report of a swarm: how long its last wave of downloads took, what each member sent and wasted, and how far that
// is from what the links seen in it allow. From what members told their trackers, so it knows no more than they. Pure.

import type { Gathered, Member } from '../../tracking/tracker/members.js';
import { REPORT_ROWS_MAX, WAVE_GAP_MS } from './limits.js';

/** source: it had all before the wave. left: it went before it had all. */
export const MEMBER_ROLES = ['source', 'done', 'running', 'left'] as const;

export interface ReportRow {
  readonly address: string;
  readonly role: (typeof MEMBER_ROLES)[number];
  readonly isListed: boolean;
  /** How long its own download took, or has taken; 0 for a source. */
  readonly tookMs: number;
  readonly received: number;
  readonly wasted: number;
  readonly sent: number;
  /** `sent` over the size of the file. */
  readonly copies: number;
  readonly downRate: number;
  readonly upRate: number;
}

/** in: the slowest link into a member. out: the links of the sources. all: the links of everybody together. */
export const BOUNDS = ['in', 'out', 'all'] as const;

export interface Bound {
  /** The least time in which the rates that members held could have done it. */
  readonly ms: number;
  readonly by: (typeof BOUNDS)[number];
  /** Makespan over that: 1 at least, and an estimate from below. */
  readonly distance: number;
}

export interface SwarmReport {
  readonly name: string;
  readonly size: number;
  /** Members of the last wave, who downloaded the file, and how many of them ended, go on, or left before the end. */
  readonly members: number;
  readonly finished: number;
  readonly running: number;
  readonly left: number;
  /** Since the wave began. */
  readonly startedMs: number;
  /** From the first start to the last end; of a wave that goes on, so far. */
  readonly makespanMs: number;
  /** From the first start until half, and 99 %, of the members had ended. Null: they have not. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Payload bytes of the wave's members, and those of them that were not needed or were wrong. */
  readonly received: number;
  readonly wasted: number;
  /** What all known members sent, those of earlier waves too, in bytes and in copies of the file. */
  readonly sent: number;
  readonly copies: number;
  /** Bytes that were received and that nobody told of having sent. */
  readonly unexplained: number;
  /** Null while the wave goes on, and when too much is not known. */
  readonly bound: Bound | null;
  /** Downloads of earlier waves. */
  readonly earlier: number;
  /** Clients that are listed and told nothing: they moved no byte in their run, or are of an earlier release. */
  readonly silent: number;
  /** Members that are known to the trackers and are not in this report. */
  readonly beyond: number;
  /** Those that sent most come first; at most REPORT_ROWS_MAX. */
  readonly rows: readonly ReportRow[];
  readonly trackers: Gathered['trackers'];
}

/** @param size of the file in bytes. */
export function swarmReport(
  { name, size }: { readonly name: string; readonly size: number },
  told: Gathered,
): SwarmReport {
  const { wave, earlier } = lastWave(told.members);
  const isOfWave = new Set(wave);
  const sources = told.members.filter((member) => !isOfWave.has(member) && (member.sent > 0 || member.isListed));
  const startedMs = Math.max(0, ...wave.map(startOf));
  const ended = wave.filter(isFinished);
  const running = wave.filter((member) => !isFinished(member) && member.isListed);
  const endedMs = ended.map((member) => startedMs - endOf(member)).sort((a, b) => a - b);
  const makespanMs = running.length > 0 ? startedMs : Math.max(0, ...endedMs);
  const [received, sent] = [sum(wave, 'received'), sum([...wave, ...sources], 'sent')];
  const unexplained = Math.max(0, received - sent);
  const isOver = running.length === 0 && ended.length > 0;
  const isExplained = unexplained <= received * UNEXPLAINED_SHARE;
  const rows = [...wave, ...sources].sort((a, b) => b.sent - a.sent || compareTexts(a.peer, b.peer));
  return {
    ...{ name, size, members: wave.length, finished: ended.length, running: running.length },
    left: wave.length - ended.length - running.length,
    ...{ startedMs, makespanMs },
    ...{ p50Ms: quantile(endedMs, ended.length + running.length, 0.5) },
    ...{ p99Ms: quantile(endedMs, ended.length + running.length, 0.99) },
    ...{ received, wasted: sum(wave, 'wasted'), sent, copies: share(sent, size), unexplained },
    bound: isOver ? boundOf(ended, isExplained ? wave : [], isExplained ? sources : [], makespanMs) : null,
    earlier,
    silent: Math.max(0, told.listed - told.members.filter(({ isListed }) => isListed).length),
    beyond: told.known - told.members.length,
    rows: rows.slice(0, REPORT_ROWS_MAX).map((member) => rowOf(member, isOfWave.has(member), size)),
    trackers: told.trackers,
  };
}

/** Below it what nobody told of is what members had not told yet when they left. */
const UNEXPLAINED_SHARE = 0.05;

/** Downloads of which each began while an earlier one went on, or soon after. `earlier`: those of former waves. */
export function lastWave(members: readonly Member[]): { readonly wave: readonly Member[]; readonly earlier: number } {
  const downloads = members.filter(({ startedMs }) => startedMs !== undefined).sort((a, b) => startOf(b) - startOf(a));
  let [first, lastEndMs] = [0, Number.NEGATIVE_INFINITY];
  downloads.forEach((member, at) => {
    const isNew = lastEndMs - startOf(member) > WAVE_GAP_MS;
    if (isNew) first = at;
    lastEndMs = isNew || at === 0 ? endOf(member) : Math.min(lastEndMs, endOf(member));
  });
  return { wave: downloads.slice(first), earlier: first };
}

/** The greatest of three least times; each holds by itself. Null when no rate is known. */
function boundOf(
  ended: readonly Member[],
  wave: readonly Member[],
  sources: readonly Member[],
  makespanMs: number,
): Bound | null {
  const useful = ended.map(usefulOf);
  // What another member had from the start need not come from a source.
  const had = sum(wave, 'wanted') - wave.map(usefulOf).reduce((a, b) => a + b, 0);
  const fresh = Math.max(0, Math.max(0, ...useful) - Math.max(0, had));
  const up = (members: readonly Member[]): number => sum(members, 'upRate');
  const times: readonly (readonly [Bound['by'], number])[] = [
    ['in', Math.max(0, ...ended.map((member) => takes(usefulOf(member), downOf(member))))],
    ['out', takes(fresh, up(sources))],
    [
      'all',
      takes(
        wave.map(usefulOf).reduce((a, b) => a + b, 0),
        up([...wave, ...sources]),
      ),
    ],
  ];
  const [by, longest] = times.reduce((most, next) => (next[1] > most[1] ? next : most));
  if (longest <= 0 || makespanMs <= 0) return null;
  // Rates are samples: a bound above what happened is none.
  const ms = Math.min(longest, makespanMs);
  return { ms, by, distance: makespanMs / ms };
}

/** Milliseconds; 0 where no rate is known. */
function takes(bytes: number, rate: number): number {
  return rate > 0 ? (bytes / rate) * 1000 : 0;
}

/** It held no less than its mean. */
function downOf(member: Member): number {
  return Math.max(member.downRate, (usefulOf(member) * 1000) / Math.max(1, startOf(member) - endOf(member)));
}

function usefulOf({ received, wasted }: Member): number {
  return Math.max(0, received - wasted);
}

function startOf({ startedMs = 0 }: Member): number {
  return startedMs;
}

function isFinished({ finishedMs }: Member): boolean {
  return finishedMs !== undefined;
}

/** Milliseconds ago; of one that goes on, now; of one that left, its last word. Never before its start. */
function endOf(member: Member): number {
  const { finishedMs, isListed, saidMs } = member;
  return Math.min(startOf(member), finishedMs ?? (isListed ? 0 : saidMs));
}

/** The time by which this share of `count` members had ended: the nearest rank. */
function quantile(endedMs: readonly number[], count: number, part: number): number | null {
  return endedMs[Math.max(0, Math.ceil(count * part) - 1)] ?? null;
}

function rowOf(member: Member, isOfWave: boolean, size: number): ReportRow {
  const { address, isListed, received, wasted, sent, downRate, upRate } = member;
  const role = !isOfWave ? 'source' : isFinished(member) ? 'done' : isListed ? 'running' : 'left';
  const tookMs = isOfWave ? startOf(member) - endOf(member) : 0;
  return { address, role, isListed, tookMs, received, wasted, sent, copies: share(sent, size), downRate, upRate };
}

function share(bytes: number, size: number): number {
  return size === 0 ? 0 : bytes / size;
}

function sum(members: readonly Member[], field: 'received' | 'wasted' | 'sent' | 'upRate' | 'wanted'): number {
  return members.reduce((total, member) => total + member[field], 0);
}

/** By code units: the same order on every machine. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
