// The limits of a user's own trackers and consoles, each with its unit in its name and its reason beside it.

/** Where own trackers listen at first, if these ports are free. */
export const TRACKER_PORTS = [7_001, 7_002] as const;
/** Attempts to start a pair while other programs take its ports between probe and use. */
export const HOME_PAIR_TRIES_MAX = 3;
/** Consoles of one user at once, each a client of its own: more is a script that does not end them. */
export const HOME_CLIENTS_MAX = 16;
