// What one `mtorrent get` is to do, from its arguments and the settings: which content, which of its files, where to,
// from which earlier versions, for how long. Nothing is begun here.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { REUSE_PATHS_MAX } from '../../foundation/base/limits.js';
import { command, pathWord } from '../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../foundation/base/surroundings.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { GLOBS_MAX } from '../../foundation/torrent/folder/limits.js';
import { isLink } from '../../foundation/torrent/link.js';
import { printable } from '../../foundation/torrent/names.js';
import { saveMtorrent } from '../library/links.js';
import type { GetPlan } from '../library/one-shot.js';
import { parseDuration } from '../settings/durations.js';
import { linkedMtorrent } from './linked.js';
import { mtorrentPathOf } from './mtorrent-argument.js';
import type { OneShot, OneShotArguments } from './one-shot.js';
import { STANDARD_STREAM } from './standard-stream.js';

export interface GetArguments extends OneShotArguments {
  readonly mtorrent: string;
  readonly destination: string | undefined;
  readonly seed: boolean;
  readonly timeout: string | undefined;
  readonly detach: boolean;
  readonly keep: string | undefined;
  readonly 'part-dir': string | undefined;
  readonly 'save-mtorrent': string | undefined;
  readonly 'dry-run': boolean;
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[] | undefined;
  /** `false` is --no-reuse. */
  readonly reuse: readonly (string | false)[] | undefined;
}

/** What the user asked for. */
export interface Order {
  readonly plan: GetPlan;
  /** The pair that the .mtorrent names. */
  readonly trackers: readonly string[];
  /** The command that continues the download. */
  readonly again: string;
  readonly detach: boolean;
  /** How long the complete file is shared; undefined: until a signal. */
  readonly seedMs: number | undefined;
  /** Times its size after which it is not shared any more; 0: however often. */
  readonly seedRatio: number;
  readonly timeoutMs: number | undefined;
}

export function isToStdout({ destination }: GetArguments): boolean {
  return destination === STANDARD_STREAM;
}

/** Rejects with INVALID_ARGUMENTS, and with what is wrong with the .mtorrent. */
export async function orderOf(args: GetArguments, run: OneShot): Promise<Order> {
  const { settings, config, background } = run;
  const { values, origins } = settings;
  const { destination, seed, timeout, detach, alone } = args;
  const timeoutMs = timeout === undefined ? undefined : timeoutOf(timeout);
  if (alone && detach) throw new MiniTorrentError('INVALID_ARGUMENTS', '--alone and --detach cannot be combined');
  checkStream(args);
  const path = await mtorrentOf(args, run, timeoutMs);
  // Where the pieces of a stream lie is found out later.
  const place = isToStdout(args) ? '/' : (destination ?? values['download-dir']);
  const { planGet } = await import('../library/one-shot.js');
  const wish = reuseWishOf(args);
  // A slash at the end says that it is a directory.
  const planned = await planGet(
    path,
    place.endsWith('/') ? `${absolutePathOf(place)}/` : absolutePathOf(place),
    config.mayName,
    choiceOf(args),
  );
  const isOwnMtorrent = args.mtorrent === STANDARD_STREAM;
  const plan = { ...planned, wish: { ...planned.wish, ...wish }, isOwnMtorrent };
  if (detach && background === undefined) {
    const sentence = `no client runs in the background to leave the download to; start one with: ${command('daemon', '--detach')}`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  // --seed alone means until stopped, whatever the settings say.
  const isForEver = seed && origins['seed-time'].kind !== 'flag' && origins['seed-ratio'].kind !== 'flag';
  const ratio = isForEver ? 0 : values['seed-ratio'];
  // A ratio alone has no time limit.
  const isByRatio = ratio > 0 && origins['seed-time'].kind === 'default';
  return {
    plan,
    trackers: plan.metainfo.trackers.map(formatAddress),
    again: againOf(args),
    detach,
    seedMs: isForEver || isByRatio ? undefined : values['seed-time'],
    seedRatio: ratio,
    timeoutMs,
  };
}

/** Absolute path of what the .mtorrent says, whatever it was given as. */
async function mtorrentOf(args: GetArguments, run: OneShot, timeoutMs: number | undefined): Promise<string> {
  const { mtorrent, destination, 'save-mtorrent': copy } = args;
  const stateRoot = (): string => run.clientConfig.stateRoot;
  const path = isLink(mtorrent)
    ? await linkedMtorrent(mtorrent, run, timeoutMs)
    : await run.orStop(mtorrentPathOf(mtorrent, destination, stateRoot, run.config.mayName));
  if (copy !== undefined) await saveMtorrent(path, absolutePathOf(copy));
  return path;
}

/** Throws INVALID_ARGUMENTS for options that do not fit the destination. */
function checkStream(args: GetArguments): void {
  const named = (['keep', 'part-dir'] as const).find((option) => args[option] !== undefined);
  if (!isToStdout(args) && named !== undefined)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--${named} is for the destination - (standard output) only`);
  if (isToStdout(args) && args.detach)
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      '--detach cannot be combined with the destination - (standard output)',
    );
}

/** Throws INVALID_ARGUMENTS. */
function choiceOf({ only = [], except = [] }: GetArguments): {
  readonly only: readonly string[];
  readonly except: readonly string[];
} {
  if (only.length > GLOBS_MAX || except.length > GLOBS_MAX)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--only and --except can be repeated ${GLOBS_MAX} times at most`);
  return { only, except };
}

function againOf({ mtorrent, destination, alone, reuse = [], only = [], except = [] }: GetArguments): string {
  const chosen = [...only.flatMap((glob) => ['--only', glob]), ...except.flatMap((glob) => ['--except', glob])];
  const words = [...[mtorrent, destination ?? []].flat().map(pathWord), ...chosen];
  const reused = reuse.flatMap((word) => (word === false ? ['--no-reuse'] : ['--reuse', pathWord(word)]));
  return command('get', ...words, ...reused, ...(alone ? ['--alone'] : []));
}

/** Throws INVALID_ARGUMENTS. */
function reuseWishOf({ reuse = [] }: GetArguments): { readonly reuse: readonly string[]; readonly noReuse: boolean } {
  const paths = reuse.filter((word) => word !== false);
  if (paths.length > 0 && reuse.includes(false))
    throw new MiniTorrentError('INVALID_ARGUMENTS', '--reuse and --no-reuse cannot be combined');
  if (paths.length > REUSE_PATHS_MAX)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--reuse can be repeated ${REUSE_PATHS_MAX} times at most`);
  return { reuse: paths.map(absolutePathOf), noReuse: reuse.includes(false) };
}

function timeoutOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new MiniTorrentError('INVALID_ARGUMENTS', `"${printable(text)}" is not a time; write 90s, 10m or 1h`);
}
