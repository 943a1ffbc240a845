// The bounds of downloads, each with its unit in its name and its reason beside it.

import { KIB } from '../../foundation/base/limits.js';

// --- what is in flight ---

/** Pieces requested from one peer at first: one arrives, one waits, so the link never idles for a round trip. */
export const WINDOW_PIECES_MIN = 2;
/** Pieces requested from one peer at most: 16 × 512 KiB = 8 MiB covers 1 Gbit/s × 64 ms. */
export const WINDOW_PIECES_MAX = 16;
/**
 * Milliseconds that a run may take at the rate of its peer: two pieces from 26 MB/s on, four from 52 MB/s. Other peers
 * wait for their turn that long.
 */
export const RUN_MS = 40;
/** Peers that may be asked for the same piece in the endgame. */
export const ENDGAME_REQUESTS_MAX = 2;
/**
 * Milliseconds that a peer may be silent after a request was withdrawn from it before the piece is requested
 * elsewhere. Its answer waits behind the block that it is sending, and of that we hear each PROGRESS_MS.
 */
export const MIGRATION_ANSWER_MS = 1_000;
/**
 * Milliseconds that a request may keep its slot while another peer could use it: one piece at 70 kbit/s; doubles each
 * time.
 */
export const REQUEST_PATIENCE_MIN_MS = 60_000;

// --- how many peers ---

/**
 * Pieces that a connection ought to bring while other downloads run. Setting one up costs both sides some 4 ms of
 * processor, as much as two or three pieces (docs/decisions/023).
 */
export const PEER_PIECES_MIN = 16;
/** Connections that small downloads begin with between them while they run together: two for each of eight. */
export const PEERS_BESIDE_OTHERS = 16;
/**
 * Milliseconds after which such a download may have as many connections again: a slow peer has brought some pieces by
 * then.
 */
export const PEER_SHARE_MS = 1_000;
/** Milliseconds between two questions for more peers while no peer helps; doubles each time. */
export const TRACKER_ASK_MIN_MS = 1_000;
export const TRACKER_ASK_MAX_MS = 10_000;

// --- several connections to one peer (docs/decisions/039) ---

/** Milliseconds of a round trip from which a peer is far: the kernels buffer 1 Gbit/s × 20 ms for a connection. */
export const FAR_LINK_MS = 20;
/** Connections to one peer at most. Each 2.9 MB a round trip, as Linux has it, they fill 1 Gbit/s × 300 ms. */
export const PARALLEL_MAX = 16;
/** Milliseconds of a round trip for each connection that is opened with the first payload. */
export const PARALLEL_FIRST_MS = 25;
/** All connections of a download beyond which no more are opened to a peer: a place for new peers stays free. */
export const PARALLEL_TOTAL_MAX = 32;
/** Peers that help beyond which one connection to each is enough. */
export const PARALLEL_PEERS_MAX = 4;
/** Bytes that each connection brings in a round trip before more are opened: a quarter of what the kernels buffer. */
export const PARALLEL_BYTES_MIN = 512 * KIB;
/** Slots of the slab for each connection: its window, and what is being stored. */
export const PARALLEL_SLOTS = 6;
/** Pieces that a connection has to bring at least. */
export const PARALLEL_PIECES_MIN = 4;
/** Milliseconds, and round trips, that twice as many connections get to show what they bring. */
export const PARALLEL_TRIAL_MS = 2_000;
export const PARALLEL_TRIAL_ROUNDS = 12;
/** Times that a trial takes that a download has to go on for, at its rate, before fewer are tried. */
export const PARALLEL_FEWER_TRIALS = 4;
/** By how much twice as many have to be faster to be kept. */
export const PARALLEL_GAIN = 1.25;
/** The part of the best that a peer's connections brought on average below which their line has room. */
export const LINE_ROOM_SHARE = 0.5;
/** Milliseconds after a trial that brought nothing, or a refusal, before more are tried; doubles each time. */
export const PARALLEL_PAUSE_MIN_MS = 30_000;
export const PARALLEL_PAUSE_MAX_MS = 600_000;

// --- which peers ---

