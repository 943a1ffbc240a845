// `mtorrent get`: fetches one file and ends with it. Stopped before, it keeps what is there, and the same words go on with it. A client
// in the background takes the download over and is only watched.

import { resolve } from 'node:path';
import { deferred } from '../../foundation/base/deferred.js';
import { isErrorCode, MiniTorrentError } from '../../foundation/base/errors.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Download } from '../library/download.js';
import { beginGet, type Fetching, type GetPlan, planGet, startGet } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { FileView } from '../library/views.js';
import { parseDuration } from '../settings/durations.js';
import { percent } from '../verbs/results.js';
import { backgroundClient } from './background-client.js';
import {
  clientOptions,
  lateAfter,
  type OneShotArguments,
  relayNotices,
  type Stops,
  tellingAll,
  unlessStopped,
} from './one-shot.js';
import type { Started } from './one-shot-events.js';
import type { Reporter } from './reporters.js';
import { seedUntilStopped } from './share-command.js';

export interface GetArguments extends OneShotArguments {
  readonly mtorrent: string;
  readonly destination: string | undefined;
  readonly seed: boolean;
  readonly timeout: string | undefined;
  readonly detach: boolean;
}

/** What ends a command before its download ends; `late` only with --timeout. */
interface Limits extends Stops {
  readonly late: Promise<'late'> | undefined;
}

interface Named {
  readonly plan: GetPlan;
  /** Those of the .mtorrent. */
  readonly trackers: readonly string[];
  /** How to go on, as a command line. */
  readonly again: string;
}

/**
 * Answers 0 for a complete file; 130 and 143 when --seed was ended by a signal. Rejects with UNFINISHED when a signal came before
 * the end, TIMED_OUT or NO_TRACKER after --timeout, and with what ended the download.
 */
export function runGet(args: GetArguments): Promise<number> {
  return tellingAll(args, async (reporter, stops) => {
    const timeoutMs = timeoutOf(args.timeout);
    if (args.alone && args.detach)
      throw new MiniTorrentError('INVALID_ARGUMENTS', '--alone and --detach ask for opposites');
    const named = await namesOf(args);
    const background = args.alone ? undefined : await backgroundClient(args.settings);
    if (args.detach && background === undefined)
      throw new MiniTorrentError(
        'INVALID_ARGUMENTS',
        'no client runs in the background, so nothing can be left to it; start one with: mtorrent daemon',
      );
    const { late, cancel } = lateAfter(timeoutMs);
    try {
      const limits = { ...stops, late };
      if (background === undefined) return await getHere(args, named, reporter, limits);
      return await handOver(args, named, background, reporter, limits);
    } finally {
      cancel();
      await background?.close();
    }
  });
}

async function namesOf({ mtorrent, destination, settings }: GetArguments): Promise<Named> {
  const told = destination ?? settings.values['download-dir'];
  const again = ['mtorrent get', mtorrent, ...(destination === undefined ? [] : [destination])].join(' ');
  // A slash at its end says that it is a directory.
  const place = told.endsWith('/') ? `${resolve(told)}/` : resolve(told);
  const plan = await planGet(resolve(mtorrent), place);
  return { plan, trackers: plan.metainfo.trackers.map(formatAddress), again };
}

async function getHere(args: GetArguments, named: Named, reporter: Reporter, limits: Limits): Promise<number> {
  const fetching = await startGet(named.plan, clientOptions(args));
  const unlisten = relayNotices(fetching.client, reporter);
  try {
    reporter.detail(
      `this client serves at ${fetching.client.facts.address}; its state and log are in ${fetching.stateDir}`,
    );
    return await fetch(args, named, fetching, reporter, limits);
  } finally {
    unlisten();
    await fetching.close();
  }
}

