// The bounds of turning a link into a .mtorrent, each with its unit in its name and its reason beside it.

/** Parts of the piece hashes that one tracker is asked for at once: as many as it reads for one connection. */
export const HASH_PARTS_AT_ONCE = 8;
/** Milliseconds from a dial, or a request, to a tracker's next answer before it counts as silent. */
export const LINK_TRACKER_DEADLINE_MS = 5_000;
/** Milliseconds between two tries of a tracker that did not help, and between two rounds of peers. */
export const LINK_ROUND_MS = 1_000;
/** Milliseconds for which trackers that answer may learn of a share that was made a moment ago. */
export const LINK_UNLISTED_MS = 5_000;
/** Milliseconds for which trackers and peers that do not help are tried again: a restart takes fewer. */
export const LINK_PATIENCE_MS = 15_000;
/** Peers of one link that are remembered: what two trackers name at once, some times over. */
export const LINK_PEERS_MAX = 400;
/** Reasons that a sentence names. */
export const LINK_REASONS_MAX = 3;
/** Milliseconds for which the .mtorrent of a link is kept: a download that goes on after a month has a copy. */
export const LINKED_FILES_KEPT_MS = 30 * 24 * 3_600_000;
