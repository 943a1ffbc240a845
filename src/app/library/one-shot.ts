// One file shared, or fetched, by a client of its own that lives as long as that takes: what a command or a program does that has
// one thing to do. Run again it goes on where it was stopped, since its state lies where the same words lead.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../../foundation/base/deferred.js';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { stateHome } from '../../foundation/base/state-home.js';
import type { Address } from '../../foundation/torrent/address.js';
import { targetPathOf } from '../../transfer/storage/file.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import type { Download } from './download.js';
import { CHECK_LOOK_MS } from './limits.js';
import { type RunningOptions, startOwnClient } from './own-client.js';
import type { SwarmClient } from './swarm-client.js';
import type { FileView } from './views.js';

export interface OneShotOptions extends RunningOptions {
  /** As of OwnClientOptions. */
  readonly upload: Address | undefined;
  /** Instead of the place that is found by what is shared or fetched. */
  readonly stateDir?: string | undefined;
}

/** A client that shares one file. */
export interface Sharing {
  readonly swarm: SwarmClient;
  /** Hashes the file, makes its .mtorrent, tells the trackers. Rejects as SwarmClient.share does. */
  begin(): Promise<void>;
  /** Takes it off the trackers and ends the client, also before it has begun. Idempotent. */
  close(): Promise<void>;
}

/** A client that fetches one file, and shares it until `close`. */
export interface Fetching {
  readonly swarm: SwarmClient;
  /** Removed by `close` when the file is complete. */
  readonly stateDir: string;
  /**
   * Rejects as SwarmClient.get does. Goes on with what an earlier run left; what is there completely, and is right, counts as
   * fetched.
   */
  begin(): Promise<Download>;
  /** Keeps what is there, and ends the client. Idempotent. */
  close(): Promise<void>;
}

/** Paths absolute. Rejects as `startClient` does: ALREADY_RUNNING when the same is being shared. */
export async function startShare(
  path: string,
  mtorrentPath: string,
  trackers: readonly [Address, Address],
  options: OneShotOptions,
): Promise<Sharing> {
  const place = createHash('sha1').update(mtorrentPath).digest('hex');
  const stateDir = options.stateDir ?? join(stateHome(), 'share', place);
  const swarm = await start(stateDir, 'share.log', trackers, options);
  return {
    swarm,
    begin: async () => void (await swarm.share(path, mtorrentPath)),
    close: once(async () => {
      await swarm.close();
      await forget(stateDir);
    }),
  };
}

/** Paths absolute. Rejects as `startClient` does, ALREADY_RUNNING when the same is being fetched, and as `readMetainfo` does. */
export async function startGet(mtorrentPath: string, destination: string, options: OneShotOptions): Promise<Fetching> {
  const { name, swarm: key, trackers } = await readMetainfo(mtorrentPath);
  const target = await targetPathOf(destination, name);
  const stateDir = options.stateDir ?? join(stateHome(), 'get', key);
  const swarm = await start(stateDir, 'get.log', trackers, options);
  return {
    swarm,
    stateDir,
    begin: () => begin(swarm, mtorrentPath, target, stateDir),
    close: once(async () => {
      const isNeeded = await swarm.files().then(
        (files) => files.some(({ state }) => state !== 'seeding'),
        () => true,
      );
      await swarm.close();
      if (!isNeeded) await forget(stateDir);
    }),
  };
}

async function start(
  stateDir: string,
  logName: string,
  trackers: readonly [Address, Address],
  options: OneShotOptions,
): Promise<SwarmClient> {
  return (
    await startOwnClient({ ...options, trackers, stateDir, log: { ...options.log, path: join(stateDir, logName) } })
  ).swarm;
}

/** The download of `target`: a new one, or the one that was stopped, or the file that is there already. */
async function begin(swarm: SwarmClient, mtorrentPath: string, target: string, stateDir: string): Promise<Download> {
  const known = await checkedFile(swarm);
  if (known !== undefined && known.path !== target && known.state !== 'missing')
    throw elsewhere(known, mtorrentPath, stateDir);
  try {
    return await goOn(swarm, mtorrentPath, target, known);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_EXISTS') throw error;
    if (!(await isThatFile(swarm, mtorrentPath, target))) throw error;
    return swarm.follow(target);
  }
}

/**
 * As `startGet`'s begin, for a client that does other things as well: follows its download to `target` when it has one, and asks
 * for one otherwise.
 */
export async function beginGet(swarm: SwarmClient, mtorrentPath: string, target: string): Promise<Download> {
  const known = (await swarm.files()).find(({ path }) => path === target);
  return goOn(swarm, mtorrentPath, target, known);
}

async function goOn(
  swarm: SwarmClient,
  mtorrentPath: string,
  target: string,
  known: FileView | undefined,
): Promise<Download> {
  if (known === undefined || known.state === 'missing' || known.state === 'failed')
    return swarm.get(mtorrentPath, target);
  if (known.state === 'paused') await swarm.resume(known.path);
  return swarm.follow(known.path);
}

/** Sharing what is there makes the same .mtorrent of it exactly when it is the file that the .mtorrent describes. */
async function isThatFile(swarm: SwarmClient, mtorrentPath: string, target: string): Promise<boolean> {
  try {
    await swarm.share(target, mtorrentPath);
    return true;
  } catch (error) {
    if (error instanceof MiniTorrentError) return false;
    throw error;
  }
}

/** What an earlier run left in the library, held against the disk; undefined when it left nothing. */
async function checkedFile(swarm: SwarmClient): Promise<FileView | undefined> {
  // Ends with the reading of one file, however long its disk takes; closing the client ends it, too.
  for (;;) {
    const [known] = await swarm.files();
    if (known?.state !== 'checking') return known;
    await pause(CHECK_LOOK_MS);
  }
}

function elsewhere({ name, path, state }: FileView, mtorrentPath: string, stateDir: string): MiniTorrentError {
  const sentence =
    state === 'seeding'
      ? `${name} was fetched to ${path} already; ask again to fetch it a second time`
      : `${name} is fetched in part as ${path}; go on with: mtorrent get ${mtorrentPath} ${path} (or delete its .part and ${stateDir})`;
  return new MiniTorrentError('ALREADY_EXISTS', sentence);
}

async function forget(stateDir: string): Promise<void> {
  try {
    await rm(stateDir, { recursive: true, force: true });
  } catch (error) {
    throw fileError(error, stateDir);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
