// `mtorrent get`: downloads one file and ends with it. When it is stopped before, it keeps the pieces it has, and the same
// command continues. A client in the background takes the download over and is only watched.

import { resolve } from 'node:path';
import type { Argv } from 'yargs';
import { deferred } from '../../foundation/base/deferred.js';
import { isErrorCode, MiniTorrentError } from '../../foundation/base/errors.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Download } from '../library/download.js';
import type { GetPlan } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { FileView } from '../library/views.js';
import { parseDuration } from '../settings/durations.js';
import type { Settings } from '../settings/resolve.js';
import { settingFlags } from '../settings/table.js';
import { percent } from '../verbs/results.js';
import { type ParsedArguments, type RunCommand, settingsOf } from './context.js';
import {
  firstOf,
  type OneShot,
  type OneShotArguments,
  OUTPUT_FLAGS,
  relayNotices,
  runOneShot,
  seedUntilStopped,
  startTimeLimit,
  type TimeLimit,
} from './one-shot.js';

interface GetArguments extends OneShotArguments, ParsedArguments {
  readonly mtorrent: string;
  readonly destination: string | undefined;
  readonly seed: boolean;
  readonly timeout: string | undefined;
  readonly detach: boolean;
}

export function getCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    ['get <mtorrent> [destination]', 'add'],
    'download a file, and print its path when it is complete',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true })
        .positional('destination', { type: 'string', describe: 'a directory, or a file name [default: download-dir]' })
        .option('seed', { type: 'boolean', default: false, describe: 'then share it until stopped' })
        .option('timeout', { type: 'string', describe: 'give up after this time, and keep the pieces: 90s, 10m, 1h' })
        .option('detach', { type: 'boolean', default: false, describe: 'leave it to the client in the background' })
        .options(settingFlags('seed-time', 'address', 'download-dir', 'upload-limit', 'download-limit'))
        .options(settingFlags('peer-threads', 'stats-interval', 'state-dir', 'socket'))
        .options(OUTPUT_FLAGS)
        .example('$0 get disk.img.mtorrent', 'into the current directory')
        .example('$0 get disk.img.mtorrent /data/ --timeout 1h', 'the same command continues it')
        .example('$0 get disk.img.mtorrent /data/ --seed-time 30m --json', ''),
    (args) => run(() => runGet(args)),
  );
}

/** What the user asked for. */
interface Order {
  readonly plan: GetPlan;
  /** The pair that the .mtorrent names. */
  readonly trackers: readonly string[];
  /** The command that continues the download. */
  readonly again: string;
  readonly detach: boolean;
  /** How long the complete file is shared; undefined: until a signal. */
  readonly seedMs: number | undefined;
  readonly timeoutMs: number | undefined;
}

/**
 * Resolves to 0 for a complete file, or to the signal's exit code when --seed was ended by one. Rejects with UNFINISHED when a
 * signal came before the end, TIMED_OUT or NO_TRACKER after --timeout, and with what ended the download.
 */
async function runGet(args: GetArguments): Promise<number> {
  const settings = await settingsOf(args);
  return runOneShot(args, settings, async (run) => {
    const order = await orderOf(args, settings);
    const limit = startTimeLimit(order.timeoutMs);
    try {
      return await (run.background === undefined
        ? getHere(order, run, limit)
        : handOver(order, run.background, run, limit));
    } finally {
      limit.cancel();
    }
  });
}

async function orderOf(args: GetArguments, { values, origins }: Settings): Promise<Order> {
  const { mtorrent, destination, seed, timeout, detach, alone } = args;
  const timeoutMs = timeout === undefined ? undefined : timeoutOf(timeout);
  if (alone && detach) throw new MiniTorrentError('INVALID_ARGUMENTS', '--alone and --detach cannot be combined');
  const place = destination ?? values['download-dir'];
  const { planGet } = await import('../library/one-shot.js');
  // A slash at the end says that it is a directory.
  const plan = await planGet(resolve(mtorrent), place.endsWith('/') ? `${resolve(place)}/` : resolve(place));
  // --seed alone means until stopped, whatever the settings say.
  const isForEver = seed && origins['seed-time'].kind !== 'flag';
  return {
    plan,
    trackers: plan.metainfo.trackers.map(formatAddress),
    again: ['mtorrent get', mtorrent, ...(destination === undefined ? [] : [destination])].join(' '),
    detach,
    seedMs: isForEver ? undefined : values['seed-time'],
    timeoutMs,
  };
}

function timeoutOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new MiniTorrentError('INVALID_ARGUMENTS', `"${printable(text)}" is not a time; write 90s, 10m or 1h`);
}

async function getHere(order: Order, run: OneShot, limit: TimeLimit): Promise<number> {
  if (order.detach) {
    const sentence = 'no client runs in the background to leave the download to; start one with: mtorrent daemon';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const { startGet } = await import('../library/one-shot.js');
  const { client, stateDir, begin, close } = await startGet(order.plan, run.clientConfig);
  const { reporter } = run;
  const unlisten = relayNotices(client, reporter);
  try {
    reporter.detail(`this client serves at ${client.facts.address}; its state and log are in ${stateDir}`);
    reporter.started(startedBy(client, order, false));
    const file = await follow(begin(), client, order, run, limit, `${order.again} continues it`);
    reporter.completed(file);
    reporter.result(file.path);
    return order.seedMs === 0 ? 0 : await seedUntilStopped(client, file.path, run, order.seedMs);
  } finally {
    unlisten();
    await close();
  }
}

async function handOver(order: Order, client: SwarmClient, run: OneShot, limit: TimeLimit): Promise<number> {
  const { reporter } = run;
  const { beginGet } = await import('../library/one-shot.js');
  reporter.started(startedBy(client, order, true));
  const accepted = beginGet(client, order.plan);
  if (order.detach) {
    reporter.result((await accepted).path);
    return 0;
  }
  const unlisten = relayNotices(client, reporter);
  try {
    const remark = `the client in the background continues it; ${order.again} shows its progress`;
    const file = await follow(accepted, client, order, run, limit, remark);
    reporter.completed(file);
    reporter.result(file.path);
    return 0;
  } finally {
    unlisten();
  }
}

function startedBy({ facts }: SwarmClient, { plan, trackers }: Order, background: boolean) {
  const { target: path, mtorrentPath: mtorrent } = plan;
  return { command: 'get', path, mtorrent, trackers, address: facts.address, background } as const;
}

/** The complete file. Rejects with MiniTorrentError: why there is none. @param remark what becomes of the pieces then. */
async function follow(
  accepted: Promise<Download>,
  client: SwarmClient,
  { trackers }: Order,
  { reporter, stopped }: OneShot,
  { late }: TimeLimit,
  remark: string,
): Promise<FileView> {
  let last: FileView | undefined;
  let isOver = false;
  const watch = async (): Promise<FileView> => {
    const download = await accepted;
    const stalled = failWhenStalled(client, download.path);
    const progress = async (): Promise<FileView> => {
      for await (const file of download) {
        if (isOver) break;
        last = file;
        reporter.progress(file);
      }
      return last ?? client.file(download.path);
    };
    try {
      return await Promise.race([progress(), stalled.failure]);
    } finally {
      stalled.unlisten();
    }
  };
  const end = await firstOf(watch(), stopped, late);
  isOver = true;
  if (end.kind === 'done') return end.value;
  const done = last === undefined ? 'nothing was downloaded yet' : `${percent(last.have, last.pieces)} is downloaded`;
  if (end.kind === 'stopped')
    throw new MiniTorrentError(
      'UNFINISHED',
      `stopped by ${end.signal} before the download finished; ${done}: ${remark}`,
    );
  if ((last?.received ?? 0) === 0 && (await isWithoutTracker(client, trackers)))
    throw new MiniTorrentError('NO_TRACKER', `timed out before any tracker answered; ${done}: ${remark}`);
  throw new MiniTorrentError('TIMED_OUT', `timed out before the download finished; ${done}: ${remark}`);
}

/** A download waits while the disk is full. A command does not wait for somebody to free space: it fails. */
function failWhenStalled(client: SwarmClient, path: string): { readonly failure: Promise<never>; unlisten(): void } {
  const stalled = deferred<never>();
  stalled.promise.catch(() => undefined);
  const unlisten = client.listen((event) => {
    if (event.kind !== 'stalled' || event.path !== path) return;
    stalled.reject(new MiniTorrentError(isErrorCode(event.code) ? event.code : 'INTERNAL', event.sentence));
  });
  return { failure: stalled.promise, unlisten };
}

/** Both trackers that the .mtorrent names were tried, and neither answered. */
async function isWithoutTracker(client: SwarmClient, named: readonly string[]): Promise<boolean> {
  const trackers = (await client.trackers()).filter(({ address }) => named.includes(address));
  return trackers.length > 0 && trackers.every(({ state }) => state === 'away');
}
