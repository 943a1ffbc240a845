// The bounds of the library, each with its unit in its name and its reason beside it.

/** Milliseconds between two queries while a file is checked at start. */
export const CHECK_LOOK_MS = 20;
/** Where a client listens by default if the port is free: the one known from BitTorrent. */
export const UPLOAD_PORT = 6_881;
