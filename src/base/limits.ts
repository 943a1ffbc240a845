// Every bound of the system, with its unit in its name and its reason beside it. A queue without a bound here, or a wait
// without a deadline here, is a defect. Nothing is read from the environment in this file.

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

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
/** Bytes read from or written to a `.mtorrent` at once: the bounded buffer beside the digests. */
export const METAINFO_IO_BYTES = 64 * KIB;
/** Bytes of one SHA-256. */
export const SHA256_SIZE = 32;
/** Bytes of a `.mtorrent`: PIECES_MAX digests in hex, and every other line at its longest. */
export const METAINFO_BYTES_MAX =
  PIECES_MAX * DIGEST_SIZE * 2 + (METAINFO_EXTRA_LINES_MAX + 6) * METAINFO_LINE_BYTES_MAX;
/** Bytes of a file's resume data: two bits a piece, and some hundred bytes around them. */
export const RESUME_BYTES_MAX = PIECES_MAX / 4 + KIB;

// --- frames ---

/** Bytes of a socket frame before hello: a hello is under 300 bytes; 4 KiB leaves room for a token. */
export const FRAME_BYTES_BEFORE_HELLO_MAX = 4 * KIB;
/** Bytes of a socket frame after hello: a 32 KiB part of a bitfield or hash string, doubled. */
export const FRAME_BYTES_MAX = 64 * KIB;
/** Bytes of a list of features: its version and 255 features need 256; the first release takes 512. */
export const FEATURES_BYTES_MAX = 512;
/** Nesting of arrays in a frame: our deepest message has 3. */
export const FRAME_DEPTH_MAX = 8;
/** Items (array members, counted over the whole frame): 4,096 numbers decode in well under a millisecond. */
export const FRAME_ITEMS_MAX = 4_096;
/** Bytes of a part of a bitfield or of a hash string in one frame. */
export const PART_BYTES_MAX = 32 * KIB;
/** Ranges in one `have`: two numbers each, so half of FRAME_ITEMS_MAX is never reached. */
export const HAVE_RANGES_MAX = 1_024;

// --- actors ---

/** Inputs waiting in one mailbox. The data path holds ≤ 2 a slot; 4,096 means something is broken, and the actor crashes. */
export const MAILBOX_MAX = 4_096;
/** Messages sent on a link and not yet handled by the receiver. 96 slots × 4 messages a piece, rounded up. */
export const LINK_CREDIT_MAX = 512;
/** Messages waiting at the sender for credit. Beyond it the sender is broken (it ignores `congested`). */
export const LINK_BACKLOG_MAX = 16_384;
/** Milliseconds a child gets to stop before it is terminated. */
export const STOP_DEADLINE_MS = 3_000;
/** Restarts of one child within RESTART_PERIOD_MS before its supervisor gives up (OTP's intensity and period). */
export const RESTARTS_MAX = 3;
export const RESTART_PERIOD_MS = 30_000;
/** Milliseconds an `ask` at the edges waits unless told otherwise. */
export const ASK_DEADLINE_MS = 10_000;
/** Milliseconds a thread has to say how it is doing; `show stats` goes without it otherwise. */
export const LOOK_DEADLINE_MS = 2_000;
/** Milliseconds a new thread has to say that it is ready. Loading takes 60 ms on an idle core; 15 s survives a swapping machine. */
export const THREAD_READY_DEADLINE_MS = 15_000;

// --- transfer ---

/** Milliseconds after which a peer that has nothing for us may lose its place to one that we do not know: ten pieces at 200 Mbit/s. */
export const PEER_PLACE_MIN_MS = 250;
/** Places given to others at one look: with four looks a second, half of a download's peers are new within two seconds. */
export const PLACES_GIVEN_AT_ONCE = 4;
/** Milliseconds between two places that slow peers give, at least (measured in virtual time: 1,500 as good as nothing, 500 and 250 the same). */
export const TURNOVER_MIN_MS = 500;
/** And at least this part of the time that they were given for: one place each 9 s after six minutes, each 90 s after an hour. */
export const TURNOVER_AGE_DIVISOR = 40;
/** Peers that serve us, of which one may stand out. */
export const TURNOVER_PEERS_MIN = 10;
/** Milliseconds in which a peer of which a request is withdrawn may be silent before the piece is asked of another: its answer waits
 * behind the block that is under way, of which we hear each PROGRESS_MS. */
export const RELIEF_ANSWER_MS = 1_000;
/** Slots of the slab: 96 × 512 KiB = 48 MiB, the most payload a client holds in memory for all its downloads. */
export const SLAB_SLOTS = 96;
/** And on a machine of little memory at least: eight peers with WINDOW_PIECES_MIN each. */
export const SLAB_SLOTS_MIN = 16;
/** Pieces asked from one peer at first: one in flight, one waiting, so the link never idles for a round trip. */
export const WINDOW_PIECES_MIN = 2;
/** Pieces asked from one peer at most: 16 × 512 KiB = 8 MiB covers 1 Gbit/s × 64 ms. */
export const WINDOW_PIECES_MAX = 16;
/** Pieces that one request may ask for, one behind the other: 512 requests a gigabyte instead of 2,048 (docs/decisions/022). With 8 a run
 * would fill half of a window. */
