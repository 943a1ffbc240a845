// What one `mtorrent get` is to do, as its arguments and the settings say: which content, which of its files, where to,
// from which earlier versions, for how long. Nothing is begun here.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { REUSE_PATHS_MAX } from '../../../foundation/base/limits.js';
import { command, pathWord } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { GLOBS_MAX } from '../../../foundation/torrent/folder/limits.js';
import { printable } from '../../../foundation/torrent/names.js';
import type { Choice, GetWish } from '../../library/get-plan.js';
import { parseDuration } from '../../settings/durations.js';
import type { Settings } from '../../settings/resolve.js';
import { SETTING_NAMES } from '../../settings/table.js';
import { STANDARD_STREAM } from '../standard-stream.js';
import type { OneShotArguments } from './one-shot.js';

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

/** What the user asked for. Paths are absolute where nothing else is said. */
export interface Order {
  /** As the user wrote it: the path of a .mtorrent, a link, or `-`. */
  readonly source: string;
  /** As the user wrote it. */
  readonly destination: string | undefined;
  /** A directory, with a slash at the end where the user says that it is one, or a file name. */
  readonly place: string;
  readonly wish: Omit<GetWish, 'exact'>;
  /** Where the .mtorrent is written as well. */
  readonly copyPath: string | undefined;
  readonly isDryRun: boolean;
  /** Present: the content goes to standard output. */
  readonly stream: StreamOrder | undefined;
  /** The command that continues the download. */
  readonly again: string;
  readonly detach: boolean;
  readonly seeding: Seeding;
  /** Milliseconds from the start of the command. */
  readonly timeoutMs: number | undefined;
}

/** Where the pieces of a stream lie until all was written; undefined: in the state directory. */
export interface StreamOrder {
  /** Below this directory. */
  readonly partDir: string | undefined;
  /** In this directory or file, and they stay there. */
  readonly keep: string | undefined;
}

/** How long the complete content is shared. */
export interface Seeding {
  /** Undefined: until a signal. */
  readonly ms: number | undefined;
  /** Times its size after which it is not shared any more; 0: however often. */
  readonly ratio: number;
}

export function isToStdout({ destination }: GetArguments): boolean {
  return destination === STANDARD_STREAM;
}

/** Throws INVALID_ARGUMENTS. */
export function orderOf(args: GetArguments, settings: Settings): Order {
  const { mtorrent: source, destination, timeout, detach, alone, 'save-mtorrent': copy } = args;
  if (alone && detach) throw new MiniTorrentError('INVALID_ARGUMENTS', '--alone and --detach cannot be combined');
  return {
    source,
    destination,
    stream: streamOf(args),
    // Where the pieces of a stream lie depends on what it is.
    place: isToStdout(args) ? '/' : placeOf(destination ?? settings.values['download-dir']),
    wish: { ...choiceOf(args), ...reuseOf(args) },
    copyPath: copy === undefined ? undefined : absolutePathOf(copy),
    isDryRun: args['dry-run'],
    again: againOf(args, settings),
    detach,
    seeding: seedingOf(args, settings),
    timeoutMs: timeout === undefined ? undefined : timeoutOf(timeout),
  };
}

/** A slash at the end says that it is a directory. */
function placeOf(word: string): string {
  return word.endsWith('/') ? `${absolutePathOf(word)}/` : absolutePathOf(word);
}

/** --seed alone means until stopped, whatever the settings say; a ratio alone has no time limit. */
function seedingOf({ seed }: GetArguments, { values, origins }: Settings): Seeding {
  if (seed && origins['seed-time'].kind !== 'flag' && origins['seed-ratio'].kind !== 'flag')
    return { ms: undefined, ratio: 0 };
  const ratio = values['seed-ratio'];
  const isByRatio = ratio > 0 && origins['seed-time'].kind === 'default';
  return { ms: isByRatio ? undefined : values['seed-time'], ratio };
}

/** Throws INVALID_ARGUMENTS for options that do not fit the destination. */
function streamOf(args: GetArguments): StreamOrder | undefined {
  const { keep, 'part-dir': partDir, detach } = args;
  const named = (['keep', 'part-dir'] as const).find((option) => args[option] !== undefined);
  if (!isToStdout(args)) {
    if (named === undefined) return undefined;
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--${named} is for the destination - (standard output) only`);
  }
  if (detach) {
    const sentence = '--detach cannot be combined with the destination - (standard output)';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  if (keep !== undefined && partDir !== undefined) {
    const sentence = '--keep and --part-dir cannot be combined: the pieces lie where the file is kept';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  return {
    partDir: partDir === undefined ? undefined : absolutePathOf(partDir),
    keep: keep === undefined ? undefined : placeOf(keep),
  };
}

/** Throws INVALID_ARGUMENTS. */
function choiceOf({ only = [], except = [] }: GetArguments): Choice {
  if (only.length > GLOBS_MAX || except.length > GLOBS_MAX)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--only and --except can be repeated ${GLOBS_MAX} times at most`);
  return { only, except };
}

/** With everything that says what is fetched, from whom, and where what is there of it lies. */
function againOf(args: GetArguments, settings: Settings): string {
  const { mtorrent, destination, alone, keep, 'part-dir': partDir, reuse = [], only = [], except = [] } = args;
  const words = [mtorrent, destination ?? []].flat().map(pathWord);
  const chosen = [...only.flatMap((glob) => flag('only', glob)), ...except.flatMap((glob) => flag('except', glob))];
  const places = [...pathFlag('keep', keep), ...pathFlag('part-dir', partDir)];
  const reused = reuse.flatMap((word) => (word === false ? ['--no-reuse'] : pathFlag('reuse', word)));
  const own = alone ? ['--alone'] : [];
  return command('get', ...words, ...chosen, ...places, ...reused, ...own, ...settingWords(args, settings));
}

/** The settings that were given as flags, as they were given, but for how often progress is told. */
function settingWords(args: GetArguments, { origins }: Settings): readonly string[] {
  const words = SETTING_NAMES.flatMap((name) => {
    const origin = origins[name];
    if (origin.kind !== 'flag' || name === 'stats-interval') return [];
    return origin.label === undefined ? flag(name, String(args[name])) : [origin.label];
  });
  return typeof args['config'] === 'string' ? [...words, ...pathFlag('config', args['config'])] : words;
}

function pathFlag(name: string, path: string | undefined): readonly string[] {
  return path === undefined ? [] : flag(name, pathWord(path));
}

/** A value that begins with a dash would be read as another flag. */
function flag(name: string, value: string): readonly string[] {
  return value.startsWith('-') ? [`--${name}=${value}`] : [`--${name}`, value];
}

/** Throws INVALID_ARGUMENTS. */
function reuseOf({ reuse = [] }: GetArguments): Pick<GetWish, 'reuse' | 'noReuse'> {
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
