// Starts one tracker for a program, a thread or the library: refuses what cannot work before anything is opened, and
// opens the log. Knows no signals and no stdout.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type LogFile, type LogTarget, openLog } from '../../foundation/base/log.js';
import { type Address, formatAddress, sameAddress } from '../../foundation/torrent/address.js';
import { Daemon } from './daemon.js';
import { LEASE_MS, RENEW_MS } from './limits.js';

export interface TrackerOptions {
  /** Port 0 takes a free one. */
  readonly own: Address;
  readonly partner: Address;
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
}

export interface RunningTracker {
  /** As it listens: the port is the real one. */
  readonly address: Address;
  /** Settles when it can go on no longer; never while it works. It must be stopped then, too. */
  readonly failed: Promise<MiniTorrentError>;
  /** Answers what was asked, writes what is owed, closes. Idempotent. @param why for the log. */
  stop(why: string): Promise<void>;
  /** Somebody moved the log file away. */
  logMoved(): void;
}

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
  const daemon = new Daemon({ ...options, log, lostLogLines: lostLines });
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
    logMoved: () => log.info({}, 'the log goes on here'),
  };
}

function checkOptions({ own, partner, leaseMs = LEASE_MS, renewMs = RENEW_MS }: TrackerOptions): void {
  if (own.port !== 0 && sameAddress(own, partner)) {
    const sentence = `${formatAddress(own)} is named as this tracker and as its partner; name the other tracker's address second`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  if (!(renewMs >= 1 && leaseMs >= renewMs * 2 && leaseMs <= 0xffff_ffff)) {
    const sentence = `a lease of ${leaseMs} ms with a heartbeat each ${renewMs} ms cannot work; take a lease of at least two heartbeats`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
}