export const RUN_PIECES_MAX = 4;
export const RUN_BYTES_MAX = RUN_PIECES_MAX * PIECE_SIZE;
/** Milliseconds that a run takes at the rate of its peer, at most: two pieces from 26 MB/s on, four from 52. Others wait for their turn that long. */
export const RUN_MS = 40;
/** Peers that may hold the same piece requested in the endgame. */
export const ENDGAME_CLAIMS_MAX = 2;
/** Peers dialed for one download. */
export const PEERS_PER_DOWNLOAD_MAX = 40;
/**
 * Pieces that a connection ought to bring, where other downloads keep the client busy as well: to set one up costs both sides some 4 ms of
 * processor, which is two or three pieces (docs/decisions/023).
 */
export const PEER_PIECES_MIN = 16;
/** Connections that downloads beside each other begin with between them, however small their files are: two for each of eight. */
export const PEERS_BESIDE_OTHERS = 16;
/** Milliseconds after which a download that runs beside others may have as many connections once more: a slow peer has brought some pieces by then. */
export const PEER_SHARE_MS = 1_000;
/** Peers remembered for one download (address book): 40 connected, and in reserve what three lists of 50 bring and some that came to us. */
export const PEERS_KNOWN_MAX = 200;
/** Accepted peer connections of one client. */
export const UPLOAD_CONNECTIONS_MAX = 200;
/** Accepted peer connections from one address: several clients behind one NAT or on one host. */
export const UPLOAD_CONNECTIONS_PER_ADDRESS_MAX = 64;
/** Milliseconds from dial to TCP connection. */
export const CONNECT_DEADLINE_MS = 5_000;
/** Milliseconds from TCP connection to a valid hello. libtorrent takes 10 s; a private network is nearer. */
export const HELLO_DEADLINE_MS = 5_000;
/** Milliseconds from the first byte of a frame to its last. */
export const FRAME_DEADLINE_MS = 15_000;
/** Milliseconds without a byte of an outstanding request, or a word that it is in line, before the peer counts as snubbed and is dropped. */
export const REQUEST_DEADLINE_MS = 10_000;
/** Milliseconds that a claim may keep its slot while others could use it: one piece at 70 kbit/s; doubles each time. */
export const CLAIM_PATIENCE_MIN_MS = 60_000;
export const CLAIM_PATIENCE_MAX_MS = 600_000;
/** Milliseconds of silence before a keep-alive is sent / the peer counts as dead. */
export const KEEP_ALIVE_MS = 20_000;
export const PEER_DEAD_MS = 60_000;
/** Milliseconds before a peer that failed is dialed again; doubles each time. */
export const REDIAL_MIN_MS = 1_000;
export const REDIAL_MAX_MS = 60_000;
/** Requests one peer may have waiting here: four times our widest window, and as many small blocks as we ask of one peer under a download
 * limit; more is a flood and drops the peer. */
export const UPLOAD_REQUESTS_PER_PEER_MAX = 64;
/** Bytes read from disk and not yet taken by the socket of one peer: a run at least. */
export const UPLOAD_BYTES_PER_PEER_MAX = 2 * MIB;
/** Buffers that hold them: what 2 MiB fill in whole pieces. Small blocks must not take more of the pool than large ones. */
export const UPLOAD_BUFFERS_PER_PEER_MAX = 4;
/** Mebibytes of a peer thread's heap for what lives shortly, which keep alive the 64 KiB of each read as well: with as many as V8 likes a
 * flood of garbage leaves 45 MiB behind that do not come back. Measured: no slower with these. */
export const PEER_YOUNG_HEAP_MIB = 6;
/** The same of the download thread, whose messages live as shortly: it and two hash threads hold 30 MiB less after 6 GiB. */
export const DOWNLOAD_YOUNG_HEAP_MIB = 6;
/** Upload buffers of a client: 24 × 512 KiB = 12 MiB keeps 4 reads and 20 writes going. */
export const UPLOAD_BUFFERS = 24;
/** Bytes of an upload buffer for when the large ones are all in sockets that are not read: what one write takes well. */
export const UPLOAD_SMALL_BYTES = 64 * 1024;
/** Of those: one for each connection, and some for connections that are just being ended. 13 MiB, of which a client makes few
 * unless many of its peers hardly read. */
export const UPLOAD_SMALL_BUFFERS = UPLOAD_CONNECTIONS_MAX + 16;
/** Bytes of all upload buffers: memory that every thread sees, touched only as far as it is needed. */
export const UPLOAD_MEMORY_BYTES = UPLOAD_BUFFERS * PIECE_SIZE + UPLOAD_SMALL_BUFFERS * UPLOAD_SMALL_BYTES;
/** Blocks that a client keeps in line on its link, beyond what the link's length holds: one alone cannot fill a link while its
 * receiver has others to hear (in virtual time a crowd of 8 needs 1.35 × the least time with 1, 1.12 with 2, 1.03 with 4, 1.06 with 8). */
export const UPLOADS_QUEUED = 4;
/** Blocks on their way at most: 64 × 512 KiB fill 10 Gbit/s × 25 ms. */
export const UPLOADS_UNDER_WAY_MAX = 64;
/** Blocks sent to one peer and not confirmed: what two sockets' buffers hold in blocks of 16 KiB; more is a peer that does not confirm. */
export const UPLOADS_UNCONFIRMED_MAX = 1_024;
/** Milliseconds after which a block counts as late at least, and while nothing is known of the link: 512 KiB at 8 Mbit/s. */
export const UPLOAD_LATE_MIN_MS = 5;
export const UPLOAD_LATE_UNKNOWN_MS = 500;
/** Bytes by which one peer may be ahead of another of the same crowd because it asks for what nobody has yet: 16 pieces. */
export const UPLOAD_LEAD_BYTES_MAX = 8 * MIB;
/** Disk reads of a client for uploads under way together: libuv has 4 threads for a process. */
export const UPLOAD_READS_MAX = 4;
/** Milliseconds that a block may keep the other connections of its thread waiting: 512 KiB take 0.3 from memory and 1 from flash, and as
 * long again or more on a busy core, a run four times that; a disk that moves takes 8 and more. */
