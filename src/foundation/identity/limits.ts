// Bounds of closed swarms that more than one room keeps.

/** Seconds beyond its end by every known clock before a card counts as run out: clocks differ. */
export const CARD_GRACE_S = 24 * 3600;
/** Banned keys that a swarm remembers; 20 bytes each, for ever. */
export const BANS_MAX = 16_384;
/** Bans that one thread tells another in a message: 1,024 rows of 27 bytes fit a frame. */
export const SHUT_OUT_PAGE_MAX = 1_024;
/** Statements about trackers that are not verified again; a swarm has a handful, and each takes some 500 bytes. */
export const TRACKERS_REMEMBERED_MAX = 64;
/**
 * Statements about members that are not verified again, each a fifth of what a handshake costs: as many as a swarm has
 * members, some 100 bytes each.
 */
export const MEMBERS_REMEMBERED_MAX = 20_000;
/** Trackers that a root has withdrawn, with 179 bytes each. */
export const WITHDRAWALS_MAX = 64;

/** Bytes of the secret in an invitation: nobody guesses 128 bits at 20 tries a second. */
export const INVITATION_SECRET_SIZE = 16;
/** Trackers that an invitation names. */
export const INVITATION_TRACKERS_MAX = 8;
/** Characters of a pasted line that are looked at at all. */
export const PASTED_CHARACTERS_MAX = 2_048;
