// One file shared or fetched by a client of its own, which lives as long as that takes. The state directory is derived
// from this machine's name, from what is fetched and where to: the same request finds it again, and no other one does.

import { createHash } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pause } from '../../foundation/base/deferred.js';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogStyle, LogTarget } from '../../foundation/base/log.js';
import { knownWith, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { unlinkIfThere } from '../../transfer/storage/disk/publish.js';
import { deleteEmptyPart } from '../../transfer/storage/leftovers.js';
import { HeldError } from '../../transfer/storage/lock/lease.js';
import { readMetainfo } from '../../transfer/storage/metainfo-file.js';
import type { Download } from './download.js';
import type { GetPlan } from './get-plan.js';
import { CHECK_LOOK_MS, TARGET_DIGITS } from './limits.js';
import { type ClientConfig, type ClientPlace, startClient } from './start-client.js';
import type { Sharing as SharingOptions, SwarmClient } from './swarm-client.js';

export interface OneShotConfig extends ClientConfig, Pick<ClientPlace, 'otherShares' | 'credentials'> {
  readonly log: LogStyle;
  /** Below it lie the state directories of all one-shot clients. */
  readonly stateRoot: string;
  /** Those that are set: a download fails over to more than its .mtorrent names. */
  readonly knownTrackers?: TrackerList | undefined;
}

/** A client that shares one file. */
export interface Sharing {
  readonly client: SwarmClient;
  /** Hashes the file, makes its .mtorrent, announces it. Rejects as SwarmClient.share does. */
  begin(): Promise<void>;
  /** Leaves the trackers and ends the client, also before `begin`. Idempotent. */
  close(): Promise<void>;
}

/** A client that fetches one file, and shares it until `close`. */
export interface Fetching {
  readonly client: SwarmClient;
  /**
   * `close` removes it when the file is complete, or nothing of it is there. Undefined: the client does other things as
   * well.
   */
  readonly stateDir: string | undefined;
  /** Of the client; undefined as `stateDir` is. */
  readonly log: LogTarget | undefined;
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
  trackers: TrackerList,
  config: OneShotConfig,
  options: SharingOptions = {},
): Promise<Sharing> {
  const stateDir = join(config.stateRoot, 'share', keyOf(mtorrentPath));
  const log = { ...config.log, path: join(stateDir, 'share.log') };
  const place = { trackers, stateDir, log, credentials: config.credentials };
  const { client } = await startClient(config, place).catch(inWordsOf(`is sharing ${path}`));
  return {
    client,
    begin: async () => void (await client.share(path, mtorrentPath, options)),
    close: once(async () => {
      await client.close();
      await forget(stateDir);
    }),
  };
}

/** Rejects as `startClient` does: ALREADY_RUNNING when the same file is being fetched to the same place. */
export async function startGet(plan: GetPlan, config: OneShotConfig): Promise<Fetching> {
  const { swarm } = plan.metainfo;
  const trackers = knownWith(plan.metainfo.trackers, config.knownTrackers);
  const stateDir = join(config.stateRoot, 'get', `${swarm}-${keyOf(plan.target).slice(0, TARGET_DIGITS)}`);
  const log = { ...config.log, path: join(stateDir, 'get.log') };
  const { otherShares, credentials } = config;
  const place = { trackers, stateDir, log, otherShares, credentials, readMetainfo: knowing(plan) };
  const { client } = await startClient(config, place).catch(inWordsOf(`is fetching ${plan.target}`));
  return {
    client,
    stateDir,
    log,
    begin: () => begin(client, plan),
    close: once(async () => {
      const left = await client.files().then(
        (files) => files.filter(({ state }) => state !== 'seeding'),
        () => undefined,
      );
      await client.close();
      if (left?.every(({ have }) => have === 0) !== true) return;
      await forget(stateDir);
      if (plan.isOwnMtorrent === true) await unlinkIfThere(plan.mtorrentPath);
      if (left.length > 0) await deleteEmptyPart(plan.target);
    }),
  };
}

/** Who typed a command twice knows nothing of state directories. @param work what whoever has this one does with it. */
function inWordsOf(work: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof HeldError)) throw error;
    const sentence = `${error.who} ${work} already; wait until that ends, or stop it`;
    throw new MiniTorrentError('ALREADY_RUNNING', sentence, error);
  };
}

/** Machines with one home directory have different names, so they do not share an identity and its files. */
function keyOf(path: string): string {
  return createHash('sha1').update(`${hostname()}\0${path}`).digest('hex');
}

/** Spares the client the .mtorrent that was read for the plan. */
function knowing({ mtorrentPath, metainfo }: GetPlan): typeof readMetainfo {
  let isFresh = true;
  return (path, mayName) => {
    if (path !== mtorrentPath || !isFresh) return readMetainfo(path, mayName);
    isFresh = false;
    return Promise.resolve(metainfo);
  };
}

/** As `startGet`, on a client that has other files as well. */
export function getOn(client: SwarmClient, plan: GetPlan): Fetching {
  return {
    client,
    stateDir: undefined,
    log: undefined,
    begin: () => begin(client, plan),
    close: async () => undefined,
  };
}

/** The download to the target, whether it is new, was stopped, runs, or is complete. */
async function begin(client: SwarmClient, { mtorrentPath, target, wish }: GetPlan): Promise<Download> {
  // What an earlier run left is compared with the disk first. Ends when that file has been read, however slow its disk
  // is, or when the client is closed.
  for (;;) {
    const known = (await client.files()).find(({ path }) => path === target);
    if (known?.state !== 'checking') return client.get(mtorrentPath, target, { ...wish, exact: true });
    await pause(CHECK_LOOK_MS);
  }
}

/** Removes the directory, and the one that it lies in when that is empty. */
async function forget(stateDir: string): Promise<void> {
  try {
    await rm(stateDir, { recursive: true, force: true });
    await rmdir(dirname(stateDir));
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) throw fileError(error, stateDir);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
