// One file of a client as a command follows it: hashing, a download to its end, seeding. Says what a person sees
// meanwhile, and how a download that was stopped goes on.

import { systemClock } from '../../../foundation/base/clock.js';
import { alarm, deferred, within } from '../../../foundation/base/deferred.js';
import { type ErrorCode, isErrorCode } from '../../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { PROGRESS_MS } from '../../../foundation/base/limits.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { isRefusal } from '../../../foundation/wire/refusals.js';
import type { Automation } from '../../automation/automation.js';
import type { GetPlan } from '../../library/get-plan.js';
import type { Fetching } from '../../library/one-shot.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { FileView } from '../../library/views.js';
import { percent } from '../../verbs/results.js';
import { SEED_RATIO_LOOK_MS } from '../limits.js';
import { lateWithoutTracker, type Stopped } from './cancellation.js';
import type { Order, Seeding } from './get-order.js';
import type { OneShot } from './one-shot.js';
import type { Reporter } from './reporters.js';

/** A download that a signal or the time limit ended; `last` is what it had by then. */
export type Unfinished = (Stopped | { readonly kind: 'late' }) & { readonly last: FileView | undefined };

export type Followed = { readonly kind: 'done'; readonly value: FileView } | Unfinished;

/** Waits for `work`. @param path of what is hashed meanwhile. */
export async function reportHashing<T>(
  work: Promise<T>,
  client: Pick<SwarmClient, 'overview'>,
  path: string,
  reporter: Pick<Reporter, 'progress'>,
): Promise<T> {
  const over = work.then(
    () => true,
    () => true,
  );
  while (!(await within(over, PROGRESS_MS, () => false))) {
    // A client that does not answer any more has rejected `work` as well.
    const files = await client.overview().then(
      (seen) => seen.files,
      () => [],
    );
    const hashed = files.find((file) => file.state === 'hashing' && file.path === path);
    if (hashed !== undefined) reporter.progress(hashed);
  }
  return work;
}

/** Says what was begun. */
export function started(
  { target: path, mtorrentPath: mtorrent, metainfo }: GetPlan,
  fetching: Fetching,
  to: Reporter,
): void {
  const { client, stateDir } = fetching;
  const { address } = client.facts;
  if (stateDir !== undefined) to.detail(`this client serves at ${address}; its state and log are in ${stateDir}`);
  const trackers = metainfo.trackers.map(formatAddress);
  to.started({ command: 'get', path, mtorrent, trackers, address, background: stateDir === undefined });
}

/**
 * Follows a download to its end, and what comes after it: hooks, seeding. Resolves to the exit code. Rejects with why
 * there is no complete file. @param automation of a client of this command.
 */
export async function followGet(
  order: Order,
  plan: GetPlan,
  fetching: Fetching,
  run: OneShot,
  automation?: Automation,
): Promise<number> {
  const { reporter, cancellation } = run;
  const hooks = () => cancellation.firstOf(automation?.idle() ?? Promise.resolve());
  started(plan, fetching, reporter);
  const end = await follow(fetching, plan.target, run).catch(async (error: unknown) => {
    // Hooks have a time limit of their own.
    if (automation !== undefined) cancellation.liftLimit();
    await hooks();
    throw error;
  });
  if (end.kind !== 'done') throw await unfinished(end, order, plan, fetching);
  const { path } = end.value;
  reporter.completed(end.value);
  reporter.result(path);
  const rested = await hooks();
  if (rested.kind === 'stopped') return rested.exitCode;
  const isOurs = fetching.stateDir !== undefined;
  return isOurs && order.seeding.ms !== 0 ? seed(fetching.client, path, run, order.seeding) : 0;
}

/**
 * Reports a download to its end. Rejects with why it failed; the time limit holds then for another try.
 * @param target where the whole will be.
 */
export async function follow({ client, begin }: Fetching, target: string, run: OneShot): Promise<Followed> {
  const { reporter, cancellation } = run;
  let last: FileView | undefined;
  let isOver = false;
  let path: string | undefined;
  const watch = async (): Promise<FileView> => {
    const download = await reportHashing(begin(), client, target, reporter);
    path = download.path;
    const stalled = failWhenStalled(client, download.path);
    const progress = async (): Promise<FileView> => {
      for await (const file of download) {
        if (isOver) break;
        last = file;
        reporter.progress(file);
      }
      return last ?? client.file(download.path);
    };
    return Promise.race([progress(), stalled.failure]).finally(() => stalled.unlisten());
  };
  const unlisten = relayNotices(client, reporter);
  const unlistenReused = client.listen((event) => {
    // A small file may be complete before its path is known here: a client of its own has no other.
    if (event.kind === 'reused' && (event.path === path || path === undefined)) reporter.reused(event);
  });
  try {
    const end = await cancellation.firstOf(watch());
    if (end.kind !== 'done') return { ...end, last };
    cancellation.liftLimit();
    return end;
  } finally {
    isOver = true;
    unlisten();
    unlistenReused();
  }
}