/** Addresses remembered for one download: 40 connected, and in reserve three lists of 50 and some that dialed us. */
export const PEERS_KNOWN_MAX = 200;
/** Addresses that do not answer: of which users are told in one download, and which the doctor names. */
export const SILENT_TOLD_MAX = 3;
export const SILENT_LISTED_MAX = 8;
/** Milliseconds before a peer that failed is dialed again; doubles each time. */
export const REDIAL_MIN_MS = 1_000;
export const REDIAL_MAX_MS = 60_000;
/** Milliseconds after which a peer that has nothing for us may lose its place: ten pieces at 200 Mbit/s. */
export const PEER_PLACE_MIN_MS = 250;
/** Peers evicted at one look: with four looks a second, half of a download's peers are new within two seconds. */
export const EVICTED_AT_ONCE_MAX = 4;
/**
 * Milliseconds between two evictions of a slow peer at least. In virtual time 250 gains no more, 1,500 next to
 * nothing.
 */
export const TURNOVER_MIN_MS = 500;
/** And at least this part of the download's age: one each 9 s after six minutes, each 90 s after an hour. */
export const TURNOVER_AGE_DIVISOR = 40;
/** Peers that serve us before one of them can stand out as slow. */
export const TURNOVER_PEERS_MIN = 10;

// --- readers of a running download ---

/** Pieces ahead of a reader that are fetched before others: 32 MiB, what a gigabit brings in a quarter of a second. */
export const READ_AHEAD_PIECES = 64;
/** Pieces that a reader is told of at once. It asks again when it has read them, which moves its window on. */
export const READ_RUN_PIECES_MAX = 16;

// --- reports ---

/**
 * Milliseconds between two batches of haves: the first is sent at once, what follows waits for the next batch. A crowd
 * waits for news of a rare piece (docs/decisions/009); news of common ones can wait, and costs each peer a frame.
 */
export const HAVE_RARE_MS = 50;
export const HAVE_COMMON_MS = 100;
/** A piece is rare while less than one in so many of our peers has it. */
export const HAVE_RARE_DIVISOR = 4;
/** Milliseconds between two writes of a download's resume data when pieces arrive slowly. */
export const RESUME_SAVE_MS = 2_000;
/**
 * When they arrive fast: after 64 pieces (32 MiB). A crash makes us fetch again what no record has, besides the slab.
 */
export const RESUME_SAVE_PIECES = 64;
/** But never sooner, so at most half a second's pieces are fetched again: each record costs a file and a rename. */
export const RESUME_SAVE_MIN_MS = 500;
/** Characters of the sentence that says why a download failed: two paths fit. */
export const FAILURE_SENTENCE_MAX = 300;
/** Milliseconds between two flushes of a growing `.part`: the pieces of that time are hashed again after a crash. */
export const PART_SYNC_MS = 10_000;

/**
 * Milliseconds after its start that a client opens the hash pool, if no download did before. A person takes longer to
 * type the first command, and the prompt does not wait for the pool.
 */
export const HASH_POOL_OPEN_MS = 500;
/**
 * Milliseconds without a download after which the pool's threads end. Downloads that follow one another find them; one
 * that comes later waits a tenth of a second for its first piece.
 */
export const HASH_POOL_REST_MS = 30_000;

// --- bytes of files of this machine (docs/decisions/046) ---

/** The connection number of requests that files of this machine answer; peers have numbers from 1 on. */
export const LOCAL = 0;
/**
 * Pieces that are being read from files or stored after that: two tasks of the hash pool read while two store. Slots
 * stay free for what peers send.
 */
export const LOCAL_PIECES_MAX = 16;
/**
 * Milliseconds without an answer after which a disk is not waited for, and peers are asked for its pieces; doubles each
 * time. A disk that has to spin up takes less.
 */
export const LOCAL_PATIENCE_MS = 10_000;

/** Pieces of one look at what lies in the `.part`: 2 MiB, some 2 ms of a core, so that its message does not count. */
export const IN_PLACE_PIECES = 4;
/** Such looks at once: two threads work, and two tasks wait. */
export const IN_PLACE_TASKS_MAX = 4;

// --- a chart of a download, for people: one frame of 64 KiB ---

/** Cells of a chart: one a piece up to 4 GiB, and beyond that of several pieces each. */
export const CHART_CELLS_MAX = 8_192;
/** Peers in a chart, those that sent the most: all that a download has, with a KiB of bits each. */
export const CHART_PEERS_MAX = 40;
/** Requests in a chart, and pieces that are being stored: more than the slots of the default slab. */
export const CHART_ASKED_MAX = 256;
