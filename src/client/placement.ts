// Decides which actor runs on which thread, and how many threads there are. Nothing else knows: whoever needs to is told a
// number or a flag, and the simulator places every machine on one thread. Made once when a client starts, and never changed.
//
//   main        console, client, announce
//   download    one downloader a file, slots of the slab
//   peer-0 … n  sockets: dialed connections spread over all; the first `acceptors` also accept and serve
//   hash pool   piscina threads under `download`: verify and write; a second pool for `share` and checks, while they run

import { HASH_THREADS_MAX, PEER_THREADS_MAX, PEER_THREADS_MEASURED_MAX, SLAB_SLOTS } from '../base/limits.js';

export const PEER_THREAD = new URL('../../bundle/peer.cjs', import.meta.url);
export const DOWNLOAD_THREAD = new URL('../../bundle/download.cjs', import.meta.url);

export interface Placement {
  readonly peerThreads: number;
  /** Somebody named the number; else it is that of the cores. */
  readonly isForced: boolean;
  /** The peer threads 0 … acceptors - 1 accept connections and serve. */
  readonly acceptors: number;
  readonly hashThreads: number;
  readonly slots: number;
}

/** @param forced peer threads, whatever the machine has. */
export function placementFor(cores: number, forced: number | undefined): Placement {
  const measured = between(1, Math.floor(cores / 2), PEER_THREADS_MEASURED_MAX);
  return {
    peerThreads: forced === undefined ? measured : between(1, forced, PEER_THREADS_MAX),
    isForced: forced !== undefined,
    acceptors: 1,
    hashThreads: between(1, cores, HASH_THREADS_MAX),
    slots: SLAB_SLOTS,
  };
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