export const READ_HERE_MS_MAX = 5;
/** Reads in a row that must take longer: on full cores three of a hundred do because their thread waits for a core, three in a row hardly ever. */
export const READ_SLOW_ROW = 3;
/** Milliseconds after which one read is enough: a core is hardly waited for that long, a disk that has gone to sleep is. */
export const READ_STUCK_MS = 50;
/** Blocks that are read by the system's threads after that: one in 65 finds out whether it has changed. */
export const READ_AWAY_COUNT = 64;
/** Milliseconds that another client of this machine may take from claiming a port to listening on it: as long as a thread takes to
 * start on a busy machine. */
export const PORT_CLAIM_DEADLINE_MS = 10_000;
/** Milliseconds between two looks whether it has done so. */
export const PORT_CLAIM_LOOK_MS = 20;
/** Free ports that are claimed one after the other: each may be what another client claims in the same moment. */
export const PORT_CLAIM_TRIES_MAX = 8;
/** Free ports that a client tries to listen on: each may be taken in the moment between its claim and that. */
export const FREE_PORTS_MAX = 3;
/** Shared files that a client holds open; the others are opened when somebody asks. A soft limit of 1,024 holds it easily. Threads
 * that serve have equal parts of it: 8 with 16 of them, which is more than are read at a time. */
export const UPLOAD_FILES_OPEN_MAX = 128;
/** Milliseconds in which a peer must take one whole block that was written to its socket: 512 KiB at 70 kbit/s, a run of 2 MiB at 280. */
export const UPLOAD_STALL_MS = 60_000;
/** Milliseconds that bytes already written get to leave a closing connection. */
export const LINGER_MS = 5_000;
/** Milliseconds that the confirmation of a block waits for a request to go with, in one packet. The request comes
 * back from the download thread within one; a block of 512 KiB at 200 Mbit/s takes 21. */
export const CONFIRM_DELAY_MS = 4;
/** Milliseconds between two words of a connection's socket to its machine that payload moves: its clocks are of seconds. */
export const PAYLOAD_TOLD_MS = 100;
/** Milliseconds between two words of new pieces: the first is told at once, those that come meanwhile in one frame. Of a piece
 * that few have the crowd waits to hear (decision 009); the news of others can wait, and costs each peer a frame. */
export const HAVE_RARE_MS = 50;
export const HAVE_COMMON_MS = 100;
/** A piece is rare while less than one in so many of our peers has it. */
export const HAVE_RARE_DIVISOR = 4;
/** Bytes read at once while a frame header is expected; larger would swallow (and copy) the payload behind it. */
export const HEADER_READ_BYTES = 4 * KIB;
/** Milliseconds between two reports of a download's progress to the main thread. */
export const PROGRESS_MS = 250;
/** Milliseconds between two writes of a download's resume data when pieces come slowly. */
export const RESUME_SAVE_MS = 2_000;
/** When they come fast: after 64 pieces (32 MiB). A crash makes us fetch again what no record has, beside the slab. */
export const RESUME_SAVE_PIECES = 64;
/** But not more often than this, so at most half a second's pieces are fetched again: a write of the record costs a file and a
 * rename in the state directory. */
export const RESUME_SAVE_MIN_MS = 500;
/** Milliseconds between two flushes of a growing `.part`: the pieces of that time are hashed again after a crash. */
export const PART_SYNC_MS = 10_000;
/**
 * Milliseconds by which a `.part` may be younger than its resume data after a crash and still be what we left: the next
 * write of the record was at most 2 s away, a busy disk makes it some more. A younger one was changed by somebody else.
 */
export const PART_YOUNGER_MS = 60_000;

// --- rate limits ---

/** Bytes a second that a rate limit is at least; below it one block of BLOCK_BYTES_MIN takes longer than 16 s. */
export const RATE_MIN = KIB;
/** Bytes a second that a rate limit is at most: 1 TiB/s is more than any machine moves, and every product stays exact. */
export const RATE_MAX = 1024 * GIB;
/** Milliseconds of its rate that an idle limit saves up: a late timer or a busy loop costs nothing of it. */
export const RATE_BURST_MS = 250;
/** Milliseconds of its rate that pass at once under a limit: 20 steps a second are even enough to measure, and cheap. */
export const RATE_STEP_MS = 50;
/** Bytes of the smallest block that a limit asks for or sends at once: BEP 3's usual 16 KiB. */
export const BLOCK_BYTES_MIN = 16 * KIB;
/** Milliseconds after which a peer whose requests wait here for their turn is told that we live: below half of its deadline. */
export const IN_LINE_ALIVE_MS = 4_000;

/** Sources whose use of something is counted: an address and two numbers each. */
export const BUDGET_SOURCES_MAX = 16_384;

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
/** Looks at a directory's lock by one that finds it free and is overtaken: each time by another one that holds it then. */
export const LOCK_TRIES_MAX = 16;

// --- threads ---

