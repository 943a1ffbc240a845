// How a link is looked up among the members of a closed swarm: at its trackers, and at peers for the list of a folder.

import type { Credentials } from '../../foundation/identity/credentials.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import { TRACKER_WIRE } from '../../tracking/tracker/messages.js';
import { PEER_WIRE } from '../../transfer/peer/codec/messages.js';
import type { LinkOptions } from './metainfo-of-link.js';

export function memberPassages(credentials: Credentials): NonNullable<LinkOptions['passages']> {
  return { tracker: closedPassage(credentials, TRACKER_WIRE), peer: closedPassage(credentials, PEER_WIRE) };
}
