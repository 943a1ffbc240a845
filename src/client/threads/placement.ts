// Decides which actor runs on which thread, and how many threads there are. Nothing else knows: whoever needs to is told a
// number or a flag, and the simulator places every machine on one thread. Made once when a client starts, and never changed.
//
//   main        console, client, announce
//   download    one downloader a file, slots of the slab
//   peer-0 … n  sockets: dialed connections spread over all; the first `acceptors` also accept and serve, and peer-0 decides
//               about uploads
//   hash pool   piscina threads under `download`: verify and write; a second pool for `share` and checks, while they run

import {
  HASH_THREADS_MAX,
  PEER_THREADS_MAX,
  PIECE_SIZE,
  SLAB_SLOTS,
  UPLOAD_MEMORY_BYTES,
} from '../../foundation/base/limits.js';
import type { Machine } from '../../foundation/base/this-machine.js';
import type { ThreadsFact } from '../doctor/facts.js';
import {
  PAYLOAD_MEMORY_DIVISOR,
  PEER_THREADS_MEASURED_MAX,
  SLAB_SLOTS_MIN,
  THREAD_MEMORY_BYTES,
  THREADS_MEMORY_DIVISOR,
} from '../limits.js';

/** The peer thread that decides about uploads; it accepts in any case. */
export const DECIDER = 0;

/** What a client may use. */
export interface Room {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Several threads can listen on one port. */
  readonly sharesPorts: boolean;
}

export interface Placement {
  readonly peerThreads: number;
  /** Somebody named the number; else it comes from cores and memory. */
  readonly isForced: boolean;
  /** The peer threads 0 … acceptors - 1 accept connections and serve. */
  readonly acceptors: number;
  readonly hashThreads: number;
  readonly slots: number;
}

/** @param forced peer threads, whatever the machine has. */
export function placementFor({ cores, memoryBytes, sharesPorts }: Room, forced: number | undefined): Placement {
  const inMemory = Math.floor(memoryBytes / THREADS_MEMORY_DIVISOR / THREAD_MEMORY_BYTES);
  const payload = Math.floor((memoryBytes / PAYLOAD_MEMORY_DIVISOR - UPLOAD_MEMORY_BYTES) / PIECE_SIZE);
  const measured = between(1, Math.min(Math.floor(cores / 2), inMemory), PEER_THREADS_MEASURED_MAX);
  const peerThreads = forced === undefined ? measured : between(1, forced, PEER_THREADS_MAX);
  return {
    peerThreads,
    isForced: forced !== undefined,
    acceptors: sharesPorts ? peerThreads : 1,
    hashThreads: between(1, Math.min(cores, inMemory), HASH_THREADS_MAX),
    slots: between(SLAB_SLOTS_MIN, payload, SLAB_SLOTS),
  };
}

/** As people and programs are told of it. */
export function threadsFact(machine: Machine, placement: Placement): ThreadsFact {
  const { systemCores, cores, cpuQuota, memoryLimitBytes } = machine;
  const { peerThreads, isForced, acceptors, hashThreads, slots } = placement;
  return {
    ...{ systemCores, cores, cpuQuota, memoryLimitBytes },
    ...{ peerThreads, isForced, acceptors, hashThreads, slabBytes: slots * PIECE_SIZE },
  };
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
