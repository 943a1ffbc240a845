// The bounds of the library, each with its unit in its name and its reason beside it.

/** Milliseconds between two queries while a file is checked at start. */
export const CHECK_LOOK_MS = 20;
/** Milliseconds to find this machine's address in the kernel's routing table. */
export const OWN_ADDRESS_DEADLINE_MS = 1_000;
/** Where a client listens by default if the port is free: the one known from BitTorrent. */
export const UPLOAD_PORT = 6_881;
