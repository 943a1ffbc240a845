// One run of `share` or `get`: its settings, its output, what ends it early, the client in the background that can do
// its work. What is shared or fetched, the commands themselves decide.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import type { OneShotConfig } from '../../library/one-shot.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { Settings } from '../../settings/resolve.js';
import { type CommandConfig, clientConfigOf } from '../client-config.js';
import { backgroundClient, type ParsedArguments, settingsOf } from '../context.js';
import { type Membership, membershipOf, OPEN } from '../membership.js';
import { Cancellation } from './cancellation.js';
import { toldFailure } from './failed-event.js';
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
  const cancellation = new Cancellation((sentence) => reporter.notice('good', sentence));
  let background: SwarmClient | undefined;
  try {
    background = alone ? undefined : await backgroundClient(settings, (why) => reporter.notice('good', why));
    // The client in the background knows itself who it is.
    const found = background === undefined ? await membershipOf(settings, 'client') : OPEN;
    const membership = quiet ? { ...found, remark: undefined } : found;
    return await work(new OneShot(settings, verbose, reporter, cancellation, background, membership));
  } catch (error) {
    if (error instanceof MiniTorrentError) {
      reporter.failed(error);
      toldFailure(error);
    }
    throw error;
  } finally {
    await background?.close();
    reporter.end();
    cancellation.close();
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
  readonly cancellation: Cancellation;
  /** Of a client of its own, as far as the settings say it. */
  readonly membership: Membership;

  constructor(
    settings: Settings,
    verbose: boolean,
    reporter: Reporter,
    cancellation: Cancellation,
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
    this.cancellation = cancellation;
    this.background = background;
    this.membership = membership;
  }
}
