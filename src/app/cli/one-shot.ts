// What `share` and `get` have in common: their output, what ends them early, the client in the background that can do
// their work, following a download, seeding. What is shared or fetched, the commands themselves decide.

import { join } from 'node:path';
import { systemClock } from '../../foundation/base/clock.js';
import { alarm, deferred } from '../../foundation/base/deferred.js';
import { isErrorCode, MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { TrackerPair } from '../home/pair.js';
import type { Fetching, OneShotConfig } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { FileView } from '../library/views.js';
import type { Settings } from '../settings/resolve.js';
import { type CommandConfig, clientConfigOf } from './client-config.js';
import { backgroundClient, letGoOfTerminal, type ParsedArguments, settingsOf } from './context.js';
import { reportHashing } from './hashing-progress.js';
import { SEED_RATIO_LOOK_MS } from './limits.js';
import { endOfOutput } from './lost-output.js';
import { type Membership, membershipAt, membershipOf, membershipOn, OPEN } from './membership.js';
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

export interface OneShotArguments extends ParsedArguments {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  readonly alone: boolean;
}

/** Stands for a signal when nobody reads the results any more. */
export const READER_GONE = 'the end of its reader';
const OUTPUT_FAILED = 'an error of its standard output';

/** A signal came, or nobody reads the results any more. */
export interface Stopped {
  readonly kind: 'stopped';
  readonly signal: string;
  /** By which a shell knows the signal. */
  readonly exitCode: number;
}

export type Outcome<T> = { readonly kind: 'done'; readonly value: T } | Stopped | { readonly kind: 'late' };

/** A download that a signal or the time limit ended; `last` is what it had by then. */
export type Unfinished = (Stopped | { readonly kind: 'late' }) & { readonly last: FileView | undefined };

export type Followed = { readonly kind: 'done'; readonly value: FileView } | Unfinished;

/**
 * Runs `work`, and reports a failure before it rejects with it.
 * @param resultsTo stderr when stdout is for the content itself.
 */
export async function runOneShot(
  args: OneShotArguments,
  work: (run: OneShot) => Promise<number>,
  resultsTo: 'stdout' | 'stderr' = 'stdout',
): Promise<number> {
  const settings = await settingsOf(args);
  const { stdout, stderr, env } = process;
  const { quiet, verbose, json, alone } = args;
  if (quiet && verbose) throw new MiniTorrentError('INVALID_ARGUMENTS', '--quiet and --verbose cannot be combined');
  const { openReporter } = await import('./reporters.js');
  const intervalMs = settings.values['stats-interval'];
  const results = resultsTo === 'stderr' ? stderr : stdout;
  const reporter = openReporter({ quiet, verbose, json, intervalMs, stdout: results, stderr, env });
  const stops = watchStops(reporter);
  let background: SwarmClient | undefined;
  try {
    background = alone ? undefined : await backgroundClient(settings, (why) => reporter.notice('good', why));
    // The client in the background knows itself who it is.
    const found = background === undefined ? await membershipOf(settings, 'client') : OPEN;
    const membership = quiet ? { ...found, remark: undefined } : found;
    return await work(new OneShot(settings, verbose, reporter, stops.stopped, background, membership));
  } catch (error) {
    if (error instanceof MiniTorrentError) reporter.failed(error);
    throw error;
  } finally {
    await background?.close();
    reporter.end();
    stops.unwatch();
  }
}

/** One run of `share` or `get`. */
export class OneShot {
  readonly settings: Settings;
  readonly config: CommandConfig;
  /** For a client of its own. */
  readonly clientConfig: OneShotConfig;
  readonly reporter: Reporter;
  /** The client that can do the work instead; undefined when none runs, or with --alone. */
  readonly background: SwarmClient | undefined;
  readonly #stopped: Promise<Stopped>;
  readonly #membership: Membership;
  readonly #sinceMs = systemClock.nowMs();

  constructor(
    settings: Settings,
    verbose: boolean,
    reporter: Reporter,
    stopped: Promise<Stopped>,
    background: SwarmClient | undefined,
    membership: Membership,
  ) {
    this.settings = settings;
    this.config = clientConfigOf(settings);
    const { client, log, stateRoot } = this.config;
    const isLevelSet = settings.origins['log-level'].kind !== 'default';
    const level = verbose && !isLevelSet ? ({ ...log, level: 'debug' } as const) : log;
    this.clientConfig = { ...client, log: level, stateRoot, knownTrackers: this.config.pair.trackers };
    this.reporter = reporter;
    this.#stopped = stopped;
    this.background = background;
    this.#membership = membership;
  }

  /** Serves a client of its own over HTTP where that is set; answers what ends it. */
  async serveHttp(client: SwarmClient): Promise<() => Promise<void>> {
    const { openEndpoints } = await import('./endpoints.js');
    const place = (): string => join(this.config.stateRoot, 'http');
    const tell = (sentence: string): void => this.reporter.notice('bad', sentence);
    const endpoints = await openEndpoints(this.settings, place, tell);
    endpoints.serve({ client });
    for (const remark of endpoints.remarks) this.reporter.notice('good', remark);
    const link = endpoints.link();
    if (link !== undefined) this.reporter.notice('good', `its page, once and within a minute: ${link}`);
    return () => endpoints.close();
  }

  /** How a client of its own takes part with these trackers. */
  membershipAt(trackers: readonly Address[]): Promise<Membership> {
    return membershipAt(trackers, this.#membership, this.settings);
  }

  /** The same with a pair of this command. */
  membershipOn(pair: TrackerPair): Promise<Membership> {
    return membershipOn(pair, this.#membership, this.settings);
  }

  /**
   * Reports a download to its end. Rejects with why it failed.
   * @param target where the whole will be. @param timeoutMs counted from the start of the command; undefined: no limit.
   */
  async follow({ client, begin }: Fetching, target: string, timeoutMs: number | undefined): Promise<Followed> {
    let last: FileView | undefined;
    let isOver = false;
    let path: string | undefined;
    const watch = async (): Promise<FileView> => {
      const download = await reportHashing(begin(), client, target, this.reporter);
      path = download.path;
      const stalled = failWhenStalled(client, download.path);
      const progress = async (): Promise<FileView> => {
        for await (const file of download) {
          if (isOver) break;
          last = file;
          this.reporter.progress(file);
        }
        return last ?? client.file(download.path);
      };
      return Promise.race([progress(), stalled.failure]).finally(() => stalled.unlisten());
    };
    const elapsedMs = systemClock.nowMs() - this.#sinceMs;
    const limit = startTimeLimit(timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - elapsedMs));
    const unlisten = this.#relay(client, () => path);
    try {
      const end = await this.firstOf(watch(), limit);
      return end.kind === 'done' ? end : { ...end, last };
    } finally {
      isOver = true;
      limit.cancel();
      unlisten();
    }
  }

  /** Passes on the client's notices. Returns the function that stops it. */
  relayNotices(client: SwarmClient): () => void {
    return client.listen((event) => {
      if (event.kind === 'notice') this.reporter.notice(event.level, event.sentence);
    });
  }

  /** The promise; rejects with UNFINISHED when a signal comes before it settles. */
  async orStop<T>(promise: Promise<T>): Promise<T> {
    const end = await this.firstOf(promise);
    if (end.kind === 'done') return end.value;
    throw new MiniTorrentError('UNFINISHED', 'stopped before anything was begun');
  }

  /** Notices, and what the download at this path found on this machine. */
  #relay(client: SwarmClient, path: () => string | undefined): () => void {
    const unlisten = this.relayNotices(client);
    const unlistenReused = client.listen((event) => {
      // A small file may be complete before its path is known here: a client of its own has no other.
      if (event.kind === 'reused' && (event.path === path() || path() === undefined)) this.reporter.reused(event);
    });
    return () => {
      unlisten();
      unlistenReused();
    };
  }

  /** Whichever comes first: the promise, a signal, the time limit. The promise itself goes on. */
  async firstOf<T>(promise: Promise<T>, limit?: TimeLimit): Promise<Outcome<T>> {
    // It may fail when the client closes, when nobody waits for it any more.
    promise.catch(() => undefined);
    return Promise.race([
      promise.then((value) => ({ kind: 'done', value }) as const),
      this.#stopped,
      ...(limit?.late === undefined ? [] : [limit.late.then(() => ({ kind: 'late' }) as const)]),
    ]);
  }

  /**
   * Reports from time to time what was sent. Resolves to the exit code: 0 after `seedMs`, or when `ratio` times
   * its size was sent; the signal's after a signal. Rejects when the client ends.
   * @param seedMs undefined: until a signal. @param ratio 0: however often.
   */
  async seed(client: SwarmClient, name: string, seedMs?: number, ratio = 0): Promise<number> {
    const end = startTimeLimit(seedMs);
    const over = end.late ?? new Promise<never>(() => undefined);
    const intervalMs = this.settings.values['stats-interval'];
    try {
      for (let sinceMs = intervalMs; ; ) {
        const file = await client.file(name);
        const isSent = ratio > 0 && file.sent >= ratio * file.size;
        if (isSent || sinceMs >= intervalMs) {
          this.reporter.seeding(file);
          sinceMs = 0;
        }
        if (isSent) return 0;
        const lookMs = ratio > 0 ? Math.min(intervalMs, SEED_RATIO_LOOK_MS) : intervalMs;
        sinceMs += lookMs;
        const interval = startTimeLimit(lookMs);
        const next = await this.firstOf(Promise.race([over, client.ended]), interval);
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
}

/** A download waits while the disk is full. A command does not wait for somebody to free space: it fails. */
function failWhenStalled(client: SwarmClient, path: string): { readonly failure: Promise<never>; unlisten(): void } {
  const stalled = deferred<never>();
  stalled.promise.catch(() => undefined);
  const unlisten = client.listen((event) => {
    if (event.kind !== 'stalled' || event.path !== path) return;
    const sentence = `${event.sentence}; then run the same command again, which goes on from what is there`;
    stalled.reject(new MiniTorrentError(isErrorCode(event.code) ? event.code : 'INTERNAL', sentence));
  });
  return { failure: stalled.promise, unlisten };
}

/** A time limit; without one it never comes. */
export interface TimeLimit {
  readonly late: Promise<'late'> | undefined;
  cancel(): void;
}

/** @param ms undefined: no limit. */
export function startTimeLimit(ms: number | undefined): TimeLimit {
  if (ms === undefined) return { late: undefined, cancel: () => undefined };
  const late = deferred<'late'>();
  const running = alarm(ms, () => late.resolve('late'));
  return { late: late.promise, cancel: () => running.cancel() };
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
  const onBroken = (error: unknown): void => {
    const end = endOfOutput(error);
    isTerminalGone ||= end === 'terminalGone';
    stopped.resolve({ kind: 'stopped', signal: end === 'failed' ? OUTPUT_FAILED : READER_GONE, exitCode: 0 });
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
