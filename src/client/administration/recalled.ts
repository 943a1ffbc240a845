// What a command of this machine that runs no client knows of its closed swarm: what this user's clients have learned.

import type { Credentials } from '../../foundation/identity/credentials.js';
import { loadMemberState, memberDirectory } from '../state/member-state.js';

/** What cannot be used there, a tracker tells again, and a client says so. @param base as `swarmDir` of a client. */
export async function recall(base: string, credentials: Credentials): Promise<void> {
  await loadMemberState(memberDirectory(base, credentials), credentials);
}
