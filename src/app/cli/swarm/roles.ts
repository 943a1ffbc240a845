// The roles that the commands about a closed swarm offer. Apart, because the parser needs nothing else of them.

/** A copy of what `powers.ts` has, without `tracker`; a test compares them. */
export const MEMBER_ROLES = ['reader', 'client', 'publisher', 'admin'] as const;
export const INVITED_ROLES = [...MEMBER_ROLES, 'tracker'] as const;
