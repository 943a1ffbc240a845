// What `share` and `get` have in common: how they speak, how a signal or the time ends them, and what their own client needs.

import { alarm, deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import type { OneShotConfig } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';
import { runningOptions } from './client-life.js';
import { openReporter, type Reporter } from './reporters.js';
import { letGoOfTerminal } from './terminal.js';

export interface OneShotArguments {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly alone: boolean;
  readonly settings: Settings;
}

export interface Stopped {
  readonly signal: string;
  /** By which a shell knows the signal. */
  readonly exitCode: number;
}

export interface Stops {
  /** Settles with the first signal that ends us, or when nobody reads our results any more; a second signal ends us at once. */
  readonly stopped: Promise<Stopped>;
  unwatch(): void;
}

/** Runs `work` with its voice; whatever refuses is told by it, too, and rejects. */
export async function tellingAll(
  args: OneShotArguments,
  work: (reporter: Reporter, stops: Stops) => Promise<number>,
): Promise<number> {
  const { stdout, stderr } = process;
  const { quiet, verbose, json, settings } = args;
  if (quiet && verbose) throw new MiniTorrentError('INVALID_ARGUMENTS', '--quiet and --verbose ask for opposites');
  const intervalMs = settings.values['stats-interval'];
  const reporter = openReporter({ quiet, verbose, json, intervalMs, stdout, stderr, env: process.env });
  const stops = watchStops(reporter);
  try {
    return await work(reporter, stops);
  } catch (error) {
    if (error instanceof MiniTorrentError) reporter.failed(error);
    throw error;
  } finally {
    reporter.end();
    stops.unwatch();
  }
}

function watchStops(reporter: Reporter): Stops {
  const stopped = deferred<Stopped>();
  let isTerminalGone = false;
  const signals = watchSignals({
    onStop: (signal, exitCode) => {
      isTerminalGone ||= signal === 'SIGHUP';
      reporter.notice('good', 'closing; press Ctrl-C again to exit immediately');
      stopped.resolve({ signal, exitCode });
    },
    onLogMoved: () => undefined,
  });
  const onBroken = (error: NodeJS.ErrnoException): void => {
    // EPIPE: who read us is gone. EIO: the terminal is. Anything else is a bug.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    isTerminalGone ||= error.code === 'EIO';
    stopped.resolve({ signal: 'the end of its reader', exitCode: 0 });
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

export function clientOptions({ settings, verbose }: OneShotArguments): OneShotConfig {
  const { values, origins } = settings;
  const chosen = origins['log-level'].kind === 'default' && verbose ? 'debug' : values['log-level'];
  return {
    upload: values.address,
    ...runningOptions(settings),
    log: { level: chosen },
    stateRoot: values['state-dir'],
  };
}

/** What the client says unasked, told as it comes. Answers how to stop. */
export function relayNotices(swarm: SwarmClient, reporter: Reporter): () => void {
  return swarm.listen((event) => {
    if (event.kind === 'notice') reporter.notice(event.level, event.sentence);
  });
}

/** `promise`, or what comes first of a signal and the time; the promise itself goes on. */
export async function unlessStopped<T>(
  promise: Promise<T>,
  { stopped, late }: { readonly stopped: Promise<Stopped>; readonly late?: Promise<'late'> | undefined },
): Promise<
  { readonly kind: 'done'; readonly value: T } | ({ readonly kind: 'stopped' } & Stopped) | { readonly kind: 'late' }
> {
  // It may fail when the client closes, which nobody asks about then.
  promise.catch(() => undefined);
  return Promise.race([
    promise.then((value) => ({ kind: 'done', value }) as const),
    stopped.then((how) => ({ kind: 'stopped', ...how }) as const),
    ...(late === undefined ? [] : [late.then(() => ({ kind: 'late' }) as const)]),
  ]);
}

/** A time that ends in 'late'; undefined for ever. To be cancelled. */
export function lateAfter(ms: number | undefined): { readonly late: Promise<'late'> | undefined; cancel(): void } {
  if (ms === undefined) return { late: undefined, cancel: () => undefined };
  const late = deferred<'late'>();
  const running = alarm(ms, () => late.resolve('late'));
  return { late: late.promise, cancel: () => running.cancel() };
}
