// The limits of the client, each with its unit and its reason.

import { MIB } from '../foundation/base/limits.js';

/** Milliseconds that a question to another thread waits for its answers. */
export const ASK_DEADLINE_MS = 10_000;
/** Slots on a machine with little memory: enough for eight peers with WINDOW_PIECES_MIN each. */
export const SLAB_SLOTS_MIN = 16;
/**
 * Mebibytes of a peer thread's young generation. Garbage there keeps the 64 KiB buffer of each read alive: with V8's
 * default a flood leaves 45 MiB behind for good. Measured: no slower with this.
 */
export const PEER_YOUNG_HEAP_MIB = 6;
/** The same for the download thread, whose messages are as short-lived. Saves 30 MiB after 6 GiB received. */
export const DOWNLOAD_YOUNG_HEAP_MIB = 6;
/** Free ports that a client tries to listen on. Another program may take each between finding and listening. */
export const FREE_PORTS_MAX = 3;
/** Peer threads chosen by the number of cores: half of them. One moves about 1 GB/s, so four fill 25 Gbit/s. */
export const PEER_THREADS_MEASURED_MAX = 4;
/** Payload, in slots and upload buffers together, may fill this fraction of the memory. 300 MiB hold all of it. */
export const PAYLOAD_MEMORY_DIVISOR = 4;
/** The peer threads may fill this fraction of the memory, and so may the hash threads. */
export const THREADS_MEMORY_DIVISOR = 8;
/** The same of the descriptors that a process has for more than its bare needs; files and sockets get what is left. */
export const THREADS_OPEN_FILES_DIVISOR = 4;
/** Bytes that a thread needs for heap, code and stack (measured: 9 to 15 MiB). */
export const THREAD_MEMORY_BYTES = 16 * MIB;
/**
 * Milliseconds that idle threads of the pool for shares and checks are kept: the next share of a batch comes sooner.
 */
export const HASH_POOL_IDLE_MS = 5_000;
/** Times that the failover from one tracker to the other is told, and its return one time less. */
export const FAILOVERS_TOLD_MAX = 3;
/** Milliseconds without one after which it is news again. */
export const FAILOVERS_FORGET_MS = 600_000;
/** Reasons of refusals that are remembered so that they are told once. A tracker has a handful of them. */
export const TRACKER_REFUSALS_TOLD_MAX = 64;
/** Files in one client's library. */
export const LIBRARY_FILES_MAX = 20_000;
/** Milliseconds in which a pair that no file names any more still hears its withdrawals: two tries at each tracker. */
export const RETIRED_PAIR_MS = 10_000;
/** Names that one entry remembers: .mtorrent files and copies. A nightly build that never changes keeps a month. */
export const ENTRY_NAMES_MAX = 32;
/** Descriptors below which a client may run out of them: everything that it can need at once takes some 1,000. */
export const OPEN_FILES_FEW = 1_024;
/** Files of one mount that are checked in parallel: the system has four threads for all disks, and a mount may hang. */
export const CHECKS_A_MOUNT_MAX = 2;
/** Bytes of library.json: 20,000 entries of about 3 KiB. */
export const LIBRARY_BYTES_MAX = 64 * MIB;
/** Bytes of the library's journal: one with all its history is about four times a library.json, doubled. */
export const JOURNAL_BYTES_MAX = 512 * MIB;
/** Entries in one line of a journal that is written anew: some 100 KiB. */
export const JOURNAL_BATCH_MAX = 256;
/**
 * The journal is written anew when the changes behind it are this many times as long as it was when it was last written
 * anew, so that all rewriting together costs half of what was appended.
 */
export const JOURNAL_HISTORY_TIMES = 2;
/** Bytes of changes for which a short journal is not written anew: a quick start reads them in milliseconds. */
export const JOURNAL_HISTORY_BYTES_MIN = MIB;
/** Milliseconds between two looks for what may recover: a full disk, a missing shared file. */
export const LOOK_AGAIN_MS = 5_000;
/**
 * Looks at large folders that are one: 100,000 files are seen within five minutes as before, and a thread with 12 MiB
 * is there for a quarter of the time instead of all of it.
 */
