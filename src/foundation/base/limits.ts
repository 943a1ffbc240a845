// The bounds that several rooms share, each with its unit in its name and its reason beside it; each room has its own
// `limits.ts`. A queue without a bound here, or a wait without a deadline here, is a defect. Nothing is read from the
// environment in this file.

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

// --- metainfo ---

/** Bytes of one piece: the owner's 512 KB, 2^19. */
export const PIECE_SIZE = 512 * KIB;
/** Bytes of one SHA-1 digest. */
export const DIGEST_SIZE = 20;
/** Pieces of one file: 4 TiB at 512 KiB; its digests are 160 MiB, the most one file may cost in memory. */
export const PIECES_MAX = 8_388_608;
/** Bytes of a file name in UTF-8: what ext4, xfs, btrfs and NTFS take. */
export const NAME_BYTES_MAX = 255;
/** Bytes of one header line of a `.mtorrent` (address, name, size): name limit times four, rounded up. */
export const METAINFO_LINE_BYTES_MAX = KIB;
/** Further `key: value` lines kept from a `.mtorrent`. */
export const METAINFO_EXTRA_LINES_MAX = 64;
/** Bytes of all lines behind the piece hashes: the largest list of a folder, and the further lines behind it. */
export const LIST_BYTES_MAX = 65 * MIB;
/** Characters of a link: two host names, a name of 255 bytes of three characters each, and 120 for the numbers. */
export const LINK_BYTES_MAX = 2 * KIB;
/** Bytes read from or written to a `.mtorrent` at once: the bounded buffer beside the digests. */
export const METAINFO_IO_BYTES = 64 * KIB;
/** Bytes of one SHA-256. */
export const SHA256_SIZE = 32;

// --- frames ---

/** Bytes of a socket frame before hello: a hello is under 300 bytes; 4 KiB leaves room for a token. */
export const FRAME_BYTES_BEFORE_HELLO_MAX = 4 * KIB;
/** Bytes of a socket frame after hello: a 32 KiB part of a bitfield or piece hashes, doubled. */
export const FRAME_BYTES_MAX = 64 * KIB;
/** Bytes of a list of features: its version and 255 features need 256; the first release takes 512. */
export const FEATURES_BYTES_MAX = 512;
/** Bytes of a part of a bitfield or of a piece hashes in one frame. */
export const PART_BYTES_MAX = 32 * KIB;
/** Ranges in one `have`: two numbers each, so half of FRAME_ITEMS_MAX is never reached. */
export const HAVE_RANGES_MAX = 1_024;

// --- actors ---

/** Milliseconds a child gets to stop before it is terminated. */
export const STOP_DEADLINE_MS = 3_000;
/** Restarts of one child within RESTART_PERIOD_MS before its supervisor gives up (OTP's intensity and period). */
export const RESTARTS_MAX = 3;
export const RESTART_PERIOD_MS = 30_000;

// --- transfer ---

/** Slots of the slab: 96 × 512 KiB = 48 MiB, the most payload a client holds in memory for all its downloads. */
export const SLAB_SLOTS = 96;
/**
 * Pieces that one request may ask for, one behind the other: 512 requests a gigabyte instead of 2,048
 * (docs/decisions/022). With 8 a run would fill half of a window.
 */
export const RUN_PIECES_MAX = 4;
export const RUN_BYTES_MAX = RUN_PIECES_MAX * PIECE_SIZE;
/** Peers dialed for one download. */
export const PEERS_PER_DOWNLOAD_MAX = 40;
/** Accepted peer connections of one client. */
export const UPLOAD_CONNECTIONS_MAX = 200;
/** Milliseconds from TCP connection to a valid hello. libtorrent takes 10 s; a private network is nearer. */
export const HELLO_DEADLINE_MS = 5_000;
/** Milliseconds from the first byte of a frame to its last. */
export const FRAME_DEADLINE_MS = 15_000;
export const REQUEST_PATIENCE_MAX_MS = 600_000;
/**
 * Requests one peer may have waiting here: four times our widest window, and as many small blocks as we ask of one peer
 * under a download limit; more is a flood and drops the peer.
 */
