// What a client asks of the trackers of its closed swarm beside its own work: an invitation for another machine.

import { trackerPassage } from '../../client/administration/guest-passage.js';
import { Questions } from '../../client/administration/questions.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { formatInvitation } from '../../foundation/identity/invitation.js';
import { ROLES } from '../../foundation/identity/powers.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { namedPair, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { INVITATION_LIFE_S } from './limits.js';

export interface InvitationView {
  /** The words behind `mtorrent` that make another machine take part. */
  readonly words: readonly string[];
  /** Seconds; undefined: for ever and for everybody, since the swarm is open. */
  readonly goodForS: number | undefined;
}

/** Undefined: in the clear. */
export function passageOf(credentials: Credentials | undefined): Passage | undefined {
  return credentials === undefined ? undefined : trackerPassage(credentials);
}

/** For one client. Rejects with NOT_ADMITTED, NO_TRACKER. */
export async function invitationFrom(
  trackers: TrackerList,
  credentials: Credentials | undefined,
): Promise<InvitationView> {
  if (credentials === undefined)
    return { words: trackers.flatMap((tracker) => ['-t', formatAddress(tracker)]), goodForS: undefined };
  const terms = { powers: ROLES.client, uses: 1, seconds: INVITATION_LIFE_S };
  const secret = await new Questions(credentials, trackers).invite(terms);
  // Clients of earlier releases take an invitation with exactly two.
  const line = formatInvitation({ root: credentials.root, secret, trackers: namedPair(trackers), isForTracker: false });
  return { words: ['join', line], goodForS: INVITATION_LIFE_S };
}
