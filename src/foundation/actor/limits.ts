// The bounds of actors, links and threads, each with its unit in its name and its reason beside it.

/** Inputs waiting in one mailbox. The data path holds ≤ 2 a slot; with 4,096 something is broken: the actor crashes. */
export const MAILBOX_MAX = 4_096;
/** Messages sent on a link and not yet handled by the receiver. 96 slots × 4 messages a piece, rounded up. */
export const LINK_CREDIT_MAX = 512;
/**
 * Messages waiting at the sender for credit. Beyond it the sender is broken (it ignores `congested`). A peer thread
 * that starts anew is told two for each file of a client, of which there are 20,000 at most.
 */
export const LINK_BACKLOG_MAX = 49_152;
/** Milliseconds for a thread to answer with its loop delay; `show stats` omits it otherwise. */
export const LOOK_DEADLINE_MS = 2_000;
/** Milliseconds for a new thread to say that it is ready. Loading takes 60 ms on an idle core; 15 s survives swaps. */
export const THREAD_READY_DEADLINE_MS = 15_000;
/** Bytes of addresses that V8 reserves for a thread, its code and its heap; measured, and rounded up. */
export const THREAD_ADDRESS_BYTES = 576 * 1024 * 1024;
/**
 * Descriptors of a thread (its event loop, which has one more from Node 22 on, and its log), and those of a client
 * besides: of Node, its log, its state, connections to two trackers and one peer, one download. Measured with Node 22,
 * 24 and 26: with two less, a download does not end.
 */
export const THREAD_DESCRIPTORS = 6;
export const PROCESS_DESCRIPTORS = 30;
