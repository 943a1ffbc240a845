// The limits of identity files, each with its unit in its name and its reason beside it.

/** An Ed25519 key as PEM has 119 bytes; whatever is longer is another file. */
export const KEY_FILE_BYTES_MAX = 4_096;
/** A name, a key and eight addresses take below 3 KiB. */
export const SWARM_FILE_BYTES_MAX = 16_384;
/** Of the first administrator, whom no tracker knows before it has seen the card: time to start one. */
export const FIRST_CARD_LIFE_S = 90 * 86_400;
/** Bytes of a file with certificates of another authority: a chain of ten is below 30 KiB. */
export const CERTIFICATES_BYTES_MAX = 65_536;
