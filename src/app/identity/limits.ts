// The limits of identity files, each with its unit in its name and its reason beside it.

/** An Ed25519 key as PEM has 119 bytes; whatever is longer is another file. */
export const KEY_FILE_BYTES_MAX = 4_096;
/** A name, a key and eight addresses take below 3 KiB. */
export const SWARM_FILE_BYTES_MAX = 16_384;
