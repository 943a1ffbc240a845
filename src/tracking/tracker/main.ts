// `mtorrent tracker`: runs one tracker until a signal or a failure ends it. Prints one line when it listens, and ends
// gracefully; whatever was acknowledged is on the disk either way.

import { deferred } from '../../foundation/base/deferred.js';
import type { MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { type RunningTracker, startTracker, type TrackerOptions } from './start.js';

type End = { readonly signal: string } | { readonly error: MiniTorrentError };

/**
 * Answers 0 after a graceful stop. Rejects with a MiniTorrentError: the caller shows its sentence and exits with its
 * code.
 * @param onListening called once its thread runs and its port is open; answers what is called when it ends.
 */
export async function runTracker(
  options: TrackerOptions,
  onListening: (tracker: RunningTracker) => Promise<() => Promise<void>> = async () => async () => undefined,
): Promise<number> {
  const ending = deferred<End>();
  let logMoved = (): void => undefined;
  const signals = watchSignals({
    onStop: (signal) => ending.resolve({ signal }),
    onLogMoved: () => logMoved(),
  });
  try {
    const tracker = await startTracker(options);
    logMoved = () => tracker.logMoved();
    const close = await onListening(tracker).catch(async (error: unknown) => {
      await tracker.stop('what it should serve besides cannot be served');
      throw error;
    });
    announceOnStdout(`TRACKER LISTENING ${formatAddress(tracker.address)}`);
    void tracker.failed.then((error) => ending.resolve({ error }));
    const end = await ending.promise;
    await close();
    await tracker.stop('signal' in end ? end.signal : end.error.message);
    if ('error' in end) throw end.error;
    return 0;
  } finally {
    signals.unwatch();
  }
}

/** Who started us may have closed our stdout; a tracker works on without. */
function announceOnStdout(line: string): void {
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${line}\n`);
}
