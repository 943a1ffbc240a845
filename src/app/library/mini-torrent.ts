// The package's entry: what a program may rely on. Plain options with defaults, addresses as 'ip:port'; every failure is a
// MiniTorrentError with a stable `code` and one sentence. The program `mtorrent` stands on the same functions.

import { resolve } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogLevel } from '../../foundation/base/log.js';
import { type Address, formatAddress, parseAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { type RunningTracker, startTracker as startOneTracker } from '../../tracking/tracker/start.js';
import type { Download } from './download.js';
import { type OneShotOptions, startGet, startShare } from './one-shot.js';
import { startOwnClient } from './own-client.js';
import type { SwarmClient } from './swarm-client.js';
import type { FileView } from './views.js';

export type { ErrorCode } from '../../foundation/base/errors.js';
export type { LogLevel } from '../../foundation/base/log.js';
export type { Download } from './download.js';
export type { SwarmClient } from './swarm-client.js';
export type { FileView, FindingView, Overview, PeerView, PieceMap, TrackerView, Verification } from './views.js';
export { MiniTorrentError };

export interface ClientSettings {
  /** ip:port where other clients fetch from this one; port 0 takes a free one. Default: this machine's address, 6881 or a free port. */
  readonly address?: string;
  /** Payload bytes a second of the whole client. Default 0: no limit. */
  readonly uploadLimit?: number;
  readonly downloadLimit?: number;
  /** Default 'info'. */
  readonly logLevel?: LogLevel;
  /** Threads that move payload over the network, 1 to 16. Default: half of the cores, at most 4. */
  readonly peerThreads?: number;
}

export interface SwarmClientOptions extends ClientSettings {
  /** ip:port of each tracker of the pair that shares are announced to. */
  readonly trackers: readonly [string, string];
  /** A directory of this client's own, made when it is missing: who it is, what it shares, how far downloads are. */
  readonly stateDir: string;
  /** Default: `client.log` in the state directory. */
  readonly logPath?: string;
}

/**
 * A client of this process. It shares again what it shared in its last run, and goes on with its downloads; `close()` ends it.
 * Rejects with ALREADY_RUNNING, PORT_IN_USE, STATE_DAMAGED, PERMISSION_DENIED, …
 */
export async function createSwarmClient(options: SwarmClientOptions): Promise<SwarmClient> {
  const stateDir = resolve(options.stateDir);
  const trackers = pairOf(options.trackers);
  const running = settingsOf(options);
  const log = { ...running.log, path: resolve(stateDir, options.logPath ?? 'client.log') };
  return (await startOwnClient({ ...running, trackers, stateDir, log })).swarm;
}

export interface ShareOptions extends ClientSettings {
  readonly trackers: readonly [string, string];
  /** The .mtorrent to make. Default: the file's path and `.mtorrent`. */
  readonly mtorrentPath?: string;
}

export interface Share {
  /** To be given to whoever should get the file. */
  readonly mtorrentPath: string;
  readonly client: SwarmClient;
  /** Off the trackers; nobody can fetch it from here any more. */
  close(): Promise<void>;
}

/** Shares one file until `close()`. Rejects with FILE_NOT_FOUND, ALREADY_EXISTS, UNSAFE_NAME, … */
export async function share(path: string, options: ShareOptions): Promise<Share> {
  const mtorrentPath = resolve(options.mtorrentPath ?? `${path}.mtorrent`);
  const sharing = await startShare(resolve(path), mtorrentPath, pairOf(options.trackers), settingsOf(options));
  await beginOrClose(sharing);
  return { mtorrentPath, client: sharing.swarm, close: () => sharing.close() };
}

/** A download with a client of its own. Iterating it gives its progress a few times a second, last of all the complete file. */
export interface Get extends AsyncIterable<FileView> {
  /** Where the file will be. */
  readonly path: string;
  readonly client: SwarmClient;
  /** The path of the complete file. Rejects with the reason why there is none. */
  finished(): Promise<string>;
  /** Ends it: an unfinished one goes on when the same is asked for again, a complete one is shared no more. */
  close(): Promise<void>;
}

/**
 * Fetches one file into a directory or to a file name, with the trackers that its .mtorrent names; it is shared until `close()`.
 * Rejects with MTORRENT_FILE_NOT_FOUND, INVALID_MTORRENT, ALREADY_EXISTS, DISK_FULL, …
 */
export async function get(mtorrentPath: string, destination: string, options: ClientSettings = {}): Promise<Get> {
  // A slash at its end says that it is a directory.
  const to = destination.endsWith('/') ? `${resolve(destination)}/` : resolve(destination);
  const fetching = await startGet(resolve(mtorrentPath), to, settingsOf(options));
  const download: Download = await beginOrClose(fetching);
  return {
    path: download.path,
    client: fetching.swarm,
    finished: () => download.finished(),
    close: () => fetching.close(),
    [Symbol.asyncIterator]: () => download[Symbol.asyncIterator](),
  };
}

export interface StartTrackerOptions {
  /** ip:port to listen on; port 0 takes a free one. */
  readonly address: string;
  /** ip:port of the other tracker of the pair; it may be started later. */
  readonly partner: string;
  /** SQLite file with every seeder; made when it is missing. */
  readonly seederList: string;
  /** Default: the seeder list's path and `.log`. */
  readonly logPath?: string;
  /** Default 'info'. */
  readonly logLevel?: LogLevel;
  /** A name for the pair, the same at both: where they reach each other by other addresses than they listen on. */
  readonly cluster?: string;
}

export interface Tracker {
  /** ip:port where it listens. */
  readonly address: string;
  /** Settles when it can go on no longer: `stop()` it then, too. Never while it works. */
  readonly failed: Promise<MiniTorrentError>;
  /** Answers what was asked, and closes. */
  stop(): Promise<void>;
}

/** One tracker in this process. Rejects with PORT_IN_USE, ALREADY_RUNNING, STATE_DAMAGED, … */
export async function startTracker(options: StartTrackerOptions): Promise<Tracker> {
  const { address, partner, seederList, logPath, logLevel = 'info', cluster } = options;
  const tracker: RunningTracker = await startOneTracker({
    own: addressOf(address, true),
    partner: addressOf(partner, false),
    seederListPath: resolve(seederList),
    log: { path: resolve(logPath ?? `${seederList}.log`), level: logLevel },
    cluster,
  });
  return {
    address: formatAddress(tracker.address),
    failed: tracker.failed,
    stop: () => tracker.stop('its program said so'),
  };
}

async function beginOrClose<T>(work: { begin(): Promise<T>; close(): Promise<void> }): Promise<T> {
  try {
    return await work.begin();
  } catch (error) {
    await work.close();
    throw error;
  }
}

function settingsOf({
  address,
  uploadLimit = 0,
  downloadLimit = 0,
  logLevel = 'info',
  peerThreads,
}: ClientSettings): OneShotOptions {
  return {
    upload: address === undefined ? undefined : addressOf(address, true),
    rates: { up: uploadLimit, down: downloadLimit },
    log: { level: logLevel },
    peerThreads,
  };
}

function pairOf([first, second]: readonly [string, string]): readonly [Address, Address] {
  return [addressOf(first, false), addressOf(second, false)];
}

function addressOf(text: string, allowAnyPort: boolean): Address {
  const address = parseAddress(text, allowAnyPort);
  if (address !== undefined) return address;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `"${printable(text)}" is not an address; write ip:port, such as 192.0.2.1:7001`,
  );
}
