// Decides which actor runs on which thread, and how many threads there are: once at start, and for good. Pure.
//
//   main        console, client, announce
//   download    one downloader a file, slots of the slab
//   peer-0 … n  all dial; the first `acceptors` also accept; peer-0 schedules uploads
//   hash pool   under `download`; a second pool for shares and checks

import { PROCESS_DESCRIPTORS, THREAD_DESCRIPTORS } from '../../foundation/actor/limits.js';
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
  THREADS_OPEN_FILES_DIVISOR,
} from '../limits.js';

/** The peer thread that schedules all uploads. It always accepts. */
export const DECIDER = 0;

/** What a client may use. */
export interface Room {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Several threads may listen on one port. */
  readonly sharesPorts: boolean;
  /** Files and sockets that may be open at once. */
  readonly openFiles: number;
}

export interface Placement {
  readonly peerThreads: number;
  /** The number was set by the user; otherwise it comes from cores and memory. */
  readonly isForced: boolean;
  /** The peer threads 0 … acceptors - 1 accept connections and serve. */
  readonly acceptors: number;
  readonly hashThreads: number;
  readonly slots: number;
}

/** @param forced the number of peer threads, whatever the machine has. */
export function placementFor(room: Room, forced: number | undefined): Placement {
  const { cores, memoryBytes, sharesPorts, openFiles } = room;
  const inMemory = Math.floor(memoryBytes / THREADS_MEMORY_DIVISOR / THREAD_MEMORY_BYTES);
  const opened = Math.floor((openFiles - PROCESS_DESCRIPTORS) / THREADS_OPEN_FILES_DIVISOR / THREAD_DESCRIPTORS);
  const inRoom = Math.min(inMemory, opened);
  const payload = Math.floor((memoryBytes / PAYLOAD_MEMORY_DIVISOR - UPLOAD_MEMORY_BYTES) / PIECE_SIZE);
  const measured = between(1, Math.min(Math.floor(cores / 2), inRoom), PEER_THREADS_MEASURED_MAX);
  const peerThreads = forced === undefined ? measured : between(1, forced, PEER_THREADS_MAX);
  return {
    peerThreads,
    isForced: forced !== undefined,
    acceptors: sharesPorts ? peerThreads : 1,
    hashThreads: between(1, Math.min(cores, inRoom), HASH_THREADS_MAX),
    slots: between(SLAB_SLOTS_MIN, payload, SLAB_SLOTS),
  };
}

/** As `doctor` and `show stats` report it. */
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
