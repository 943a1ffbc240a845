// What `share` and `get` have in common: their output, what ends them early, the client in the background that can do their
// work, and seeding until the end. What is shared or fetched, the commands themselves decide.

import { alarm, deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import type { OneShotConfig } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';
import { type CommandConfig, clientConfigOf } from './client-config.js';
import { backgroundClient, letGoOfTerminal } from './context.js';
import type { Reporter } from './reporters.js';

export const OUTPUT_FLAGS = {
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'print errors and the result only' },
  verbose: { alias: 'v', type: 'boolean', default: false, describe: 'print more, and log at level debug' },
  json: {
    alias: 'j',
    type: 'boolean',
    default: false,
    describe: 'print events as JSON, one a line (docs/events.schema.json)',
  },
  alone: {
    type: 'boolean',
    default: false,
    describe: 'work in this process even if a client runs in the background',
  },
} as const;

export interface OneShotArguments {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly alone: boolean;
}

/** A signal came, or nobody reads the results any more. */
export interface Stopped {
  readonly kind: 'stopped';
  readonly signal: string;
  /** By which a shell knows the signal. */
  readonly exitCode: number;
}

export type Outcome<T> = { readonly kind: 'done'; readonly value: T } | Stopped | { readonly kind: 'late' };

/** A time limit; without one it never comes. */
export interface TimeLimit {
  readonly late: Promise<'late'> | undefined;
  cancel(): void;
}

/** One run of `share` or `get`. */
export interface OneShot {
  readonly settings: Settings;
  readonly config: CommandConfig;
  readonly reporter: Reporter;
  /** Settles with the first signal; a second one ends the process at once. */
  readonly stopped: Promise<Stopped>;
  /** For a client of its own. */
  readonly clientConfig: OneShotConfig;
  /** The client that can do the work instead; undefined when none runs, or with --alone. The caller closes it. */
  readonly background: SwarmClient | undefined;
}

/** Runs `work`, and reports a failure before it rejects with it. */
export async function runOneShot(
  args: OneShotArguments,
  settings: Settings,
  work: (run: OneShot) => Promise<number>,
): Promise<number> {
  const { stdout, stderr, env } = process;
  const { quiet, verbose, json, alone } = args;
  if (quiet && verbose) throw new MiniTorrentError('INVALID_ARGUMENTS', '--quiet and --verbose cannot be combined');
  const { openReporter } = await import('./reporters.js');
  const intervalMs = settings.values['stats-interval'];
  const reporter = openReporter({ quiet, verbose, json, intervalMs, stdout, stderr, env });
  const stops = watchStops(reporter);
  try {
    const config = clientConfigOf(settings);
    const isLevelSet = settings.origins['log-level'].kind !== 'default';
    const log = verbose && !isLevelSet ? { ...config.log, level: 'debug' as const } : config.log;
    const clientConfig = { ...config.client, log, stateRoot: config.stateRoot };
    const background = alone ? undefined : await backgroundClient(settings);
    return await work({ settings, config, reporter, stopped: stops.stopped, clientConfig, background }).finally(() =>
      background?.close(),
    );
  } catch (error) {
    if (error instanceof MiniTorrentError) reporter.failed(error);
    throw error;
  } finally {
    reporter.end();
    stops.unwatch();
  }
}

function watchStops(reporter: Reporter): { readonly stopped: Promise<Stopped>; unwatch(): void } {
  const stopped = deferred<Stopped>();
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      isTerminalGone ||= signal === 'SIGHUP';
      reporter.notice('good', 'closing; press Ctrl-C again to exit immediately');
      stopped.resolve({ kind: 'stopped', signal, exitCode });
    },
    onLogMoved: () => undefined,
  });
  const onBroken = (error: NodeJS.ErrnoException): void => {
    // EPIPE: the reader is gone. EIO: the terminal is. Anything else is a bug.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    isTerminalGone ||= error.code === 'EIO';
    stopped.resolve({ kind: 'stopped', signal: 'the end of its reader', exitCode: 0 });
  };
  process.stdout.on('error', onBroken);
  return {
    stopped: stopped.promise,
    unwatch: () => {
      signals.unwatch();
      if (isTerminalGone) letGoOfTerminal();
    },
  };
}

/** Passes on the client's notices. Returns the function that stops it. */
export function relayNotices(client: SwarmClient, reporter: Reporter): () => void {
  return client.listen((event) => {
    if (event.kind === 'notice') reporter.notice(event.level, event.sentence);
  });
}

/** Whichever comes first: the promise, a signal, the time limit. The promise itself goes on. */
export async function firstOf<T>(
  promise: Promise<T>,
  stopped: Promise<Stopped>,
  late?: Promise<'late'>,
): Promise<Outcome<T>> {
  // It may fail when the client closes, when nobody waits for it any more.
  promise.catch(() => undefined);
  return Promise.race([
    promise.then((value) => ({ kind: 'done', value }) as const),
    stopped,
    ...(late === undefined ? [] : [late.then(() => ({ kind: 'late' }) as const)]),
  ]);
}

/** @param ms undefined: no limit. */
export function startTimeLimit(ms: number | undefined): TimeLimit {
  if (ms === undefined) return { late: undefined, cancel: () => undefined };
  const late = deferred<'late'>();
  const running = alarm(ms, () => late.resolve('late'));
  return { late: late.promise, cancel: () => running.cancel() };
}

/**
 * Reports from time to time what was sent. Resolves to the exit code: 0 after `seedMs`, the signal's after a signal. Rejects
 * when the client ends. @param seedMs undefined: until a signal.
 */
export async function seedUntilStopped(
  client: SwarmClient,
  name: string,
  { reporter, stopped, settings }: OneShot,
  seedMs?: number,
): Promise<number> {
  const end = startTimeLimit(seedMs);
  const over = end.late ?? new Promise<never>(() => undefined);
  try {
    for (;;) {
      reporter.seeding(await client.file(name));
      const interval = startTimeLimit(settings.values['stats-interval']);
      const next = await firstOf(Promise.race([over, client.ended]), stopped, interval.late);
      interval.cancel();
      if (next.kind === 'stopped') return next.exitCode;
      if (next.kind === 'late') continue;
      if (next.value === 'late') return 0;
      throw next.value;
    }
  } finally {
    end.cancel();
  }
}
