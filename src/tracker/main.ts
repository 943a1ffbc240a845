// `mtorrent tracker`: runs one tracker until a signal or a failure ends it. Refuses what cannot work before anything is
// opened, prints one line when it listens, and ends gracefully: what was acknowledged is on the disk either way.

import { type Deferred, deferred } from '../base/deferred.js';
import { fileError, MiniTorrentError } from '../base/errors.js';
import { LEASE_MS, RENEW_MS } from '../base/limits.js';
import { type LogFile, type LogLevel, openLog } from '../base/log.js';
import { watchSignals } from '../base/signals.js';
import { lockList } from '../seederlist/lock.js';
import { type Address, formatAddress, sameAddress } from '../torrent/address.js';
import { Daemon } from './daemon.js';

export interface TrackerOptions {
  /** Port 0 takes a free one, which the line on stdout names. */
  readonly own: Address;
  readonly partner: Address;
  readonly seederListPath: string;
  readonly logPath: string;
  readonly logLevel?: LogLevel;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** List clients under the host that they claim instead of their socket's address. */
  readonly trustHost?: boolean;
  /** Names the pair instead of its two addresses, where the trackers know each other by other ones than they listen on. */
  readonly cluster?: string | undefined;
  readonly replicaWaitMs?: number;
}

type Stop = { readonly signal: string } | { readonly error: MiniTorrentError };

/** Answers 0 after a graceful stop. Rejects with a MiniTorrentError: the caller shows its sentence and exits with its code. */
export async function runTracker(options: TrackerOptions): Promise<number> {
  checkOptions(options);
  const logFile = openLogFile(options);
  const stop = deferred<Stop>();
  const signals = watchSignals({
    onStop: (signal) => stop.resolve({ signal }),
    onLogMoved: () => logFile.log.info({}, 'the log goes on here'),
  });
  try {
    return await runLocked(options, logFile, stop);
  } catch (error) {
    logFile.log.error({ err: error }, 'tracker failed');
    throw error;
  } finally {
    signals.unwatch();
    logFile.close();
  }
}

async function runLocked(options: TrackerOptions, logFile: LogFile, stop: Deferred<Stop>): Promise<number> {
  const { log, lostLines } = logFile;
  const lock = await lockList(options.seederListPath);
  try {
    const daemon = new Daemon({ ...options, log, lostLogLines: lostLines });
    const address = await daemon.start();
    announceOnStdout(`TRACKER LISTENING ${formatAddress(address)}`);
    void daemon.failed.then((error) => stop.resolve({ error }));
    const end = await stop.promise;
    if ('signal' in end) log.info({ signal: end.signal }, 'told to stop');
    await daemon.stop();
    if ('error' in end) throw end.error;
    return 0;
  } finally {
    await lock.release();
  }
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

function openLogFile({ logPath, logLevel }: TrackerOptions): LogFile {
  try {
    return openLog(logPath, 'main', logLevel);
  } catch (error) {
    throw fileError(error, logPath);
  }
}

/** Who started us may have closed our stdout; a tracker works on without. */
function announceOnStdout(line: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${line}\n`);
}