/** Peer threads of a client at most, however many were asked for: each has a heap, buffers and a link to the download thread. */
export const PEER_THREADS_MAX = 16;
/** Peer threads that the number of cores gives: half of them for sockets, and one moves about 1 GB/s, so four fill 25 Gbit/s. */
export const PEER_THREADS_MEASURED_MAX = 4;
/** Groups of a container around each other that are looked at for limits: four is usual. */
export const GROUP_LEVELS_MAX = 64;
/** Part of the memory that payload may fill, in slots and upload buffers together: a quarter. 300 MiB are room for all of it. */
export const PAYLOAD_MEMORY_DIVISOR = 4;
/** Part of the memory that the peer threads may fill, and the hash threads once more: an eighth each. */
export const THREADS_MEMORY_DIVISOR = 8;
/** Bytes that a thread costs with its heap, its code and its stack, at most (measured: 9 to 15 MiB). */
export const THREAD_MEMORY_BYTES = 16 * MIB;
/** Bytes of memory below which a client is told to be short of it: 100 MiB are its code and heaps. */
export const MEMORY_LIMIT_LOW_BYTES = 192 * MIB;
/** Bytes of a function's bytecode that run before V8 looks whether to optimise it; 67,584 by itself (measured: decision 017). */
export const OPTIMIZE_BUDGET_BYTES = 1_000_000;

// --- hash pool ---

/** Milliseconds after which a thread of the hash pool counts as spinning: four tasks of 32 MiB may wait for it, from a disk of 0.5 MB/s. */
export const HASH_TASK_DEADLINE_MS = 300_000;
/** Looks at all tasks in that time: what is late is seen an eighth of it later at most. */
export const WATCHDOG_LOOKS = 8;
/** Threads of a client's pool that are kept, so that a download's first pieces wait for none: two verify and write
 * 1.4 GB/s (1.5 s of processor a gigabyte). */
export const HASH_THREADS_READY = 2;
/** Milliseconds after its start that a client opens the pool, if no download did before: a person takes longer to type the first command, and
 * the prompt does not wait for it. */
export const HASH_POOL_OPEN_MS = 500;
/** Milliseconds that pieces must have waited for those without a break before others are started: as long as that takes. */
export const HASH_BEHIND_MS = 100;
/** Hash threads that may die one after the other without having done a task: then none works on this machine. */
export const HASH_BIRTHS_FAILED_MAX = 8;
/** Threads of the hash pool. SHA-1 runs at 1.8 GB/s a core, so 8 keep up with a 100 Gbit/s link. */
export const HASH_THREADS_MAX = 8;
/** Pieces in one task that hashes or checks a local file: 64 × 512 KiB = 32 MiB, some 20 ms of work. */
export const HASH_RANGE_PIECES = 64;
/** Tasks handed to a pool thread at once: one running, one waiting, so that it never waits for the loop that feeds it
 * (measured: 2 instead of 1 gives 9 % when hashing and up to 30 % when verifying on busy cores). */
export const HASH_TASKS_PER_THREAD = 2;
/** Pieces in one task of verification: a busy pool saves three of four messages; a piece waits 3 ms longer at most. A run
 * is one task, so no less than RUN_PIECES_MAX. */
export const VERIFY_BATCH_MAX = 4;
/** Range tasks under way for each pool thread: one running, one waiting. */
export const HASH_RANGES_PER_THREAD = 2;
/** Bytes read from a file at once to hash them: they stay in the core's cache until they are hashed (measured on one core, into the
 * middle of a page: 64 KiB 1.22 GB/s, 128 KiB 1.27, 512 KiB 1.25). */
export const HASH_READ_BYTES = 128 * KIB;
/** Mebibytes of JavaScript heap of one pool thread: it holds one read buffer and some small frames. */
export const HASH_HEAP_MIB_MAX = 64;
/** Mebibytes of that for what lives shortly: frames, and nothing else. What it saves stands at DOWNLOAD_YOUNG_HEAP_MIB. */
export const HASH_YOUNG_HEAP_MIB = 3;
/** Times a task is tried: a second time, on another thread, when its thread died under it. */
export const HASH_TRIES_MAX = 2;
/** Milliseconds that the threads of a client's pool for shares and checks stay without a job: a batch of shares comes faster. */
export const HASH_POOL_IDLE_MS = 5_000;
/** Milliseconds that the other threads of a pool stay without a task: longer than a pause of a download whose peers come and go. */
export const HASH_THREAD_IDLE_MS = 10_000;
/** Tasks waiting in the pool: every slot once, and the ranges of a share. */
export const HASH_QUEUE_MAX = 256;

// --- tracker ---

/** Milliseconds a seeder stays listed without a word from it; Eureka's 90 s. */
export const LEASE_MS = 90_000;
/** Milliseconds between two heartbeats: three chances within a lease. */
export const RENEW_MS = 30_000;
/** Milliseconds a tomb stone is kept, and longer while the partner has not acknowledged it. */
export const TOMBSTONE_MS = 24 * 3_600_000;
/** Milliseconds a tomb stone is kept for a partner that does not come back: a disk is replaced within a week. */
export const TOMBSTONE_UNHEARD_MS = 7 * TOMBSTONE_MS;
/** Tomb stones kept so for it; beyond them the oldest are kept for TOMBSTONE_MS only. A quarter of TRACKER_RECORDS_MAX. */
export const TOMBSTONES_UNHEARD_MAX = 250_000;
/** Milliseconds that the wall clock may differ from the time that passed before it counts as set: a time server does not correct more unseen. */
export const CLOCK_STEP_MS = 60_000;
/** Milliseconds after a standstill before a word proves that its client is there: what was sent before it is read by then. */
export const STANDSTILL_DOUBT_MS = 10_000;
/** Seeders in one answer: a random sample beyond it. More than PEERS_PER_DOWNLOAD_MAX would not be dialed anyway. */
export const SEEDERS_PER_REPLY_MAX = 50;
/** Seeders of one swarm, swarms of the tracker, swarms of one client. */
export const SEEDERS_PER_SWARM_MAX = 20_000;
export const SWARMS_MAX = 200_000;
export const SWARMS_PER_CLIENT_MAX = 20_000;
/**
 * Connections of one tracker, and from one address (a whole cluster behind one NAT, a test host). When all places are taken, who
 * comes from an address with fewer takes one of the most crowded address.
 */
