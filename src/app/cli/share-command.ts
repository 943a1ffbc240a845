// `mtorrent share`: makes a .mtorrent and shares its file until a signal comes; a client in the background takes it over, and then the
// command ends at once. Without any trackers it uses a pair of this user, started here when none runs.

import { basename, resolve } from 'node:path';
import { PROGRESS_MS } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { startHomePair } from '../home/pair.js';
import { type Sharing, startShare } from '../library/one-shot.js';
import { ownHost } from '../library/own-address.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { backgroundClient } from './background-client.js';
import { homeDirectory, runningOptions } from './client-life.js';
import {
  clientOptions,
  lateAfter,
  type OneShotArguments,
  relayNotices,
  type Stops,
  tellingAll,
  unlessStopped,
} from './one-shot.js';
import type { Reporter } from './reporters.js';

export interface ShareArguments extends OneShotArguments {
  readonly file: string;
  /** The .mtorrent; `<name>.mtorrent` in the current directory when absent. */
  readonly output: string | undefined;
}

/** Answers the exit code that a shell knows the signal by, or 0 when a client in the background shares it. */
export function runShare(args: ShareArguments): Promise<number> {
  return tellingAll(args, async (reporter, stops) => {
    const background = args.alone ? undefined : await backgroundClient(args.settings);
    if (background === undefined) return shareHere(args, reporter, stops);
    try {
      return await handOver(args, background, reporter);
    } finally {
      await background.close();
    }
  });
}

interface Named {
  readonly path: string;
  /** As it is told to the user. */
  readonly output: string;
  readonly mtorrent: string;
}

function namesOf({ file, output }: ShareArguments): Named {
  const path = resolve(file);
  const told = output ?? `${basename(path).normalize('NFC')}.mtorrent`;
  return { path, output: told, mtorrent: resolve(told) };
}

async function handOver(args: ShareArguments, client: SwarmClient, reporter: Reporter): Promise<number> {
  const { path, output, mtorrent } = namesOf(args);
  reporter.started({ command: 'share', path, mtorrent, ...client.facts, background: true });
  await toldMeanwhile(client.share(path, mtorrent), client, path, reporter);
  reporter.seeding(await client.file(path));
  reporter.result(output);
  return 0;
}

async function shareHere(args: ShareArguments, reporter: Reporter, stops: Stops): Promise<number> {
  const { mtorrent, path } = namesOf(args);
  const pair = await trackersOf(args, reporter);
  try {
    const sharing = await startShare(path, mtorrent, pair.trackers, clientOptions(args));
    try {
      return await shareUntilStopped(args, sharing, reporter, stops);
    } finally {
      await sharing.close();
    }
  } finally {
    await pair.close();
  }
}

async function shareUntilStopped(
  args: ShareArguments,
  { client, begin }: Sharing,
  reporter: Reporter,
  stops: Stops,
): Promise<number> {
  const { path, output, mtorrent } = namesOf(args);
  const unlisten = relayNotices(client, reporter);
  reporter.started({ command: 'share', path, mtorrent, ...client.facts, background: false });
  reporter.detail(`this client serves at ${client.facts.address}`);
  const begun = await unlessStopped(toldMeanwhile(begin(), client, path, reporter), stops);
  if (begun.kind === 'done') reporter.result(output);
  const end = begun.kind === 'done' ? await seedUntilStopped(client, path, args, reporter, stops) : begun;
  unlisten();
  return end.kind === 'stopped' ? end.exitCode : 0;
}

/** `sharing`; until then, how far the hashing of `path` is. */
async function toldMeanwhile<T>(
  sharing: Promise<T>,
  client: SwarmClient,
  path: string,
  reporter: Reporter,
): Promise<T> {
  const over = sharing.then(
    () => undefined,
    () => undefined,
  );
  for (;;) {
    const look = lateAfter(PROGRESS_MS);
    const next = await Promise.race([over, look.late]);
    look.cancel();
    if (next === undefined) return sharing;
    // A client that answers no more has refused the share as well.
    const files = await client.overview().then(
      (seen) => seen.files,
      () => [],
    );
    const hashed = files.find((file) => file.state === 'hashing' && file.path === path);
    if (hashed !== undefined) reporter.progress(hashed);
  }
}

/** Tells from time to time what was sent. @param seedMs undefined: until a signal. */
export async function seedUntilStopped(
  client: SwarmClient,
  name: string,
  { settings }: OneShotArguments,
  reporter: Reporter,
  { stopped }: Stops,
  seedMs?: number,
): Promise<{ readonly kind: 'late' } | { readonly kind: 'stopped'; readonly exitCode: number }> {
  const end = lateAfter(seedMs);
  try {
    for (;;) {
      reporter.seeding(await client.file(name));
      const interval = lateAfter(settings.values['stats-interval']);
      const over = end.late?.then(() => 'over' as const) ?? new Promise<never>(() => undefined);
      const next = await unlessStopped(Promise.race([over, client.ended]), { stopped, late: interval.late });
      interval.cancel();
      if (next.kind === 'stopped') return next;
      if (next.kind === 'late') continue;
      if (next.value === 'over') return { kind: 'late' };
      throw next.value;
    }
  } finally {
    end.cancel();
  }
}

interface UsedPair {
  readonly trackers: readonly [Address, Address];
  close(): Promise<void>;
}

async function trackersOf({ settings }: ShareArguments, reporter: Reporter): Promise<UsedPair> {
  const { trackers, address } = settings.values;
  if (trackers !== undefined) return { trackers, close: async () => undefined };
  const pair = await startHomePair({
    directory: homeDirectory(settings),
    host: address?.host ?? (await ownHost([])),
    log: runningOptions(settings).log,
    onTrouble: (sentence) => reporter.notice('bad', sentence),
  });
  for (const note of pair.notes) reporter.notice('bad', note);
  const both = pair.trackers.map(formatAddress).join(' and ');
  if (pair.isOurs) reporter.notice('good', `no trackers are set; a pair runs in this process: ${both}`);
  return pair;
}
