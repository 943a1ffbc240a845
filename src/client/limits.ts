// The bounds of the client, each with its unit in its name and its reason beside it.

import { MIB } from '../foundation/base/limits.js';

/** Milliseconds an `ask` at the edges waits unless told otherwise. */
export const ASK_DEADLINE_MS = 10_000;
/** And on a machine of little memory at least: eight peers with WINDOW_PIECES_MIN each. */
export const SLAB_SLOTS_MIN = 16;
/** Mebibytes of a peer thread's heap for what lives shortly, which keep alive the 64 KiB of each read as well: with as many as V8 likes a
 * flood of garbage leaves 45 MiB behind that do not come back. Measured: no slower with these. */
export const PEER_YOUNG_HEAP_MIB = 6;
/** The same of the download thread, whose messages live as shortly: it and two hash threads hold 30 MiB less after 6 GiB. */
export const DOWNLOAD_YOUNG_HEAP_MIB = 6;
/** Free ports that a client tries to listen on: each may be taken in the moment between its claim and that. */
export const FREE_PORTS_MAX = 3;
/** Peer threads that the number of cores gives: half of them for sockets, and one moves about 1 GB/s, so four fill 25 Gbit/s. */
export const PEER_THREADS_MEASURED_MAX = 4;
/** Part of the memory that payload may fill, in slots and upload buffers together: a quarter. 300 MiB are room for all of it. */
export const PAYLOAD_MEMORY_DIVISOR = 4;
/** Part of the memory that the peer threads may fill, and the hash threads once more: an eighth each. */
export const THREADS_MEMORY_DIVISOR = 8;
/** Bytes that a thread costs with its heap, its code and its stack, at most (measured: 9 to 15 MiB). */
export const THREAD_MEMORY_BYTES = 16 * MIB;
/** Milliseconds that the threads of a client's pool for shares and checks stay without a job: a batch of shares comes faster. */
export const HASH_POOL_IDLE_MS = 5_000;
/** Reasons of refusals that people were told and are not told again: a tracker has a handful, with an address or a number in it. */
export const TRACKER_REFUSALS_TOLD_MAX = 64;
/** Files in one client's library. */
export const LIBRARY_FILES_MAX = 20_000;
/** Files of the library that are looked at together at start: a few reads in parallel, few descriptors. */
export const CHECKS_MAX = 16;
/** Bytes of the library file: 20,000 entries of about 1 KiB, doubled. */
export const LIBRARY_BYTES_MAX = 64 * MIB;
/** Milliseconds between two looks at what may come back by itself: room on a full disk, a shared file that was gone. */
export const LOOK_AGAIN_MS = 5_000;
/** Shared files a look goes through: 256 take some 10 ms of the disk's time; 1,000 shares are seen every 20 s. */
export const SOURCES_A_LOOK_MAX = 256;
/** Pieces that a verification hashes at once: 4 × 512 KiB are some 2 ms, which nobody notices. */
export const VERIFY_RANGE_PIECES = 4;
/** How many times as long as it worked a verification rests while payload moves: it takes 1/20 of one core and of the disk, so that
 * even on one core the other work keeps more than nine tenths of its rate. */
export const VERIFY_REST = 19;
/** Milliseconds after the last word of moving payload, of which there are four a second, that it counts as moving. */
export const VERIFY_BUSY_MS = 1_000;
/** Looks at the running downloads, and milliseconds between them: a second in all. */
export const DOCTOR_LOOKS = 10;
export const DOCTOR_LOOK_MS = 100;
/** Tracker pairs that a doctor looks at: two dials each, all at once. */
export const DOCTOR_PAIRS_MAX = 8;
/** Files with something wrong that a doctor names: more would hide the rest. */
export const DOCTOR_TROUBLES_MAX = 16;
