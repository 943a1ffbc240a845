// How a command of this machine that runs no client reaches the trackers of its closed swarm.

import type { Credentials } from '../../foundation/identity/credentials.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { closedPassage, type Shown } from '../../foundation/wire/tls.js';
import { TRACKER_WIRE } from '../../tracking/tracker/messages.js';

/** @param shown in place of the own certificate. */
export function trackerPassage(credentials: Credentials, shown?: Shown): Passage {
  return closedPassage(credentials, TRACKER_WIRE, { shown });
}