export const UPLOAD_REQUESTS_PER_PEER_MAX = 64;
/** Upload buffers of a client: 24 × 512 KiB = 12 MiB keeps 4 reads and 20 writes going. */
export const UPLOAD_BUFFERS = 24;
/**
 * Bytes of an upload buffer for when the large ones are all in sockets that are not read: what one write takes well.
 */
export const UPLOAD_SMALL_BYTES = 64 * 1024;
/**
 * Of those: one for each connection, and some for connections that are just being ended. 13 MiB, of which a client
 * makes few unless many of its peers hardly read.
 */
export const UPLOAD_SMALL_BUFFERS = UPLOAD_CONNECTIONS_MAX + 16;
/** Bytes of all upload buffers: memory that every thread sees, touched only as far as it is needed. */
export const UPLOAD_MEMORY_BYTES = UPLOAD_BUFFERS * PIECE_SIZE + UPLOAD_SMALL_BUFFERS * UPLOAD_SMALL_BYTES;
/**
 * Milliseconds that another client of this machine may take from claiming a port to listening on it: as long as a
 * thread takes to start on a busy machine.
 */
export const PORT_CLAIM_DEADLINE_MS = 10_000;
/** Milliseconds between two looks whether it has done so. */
export const PORT_CLAIM_LOOK_MS = 20;
/** Free ports that are claimed one after the other: each may be what another client claims in the same moment. */
export const PORT_CLAIM_TRIES_MAX = 8;
/** Files that a client has open besides sockets and served files: log, state, threads, parts of downloads. */
export const OPEN_FILES_BASE = 96;
/**
 * Shared files that a client holds open; the others are opened when somebody asks. A soft limit of 1,024 holds it
 * easily. Threads that serve have equal parts of it: 8 with 16 of them, which is more than are read at a time.
 */
export const UPLOAD_FILES_OPEN_MAX = 128;
/** Milliseconds that bytes already written get to leave a closing connection. */
export const LINGER_MS = 5_000;
/** Milliseconds between two reports of a download's progress to the main thread. */
export const PROGRESS_MS = 250;

// --- rate limits ---

/** Milliseconds of its rate that an idle limit saves up: a late timer or a busy loop costs nothing of it. */
export const RATE_BURST_MS = 250;
/**
 * Milliseconds of its rate that pass at once under a limit: 20 steps a second are even enough to measure, and cheap.
 */
export const RATE_STEP_MS = 50;
/** Bytes of the smallest block that a limit asks for or sends at once: BEP 3's usual 16 KiB. */
export const BLOCK_BYTES_MIN = 16 * KIB;

// --- log ---

/** Milliseconds between two log lines about one source of the same trouble. */
export const COMPLAINT_MS = 60_000;
/** Sources that are told apart: a line each a minute is 17 a second at the most. */
export const COMPLAINT_SOURCES_MAX = 1_024;

// --- locks ---

/** Bytes that the holder of a lock says of itself: a pid, a host name, and the names of a boot and a namespace. */
export const LOCK_ANSWER_BYTES_MAX = 256;
/** Milliseconds that it gets for that; one that stands still is named by what it wrote before. */
export const LOCK_ANSWER_DEADLINE_MS = 500;
/**
 * Looks at a directory's lock by one that finds it free and is overtaken: each time by another one that holds it then.
 */
export const LOCK_TRIES_MAX = 16;

// --- threads ---

/**
 * Peer threads of a client at most, however many were asked for: each has a heap, buffers and a link to the download
 * thread.
 */
export const PEER_THREADS_MAX = 16;
/** Trackers that a client knows of one swarm: enough for some sites, and each is dialed in turn when none answers. */
export const TRACKERS_MAX = 16;
/** Groups of a container around each other that are looked at for limits: four is usual. */
export const GROUP_LEVELS_MAX = 64;

