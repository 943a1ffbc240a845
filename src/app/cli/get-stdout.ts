// `mtorrent get FILE -`: a download like any other, whose bytes go to standard output in order while it runs. The
// pieces lie in the state directory, or where the user says, until all was written; what a run that was stopped has
// left is used by the next one.

import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deferred } from '../../foundation/base/deferred.js';
import { exitCodeOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { absolutePathOf } from '../../foundation/base/surroundings.js';
import { choose } from '../../foundation/torrent/folder/choice.js';
import { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { Layout } from '../../foundation/torrent/layout.js';
import { targetPathOf } from '../../transfer/storage/target.js';
import { contentOf } from '../library/content.js';
import type { Download } from '../library/download.js';
import { Follower } from '../library/follower.js';
import type { Fetching, GetPlan } from '../library/one-shot.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Order } from './get-order.js';
import { unfinished } from './get-unfinished.js';
import { type Followed, type OneShot, READER_GONE } from './one-shot.js';
import { otherShares } from './other-shares.js';
import { openStdout, type Sink } from './stdout-sink.js';

/** Hex digits that tell apart what of one share is written: choices of one user are few. */
const CHOICE_DIGITS = 12;

export interface StdoutArguments {
  readonly 'part-dir': string | undefined;
  readonly keep: string | undefined;
}

/** Where the pieces lie until all was written. */
interface Place {
  readonly target: string;
  /** Removed then; undefined: what was downloaded is kept. */
  readonly own: string | undefined;
}

/**
 * Resolves to the exit code: 0 when all was written, that of OUTPUT_CLOSED when the reader has gone. Rejects as a
 * download to a file does.
 */
export async function getToStdout(order: Order, args: StdoutArguments, run: OneShot): Promise<number> {
  const { metainfo } = order.plan;
  const sink = openStdout(metainfo.layout.folder === undefined ? `${metainfo.name}` : `the tar of ${metainfo.name}`);
  const { target, own } = await placeOf(order.plan, args, run);
  const plan = { ...order.plan, target };
  const { startGet } = await import('../library/one-shot.js');
  const { credentials } = await run.membershipAt(plan.metainfo.trackers);
  const shares = { otherShares: () => otherShares(run) };
  const fetching = await startGet(plan, { ...run.clientConfig, ...shares, credentials });
  const { address } = fetching.client.facts;
  const { trackers } = order;
  run.reporter.started({
    command: 'get',
    path: target,
    mtorrent: plan.mtorrentPath,
    trackers,
    address,
    background: false,
  });
  let isWritten = false;
  try {
    const end = await both(fetching, plan, sink, run, order.timeoutMs);
    const isUnread = end.kind === 'unread' || (end.kind === 'stopped' && end.signal === READER_GONE);
    if (isUnread) return exitCodeOf('OUTPUT_CLOSED');
    if (end.kind !== 'done') throw await unfinished(end, order, fetching.client, true);
    isWritten = true;
    run.reporter.completed(end.value);
    return order.seedMs === 0 ? 0 : await run.seed(fetching.client, target, order.seedMs, order.seedRatio);
  } finally {
    sink.close();
    await fetching.close();
    if (isWritten && own !== undefined) await rm(own, { recursive: true, force: true });
  }
}

async function placeOf(plan: GetPlan, args: StdoutArguments, run: OneShot): Promise<Place> {
  const { 'part-dir': partDir, keep } = args;
  const { name, swarm } = plan.metainfo;
  if (keep !== undefined && partDir !== undefined) {
    const sentence = '--keep and --part-dir cannot be combined: the pieces lie where the file is kept';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  if (keep !== undefined) return { target: await targetPathOf(absoluteAs(keep), name), own: undefined };
  const key = createHash('sha1')
    .update(`${swarm}\0${choiceOf(plan)}`)
    .digest('hex')
    .slice(0, CHOICE_DIGITS);
  const parent = partDir === undefined ? join(run.clientConfig.stateRoot, 'stdout') : absolutePathOf(partDir);
  const own = join(parent, partDir === undefined ? key : `mtorrent-stdout-${key}`);
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, own);
  }
  return { target: await targetPathOf(`${own}/`, name), own };
}

/** A slash at the end says that it is a directory. */
function absoluteAs(word: string): string {
  return word.endsWith('/') ? `${absolutePathOf(word)}/` : absolutePathOf(word);
}

/** Which of the files are wanted, as text: another choice has a place of its own. */
function choiceOf({ wish }: GetPlan): string {
  return JSON.stringify([wish?.only ?? [], wish?.except ?? []]);
}

/** With the choice of the plan, in memory of its own: the client marks the list that it works with. */
function chosenLayout({ metainfo, wish }: GetPlan): Layout {
  const { folder } = metainfo.layout;
  if (folder === undefined) return metainfo.layout;
  const list = new FolderList(folder.memory.slice(0));
  choose(list, { only: wish?.only, except: wish?.except });
  return new Layout(list);
}

const UNREAD = { kind: 'unread' } as const;

/** Downloads and writes at the same time, until both have ended, or one of them cannot go on. */
async function both(
  fetching: Fetching,
  plan: GetPlan,
  sink: Sink,
  run: OneShot,
  timeoutMs: number | undefined,
): Promise<Followed | typeof UNREAD> {
  const begun = deferred<Download>();
  begun.promise.catch(() => undefined);
  const begin = (): Promise<Download> => {
    const download = fetching.begin();
    download.then(begun.resolve, begun.reject);
    return download;
  };
  const following = run.follow({ ...fetching, begin }, plan.target, timeoutMs);
  const writing = begun.promise.then(() => write(fetching.client, plan, sink));
  const unread = writing.then((isRead): Followed | typeof UNREAD | Promise<Followed> => (isRead ? following : UNREAD));
  const first = await Promise.race<Followed | typeof UNREAD>([following, unread]);
  if (first.kind !== 'done') return first;
  // Everything is there, and the reader takes its time.
  const last = await run.firstOf(writing);
  if (last.kind !== 'done') return { ...last, last: first.value };
  return last.value ? first : UNREAD;
}

/** Writes all of it. False: the reader has gone. Rejects with why the download failed. */
async function write(client: SwarmClient, plan: GetPlan, sink: Sink): Promise<boolean> {
  const { name } = plan.metainfo;
  const layout = chosenLayout(plan);
  const follower = new Follower(client, plan.target, layout);
  try {
    // The next part is read while the last one is written.
    let written: Promise<boolean> = Promise.resolve(true);
    for await (const part of contentOf(name, layout, follower, Date.now())) {
      if (!(await written)) return false;
      written = sink.write(part);
      written.catch(() => undefined);
    }
    return await written;
  } finally {
    await follower.close();
  }
}
