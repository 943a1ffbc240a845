// Starts one tracker for a program, a thread or the library: refuses what cannot work before anything is opened, and
// opens the log. Knows no signals and no stdout.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf, isWildcard } from '../../foundation/base/hosts.js';
import { type LogFile, type LogTarget, openLog } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { Signer } from '../../foundation/identity/statement.js';
import { type Address, formatAddress, sameAddress } from '../../foundation/torrent/address.js';
import { whyNoPair, whyUndialable } from '../../foundation/torrent/tracker-pair.js';
import { hostsOf } from '../../foundation/wire/names.js';
import { hostTowards } from '../../foundation/wire/route.js';
import { isHostHere } from '../../foundation/wire/transport.js';
import { Daemon, type JoinCa } from './daemon.js';
import { LEASE_MS, RENEW_MS } from './limits.js';

export interface TrackerOptions {
  /** Port 0 takes a free one. */
  readonly own: Address;
  readonly partner: Address;
  /** Where it listens, if that is not the host of `own`, by which others know it: a wildcard. */
  readonly listenHost?: string;
  readonly seederListPath: string;
  readonly log: LogTarget;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** List clients under the host that they claim instead of their socket's address. */
  readonly trustHost?: boolean;
  /**
   * Names the pair instead of its two addresses, where the trackers know each other by other ones than they listen on.
   */
  readonly cluster?: string | undefined;
  readonly replicaWaitMs?: number;
  /** Tells whoever asks what is shared, as far as its owners want that. Default: true. */
  readonly lists?: boolean;
  /** Of a closed swarm; undefined: this tracker is open. */
  readonly credentials?: Credentials | undefined;
  /** The root of the swarm, asked for when a tracker is let in; answers undefined where it is not on this machine. */
  readonly openRoot?: (() => Signer | undefined) | undefined;
  /** As in `IssuerSetting`. */
  readonly cardLifeS?: number;
  readonly joinCa?: JoinCa | undefined;
}

export interface RunningTracker {
  /** As it listens: the port is the real one. */
  readonly address: Address;
  /** Settles when it can go on no longer; never while it works. It must be stopped then, too. */
  readonly failed: Promise<MiniTorrentError>;
  /** Answers what was asked, writes what is owed, closes. Idempotent. @param why for the log. */
  stop(why: string): Promise<void>;
  /** As `tracker-status --json` prints it. */
  statistics(): Readonly<Record<string, unknown>>;
  /** Somebody moved the log file away. */
  logMoved(): void;
}

export type { JoinCa };

/** Rejects with MiniTorrentError: INVALID_ARGUMENTS, ALREADY_RUNNING, STATE_DAMAGED, PORT_IN_USE, … */
export async function startTracker(options: TrackerOptions): Promise<RunningTracker> {
  checkOptions(options);
  const logFile = openLog(options.log, 'main');
  try {
    return await startDaemon(options, logFile);
  } catch (error) {
    logFile.log.error({ err: error }, 'tracker failed');
    logFile.close();
    throw error;
  }
}

async function startDaemon(options: TrackerOptions, logFile: LogFile): Promise<RunningTracker> {
  const { log, lostLines } = logFile;
  const own = await knownAs(options);
  const listenHost = options.listenHost ?? (await listenHostOf(options.own.host));
  const daemon = new Daemon({ ...options, own, listenHost, log, lostLogLines: lostLines });
  const address = await daemon.start();
  let stopped: Promise<void> | undefined;
  const stop = async (why: string): Promise<void> => {
    log.info({ why }, 'told to stop');
    try {
      await daemon.stop();
    } finally {
      logFile.close();
    }
  };
  return {
    address,
    failed: daemon.failed,
    stop: (why) => {
      stopped ??= stop(why);
      return stopped;
    },
    statistics: () => daemon.statistics(),
    logMoved: () => log.info({}, 'the log goes on here'),
  };
}

/**
 * The address by which the partner knows this tracker. One that listens on all addresses is known by the one that its
 * partner sees, unless the pair has a name.
 */
async function knownAs({ own, partner, cluster }: TrackerOptions): Promise<Address> {
  // By which name a partner with a name knows this tracker, no route says.
  if (cluster !== undefined || !isWildcard(own.host) || familyOf(partner.host) === undefined) return own;
  return { host: (await hostTowards(partner.host)) ?? own.host, port: own.port };
}

/** Of a host name that is this machine's: the first of its addresses that this machine has. */
async function listenHostOf(host: string): Promise<string> {
  if (familyOf(host) !== undefined) return host;
  const hosts = await hostsOf(host);
  for (const each of hosts) if (await isHostHere(each)) return each;
  const sentence = `the host name ${host} stands for ${hosts.join(' and ')}, which this machine does not have; name an address of its own, or mend the name`;
  throw new MiniTorrentError('ADDRESS_UNUSABLE', sentence);
}

function checkOptions({ own, partner, cluster, leaseMs = LEASE_MS, renewMs = RENEW_MS }: TrackerOptions): void {
  const invalid = (sentence: string) => new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  if (own.port !== 0 && sameAddress(own, partner)) {
    const sentence = `${formatAddress(own)} is named as this tracker and as its partner; name the other tracker's address second`;
    throw invalid(sentence);
  }
  const undialable = whyUndialable(partner);
  if (undialable !== undefined) throw invalid(undialable);
  // A pair with a name may know its trackers by other addresses than these, and a wildcard is of both families.
  const why = cluster === undefined && !isWildcard(own.host) ? whyNoPair(own, partner) : undefined;
  if (why !== undefined) throw invalid(why);
  if (!(renewMs >= 1 && leaseMs >= renewMs * 2 && leaseMs <= 0xffff_ffff)) {
    const sentence = `a lease of ${leaseMs} ms with a heartbeat each ${renewMs} ms cannot work; take a lease of at least two heartbeats`;
    throw invalid(sentence);
  }
}