// --- hash pool ---

/** Threads of the hash pool. SHA-1 runs at 1.8 GB/s a core, so 8 keep up with a 100 Gbit/s link. */
export const HASH_THREADS_MAX = 8;
/** Pieces in one task that hashes or checks a local file: 64 × 512 KiB = 32 MiB, some 20 ms of work. */
export const HASH_RANGE_PIECES = 64;

// --- tracker ---

/** Milliseconds a tombstone is kept, and longer while the partner has not acknowledged it. */
export const TOMBSTONE_MS = 24 * 3_600_000;
/**
 * Milliseconds that the wall clock may differ from the time that passed before it counts as set: a time server does not
 * correct more unseen.
 */
export const CLOCK_STEP_MS = 60_000;
/** Seeders in one answer: a random sample beyond it. More than PEERS_PER_DOWNLOAD_MAX would not be dialed anyway. */
export const SEEDERS_PER_REPLY_MAX = 50;

// --- tracker pair ---

/**
 * Milliseconds after its start that a tracker waits for its partner before it answers its first list: below the 5 s
 * after which a client asks the other one.
 */
export const REPLICA_WAIT_MS = 2_000;

// --- announce (the client's side of the tracker pair) ---

/** Milliseconds for a tracker that lives to answer a request before the other one is asked: its disk may hang. */
export const TRACKER_REPLY_DEADLINE_MS = 5_000;
/**
 * Starts of one client id. A tracker that knows of this one, or a later one, has heard it from somebody else, since no
 * client starts so often; the ones above are left for the words of the last start.
 */
export const CLIENT_EPOCH_MAX = 0xffff_0000;

// --- client ---

/** Downloads running at once; further ones wait in line. Each needs at least two slots of the slab. */
export const DOWNLOADS_RUNNING_MAX = 32;
/** Bytes kept free on the disk beyond what running downloads still need: 16 MiB for logs and state. */
export const DISK_RESERVE_BYTES = 16 * MIB;
/** A disk keeps this part of itself free without a setting: 2 MiB of 64, and the full reserve from 512 MiB on. */
export const DISK_RESERVE_DIVISOR = 32;
/** No more stays free than this many times what a file needs: a small file hardly changes how full a disk is. */
export const DISK_RESERVE_TIMES = 16;
/** Milliseconds for a graceful quit before everything is ended. */
export const QUIT_DEADLINE_MS = 5_000;

// --- sentences for people ---

/** Bytes of a path in a sentence, which has 1,000 on the wire: what is wrong with the path has room behind it. */
export const SHOWN_PATH_BYTES_MAX = 600;

// --- the socket of a background client ---

/** Bytes of its path: `sun_path` of Linux holds 108 with the zero behind it (macOS: 104). */
export const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

// --- api and console ---

/** Milliseconds between two looks at a download by anyone who follows it: as often as it reports progress. */
export const DOWNLOAD_LOOK_MS = 250;
/** Milliseconds that one timer can wait: longer waits are several. */
export const TIMER_MAX_MS = 0x7fff_ffff;

// --- demo ---

export const DEMO_SEEDERS_MAX = 16;
/** Bytes of log lines that wait for whoever reads this process's stdout: as many as a pipe of Linux holds. */
export const LOG_UNREAD_BYTES_MAX = 64 * KIB;
/** Threads of the system for disks and names: libuv's own four are taken by two shares of a disk that hangs. */
export const SYSTEM_THREADS = 16;
/** Milliseconds that a process which has ended waits for calls to its disks: one that is only busy answers by then. */
export const HUNG_END_MS = 10_000;
/** Milliseconds that a thread gets to end by force; one that a disk holds never does. */
export const FORCED_END_MS = 1_000;
/** Milliseconds that a process which a signal ended waits for its output to be read; a working reader takes fewer. */
export const UNREAD_OUTPUT_MS = 1_000;
/** Files and folders that one `get --reuse` may name: a command line. */
export const REUSE_PATHS_MAX = 64;
