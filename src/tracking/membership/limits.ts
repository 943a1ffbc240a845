// The bounds of a closed swarm's membership, each with its unit in its name and its reason beside it.

/** Members that a pair admits; some 250 bytes each. */
export const MEMBERS_MAX = 20_000;
/** Members that are kept at all: in a partition each tracker of a pair may admit MEMBERS_MAX. */
export const MEMBERS_KEPT_MAX = 2 * MEMBERS_MAX;
/** Invitations that have not ended, and those that are kept at all. */
export const INVITATIONS_MAX = 1_024;
export const INVITATIONS_KEPT_MAX = 4 * INVITATIONS_MAX;
/** Of one invitation: a whole department in one line. */
export const INVITATION_USES_MAX = 10_000;
export const INVITATION_LIFE_MIN_S = 60;
export const INVITATION_LIFE_MAX_S = 30 * 24 * 3600;
/** Seconds after its end that an invitation is known, so that who comes too late hears why. */
export const INVITATION_KEPT_S = 24 * 3600;
/** Bans that administrators may make here; the rest of BANS_MAX is for what both trackers add in a partition. */
export const BANS_MADE_MAX = 16_384 - 1_024;
/** Joins that a tracker looks at in a second: a guess at 128 bits is worth nothing, and each may cost a commit. */
export const JOINS_PER_SECOND = 20;
/** Seconds that a member's card is good: what a stolen laptop may do while no tracker is reached. */
export const CARD_LIFE_S = 14 * 24 * 3600;
/** Seconds after a member was admitted in which the same request is answered by the same card: its answer was lost. */
export const CARD_REPEATED_S = 24 * 3600;
/** Numbers that are tried behind a name that somebody has: one more than there are members always finds one. */
export const NAME_NUMBERS_MAX = MEMBERS_KEPT_MAX + 1;
/** Trackers that count the uses of one invitation: two, and those that were replaced while it was good. */
export const INVITATION_COUNTERS_MAX = 64;
/** Rows in one message: of members, the longest, some 28 KiB. */
export const MEMBERSHIP_ROWS_MAX = 128;
/** Connections without a good card that are open together, and milliseconds that one may ask for nothing. */
export const CARDLESS_CONNECTIONS_MAX = 64;
export const CARDLESS_SILENT_MS = 5_000;
/** Seconds between two trackers' clocks above which it is an error: cards are signed by the later one. */
export const CLOCKS_APART_S = 3600;
