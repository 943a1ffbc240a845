// The bounds of a console with its own trackers, each with its unit in its name and its reason beside it.

/** Where the trackers of a console without set-up listen at first, when these are free. */
export const TRACKER_PORTS = [7_001, 7_002] as const;
/** Times that such a pair is started when other programs take its ports in the moment between a look and their use. */
export const HOME_PAIR_TRIES_MAX = 3;
/** Consoles of one user at once, each a client of its own: more is a script that forgets to end them. */
export const HOME_CLIENTS_MAX = 16;
