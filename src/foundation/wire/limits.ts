// The bounds of frames and connections, each with its unit in its name and its reason beside it.

/** Nesting of arrays in a frame: our deepest message has 3. */
export const FRAME_DEPTH_MAX = 8;
/** Items (array members, counted over the whole frame): 4,096 numbers decode in well under a millisecond. */
export const FRAME_ITEMS_MAX = 4_096;
/** Bytes of a sentence for people in a message: room for the longest of ours, with a name of 64 and an address. */
export const SENTENCE_BYTES_MAX = 500;
/** Milliseconds to ask the kernel for a route, which it answers at once. */
export const ROUTE_DEADLINE_MS = 1_000;
/** Names that one thread asks the system for at a time: each takes one of the four threads that the disk uses, too. */
export const LOOKUPS_MAX = 2;
/** Of these, names that were not answered in time before: the other place is for those that are. */
export const LATE_LOOKUPS_MAX = 1;
/** Names of which it is remembered what they stood for: a client has some pairs of trackers. */
export const NAMES_KNOWN_MAX = 256;
/** Names that are asked for or wait: a client has some pairs of trackers, not hundreds. */
export const LOOKUPS_WAITING_MAX = 256;
/** Milliseconds for the answer to a name: a tracker has 3 s to connect, and the reason is to be heard first. */
export const NAME_DEADLINE_MS = 2_000;
/** Milliseconds for one of several addresses of a name before the next one is dialed. */
export const NAMED_DIAL_DEADLINE_MS = 1_000;
/** Milliseconds from the turn of a connection to its hello: TLS takes five, and a line of others waits. */
export const HANDSHAKE_DEADLINE_MS = 5_000;
/** Milliseconds that a refused connection gets to read why. */
export const REFUSAL_LINGER_MS = 1_000;
/** Milliseconds for the other side's word of why we do not fit; without it one root is named instead of two. */
export const REFUSAL_WAIT_MS = 1_000;
/** Milliseconds between two lines of the log about refused connections: a flood is not to fill the disk. */
export const REFUSALS_TOLD_MS = 1_000;
/** Milliseconds of the line of handshakes: below the patience of 20 s of those who wait, so nobody has given up. */
export const HANDSHAKE_LINE_MS = 15_000;
/** Milliseconds of one handshake before any was measured: with the gate 1.2 on a processor of today. */
export const HANDSHAKE_GUESS_MS = 1.5;
/** Handshakes under way at a tracker: more finish no sooner, and make announces wait. */
export const TRACKER_HANDSHAKES_MAX = 16;
/** Handshakes under way at a peer thread, and those that wait: it has 200 places for connections. */
export const PEER_HANDSHAKES_MAX = 8;
export const PEER_HANDSHAKES_WAITING_MAX = 200;
/** Of one address, failed handshakes within HANDSHAKES_BARRED_MS after which it is not served for as long. */
export const HANDSHAKES_FAILED_MAX = 16;
export const HANDSHAKES_BARRED_MS = 10_000;
/** Addresses whose failures are remembered: some 100 bytes each. */
export const HANDSHAKES_HOSTS_MAX = 4_096;
/**
 * Handshakes a second with machines of one address that have no card: as many as may join at a tracker in that time. Of
 * its processor that is a fortieth.
 */
export const STRANGERS_PER_SECOND = 20;
/** The same at once: as many as may wait for an answer at a tracker. */
export const STRANGERS_BURST = 64;
