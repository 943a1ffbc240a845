// `mtorrent daemon`: a client without a console, for whoever attaches to its socket. Runs in the foreground like a
// service: one line when it is ready, and a graceful end by a signal or `mtorrent stop`.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import { printable } from '../../foundation/torrent/names.js';
import { openAttachListener } from '../attach/listener.js';
import { usableSocketPath } from '../attach/socket-path.js';
import { startPair, type TrackerPair } from '../home/pair.js';
import { type LocalClient, startClient } from '../library/start-client.js';
import type { Settings } from '../settings/resolve.js';
import { clientConfigOf } from './client-config.js';
import { cannotContinue } from './context.js';

/**
 * Resolves to 0 after it was told to end. Rejects with MiniTorrentError when it cannot start. @param onReady gets the
 * line that says where it listens.
 */
export async function runDaemon(settings: Settings, onReady: (line: string) => void): Promise<number> {
  const { client, pair: pairConfig, stateDir, logTarget } = clientConfigOf(settings);
  const socket = usableSocketPath(settings.values.socket);
  await makeLogDirectory(settings);
  const listener = await openAttachListener(socket);
  let pair: TrackerPair | undefined;
  let signals: { unwatch(): void } | undefined;
  try {
    pair = await startPair({ ...pairConfig, onTrouble: tell });
    for (const note of pair.notes) tell(note);
    const local = await startClient({ ...client, trackers: pair.trackers, stateDir, log: logTarget });
    signals = endOnSignals(local);
    listener.serve(local);
    onReady(`DAEMON LISTENING ${local.facts.address} ${socket}`);
    const error = await local.ended;
    return error === undefined ? 0 : cannotContinue(error);
  } finally {
    await pair?.close();
    // Last: whoever waits for our end sees it here.
    await listener.close();
    signals?.unwatch();
  }
}

/** The default place of the log is made when it is missing; a place that was named must exist. */
export async function makeLogDirectory({ values, origins }: Settings): Promise<void> {
  if (origins.log.kind !== 'default') return;
  try {
    await mkdir(dirname(values.log), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, printable(values.log));
  }
}

function tell(sentence: string): void {
  process.stderr.write(`${printable(sentence)}\n`);
}

function endOnSignals({ client, logMoved }: LocalClient): { unwatch(): void } {
  return watchSignals({
    onStop: () => {
      // A client that is closing already refuses; it ends either way.
      client.quit().catch((error: unknown) => {
        if (!(error instanceof MiniTorrentError)) throw error;
      });
    },
    onLogMoved: logMoved,
  });
}
