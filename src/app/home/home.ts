// The console that works without any set-up, as its parts: this machine's address, a client, and a tracker pair, this process's own
// unless one was named. Everything it keeps lies in one directory.

import { join } from 'node:path';
import { deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogStyle } from '../../foundation/base/log.js';
import type { Address } from '../../foundation/torrent/address.js';
import { ownHost } from '../library/own-address.js';
import { type ClientConfig, type LocalClient, startClient } from '../library/start-client.js';
import { HOME_CLIENTS_MAX } from './limits.js';
import { foreignPair, type HomePair, openHomePair } from './pair.js';

export interface HomeOptions extends Pick<ClientConfig, 'upload' | 'rates' | 'peerThreads' | 'onWarm'> {
  readonly log: LogStyle;
  readonly directory: string;
  /** The pair to use; undefined: one of this process. */
  readonly trackers: readonly [Address, Address] | undefined;
  readonly onTrouble: (sentence: string) => void;
}

export interface Home extends LocalClient {
  readonly trackers: readonly [Address, Address];
  /** The trackers are this process's own. */
  readonly hasPair: boolean;
  readonly notes: readonly string[];
  /** Ends the trackers; the client must have ended. */
  closePair(): Promise<void>;
}

/** Rejects with MiniTorrentError as `openHomePair` and `startClient` do; nothing runs then. */
export async function openHome(options: HomeOptions): Promise<Home> {
  const { directory, trackers, onTrouble, ...running } = options;
  const { upload, log } = running;
  const pair: HomePair =
    trackers === undefined
      ? await openHomePair({ directory, host: upload?.host ?? (await ownHost([])), log, onTrouble })
      : foreignPair(trackers);
  const listen = deferred<void>();
  try {
    const { own, note } = await startFirstFree(directory, {
      ...running,
      trackers: pair.trackers,
      trackersListen: listen.promise,
    });
    // After the client: a prompt need not wait for trackers, its first word to them does.
    void pair
      .start()
      .catch((error: unknown) => onTrouble(troubleOf(error)))
      .then(listen.resolve);
    return {
      ...own,
      trackers: pair.trackers,
      hasPair: pair.isOurs,
      notes: [...pair.notes, ...note],
      closePair: () => pair.close(),
    };
  } catch (error) {
    await pair.close();
    throw error;
  }
}

/**
 * A client of what the first console of this user keeps, or the second, … that is not in use: each console is a client of its own, so
 * that two terminals of one user can share with each other.
 */
async function startFirstFree(
  directory: string,
  options: Omit<ClientConfig, 'stateDir' | 'log'> & Pick<HomeOptions, 'log'>,
): Promise<{ readonly own: LocalClient; readonly note: readonly string[] }> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'client' : `client-${number}`;
    const stateDir = join(directory, name);
    try {
      const log = { ...options.log, path: join(directory, `${name}.log`) };
      const own = await startClient({ ...options, stateDir, log });
      const remark = `another console of this user runs; this one is client ${number}, which keeps its own files in mind (${stateDir})`;
      return { own, note: number === 1 ? [] : [remark] };
    } catch (error) {
      const isUsed = error instanceof MiniTorrentError && error.code === 'ALREADY_RUNNING';
      if (!isUsed || number === HOME_CLIENTS_MAX) throw error;
    }
  }
}

function troubleOf(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `a tracker of this console does not run: ${why}; what is shared and fetched uses the other one, if that runs`;
}
