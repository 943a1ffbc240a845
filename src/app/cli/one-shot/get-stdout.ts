// `mtorrent get FILE -`: a download like any other, whose bytes go to standard output in order while it runs. The
// pieces lie in the state directory, or where the user says, until all was written; what a run that was stopped has
// left is used by the next one.

import { createHash } from 'node:crypto';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { deferred } from '../../../foundation/base/deferred.js';
import { exitCodeOf } from '../../../foundation/base/error-codes.js';
import { fileError } from '../../../foundation/base/errors.js';
import { choose } from '../../../foundation/torrent/folder/choice.js';
import { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { Layout } from '../../../foundation/torrent/layout.js';
import { targetPathOf } from '../../../transfer/storage/target.js';
import { contentOf } from '../../library/content.js';
import type { Download } from '../../library/download.js';
import { Follower } from '../../library/follower.js';
import type { GetPlan } from '../../library/get-plan.js';
import type { Fetching } from '../../library/one-shot.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import { READER_GONE } from './cancellation.js';
import { type Followed, follow, seed, started, unfinished } from './following.js';
import type { Order, StreamOrder } from './get-order.js';
import type { OneShot } from './one-shot.js';
import { startOwnGet } from './own-client.js';
import { openStdout, type Sink } from './stdout-sink.js';

/** Hex digits that tell apart what of one share is written: choices of one user are few. */
const CHOICE_DIGITS = 12;

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
export async function getToStdout(order: Order, stream: StreamOrder, anywhere: GetPlan, run: OneShot): Promise<number> {
  const { metainfo } = anywhere;
  const sink = openStdout(metainfo.layout.folder === undefined ? `${metainfo.name}` : `the tar of ${metainfo.name}`);
  const { target, own } = await placeOf(anywhere, stream, run);
  const plan = { ...anywhere, target };
  let isWritten = false;
  try {
    const fetching = await startOwnGet(plan, run);
    started(plan, fetching, run.reporter);
    try {
      const end = await both(fetching, plan, sink, run);
      const isUnread = end.kind === 'unread' || (end.kind === 'stopped' && end.signal === READER_GONE);
      if (isUnread) return exitCodeOf('OUTPUT_CLOSED');
      if (end.kind !== 'done') throw await unfinished(end, order, plan, fetching);
      isWritten = true;
      run.reporter.completed(end.value);
      return order.seeding.ms === 0 ? 0 : await seed(fetching.client, target, run, order.seeding);
    } finally {
      sink.close();
      await fetching.close();
    }
  } finally {
    if (own !== undefined) await leave(own, isWritten);
  }
}

/** What is there of an unfinished download stays. */
async function leave(own: string, isWritten: boolean): Promise<void> {
  if (isWritten) await rm(own, { recursive: true, force: true });
  // Whatever keeps it from going is no fault of the download.
  else await rmdir(own).catch(() => undefined);
}

async function placeOf(plan: GetPlan, { keep, partDir }: StreamOrder, run: OneShot): Promise<Place> {
  const { name, swarm } = plan.metainfo;
  if (keep !== undefined) return { target: await targetPathOf(keep, name), own: undefined };
  const key = createHash('sha1')
    .update(`${swarm}\0${choiceOf(plan)}`)
    .digest('hex')
    .slice(0, CHOICE_DIGITS);
  const parent = partDir ?? join(run.clientConfig.stateRoot, 'stdout');
  const own = join(parent, partDir === undefined ? key : `mtorrent-stdout-${key}`);
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, own);
  }
  return { target: await targetPathOf(`${own}/`, name), own };
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
async function both(fetching: Fetching, plan: GetPlan, sink: Sink, run: OneShot): Promise<Followed | typeof UNREAD> {
  const begun = deferred<Download>();
  begun.promise.catch(() => undefined);
  const begin = (): Promise<Download> => {
    const download = fetching.begin();
    download.then(begun.resolve, begun.reject);
    return download;
  };
  const following = follow({ ...fetching, begin }, plan.target, run);
  const writing = begun.promise.then(() => write(fetching.client, plan, sink));
  const unread = writing.then((isRead): Followed | typeof UNREAD | Promise<Followed> => (isRead ? following : UNREAD));
  const first = await Promise.race<Followed | typeof UNREAD>([following, unread]);
  if (first.kind !== 'done') return first;
  // Everything is there, and the reader takes its time.
  const last = await run.cancellation.firstOf(writing);
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