export const TRACKER_CONNECTIONS_MAX = 12_000;
export const TRACKER_CONNECTIONS_PER_ADDRESS_MAX = 11_000;
/** Requests of one connection that wait for their commit; beyond it the tracker stops reading from that socket. */
export const TRACKER_REQUESTS_PER_CONNECTION_MAX = 1_024;
/** Bytes a client may leave unread before the tracker drops it. */
export const TRACKER_UNREAD_BYTES_MAX = 4 * MIB;
/** Milliseconds without any frame before the tracker closes a connection: three missed heartbeats. */
export const TRACKER_IDLE_MS = 100_000;
/** Changes in one commit of the store: about 10 ms of SQLite work. */
export const STORE_GROUP_MAX = 2_048;
/** Changes that one asker or one clean-up may commit together. A frame of the partner makes 642 at most. */
export const STORE_COMMIT_CHANGES_MAX = STORE_GROUP_MAX;
/** Changes in one commit, of which each may be a frame: half of what the link to the store carries. A share is up to four. */
export const STORE_GROUP_CHANGES_MAX = 8_192;
/**
 * Milliseconds from the beginning of one commit to that of the next while as many as STORE_BUSY_ASKERS connections ask in that time:
 * a fifth of the 50 ms in which 99 of 100 announces are answered. 2,000 announces a second are then 20 in a commit instead of 1.
 */
export const STORE_PACE_MS = 10;
export const STORE_BUSY_ASKERS = 8;
/** Changes that wait for the store; beyond it listeners stop reading. */
export const STORE_BACKLOG_MAX = 65_536;
/** Changes that wait for the store above which further ones are refused: each connection may be one over STORE_BACKLOG_MAX, and new
 * connections may go on coming while a disk hangs. */
export const STORE_BACKLOG_REFUSED = 2 * STORE_BACKLOG_MAX;
/** Changes in one frame to or from the store's thread. */
export const STORE_FRAME_CHANGES_MAX = 256;
/** What a 32 KiB part of a hash string counts for where small requests count 1: 1,024 of those hold about as many bytes as 16 parts. */
export const STORE_PART_WEIGHT = 64;
/** KiB of the seeder list that SQLite keeps in memory: 200,000 records take 26 MB, and a commit touches them at random. */
export const STORE_CACHE_KIB = 64 * KIB;
/** Pages (4 KiB) of the store's log before it moves into the file: at 1,000 pages every second full commit would. */
export const STORE_LOG_PAGES = 8_000;
/** Bytes kept on the disk beside the seeder list, so that removals can be written when it is full: some 250 pages of log. */
export const STORE_BALLAST_BYTES = MIB;
/** Milliseconds that a tracker waits for the lock on its list: another one that is refused as well lets go of it at once. */
export const STORE_LOCK_BUSY_MS = 500;
/** Bytes of the log beside the list above which something keeps it from moving into the file: four times STORE_LOG_PAGES. */
export const STORE_LOG_ALARM_BYTES = 128 * MIB;
/** Milliseconds between two looks at its size, and between two warnings. */
export const STORE_LOG_LOOK_MS = 10_000;
/** Milliseconds the store waits for a lock that a reader or another tool holds on its file. */
export const STORE_BUSY_MS = 2_000;
/** Records of all clients, tomb stones with them: some 300 bytes each, 300 MB at the most. */
export const TRACKER_RECORDS_MAX = 1_000_000;
/**
 * New records that one address may cause within TOMBSTONE_MS: half of all, so that none alone fills the tracker. A network of 2,000
 * machines behind one address has 250 files each.
 */
