// The one table that says which actor runs on which thread, and how many threads there are. Nothing else in the system
// depends on it: the simulator places every machine on one thread.
//
//   main        console, client, announce
//   download    one downloader a file, slots of the slab
//   peer-0 … n  sockets: dialed connections by number modulo n; peer-0 also accepts
//   hash pool   piscina threads under `download`: verify and write; a second pool for `share` and checks, while they run

import { HASH_THREADS_MAX, SLAB_SLOTS } from '../base/limits.js';

export const PEER_THREAD = new URL('../../bundle/peer.cjs', import.meta.url);
export const DOWNLOAD_THREAD = new URL('../../bundle/download.cjs', import.meta.url);

export interface Placement {
  readonly peerThreads: number;
  readonly hashThreads: number;
  readonly slots: number;
}

/** One peer thread moves about 1 GB/s; half of the cores for sockets, at most four. */
const PEER_THREADS_MAX = 4;

export function placementFor(cores: number): Placement {
  return {
    peerThreads: Math.max(1, Math.min(PEER_THREADS_MAX, Math.floor(cores / 2))),
    hashThreads: Math.max(1, Math.min(HASH_THREADS_MAX, cores)),
    slots: SLAB_SLOTS,
  };
}
