// What an announcer's machine is born with, what reaches it, where it is in its life, and what it has its shell do.
// Pure.

import { assert } from '../../foundation/base/assert.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { TrackerReply, TrackerRequest } from '../tracker/messages.js';
import { LEAVE_REPLY_DEADLINE_MS } from './limits.js';
import type { TrackerIndex } from './links.js';
import type { Advertised, AnnounceCommand, AnnounceEvent } from './messages.js';

export interface AnnounceSetting {
  /** A pair, or more that share a database; the earlier ones are preferred. */
  readonly trackers: TrackerList;
  readonly clientId: ClientId;
  /** Above that of every earlier start of this client. */
  readonly epoch: number;
  readonly upload: Address;
  /** What others are to dial in its place. */
  readonly advertise?: Advertised | undefined;
  readonly seed: number;
  /** The trackers are just being started: nobody is dialed before `trackersListen` comes, and nobody is called down. */
  readonly areTrackersStarting?: boolean;
  /** What this client shows in a closed swarm, shared with its sockets; undefined: the swarm is open. */
  readonly credentials?: Credentials | undefined;
}

export type AnnounceInput =
  | { readonly kind: 'trackersListen' }
  | { readonly kind: 'command'; readonly command: AnnounceCommand }
  /** TCP stands, and a handshake of TLS follows, which may wait for others. */
  | { readonly kind: 'reached'; readonly tracker: TrackerIndex; readonly link: number }
  | { readonly kind: 'connected'; readonly tracker: TrackerIndex; readonly link: number }
  | { readonly kind: 'replied'; readonly tracker: TrackerIndex; readonly link: number; readonly reply: TrackerReply }
  | { readonly kind: 'disconnected'; readonly tracker: TrackerIndex; readonly link: number; readonly reason: string }
  /** The piece hashes of a part is not there any more. */
  | { readonly kind: 'partMissing'; readonly id: number };

export type AnnounceEffect =
  | { readonly kind: 'dial'; readonly tracker: TrackerIndex; readonly link: number }
  | { readonly kind: 'hangUp'; readonly link: number }
  | { readonly kind: 'send'; readonly link: number; readonly request: TrackerRequest }
  /** `pieces`, whose bytes are read when it is sent. */
  | {
      readonly kind: 'sendPart';
      readonly link: number;
      readonly id: number;
      readonly swarm: SwarmKey;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'tell'; readonly event: AnnounceEvent }
  | { readonly kind: 'log'; readonly fields: object; readonly sentence: string };

export function addressOf({ trackers }: Pick<AnnounceSetting, 'trackers'>, tracker: TrackerIndex): Address {
  const address = trackers[tracker];
  assert(address !== undefined, 'a tracker is one of the list');
  return address;
}

/** Where it is in its life. */
export type Phase =
  | { readonly at: 'working' }
  | { readonly at: 'leaving'; readonly deadlineMs: number; readonly askedMs: number | undefined }
  | { readonly at: 'left' };

/** When a tracker that was told that we leave has been waited for long enough. */
export function leaveDeadlineMs({ askedMs }: Extract<Phase, { readonly at: 'leaving' }>): number {
  return (askedMs ?? Number.POSITIVE_INFINITY) + LEAVE_REPLY_DEADLINE_MS;
}