export const TRACKER_RECORDS_PER_ADDRESS_MAX = 500_000;
/** Words in that time that remove what is unknown here, which leave records as well: a client says them of what only the partner knows. */
export const TRACKER_UNKNOWN_WORDS_PER_ADDRESS_MAX = 100_000;
/** Hash strings on their way to one tracker together: 256 × 160 MiB is the most that unfinished ones take on its disk. */
export const TRACKER_UPLOADS_MAX = 256;
/** Of those from one address. */
export const TRACKER_UPLOADS_PER_ADDRESS_MAX = 64;
/** Milliseconds that a hash string may take, and bytes a second that it must come with beyond them: 160 MiB get 44 minutes. */
export const TRACKER_UPLOAD_MIN_MS = 60_000;
export const TRACKER_UPLOAD_BYTES_PER_S = 64 * KIB;
/** Bytes of the hash strings of one client, 40 a MiB that it shares: those of 50 TiB. */
export const TRACKER_HASH_BYTES_PER_CLIENT_MAX = 2 * GIB;
/** Bytes of hash strings that one address may send within TOMBSTONE_MS. */
export const TRACKER_HASH_BYTES_PER_ADDRESS_MAX = 16 * GIB;
/** Bytes of all hash strings that a tracker keeps: those of 1.6 PiB. */
export const TRACKER_HASH_BYTES_MAX = 64 * GIB;
/** Milliseconds between two looks at leases and idle connections: how late either may end. */
export const TRACKER_TICK_MS = 1_000;
/** Entries that lapse or are forgotten in one step of a clean-up: half of a commit, so that requests never wait for a big one. */
export const TRACKER_FORGET_MAX = 1_024;
/** Milliseconds between two steps: 20,000 entries a second, so that a full list (TRACKER_RECORDS_MAX) takes less than a minute. */
export const TRACKER_CLEAN_UP_PACE_MS = 50;
/** Milliseconds for whoever is at a client's address to say hello to the tracker: below the 5 s that a client waits for an answer. */
export const DIAL_BACK_DEADLINE_MS = 2_000;
/** Dial-backs under way together: a hundred sockets are nothing for a tracker, and no use to an attacker. */
export const DIAL_BACKS_MAX = 64;
/** Of them because of clients of one host: others still get their turn. */
export const DIAL_BACKS_PER_SOURCE_MAX = 4;
/** Of them in one DIAL_BACK_PERIOD_MS: a host that means harm makes a tracker dial it twice a second at most, some 100 bytes each. */
export const DIAL_BACKS_PER_PERIOD_MAX = 120;
export const DIAL_BACK_PERIOD_MS = 60_000;
/** Milliseconds that what a dial-back found is believed: a client that is refused asks again each 30 s, with all its files. */
export const DIAL_BACK_VERDICT_MS = 60_000;
/** Milliseconds that an address is promised to a client whose entry is still on its way to the disk: as long as a client waits for an answer. */
export const CLAIM_PROMISED_MS = 5_000;
/** Verdicts that are remembered, and hosts whose dial-backs are counted; the oldest goes first. 100 bytes each. */
export const DIAL_BACK_VERDICTS_MAX = 16_384;
/** Bytes of the statistics in one reply: some forty numbers as JSON, times eight. */
export const TRACKER_STATS_BYTES_MAX = 8 * KIB;
/** Connections that wait to be accepted: a whole fleet that reconnects at once. The kernel caps it at somaxconn. */
export const TRACKER_LISTEN_BACKLOG = 4_096;

// --- tracker pair ---

/** Milliseconds between two beats on a connection between trackers: leases and news are never staler than that. */
export const PAIR_BEAT_MS = 1_000;
/** Milliseconds of silence after which the partner counts as away: three missed beats. */
export const PAIR_DEAD_MS = 3_000;
/** Milliseconds before the partner is dialed again; doubles each time. A restarted one is found within the first. */
export const PAIR_RETRY_MIN_MS = 200;
export const PAIR_RETRY_MAX_MS = 5_000;
/** Records in one frame to the partner: with the facts of 128 files some 55 KiB, below FRAME_BYTES_MAX. */
export const PAIR_FRAME_RECORDS_MAX = 128;
/** Records sent to the partner and not yet on its disk: two of its commits, so that one is on its way while one is written. */
export const PAIR_WINDOW_RECORDS = 4_096;
/** Leases in one frame: three items each, below FRAME_ITEMS_MAX. */
export const PAIR_FRAME_LEASES_MAX = 1_024;
/** Clients that are asked for again in one frame, and buckets. */
export const PAIR_FRAME_CLIENTS_MAX = 1_024;
/** Milliseconds between two looks at the digests of both trackers. */
export const PAIR_DIGEST_MS = 2_000;
/** Buckets of swarms with a digest each: a difference costs one of 256 parts of the list again. */
export const DIGEST_BUCKETS = 256;
/** Buckets asked for again after one look: the whole list takes 16 looks, so that a repair leaves room for what is new. */
export const PAIR_REPAIR_BUCKETS_MAX = 16;
/** Milliseconds before a bucket that goes on differing is asked for again: from two looks, doubling to this. */
export const PAIR_REPAIR_RETRY_MAX_MS = 300_000;
/** Milliseconds after its start that a tracker waits for its partner before it answers its first list: below the 5 s after which a client asks the other one. */
export const REPLICA_WAIT_MS = 2_000;
/**
 * Milliseconds after its start that it goes on waiting while the partner tells it what it missed: 20,000 records take
 * 1.2 s, so 200,000 some 12 s. Nobody waits for it, since the partner answers meanwhile.
 */
export const REPLICA_CATCH_UP_MS = 60_000;
/** Milliseconds between two marks in its file that a tracker is alive; it reads them after TOMBSTONE_MS, so an hour is exact enough. */
export const STORE_MARK_MS = 3_600_000;
/** Requests for a list that wait meanwhile; beyond it their connections are not read. */
export const REPLICA_HELD_MAX = 65_536;

// --- announce (the client's side of the tracker pair) ---

/** Milliseconds for a tracker to accept a connection and say hello. */
export const TRACKER_CONNECT_DEADLINE_MS = 3_000;
/** Milliseconds that the first tracker gets before the second is dialed as well. */
export const TRACKER_HEDGE_MS = 1_000;
/**
 * Milliseconds without a word after which a tracker is asked whether it lives, while somebody waits for it: a download runs, or a
 * request is open. 10,000 clients that all download ask 5,000 times a second, which took a tracker 21 % of a busy core (41 µs a
 * ping). Clients at rest ping each RENEW_MS for their leases only: 333 a second, 8 % with all else that the tracker did.
 */
export const TRACKER_PING_MS = 2_000;
/**
 * Milliseconds of silence after a ping before the other tracker is asked. TRACKER_PING_MS + this + 0.5 s for the new connection
 * are the 5 s in which a frozen tracker is replaced. A tracker answers a ping without its disk, so 2.5 s is never mere load.
 */
