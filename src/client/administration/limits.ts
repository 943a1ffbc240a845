// The limits of questions about members, each with its unit in its name and its reason beside it.

/** Until TCP stands: a machine that is off answers nothing at all, and the other tracker waits for its turn. */
export const REACH_DEADLINE_MS = 4_000;
/** From then to an answer: a tracker to which everybody returns serves one handshake after the other for 15 s. */
export const ANSWER_DEADLINE_MS = 20_000;
/** Pages of the list of members: as many as 20,000 members fill, and as many again. */
export const MEMBER_PAGES_MAX = 700;
