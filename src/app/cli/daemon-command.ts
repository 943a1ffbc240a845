// `mtorrent daemon`: a client without a console, for whoever attaches to its socket. Runs in the foreground like a service:
// one line when it is ready, a graceful end by signal or `mtorrent stop`. What it was not told is found, or started, as for a
// console without any set-up.

import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { watchSignals } from '../../foundation/base/signals.js';
import { printable } from '../../foundation/torrent/names.js';
import { openDoor } from '../attach/listener.js';
import { usableSocketPath } from '../attach/socket-path.js';
import { foreignPair, type HomePair, startHomePair } from '../home/pair.js';
import { ownHost } from '../library/own-address.js';
import { type LocalClient, startClient } from '../library/start-client.js';
import type { Settings } from '../settings/resolve.js';
import { cannotGoOn, homeDirectory, runningOptions, stateDirectory } from './client-life.js';

/**
 * Answers 0 after it was told to end. Rejects with MiniTorrentError when it cannot start. @param onReady gets the line that says
 * where it listens.
 */
export async function runDaemon(settings: Settings, onReady: (line: string) => void): Promise<number> {
  const socket = usableSocketPath(settings.values.socket);
  await makeLogDirectory(settings);
  const door = await openDoor(socket);
  let pair: HomePair | undefined;
  let signals: { unwatch(): void } | undefined;
  try {
    pair = await pairOf(settings);
    const own = await startDaemonClient(settings, pair);
    signals = endOnSignals(own);
    door.serve(own);
    onReady(`DAEMON LISTENING ${own.facts.address} ${socket}`);
    const error = await own.ended;
    return error === undefined ? 0 : cannotGoOn(error);
  } finally {
    await pair?.close();
    // Last: who waits for our end sees it here.
    await door.close();
    signals?.unwatch();
  }
}

/** Its log goes to a place that may never have been used; a place that was named must be there. */
export async function makeLogDirectory({ values, origins }: Settings): Promise<void> {
  if (origins.log.kind !== 'default') return;
  try {
    await mkdir(dirname(values.log), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, printable(values.log));
  }
}

/** The pair that was named, or one of this process. */
async function pairOf(settings: Settings): Promise<HomePair> {
  const { trackers, address } = settings.values;
  if (trackers !== undefined) return foreignPair(trackers);
  const tell = (sentence: string): void => void process.stderr.write(`${printable(sentence)}\n`);
  const host = address?.host ?? (await ownHost([]));
  const pair = await startHomePair({
    directory: homeDirectory(settings),
    host,
    log: runningOptions(settings).log,
    onTrouble: tell,
  });
  for (const note of pair.notes) tell(note);
  return pair;
}

function startDaemonClient(settings: Settings, { trackers }: HomePair): Promise<LocalClient> {
  const { values } = settings;
  const running = runningOptions(settings);
  return startClient({
    upload: values.address,
    trackers,
    stateDir:
      values.trackers === undefined
        ? join(homeDirectory(settings), 'client')
        : stateDirectory(settings, values.address),
    ...running,
    log: { ...running.log, path: values.log },
  });
}

function endOnSignals({ client, logMoved }: LocalClient): { unwatch(): void } {
  return watchSignals({
    onStop: () => {
      // A client that closes already refuses; it ends either way.
      client.quit().catch((error: unknown) => {
        if (!(error instanceof MiniTorrentError)) throw error;
      });
    },
    onLogMoved: logMoved,
  });
}
