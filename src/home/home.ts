// The console that works without any set-up, as its parts: this machine's address, a client, and a tracker pair, this process's own
// unless one was named. Everything it keeps lies in one directory.

import { join } from 'node:path';
import type { EmbeddedClient } from '../api/embedded.js';
import { ownHost } from '../api/own-address.js';
import { type OwnClientOptions, startOwnClient } from '../api/own-client.js';
import { deferred } from '../base/deferred.js';
import type { Address } from '../torrent/address.js';
import { type HomePair, openHomePair } from './pair.js';

export interface HomeOptions extends Pick<OwnClientOptions, 'upload' | 'logLevel' | 'rates'> {
  readonly directory: string;
  /** The pair to use; undefined: one of this process. */
  readonly trackers: readonly [Address, Address] | undefined;
  readonly onTrouble: (sentence: string) => void;
}

export interface Home extends EmbeddedClient {
  readonly trackers: readonly [Address, Address];
  /** The trackers are this process's own. */
  readonly hasPair: boolean;
  readonly notes: readonly string[];
  /** Ends the trackers; the client must have ended. */
  closePair(): Promise<void>;
}

/** Rejects with MiniTorrentError as `openHomePair` and `startClient` do; nothing runs then. */
export async function openHome(options: HomeOptions): Promise<Home> {
  const { directory, trackers, upload, logLevel, rates, onTrouble } = options;
  const pair: HomePair =
    trackers === undefined
      ? await openHomePair({ directory, host: upload?.host ?? (await ownHost([])), logLevel, onTrouble })
      : { trackers, isOurs: false, notes: [], start: async () => undefined, close: async () => undefined };
  const listen = deferred<void>();
  try {
    const own = await startOwnClient({
      upload,
      trackers: pair.trackers,
      stateDir: join(directory, 'client'),
      logPath: join(directory, 'client.log'),
      logLevel,
      rates,
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
      notes: pair.notes,
      closePair: () => pair.close(),
    };
  } catch (error) {
    await pair.close();
    throw error;
  }
}

function troubleOf(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `a tracker of this console does not run: ${why}; what is shared and fetched uses the other one, if that runs`;
}
