// The console without a command, as its parts: a client, and the tracker pair it uses. Everything that it keeps lies in
// the directory of the pair.

import { join } from 'node:path';
import { deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogStyle } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { type ClientConfig, type ClientPlace, type LocalClient, startClient } from '../library/start-client.js';
import { HOME_CLIENTS_MAX } from './limits.js';
import { openPair, type PairConfig, type TrackerPair } from './pair.js';

export interface HomeConfig extends ClientConfig {
  readonly log: LogStyle;
  readonly pair: PairConfig;
  /** Who the client is on this pair; undefined: in the clear. */
  readonly credentialsOf: (pair: TrackerPair) => Promise<Credentials | undefined>;
}

export interface Home extends LocalClient {
  readonly trackers: TrackerList;
  /** The trackers run in this process. */
  readonly hasPair: boolean;
  /** This machine takes part in a closed swarm. */
  readonly isClosed: boolean;
  readonly notes: readonly string[];
  /** Ends the trackers; call it after the client has ended. */
  closePair(): Promise<void>;
}

/** Rejects with MiniTorrentError as `openPair` and `startClient` do; nothing runs then. */
export async function openHome({ pair: pairConfig, credentialsOf, ...running }: HomeConfig): Promise<Home> {
  const { directory, onTrouble } = pairConfig;
  const pair = await openPair(pairConfig);
  const listen = deferred<void>();
  try {
    const credentials = await credentialsOf(pair);
    const place = { credentials, trackers: pair.trackers, trackersListen: listen.promise };
    const { local, notes } = await startFirstFree(directory, running, place);
    // After the client: the prompt does not wait for the trackers, only the first announce does.
    void pair
      .start()
      .catch((error: unknown) => onTrouble(troubleOf(error)))
      .then(listen.resolve);
    return {
      ...local,
      trackers: pair.trackers,
      hasPair: pair.isOurs,
      isClosed: credentials !== undefined,
      notes: [...pair.notes, ...notes],
      closePair: () => pair.close(),
    };
  } catch (error) {
    await pair.close();
    throw error;
  }
}

/**
 * A client on the first state directory of this user that is not in use: each console is a client of its own, so that
 * two terminals of one user can share with each other.
 */
async function startFirstFree(
  directory: string,
  config: ClientConfig & Pick<HomeConfig, 'log'>,
  place: Omit<ClientPlace, 'stateDir' | 'log'>,
): Promise<{ readonly local: LocalClient; readonly notes: readonly string[] }> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'client' : `client-${number}`;
    const stateDir = join(directory, name);
    try {
      const log = { ...config.log, path: join(directory, `${name}.log`) };
      const local = await startClient(config, { ...place, stateDir, log });
      const note = `another console of yours is running; this one is client ${number}, with its own list of files in ${stateDir}`;
      return { local, notes: number === 1 ? [] : [note] };
    } catch (error) {
      const isUsed = error instanceof MiniTorrentError && error.code === 'ALREADY_RUNNING';
      if (!isUsed || number === HOME_CLIENTS_MAX) throw error;
    }
  }
}

function troubleOf(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `a tracker of this console could not start: ${why}; transfers use the other tracker if it is running`;
}
