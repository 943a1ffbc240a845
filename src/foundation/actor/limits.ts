// The bounds of actors, links and threads, each with its unit in its name and its reason beside it.

/** Inputs waiting in one mailbox. The data path holds ≤ 2 a slot; 4,096 means something is broken, and the actor crashes. */
export const MAILBOX_MAX = 4_096;
/** Messages sent on a link and not yet handled by the receiver. 96 slots × 4 messages a piece, rounded up. */
export const LINK_CREDIT_MAX = 512;
/** Messages waiting at the sender for credit. Beyond it the sender is broken (it ignores `congested`). */
export const LINK_BACKLOG_MAX = 16_384;
/** Milliseconds a thread has to say how it is doing; `show stats` goes without it otherwise. */
export const LOOK_DEADLINE_MS = 2_000;
/** Milliseconds a new thread has to say that it is ready. Loading takes 60 ms on an idle core; 15 s survives a swapping machine. */
export const THREAD_READY_DEADLINE_MS = 15_000;
