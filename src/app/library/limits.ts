// The bounds of the library, each with its unit in its name and its reason beside it.

/** Milliseconds between two looks at what is being checked at start. */
export const CHECK_LOOK_MS = 20;
/** Milliseconds to learn this machine's address: a look at the kernel's table of routes. */
export const OWN_ADDRESS_DEADLINE_MS = 1_000;
/** Where a client listens when nobody said and it is free: the port that people know from BitTorrent. */
export const UPLOAD_PORT = 6_881;
