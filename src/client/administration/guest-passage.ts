// How a command of this machine that runs no client reaches the trackers of its closed swarm.

import type { Credentials } from '../../foundation/identity/credentials.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import { TRACKER_WIRE } from '../../tracking/tracker/messages.js';

export function trackerPassage(credentials: Credentials): Passage {
  return closedPassage(credentials, TRACKER_WIRE);
}
