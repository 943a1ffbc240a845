// `mtorrent get`: downloads one file and ends with it. When it is stopped before, it keeps the pieces it has, and the
// same command continues. A client in the background takes the download over and is only watched, unless it has the
// same content at another place.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { REUSE_PATHS_MAX } from '../../foundation/base/limits.js';
import { command, pathWord } from '../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../foundation/base/surroundings.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { GLOBS_MAX } from '../../foundation/torrent/folder/limits.js';
import { isLink } from '../../foundation/torrent/link.js';
import { printable } from '../../foundation/torrent/names.js';
import { saveMtorrent } from '../library/links.js';
import type { Fetching } from '../library/one-shot.js';
import { parseDuration } from '../settings/durations.js';
import { CLIENT_SETTINGS, OPEN_FLAG, settingFlags } from '../settings/table.js';
import type { RunCommand } from './context.js';
import { CHOICE_FLAGS } from './folder-flags.js';
import { type Order, unfinished } from './get-order.js';
import { linkedMtorrent } from './linked.js';
import { mtorrentPathOf } from './mtorrent-argument.js';
import { type OneShot, type OneShotArguments, OUTPUT_FLAGS, runOneShot } from './one-shot.js';
import { otherShares } from './other-shares.js';
import { STANDARD_STREAM, showDash } from './standard-stream.js';

interface GetArguments extends OneShotArguments {
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

export function getCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    ['get <mtorrent> [destination]', 'add'],
    'download a file or folder, and print its path when it is complete',
    (args) =>
      args
        .positional('mtorrent', {
          type: 'string',
          demandOption: true,
          describe: 'its path, a link, or - for standard input',
          coerce: showDash,
        })
        .positional('destination', {
          type: 'string',
          describe: 'a directory, a file name, or - for standard output [default: download-dir]',
          coerce: (word: string | undefined) => (word === undefined ? undefined : showDash(word)),
        })
        .option('seed', { type: 'boolean', default: false, describe: 'then share it until stopped' })
        .option('timeout', { type: 'string', describe: 'give up after this time, and keep the pieces: 90s, 10m, 1h' })
        .option('detach', { type: 'boolean', default: false, describe: 'leave it to the client in the background' })
        .option('save-mtorrent', { type: 'string', describe: 'also write the .mtorrent here, such as that of a link' })
        .option('keep', { type: 'string', describe: 'with -: keep what is written, in this directory or file' })
        .option('part-dir', { type: 'string', describe: 'with -: the pieces lie below this directory until the end' })
        .option('reuse', {
          type: 'string',
          array: true,
          nargs: 1,
          describe:
            'an older version, a file or folder that may have bytes of it; may be repeated. --no-reuse: use none',
        })
        .option('dry-run', { type: 'boolean', default: false, describe: 'only say what of it is here already' })
        .options(CHOICE_FLAGS)
        .options(settingFlags('seed-time', 'address', 'download-dir', 'upload-limit', 'download-limit'))
        .options(settingFlags(...CLIENT_SETTINGS, 'stats-interval', 'state-dir', 'socket'))
        .options(OPEN_FLAG)
        .options(OUTPUT_FLAGS)
        .example('$0 get disk.img.mtorrent', 'into the current directory')
        .example('$0 get disk.img.mtorrent /data/ --timeout 1h', 'the same command continues it')
        .example('$0 get disk.img.mtorrent /data/ --seed-time 30m --json', '')
        .example("$0 get model.mtorrent /data/ --only '*.json'", 'some files of a folder')
        .example('$0 get v2.img.mtorrent /data/ --reuse v1.img', 'fetch only what changed'),
    (args) => run(() => runOneShot(args, (oneShot) => runGet(args, oneShot), isToStdout(args) ? 'stderr' : 'stdout')),
  );
}

function isToStdout({ destination }: GetArguments): boolean {
  return destination === STANDARD_STREAM;
}

/**
 * Resolves to 0 for a complete file, or to the signal's exit code when --seed was ended by one. Rejects with UNFINISHED
 * when a signal came before the end, TIMED_OUT or NO_TRACKER after --timeout, and with what ended the download.
 */
async function runGet(args: GetArguments, run: OneShot): Promise<number> {
  const order = await orderOf(args, run);
  if (args['dry-run']) {
    const { getDryRun } = await import('./get-dry-run.js');
    return getDryRun(order, run, args.json);
  }
  if (isToStdout(args)) {
    const { getToStdout } = await import('./get-stdout.js');
    return getToStdout(order, args, run);
  }
  const { startGet, getOn } = await import('../library/one-shot.js');
  const { background } = run;
  if (background !== undefined) {
    try {
      return await fetch(order, getOn(background, order.plan), run);
    } catch (error) {
      if (order.detach || !isElsewhere(error)) throw error;
      run.reporter.detail(`${error.message}: this command gets it alone`);
    }
  }
  const { credentials } = await run.membershipAt(order.plan.metainfo.trackers);
  const shares = { otherShares: () => otherShares(run) };
  const fetching = await startGet(order.plan, { ...run.clientConfig, ...shares, credentials });
  return fetch(order, fetching, run).finally(() => fetching.close());
}

/** The client in the background has the same content at another place, where it stays. */
function isElsewhere(error: unknown): error is MiniTorrentError {
  return error instanceof MiniTorrentError && error.code === 'ALREADY_EXISTS';
}

async function orderOf(args: GetArguments, run: OneShot): Promise<Order> {
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
  const isForEver = seed && origins['seed-time'].kind !== 'flag';
  return {
    plan,
    trackers: plan.metainfo.trackers.map(formatAddress),
    again: againOf(args),
    detach,
    seedMs: isForEver ? undefined : values['seed-time'],
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

async function fetch(order: Order, fetching: Fetching, run: OneShot): Promise<number> {
  const { plan, trackers, detach, seedMs } = order;
  const { client, begin, stateDir } = fetching;
  const { reporter } = run;
  const isOurs = stateDir !== undefined;
  const { target: path, mtorrentPath: mtorrent } = plan;
  const { address } = client.facts;
  if (isOurs) reporter.detail(`this client serves at ${address}; its state and log are in ${stateDir}`);
  reporter.started({ command: 'get', path, mtorrent, trackers, address, background: !isOurs });
  if (detach) {
    reporter.result((await begin()).path);
    return 0;
  }
  const end = await run.follow(fetching, plan.target, order.timeoutMs);
  if (end.kind !== 'done') throw await unfinished(end, order, client, isOurs);
  reporter.completed(end.value);
  reporter.result(end.value.path);
  return isOurs && seedMs !== 0 ? run.seed(client, end.value.path, seedMs) : 0;
}
