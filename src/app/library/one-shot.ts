// One file shared or fetched by a client of its own, which lives as long as that takes. The state directory is derived
// from what is shared or fetched, so the same request continues where an earlier run stopped.

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../../foundation/base/deferred.js';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogStyle } from '../../foundation/base/log.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import { targetPathOf } from '../../transfer/storage/target.js';
import type { Download } from './download.js';
import { CHECK_LOOK_MS } from './limits.js';
import { type ClientConfig, startClient } from './start-client.js';
import type { SwarmClient } from './swarm-client.js';
import type { FileView } from './views.js';

export interface OneShotConfig
  extends Pick<ClientConfig, 'upload' | 'rates' | 'peerThreads' | 'diskReserve' | 'onWarm' | 'onWait'> {
  readonly log: LogStyle;
  /** Below it lie the state directories of all one-shot clients. */
  readonly stateRoot: string;
}

/** A client that shares one file. */
export interface Sharing {
  readonly client: SwarmClient;
  /** Hashes the file, makes its .mtorrent, announces it. Rejects as SwarmClient.share does. */
  begin(): Promise<void>;
  /** Leaves the trackers and ends the client, also before `begin`. Idempotent. */
  close(): Promise<void>;
}

/** A download that was asked for. */
export interface GetPlan {
  /** Absolute. */
  readonly mtorrentPath: string;
  readonly metainfo: Metainfo;
  /** Where the file goes. Absolute. */
  readonly target: string;
}

/** A client that fetches one file, and shares it until `close`. */
export interface Fetching {
  readonly client: SwarmClient;
  /** `close` removes it when the file is complete. Undefined: the client does other things as well. */
  readonly stateDir: string | undefined;
  /**
   * Continues what an earlier run left; a file that is complete and correct already counts as fetched. Rejects as
   * SwarmClient.get does.
   */
  begin(): Promise<Download>;
  /** Keeps the pieces that are there, and ends the client. Idempotent. */
  close(): Promise<void>;
}

/** Paths are absolute. Rejects as `startClient` does: ALREADY_RUNNING when the same file is being shared. */
export async function startShare(
  path: string,
  mtorrentPath: string,
  trackers: readonly [Address, Address],
  config: OneShotConfig,
): Promise<Sharing> {
  const key = createHash('sha1').update(mtorrentPath).digest('hex');
  const stateDir = join(config.stateRoot, 'share', key);
  const log = { ...config.log, path: join(stateDir, 'share.log') };
  const { client } = await startClient({ ...config, trackers, stateDir, log });
  return {
    client,
    begin: async () => void (await client.share(path, mtorrentPath)),
    close: once(async () => {
      await client.close();
      await forget(stateDir);
    }),
  };
}

/**
 * Reads the .mtorrent and finds where the file goes: into a directory, or to a file name. Paths are absolute. Rejects
 * as `readMetainfo` does.
 */
export async function planGet(mtorrentPath: string, destination: string): Promise<GetPlan> {
  const metainfo = await readMetainfo(mtorrentPath);
  return { mtorrentPath, metainfo, target: await targetPathOf(destination, metainfo.name) };
}

/** Rejects as `startClient` does: ALREADY_RUNNING when the same file is being fetched. */
export async function startGet(plan: GetPlan, config: OneShotConfig): Promise<Fetching> {
  const { trackers, swarm } = plan.metainfo;
  const stateDir = join(config.stateRoot, 'get', swarm);
  const log = { ...config.log, path: join(stateDir, 'get.log') };
  const { client } = await startClient({ ...config, trackers, stateDir, log, readMetainfo: knowing(plan) });
  return {
    client,
    stateDir,
    begin: () => begin(client, plan, stateDir),
    close: once(async () => {
      const isNeeded = await client.files().then(
        (files) => files.some(({ state }) => state !== 'seeding'),
        () => true,
      );
      await client.close();
      if (!isNeeded) await forget(stateDir);
    }),
  };
}

/** Spares the client the .mtorrent that was read for the plan. */
function knowing({ mtorrentPath, metainfo }: GetPlan): (path: string) => Promise<Metainfo> {
  let isFresh = true;
  return (path) => {
    if (path !== mtorrentPath || !isFresh) return readMetainfo(path);
    isFresh = false;
    return Promise.resolve(metainfo);
  };
}

/** The download to the target: a new one, or the one that was stopped, or the file that is there already. */
async function begin(client: SwarmClient, plan: GetPlan, stateDir: string): Promise<Download> {
  const { mtorrentPath, target } = plan;
  const known = await checkedFile(client);
  if (known !== undefined && known.path !== target && known.state !== 'missing')
    throw elsewhere(known, mtorrentPath, stateDir);
  try {
    return await resumeOrGet(client, plan, known);
  } catch (error) {
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_EXISTS') throw error;
    if (!(await isThatFile(client, mtorrentPath, target))) throw error;
    return client.follow(target);
  }
}

/** As `startGet`, on a client that has other files as well: it follows its download to the target, or starts one. */
export function getOn(client: SwarmClient, plan: GetPlan): Fetching {
  return {
    client,
    stateDir: undefined,
    begin: async () => {
      const known = (await client.files()).find(({ path }) => path === plan.target);
      return resumeOrGet(client, plan, known);
    },
    close: async () => undefined,
  };
}

async function resumeOrGet(
  client: SwarmClient,
  { mtorrentPath, target }: GetPlan,
  known: FileView | undefined,
): Promise<Download> {
  if (known === undefined || known.state === 'missing' || known.state === 'failed')
    return client.get(mtorrentPath, target);
  if (known.state === 'seeding') return client.follow(known.path);
  try {
    // A download that is known goes on, also with the trackers that its .mtorrent names by now.
    return await client.get(mtorrentPath, target);
  } catch (error) {
    // It has completed meanwhile.
    if (!(error instanceof MiniTorrentError) || error.code !== 'ALREADY_EXISTS') throw error;
    return client.follow(known.path);
  }
}

/** Sharing a file makes the same .mtorrent again exactly when it is the file that the .mtorrent describes. */
async function isThatFile(client: SwarmClient, mtorrentPath: string, target: string): Promise<boolean> {
  try {
    await client.share(target, mtorrentPath);
    return true;
  } catch (error) {
    if (error instanceof MiniTorrentError) return false;
    throw error;
  }
}

/** The file of an earlier run, after it was compared with the disk; undefined when there is none. */
async function checkedFile(client: SwarmClient): Promise<FileView | undefined> {
  // Ends when one file has been read, however slow its disk is, or when the client is closed.
  for (;;) {
    const [known] = await client.files();
    if (known?.state !== 'checking') return known;
    await pause(CHECK_LOOK_MS);
  }
}

function elsewhere({ name, path, state }: FileView, mtorrentPath: string, stateDir: string): MiniTorrentError {
  const sentence =
    state === 'seeding'
      ? `${name} was already downloaded to ${path}; run the command again to download a second copy`
      : `${name} is partly downloaded to ${path}; continue with: mtorrent get ${mtorrentPath} ${path} (or delete its .part file and ${stateDir})`;
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