export const TRACKER_SILENT_MS = 2_500;
/** Milliseconds for a tracker that lives to answer a request before the other one is asked: its disk may hang. */
export const TRACKER_REPLY_DEADLINE_MS = 5_000;
/** Back-off while a tracker is away: full jitter between 0 and min(max, min × 2^n). */
export const TRACKER_RETRY_MIN_MS = 1_000;
export const TRACKER_RETRY_MAX_MS = 60_000;
/** Requests to the trackers that wait for an answer or a connection. A start with 20,000 shares queues two each. */
export const ANNOUNCE_REQUESTS_MAX = 65_536;
/** Requests sent to a tracker and not yet answered: a quarter of what it takes from one connection before it stops reading. */
export const ANNOUNCE_PIPELINE_MAX = 256;
/** Parts of hash strings among them: 8 × 32 KiB keep the link busy for a round trip and no more memory than that. */
export const ANNOUNCE_PARTS_MAX = 8;
/** Reasons of refusals that people were told and are not told again: a tracker has a handful, with an address or a number in it. */
export const TRACKER_REFUSALS_TOLD_MAX = 64;
/** Milliseconds before a registration that a tracker refused (full disk, limit) is tried again. */
export const ANNOUNCE_REFUSED_RETRY_MS = 30_000;
/**
 * Starts of one client id. A tracker that knows of this one, or a later one, has heard it from somebody else, since no client starts
 * so often; the ones above are left for the words of the last start.
 */
export const CLIENT_EPOCH_MAX = 0xffff_0000;
/** Milliseconds before a tracker pair may make a client take a new id again: one that lies costs a client its entries once an hour. */
export const CLIENT_ID_RENEWAL_MS = 3_600_000;
/** Milliseconds between two reports of a download's progress to the tracker. */
export const ANNOUNCE_PROGRESS_MS = 10_000;
/** Removals of the last TOMBSTONE_MS that are said again on each new connection; more of them in a day are rare, and cost a commit each. */
export const ANNOUNCE_REMOVALS_KEPT_MAX = 4_096;
/** Times that a tracker's list of us turns out to be somebody else's words, and milliseconds within which: then our id is used twice. */
export const IDENTITY_CLASHES_MAX = 3;
export const IDENTITY_CLASH_MS = 600_000;
/** Milliseconds that `quit` waits for the trackers to take us off their lists: the rest of its second is for our own end. */
export const LEAVE_DEADLINE_MS = 700;
/** Milliseconds of it for the first tracker that is asked; then the other is told, for as long again. */
export const LEAVE_REPLY_DEADLINE_MS = 350;

// --- client ---

/** Files in one client's library. */
export const LIBRARY_FILES_MAX = 20_000;
/** Files of the library that are looked at together at start: a few reads in parallel, few descriptors. */
export const CHECKS_MAX = 16;
/** Bytes of the library file: 20,000 entries of about 1 KiB, doubled. */
export const LIBRARY_BYTES_MAX = 64 * MIB;
/** Downloads running at once; further ones wait in line. Each needs at least two slots of the slab. */
export const DOWNLOADS_RUNNING_MAX = 32;
/** Bytes kept free on the disk beyond what running downloads still need: 16 MiB for logs and state. */
export const DISK_RESERVE_BYTES = 16 * MIB;
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
/** Characters of one console line: two paths of 4,096 bytes, quoted. */
export const CONSOLE_LINE_MAX = 16 * KIB;
/** Milliseconds for a graceful quit before everything is ended. */
export const QUIT_DEADLINE_MS = 5_000;

// --- the socket of a background client ---

/** Bytes of its path: `sun_path` of Linux holds 108 with the zero behind it (macOS: 104). */
export const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;
/** Bytes of one event: 256 rows of two paths of 4,096, a name of 255, a sentence of 1,000 and some 120 around them are 2.4 MB. */
export const EVENT_FRAME_BYTES_MAX = 3 * MIB;
/** Consoles and commands attached at once. A person has a few; scripts that start one command a file may have more. */
export const ATTACHED_MAX = 64;
/** Questions of one of them that are open; beyond it the client stops reading from that socket. */
export const ATTACHED_ASKS_MAX = 256;
/** Bytes that one of them may leave unread before it is dropped: a list of 20,000 files at 3 KiB each, told at once. */
export const ATTACHED_UNREAD_BYTES_MAX = 64 * MIB;

/** Milliseconds that `stop` waits until the client is gone: its graceful end, and as long again for a busy machine. */
export const STOPPED_DEADLINE_MS = 2 * QUIT_DEADLINE_MS;
/** Milliseconds until a client that was started in the background must answer: its threads alone have 15 s. */
export const BACKGROUND_START_DEADLINE_MS = 20_000;

/** Milliseconds that the last words of a client that ends have to reach who is attached: the quit itself took most of its 5 s. */
export const ATTACHED_FAREWELL_MS = 1_000;

// --- doctor ---

