// The entry of the package: what a program may rely on. Options are plain and have defaults, addresses are 'ip:port',
// and every failure is a MiniTorrentError with a stable `code` and one sentence. The program `mtorrent` stands on the
// same functions.

import { resolve } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogLevel } from '../../foundation/base/log.js';
import { stateHome } from '../../foundation/base/state-home.js';
import { addressFrom, formatAddress } from '../../foundation/torrent/address.js';
import { isLink } from '../../foundation/torrent/link.js';
import { listenAddressFrom } from '../../foundation/torrent/listen-address.js';
import { ANY_NAMES } from '../../foundation/torrent/metainfo.js';
import { checkTrackers, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { type RunningTracker, startTracker as startOneTracker } from '../../tracking/tracker/start.js';
import type { Download } from './download.js';
import { planGet } from './get-plan.js';
import { mtorrentOfLink } from './links.js';
import { type OneShotConfig, startGet, startShare } from './one-shot.js';
import { startClient } from './start-client.js';
import type { Sharing as SharingOptions, SwarmClient } from './swarm-client.js';
import type { FileView } from './views.js';

export type { ErrorCode } from '../../foundation/base/error-codes.js';
export type { LogLevel } from '../../foundation/base/log.js';
export type { Download } from './download.js';
export type { SwarmEvent } from './event-rows.js';
export type { SwarmClient } from './swarm-client.js';
export type {
  ClientStats,
  FileView,
  FindingView,
  Overview,
  PeerView,
  PieceMap,
  RetentionRules,
  RetentionView,
  TrackerView,
  Verification,
} from './views.js';
export { MiniTorrentError };

const AN_ADDRESS = 'an address';

export interface ClientSettings {
  /**
   * ip:port where other clients reach this one, or an interface, a network or a host name instead of the ip; port 0
   * takes a free one. Default: this machine's address, 6881 or a
   * free port.
   */
  readonly address?: string;
  /** ip:port that others dial in its place, behind a NAT or in a container. Default: `address`. */
  readonly advertise?: string;
  /** Payload bytes per second of the whole client. Default 0: no limit. */
  readonly uploadLimit?: number;
  readonly downloadLimit?: number;
  /** Default 'info'. */
  readonly logLevel?: LogLevel;
  /**
   * A .mtorrent may name its trackers by host names, for which this machine's name server is asked. Default: only the
   * names in `trackers`.
   */
  readonly allowHostNames?: boolean;
  /** Threads that move payload over the network, 1 to 16. Default: half of the cores, at most 4. */
  readonly peerThreads?: number;
  /** Bytes that downloads leave free on their disk. Default: 16 MiB, less on a small disk and for a small file. */
  readonly diskReserve?: number;
}

export interface SwarmClientOptions extends ClientSettings {
  /**
   * ip:port of each tracker of the pair that shares are announced to, or of up to 16 that share a database. A .mtorrent
   * that is made names the first two.
   */
  readonly trackers: readonly [string, string, ...string[]];
  /**
   * A directory for this client alone, made when it is missing: its identity, its shares, the progress of its
   * downloads.
   */
  readonly stateDir: string;
  /** Default: `client.log` in the state directory. */
  readonly logPath?: string;
}

/**
 * A client of this process. It shares again what it shared in its last run, and continues its downloads; `close()` ends
 * it. Rejects with ALREADY_RUNNING, PORT_IN_USE, STATE_DAMAGED, PERMISSION_DENIED, …
 */
export async function createSwarmClient(options: SwarmClientOptions): Promise<SwarmClient> {
  const stateDir = resolve(options.stateDir);
  const trackers = listOf(options.trackers);
  const config = configOf(options);
  const log = { ...config.log, path: resolve(stateDir, options.logPath ?? 'client.log') };
  return (await startClient(config, { trackers, stateDir, log })).client;
}

export interface ShareOptions extends ClientSettings, SharingOptions {
  readonly trackers: readonly [string, string, ...string[]];
  /** The .mtorrent to make. Default: the file's path and `.mtorrent`. */
  readonly mtorrentPath?: string;
}

export interface Share {
  /** Give it to whoever should get the file. */
  readonly mtorrentPath: string;
  readonly client: SwarmClient;
  /** Leaves the trackers; nobody can fetch the file from here any more. */
  close(): Promise<void>;
}

/** Shares one file until `close()`. Rejects with FILE_NOT_FOUND, ALREADY_EXISTS, UNSAFE_NAME, … */
export async function share(path: string, options: ShareOptions): Promise<Share> {
  const mtorrentPath = resolve(options.mtorrentPath ?? `${path}.mtorrent`);
  const sharing = await startShare(resolve(path), mtorrentPath, listOf(options.trackers), configOf(options), options);
  await beginOrClose(sharing);
  return { mtorrentPath, client: sharing.client, close: () => sharing.close() };
}

/**
 * A download with a client of its own. Iterating it gives its progress a few times a second, and last the complete
 * file.
 */
export interface Get extends AsyncIterable<FileView> {
  /** Where the file will be. */
  readonly path: string;
  readonly client: SwarmClient;
  /** The path of the complete file. Rejects with the reason why there is none. */
  finished(): Promise<string>;
  /** Ends the client. The same call continues an unfinished download later; a complete file is no longer shared. */
  close(): Promise<void>;
}

/**
 * Fetches one file into a directory or to a file name, with the trackers that its .mtorrent names, and shares it until
 * `close()`. Rejects with MTORRENT_FILE_NOT_FOUND, INVALID_MTORRENT, ALREADY_EXISTS, DISK_FULL, …, for a link as
 * `mtorrentOfLink` does. @param mtorrent the path of a .mtorrent, or a link.
 */
export async function get(mtorrent: string, destination: string, options: ClientSettings = {}): Promise<Get> {
  // A slash at the end says that it is a directory.
  const to = destination.endsWith('/') ? `${resolve(destination)}/` : resolve(destination);
  const mayName = options.allowHostNames === true ? ANY_NAMES : undefined;
  const config = configOf(options);
  const path = isLink(mtorrent)
    ? await mtorrentOfLink(mtorrent, { stateRoot: config.stateRoot, mayName })
    : resolve(mtorrent);
  const fetching = await startGet(await planGet(path, to, { mayName }), config);
  const download: Download = await beginOrClose(fetching);
  return {
    path: download.path,
    client: fetching.client,
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
  /**
   * A name for the pair, the same at both trackers; needed where they reach each other at other addresses than they
   * listen on.
   */
  readonly cluster?: string;
}

export interface Tracker {
  /** ip:port where it listens. */
  readonly address: string;
  /** Settles when the tracker cannot continue; `stop()` it then as well. Pending while it works. */
  readonly failed: Promise<MiniTorrentError>;
  /** Answers what was asked, and closes. */
  stop(): Promise<void>;
}

/** One tracker in this process. Rejects with PORT_IN_USE, ALREADY_RUNNING, STATE_DAMAGED, … */
export async function startTracker(options: StartTrackerOptions): Promise<Tracker> {
  const { address, partner, seederList, logPath, logLevel = 'info', cluster } = options;
  const tracker: RunningTracker = await startOneTracker({
    own: addressFrom(address, AN_ADDRESS, { allowAnyPort: true }),
    partner: addressFrom(partner, AN_ADDRESS),
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

function configOf(settings: ClientSettings): OneShotConfig {
  const {
    address,
    advertise,
    uploadLimit = 0,
    downloadLimit = 0,
    logLevel = 'info',
    peerThreads,
    diskReserve,
    allowHostNames,
  } = settings;
  return {
    upload: address === undefined ? undefined : listenAddressFrom(address),
    advertise: advertise === undefined ? undefined : addressFrom(advertise, AN_ADDRESS),
    rates: { up: uploadLimit, down: downloadLimit },
    log: { level: logLevel },
    peerThreads,
    allowHostNames,
    diskReserve,
    get stateRoot() {
      return stateHome();
    },
  };
}

function listOf([first, second, ...more]: readonly [string, string, ...string[]]): TrackerList {
  const [one, two] = [addressFrom(first, AN_ADDRESS), addressFrom(second, AN_ADDRESS)];
  return checkTrackers([one, two, ...more.map((each) => addressFrom(each, AN_ADDRESS))]);
}