async function fetch(
  args: GetArguments,
  named: Named,
  { client, begin }: Fetching,
  reporter: Reporter,
  limits: Limits,
): Promise<number> {
  reporter.started(startedOf(named, client, false));
  const file = await follow(client, begin(), reporter, limits, { named, remark: `${named.again} goes on with it` });
  reporter.completed(file);
  reporter.result(file.path);
  const { values, origins } = args.settings;
  const seedMs = values['seed-time'];
  if (!args.seed && seedMs === 0) return 0;
  // --seed alone means until stopped, whatever the settings say.
  const isForEver = args.seed && origins['seed-time'].kind !== 'flag';
  const end = await seedUntilStopped(client, file.path, args, reporter, limits, isForEver ? undefined : seedMs);
  return end.kind === 'stopped' ? end.exitCode : 0;
}

async function handOver(
  { detach }: GetArguments,
  named: Named,
  client: SwarmClient,
  reporter: Reporter,
  limits: Limits,
): Promise<number> {
  reporter.started(startedOf(named, client, true));
  const accepted = beginGet(client, named.plan);
  if (detach) {
    reporter.result((await accepted).path);
    return 0;
  }
  const unlisten = relayNotices(client, reporter);
  try {
    const remark = `the client in the background goes on with it; ${named.again} shows how far it is`;
    const file = await follow(client, accepted, reporter, limits, { named, remark });
    reporter.completed(file);
    reporter.result(file.path);
    return 0;
  } finally {
    unlisten();
  }
}

function startedOf({ plan, trackers }: Named, { facts }: SwarmClient, background: boolean): Started {
  return {
    command: 'get',
    path: plan.target,
    mtorrent: plan.mtorrentPath,
    trackers,
    address: facts.address,
    background,
  };
}

/** The complete file. Rejects with MiniTorrentError: why there is none; `remark` is what becomes of what is there. */
async function follow(
  client: SwarmClient,
  accepted: Promise<Download>,
  reporter: Reporter,
  limits: Limits,
  { named, remark }: { readonly named: Named; readonly remark: string },
): Promise<FileView> {
  let last: FileView | undefined;
  let isOver = false;
  const watch = async (): Promise<FileView> => {
    const download = await accepted;
    const stalled = stall(client, download.path);
    try {
      return await Promise.race([lookOn(download), stalled.rejects]);
    } finally {
      stalled.unlisten();
    }
  };
  const lookOn = async (download: Download): Promise<FileView> => {
    for await (const file of download) {
      if (isOver) break;
      last = file;
      reporter.progress(file);
    }
    return last ?? client.file(download.path);
  };
  const end = await unlessStopped(watch(), limits);
  isOver = true;
  if (end.kind === 'done') return end.value;
  const there = last === undefined ? 'nothing was fetched yet' : `${percent(last.have, last.pieces)} is there`;
  if (end.kind === 'stopped')
    throw new MiniTorrentError('UNFINISHED', `stopped by ${end.signal} before the end; ${there}: ${remark}`);
  if ((last?.received ?? 0) === 0 && (await isWithoutTracker(client, named.trackers)))
    throw new MiniTorrentError('NO_TRACKER', `no tracker answered in time; ${there}: ${remark}`);
  throw new MiniTorrentError('TIMED_OUT', `the time is over before the end; ${there}: ${remark}`);
}

/** A full disk holds a download, which would go on by itself; a command does not wait for somebody to clear it. */
function stall(client: SwarmClient, path: string): { readonly rejects: Promise<never>; unlisten(): void } {
  const stalled = deferred<never>();
  stalled.promise.catch(() => undefined);
  const unlisten = client.listen((event) => {
    if (event.kind !== 'stalled' || event.path !== path) return;
    stalled.reject(new MiniTorrentError(isErrorCode(event.code) ? event.code : 'INTERNAL', event.sentence));
  });
  return { rejects: stalled.promise, unlisten };
}

/** Both trackers that the .mtorrent names were tried, and neither answered. */
async function isWithoutTracker(client: SwarmClient, named: readonly string[]): Promise<boolean> {
  const trackers = (await client.trackers()).filter(({ address }) => named.includes(address));
  return trackers.length > 0 && trackers.every(({ state }) => state === 'away');
}

function timeoutOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new MiniTorrentError('INVALID_ARGUMENTS', `"${printable(text)}" is not a time; write 90s, 10m or 1h`);
}