/** Milliseconds for one step of a doctor; all steps run at once, so that the whole ends within 5 s. */
export const DOCTOR_STEP_DEADLINE_MS = 3_000;
/** Bytes that it writes and flushes on each disk: enough to see a slow one, over in 0.2 s at DISK_RATE_LOW. */
export const DOCTOR_DISK_BYTES = 4 * MIB;
/** Bytes that it hashes: some 10 ms. */
export const DOCTOR_HASH_BYTES = 8 * MIB;
/** Looks at the running downloads, and milliseconds between them: a second in all. */
export const DOCTOR_LOOKS = 10;
export const DOCTOR_LOOK_MS = 100;
/** Bytes a second below which a disk is worth a note: a tenth of a gigabit link is faster. */
export const DISK_RATE_LOW = 12 * MIB;
/** Bytes a second below which hashing is worth a note: one thread cannot follow a gigabit link any more. */
export const HASH_RATE_LOW = 125 * MIB;
/** Bytes of free memory below which it is worth a note: twice the slab and its surroundings. */
export const MEMORY_FREE_LOW_BYTES = 128 * MIB;
/** Milliseconds that two clocks may differ without a note: log lines can still be put in order by eye. */
export const SKEW_MAX_MS = 5_000;
/** Milliseconds for a tracker to say hello without a note: TRACKER_HEDGE_MS, after which clients dial the other one. */
export const TRACKER_HELLO_SLOW_MS = 1_000;
/** Peers of a download that count as few: each of them may be what limits it. */
export const FEW_PEERS = 2;
/** Files that a client has open beside sockets and what it serves: log, state, threads, the parts of its downloads. */
export const OPEN_FILES_BASE = 96;
/** Tracker pairs that a doctor looks at: two dials each, all at once. */
export const DOCTOR_PAIRS_MAX = 8;
/** Files with something wrong that a doctor names: more would hide the rest. */
export const DOCTOR_TROUBLES_MAX = 16;

// --- api and console ---

/** Milliseconds between two looks at a download by whoever follows it: as often as it reports progress. */
export const DOWNLOAD_LOOK_MS = 250;
/** Where the trackers of a console without set-up listen at first, when these are free. */
export const TRACKER_PORTS = [7_001, 7_002] as const;
/** Times that such a pair is started when other programs take its ports in the moment between a look and their use. */
export const HOME_PAIR_TRIES_MAX = 3;
/** Consoles of one user at once, each a client of its own: more is a script that forgets to end them. */
export const HOME_CLIENTS_MAX = 16;
/** Milliseconds between two looks at what is being checked at start. */
export const CHECK_LOOK_MS = 20;
/** Milliseconds that one timer can wait: longer waits are several. */
export const TIMER_MAX_MS = 0x7fff_ffff;
/** Columns of a terminal that does not say how wide it is. */
export const TERMINAL_COLUMNS = 80;
/** Milliseconds to learn this machine's address: a look at the kernel's table of routes. */
export const OWN_ADDRESS_DEADLINE_MS = 1_000;
/** Where a client listens when nobody said and it is free: the port that people know from BitTorrent. */
export const UPLOAD_PORT = 6_881;
/** Milliseconds between two looks whether a download runs again, while none does: another console may have started one. */
export const IDLE_LOOK_MS = 2_000;
/** Lines of running downloads below the scroll; the others are counted in the last one. */
export const LIVE_LINES_MAX = 8;
/** Milliseconds that a command may take before its console shows that it waits for it: below, nobody would see it. */
export const BUSY_SHOWN_MS = 200;
/** Milliseconds in which a second Ctrl-C on an empty line quits. */
export const QUIT_ASKED_MS = 4_000;
/** Lines typed or pasted while a command runs. */
export const TYPED_AHEAD_MAX = 1_000;
/** Milliseconds that a Tab waits for a directory or for the client: a person has typed on by then. */
export const COMPLETION_DEADLINE_MS = 1_000;
/** Entries of a directory that a Tab looks at: some 10 ms of the disk's time. */
export const COMPLETION_ENTRIES_MAX = 10_000;
/** Words that a Tab shows: a screenful. */
export const COMPLETIONS_SHOWN_MAX = 100;
/** Lines of a console that are remembered across runs; the file is cut to it when it has twice as many. */
export const HISTORY_LINES_MAX = 1_000;
/** Characters of a line that is worth remembering: two long paths. */
export const HISTORY_LINE_MAX = 2 * KIB;
/** Bytes of the end of the history file that are read: twice HISTORY_LINES_MAX lines of 512. */
export const HISTORY_BYTES_MAX = MIB;
/** Milliseconds that the first prompt waits for the history: a disk that hangs must not keep a person from working. */
export const HISTORY_DEADLINE_MS = 500;

// --- demo ---

/** Bytes of a demo's file: what a laptop's temporary folder takes five times over. */
export const DEMO_SIZE_MAX = 64 * GIB;
export const DEMO_SEEDERS_MAX = 16;
/** Milliseconds for one step of a demo that should take well under one second. */
export const DEMO_STEP_DEADLINE_MS = 30_000;
/** Ports of processes on this machine: below those that Linux (32,768 on) and others (49,152 on) give to whoever asks for any. */
export const DEMO_PORT_MIN = 10_240;
export const DEMO_PORT_MAX = 32_767;
/** Ports looked at before none counts as free. */
export const DEMO_PORT_TRIES_MAX = 100;
/** Milliseconds until a demo gives up. */
export const DEMO_DEADLINE_MS = 600_000;

// --- settings ---

/** Bytes of a config.toml: a hundred times what every setting with a comment takes. */
export const CONFIG_BYTES_MAX = 64 * KIB;
/** Nested arrays and tables in a config.toml; a list of addresses has one. */
export const CONFIG_DEPTH_MAX = 8;
/** Milliseconds of the longest time that a setting takes: a leap year, which no arithmetic and no display minds. */
export const DURATION_MAX_MS = 366 * 24 * 3_600_000;
/** Milliseconds between two lines of progress at least: a log that grows faster is of no use to anybody. */
export const STATS_INTERVAL_MIN_MS = 100;
