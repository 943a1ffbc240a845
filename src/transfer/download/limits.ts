// The bounds of downloads, each with its unit in its name and its reason beside it.

/** Milliseconds after which a peer that has nothing for us may lose its place to one that we do not know: ten pieces at 200 Mbit/s. */
export const PEER_PLACE_MIN_MS = 250;
/** Places given to others at one look: with four looks a second, half of a download's peers are new within two seconds. */
export const EVICTED_AT_ONCE_MAX = 4;
/** Milliseconds between two places that slow peers give, at least (measured in virtual time: 1,500 as good as nothing, 500 and 250 the same). */
export const TURNOVER_MIN_MS = 500;
/** And at least this part of the time that they were given for: one place each 9 s after six minutes, each 90 s after an hour. */
export const TURNOVER_AGE_DIVISOR = 40;
/** Peers that serve us, of which one may stand out. */
export const TURNOVER_PEERS_MIN = 10;
/** Milliseconds in which a peer of which a request is withdrawn may be silent before the piece is asked of another: its answer waits
 * behind the block that is under way, of which we hear each PROGRESS_MS. */
export const MIGRATION_ANSWER_MS = 1_000;
/** Pieces asked from one peer at first: one in flight, one waiting, so the link never idles for a round trip. */
export const WINDOW_PIECES_MIN = 2;
/** Pieces asked from one peer at most: 16 × 512 KiB = 8 MiB covers 1 Gbit/s × 64 ms. */
export const WINDOW_PIECES_MAX = 16;
/** Milliseconds that a run takes at the rate of its peer, at most: two pieces from 26 MB/s on, four from 52. Others wait for their turn that long. */
export const RUN_MS = 40;
/** Peers that may hold the same piece requested in the endgame. */
export const ENDGAME_REQUESTS_MAX = 2;
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
/** Milliseconds that a claim may keep its slot while others could use it: one piece at 70 kbit/s; doubles each time. */
export const REQUEST_PATIENCE_MIN_MS = 60_000;
/** Milliseconds between two questions to the tracker while no peer helps: doubles each time. */
export const TRACKER_ASK_MIN_MS = 1_000;
export const TRACKER_ASK_MAX_MS = 10_000;
/** Milliseconds before a peer that failed is dialed again; doubles each time. */
export const REDIAL_MIN_MS = 1_000;
export const REDIAL_MAX_MS = 60_000;
/** Milliseconds between two words of new pieces: the first is told at once, those that come meanwhile in one frame. Of a piece
 * that few have the crowd waits to hear (decision 009); the news of others can wait, and costs each peer a frame. */
export const HAVE_RARE_MS = 50;
export const HAVE_COMMON_MS = 100;
/** A piece is rare while less than one in so many of our peers has it. */
export const HAVE_RARE_DIVISOR = 4;
/** Milliseconds between two writes of a download's resume data when pieces come slowly. */
export const RESUME_SAVE_MS = 2_000;
/** When they come fast: after 64 pieces (32 MiB). A crash makes us fetch again what no record has, beside the slab. */
export const RESUME_SAVE_PIECES = 64;
/** But not more often than this, so at most half a second's pieces are fetched again: a write of the record costs a file and a
 * rename in the state directory. */
export const RESUME_SAVE_MIN_MS = 500;
/** Milliseconds between two flushes of a growing `.part`: the pieces of that time are hashed again after a crash. */
export const PART_SYNC_MS = 10_000;
/** Milliseconds after its start that a client opens the pool, if no download did before: a person takes longer to type the first command, and
 * the prompt does not wait for it. */
export const HASH_POOL_OPEN_MS = 500;