/** Passes on the client's notices. Returns the function that stops it. */
export function relayNotices(client: SwarmClient, reporter: Reporter): () => void {
  return client.listen((event) => {
    if (event.kind === 'notice') reporter.notice(event.level, event.sentence);
  });
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

/** What is there by then, why nothing came if nothing did, and which command goes on. */
export async function unfinished(
  end: Unfinished,
  { again }: Order,
  { metainfo }: GetPlan,
  { client, stateDir }: Fetching,
): Promise<MiniTorrentError> {
  const { last } = end;
  const done = last === undefined ? 'nothing was downloaded yet' : `${percent(last.have, last.pieces)} is downloaded`;
  const next =
    stateDir !== undefined
      ? `${again} continues it`
      : `the client in the background continues it; ${again} shows its progress`;
  const because = (code: ErrorCode, what: string) => new MiniTorrentError(code, `${what}; ${done}: ${next}`);
  if (end.kind === 'stopped') return because('UNFINISHED', `stopped by ${end.signal} before the download finished`);
  // What an earlier run has received says nothing of the trackers of this one.
  const hasReceived = last !== undefined && last.received > last.receivedBefore;
  const reasons = hasReceived ? undefined : await whyWithoutTracker(client, metainfo.trackers.map(formatAddress));
  const refused = reasons?.find(isRefusal);
  if (refused !== undefined) return because('NOT_ADMITTED', refused);
  if (reasons !== undefined) {
    const addresses = metainfo.trackers.map(formatAddress).join(' and ');
    return because('NO_TRACKER', lateWithoutTracker(addresses));
  }
  const isAlone = last !== undefined && last.peers === 0;
  const why = isAlone ? ', and no peer is connected: check that a client with the file is running' : '';
  return because('TIMED_OUT', `timed out before the download finished${why}`);
}

/** Of each tracker that the .mtorrent names, when all were tried and none can be used. */
async function whyWithoutTracker(client: SwarmClient, named: readonly string[]): Promise<string[] | undefined> {
  const trackers = (await client.trackers()).filter(({ address }) => named.includes(address));
  const isWithout = trackers.length > 0 && trackers.every(({ state }) => state === 'away');
  return isWithout ? trackers.map(({ reason }) => reason) : undefined;
}

const FOR_EVER: Seeding = { ms: undefined, ratio: 0 };

/**
 * Reports from time to time what was sent. Resolves to the exit code: 0 when the time is over or enough was sent, the
 * signal's after a signal. Rejects when the client ends.
 */
export async function seed(client: SwarmClient, name: string, run: OneShot, seeding = FOR_EVER): Promise<number> {
  const { reporter, settings, cancellation } = run;
  const intervalMs = settings.values['stats-interval'];
  const lookMs = seeding.ratio > 0 ? Math.min(intervalMs, SEED_RATIO_LOOK_MS) : intervalMs;
  const endMs = systemClock.nowMs() + (seeding.ms ?? Number.POSITIVE_INFINITY);
  let ended: { readonly error: unknown } | undefined;
  let wake = (): void => undefined;
  void client.ended.then((error) => {
    ended = { error };
    wake();
  });
  for (let reportMs = 0; ; ) {
    const file = await client.file(name);
    const isSent = seeding.ratio > 0 && file.sent >= seeding.ratio * file.size;
    const nowMs = systemClock.nowMs();
    if (isSent || nowMs >= reportMs) {
      reporter.seeding(file);
      reportMs = nowMs + intervalMs;
    }
    if (isSent || nowMs >= endMs) return 0;
    const rest = deferred<void>();
    wake = rest.resolve;
    const timer = alarm(ended === undefined ? Math.min(lookMs, endMs - nowMs) : 0, wake);
    const next = await cancellation.firstOf(rest.promise);
    timer.cancel();
    if (next.kind === 'stopped') return next.exitCode;
    if (ended !== undefined) throw ended.error;
  }
}
