// A client of this process from as little as is known: what is not said about its address is found out. One place for the library,
// the one-shot commands and the console that works without any set-up.

import { randomInt } from 'node:crypto';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogStyle, LogTarget } from '../../foundation/base/log.js';
import type { Address } from '../../foundation/torrent/address.js';
import { type EmbeddedClient, startEmbedded } from './embedded.js';
import { UPLOAD_PORT } from './limits.js';
import { ownHost } from './own-address.js';

export interface OwnClientOptions {
  /** Where peers reach it. Undefined: this machine's address towards the trackers, and UPLOAD_PORT or a free port. */
  readonly upload: Address | undefined;
  readonly trackers: readonly [Address, Address];
  /** As of ClientOptions. */
  readonly trackersListen?: Promise<void> | undefined;
  readonly onWarm?: (() => void) | undefined;
  readonly stateDir: string;
  readonly log: LogTarget;
  /** Bytes a second; 0: no limit. */
  readonly rates: { readonly up: number; readonly down: number };
  /** As of ClientOptions. */
  readonly peerThreads?: number | undefined;
}

/** How a client runs, whatever it is to do. */
export type RunningOptions = Pick<OwnClientOptions, 'rates' | 'peerThreads' | 'onWarm'> & { readonly log: LogStyle };

/** Rejects as `startClient` does. */
export async function startOwnClient(options: OwnClientOptions): Promise<EmbeddedClient> {
  const { upload, trackers, ...rest } = options;
  const start = (at: Address): Promise<EmbeddedClient> =>
    startEmbedded({ ...rest, trackers, upload: at, seed: randomInt(0, 2 ** 32) });
  if (upload !== undefined) return start(upload);
  const host = await ownHost(trackers);
  try {
    return await start({ host, port: UPLOAD_PORT });
  } catch (error) {
    // Another client of this machine has it.
    if (!(error instanceof MiniTorrentError) || error.code !== 'PORT_IN_USE') throw error;
    return start({ host, port: 0 });
  }
}
