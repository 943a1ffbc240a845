// The bounds of frames and connections, each with its unit in its name and its reason beside it.

/** Nesting of arrays in a frame: our deepest message has 3. */
export const FRAME_DEPTH_MAX = 8;
/** Items (array members, counted over the whole frame): 4,096 numbers decode in well under a millisecond. */
export const FRAME_ITEMS_MAX = 4_096;
/** Bytes of a sentence for people in a message. */
export const SENTENCE_BYTES_MAX = 500;
/** Milliseconds to ask the kernel for a route, which it answers at once. */
export const ROUTE_DEADLINE_MS = 1_000;