export const LOOKS_TOGETHER = 8;
/** Milliseconds between two tries of what its disk keeps failing: pauses double from LOOK_AGAIN_MS up to this. */
export const RETRY_PAUSE_MS_MAX = 300_000;
/** Milliseconds without a failure after which a new one counts as the first: three of the longest pauses. */
export const RETRY_FORGET_MS = 3 * RETRY_PAUSE_MS_MAX;
/** Failures up to which the return of a file is told: one that fails every time after that stays told as failed. */
export const RETRIES_TOLD_MAX = 3;
/** Inodes that a download needs free: its `.part`, and its second name at the end. */
export const INODES_NEEDED = 2;
/** Bytes that the state directory needs free for a download's record and the library: some copies of 64 KiB each. */
export const STATE_ROOM_BYTES = MIB;
/** Milliseconds that a look waits for a mount: long for any disk that works, also on a machine that is overloaded. */
export const MOUNT_DEADLINE_MS = 10_000;
/** Shared files in one look: 256 take about 10 ms of disk time, and 1,000 shares are seen every 20 s. */
export const SOURCES_A_LOOK_MAX = 256;
/** Pieces that a verification hashes at once: 4 × 512 KiB take about 2 ms. */
export const VERIFY_RANGE_PIECES = 4;
/**
 * While payload moves, a verification rests this many times as long as it worked: it takes 1/20 of one core and of the
 * disk, so that even on one core transfers keep more than nine tenths of their rate.
 */
export const VERIFY_REST = 19;
/** Milliseconds after a report of moving payload in which it counts as moving. Reports come four times a second. */
export const VERIFY_BUSY_MS = 1_000;
/** How often the doctor looks at running downloads, and the milliseconds between: one second in all. */
export const DOCTOR_LOOKS = 10;
export const DOCTOR_LOOK_MS = 100;
/** Swarms whose trackers the doctor dials: a connection to each tracker, all at once. */
export const DOCTOR_PAIRS_MAX = 8;
/** Files with a problem that the doctor names: more would hide the other findings. */
export const DOCTOR_TROUBLES_MAX = 16;
/** Notices about other clients that have this one's address or identity: a tracker that lies cannot fill a screen. */
export const BESIDE_TOLD_MAX = 32;
/** Milliseconds between two looks whether this machine still has the client's address: one question to the system. */
export const ADDRESS_LOOK_MS = 5_000;
/** Changed files that a sentence names: more of them would not fit a terminal. */
export const CHANGED_NAMED_MAX = 10;
/** The same of files of a folder that is in the way of a download, with what is wrong with each. */
export const TAKEN_NAMED_MAX = 3;
/** Characters of each: ten of them and the sentence are below the bound of a sentence. */
export const CHANGED_NAME_CHARACTERS_MAX = 64;
/** Questions of readers that wait for a piece: each is one program that reads one download in order. */
export const READERS_MAX = 16;

// --- files whose bytes are used again (docs/decisions/046) ---

/** Files below them that are looked at: as many as a folder may have. */
export const REUSE_FILES_MAX = 262_144;
/** Bytes up to which a file may be a packed one of a folder, and is hashed as a whole: as `share` lays folders out. */
export const REUSE_SMALL_BYTES = 4 * 1_024 * 1_024;
/**
 * Shares of another client's library that one download looks at, the newest first, and the bytes of their .mtorrent
 * files together, 40 a piece: some 0.7 TiB. Both take about half a second.
 */
export const REUSE_LIBRARY_SHARES_MAX = 4_096;
export const REUSE_LIBRARY_BYTES_MAX = 64 * MIB;
/** Digests of a library that are looked at in one go: some 20 ms of the main thread. */
export const REUSE_DIGESTS_AT_ONCE = 1_000_000;
/** Files that are hashed at once: the system reads four at a time, and each has at most REUSE_SMALL_BYTES in memory. */
export const REUSE_FILES_AT_ONCE = 8;

/** Bytes of a file in which a member keeps its card or the bans it knows: 16,384 rows of some 60 bytes. */
export const MEMBER_FILE_BYTES_MAX = 2 * 1024 * 1024;
/** Such files read at once: there are two, and one more for each process that is ended while it saves. */
export const MEMBER_FILES_MAX = 64;
/** Looks at a directory whose files other processes replace meanwhile: each save takes a flush to the disk. */
export const MEMBER_READ_TRIES_MAX = 16;
/** Milliseconds before a client looks whether its card is renewed: a tracker has had time to say what time it is. */
export const CARD_LOOK_FIRST_MS = 60_000;
/** Milliseconds between two such looks: its user hears of it once a day. */
export const CARD_LOOK_MS = 24 * 3_600_000;
/** Milliseconds for which a rate counts as held: eight reports, so that what buffers swallow at first is no rate. */
export const RATE_HELD_MS = 2_000;
