// What two trackers say to each other (docs/PROTOCOL.md): each dials the other and follows it, on a connection that
// begins with `follow` instead of a client's hello. Records are states, not operations: they may be repeated and come
// in any order. Pure.

import { equalBytes } from '../../../foundation/base/bytes.js';
import { DIGEST_SIZE, NAME_BYTES_MAX, PART_BYTES_MAX, PIECES_MAX } from '../../../foundation/base/limits.js';
import { HOST_BYTES_MAX } from '../../../foundation/torrent/address.js';
import { FILE_SIZE_MAX } from '../../../foundation/torrent/geometry.js';
import { CLIENT_ID_SIZE, SWARM_KEY_SIZE, TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE } from '../../../foundation/torrent/info-text.js';
import { commonFeatures, encodeFeatures, type Features } from '../../../foundation/wire/features.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import {
  bytes,
  flag,
  listOf,
  oneOf,
  optional,
  record,
  sentence,
  size,
  text,
  trailing,
  tuple,
  u16,
  u32,
  whole,
} from '../../../foundation/wire/schema.js';
import { MEMBERSHIP_DIGEST_SIZE, MEMBERSHIP_TABLES } from '../../membership/membership.js';
import { membershipFields } from '../../membership/rows.js';
import { DIGESTS_SIZE } from './digests.js';
import { DIGEST_BUCKETS, PAIR_FRAME_CLIENTS_MAX, PAIR_FRAME_LEASES_MAX, PAIR_FRAME_RECORDS_MAX } from './limits.js';

/** Of this page; trackers of different versions refuse each other with a sentence. */
export const PAIR_VERSION = 2;

const FOLLOW_TAG = 10;

/** Seconds since 1970 in six bytes. */
const SECONDS_MAX = 2 ** 48 - 1;

const swarm = bytes(SWARM_KEY_SIZE);
const client = bytes(CLIENT_ID_SIZE);
const pieces = whole(0, PIECES_MAX);
const most = PAIR_FRAME_RECORDS_MAX;

const entryRow = record({
  swarm,
  client,
  host: text(HOST_BYTES_MAX),
  port: u16,
  have: pieces,
  epoch: u32,
  sequence: u32,
  state: oneOf('live', 'removed', 'lapsed'),
  /** Live: milliseconds left of its lease. Else: since it is not. */
  ms: size,
});
/** Of each file that an entry of the same frame is of. */
const fileRow = record({
  swarm,
  name: text(NAME_BYTES_MAX),
  size: whole(0, FILE_SIZE_MAX),
  pieceCount: pieces,
  /** Its piece hashes are here. */
  isProven: flag,
});
/** Of a live entry that the follower has, all but this; `ms` left of its lease. */
const progressRow = record({ swarm, client, have: pieces, epoch: u32, sequence: u32, ms: size });
/** Of the file in that place of the frame. */
const detailsRow = record({ place: whole(0, most - 1), info: bytes(INFO_DIGEST_SIZE), listBytes: u32, files: u32 });
const leaveRow = record({ client, epoch: u32, sequence: u32, ms: size });

/** Leader to follower. */
export const leaderMessages = protocol('tracker.pair.news', {
  /**
   * [1, leaderId, isFullSync, position] Once, first. isFullSync: everything is sent, not only what lies behind the
   * follower's position.
   */
  welcome: message(1, { leaderId: bytes(TRACKER_ID_SIZE), isFullSync: flag, position: size }),
  /**
   * [2, frame, position, facts, entries, leaves, progress, details] Position nil: no further than before. Frames count
   * up from 1.
   */
  records: message(2, {
    frame: u32,
    position: optional(size),
    files: listOf(fileRow, most),
    entries: listOf(entryRow, most),
    leaves: listOf(leaveRow, most),
    progress: listOf(progressRow, most),
    /** Only for a follower that named the feature. Places are those of rows in this frame. */
    details: trailing(tuple(listOf(detailsRow, most), listOf(whole(0, most - 1), most))),
  }),
  /** [3, [[client, ms], …]] What is left of the leases that were renewed here. */
  leases: message(3, { leases: listOf(tuple(client, u32), PAIR_FRAME_LEASES_MAX) }),
  /** [4, position] The highest of the leader. */
  beat: message(4, { position: size }),
  digests: message(5, { digests: bytes(DIGESTS_SIZE) }),
  /** [6, swarm, offset, part] Empty: there is none at this place. */
  part: message(6, { swarm, offset: size, part: bytes(0, PART_BYTES_MAX) }),
  /** The connection ends. */
  refused: message(7, { sentence }),
  /**
   * [8, frame, members, bans, invitations, withdrawals] In a closed swarm, for a follower that named the feature.
   * Counts as a frame of records.
   */
  membership: message(8, { frame: u32, ...membershipFields }),
  /** [9, seconds, digest] Likewise. `seconds`: the leader's wall clock, since 1970. */
  membershipDigest: message(9, { seconds: whole(0, SECONDS_MAX), digest: bytes(MEMBERSHIP_DIGEST_SIZE) }),
});

export type LeaderMessage = MessageOf<typeof leaderMessages>;
export type Records = Extract<LeaderMessage, { kind: 'records' }>;

/** Follower to leader. */
export const followerMessages = protocol('tracker.pair.words', {
  /** [1, frame] This frame of records and those before are on the follower's disk. */
  applied: message(1, { frame: u32 }),
  beat: message(2, {}),
  /**
   * [3, [client, …]] Everything of these clients, please: their leases go on at the leader and ended here. Right behind
   * `follow`, with one client that is none: see `featureMark`.
   */
  resendClients: message(3, { clients: listOf(client, PAIR_FRAME_CLIENTS_MAX) }),
  /** [4, bytes] Everything of these buckets, please. */
  resendBuckets: message(4, { buckets: bytes(1, DIGEST_BUCKETS) }),
  wantPart: message(5, { swarm, offset: size }),
  /** [6, tables] Everything of these tables of membership, by their places in MEMBERSHIP_TABLES, please. */
  againMembership: message(6, { tables: bytes(1, MEMBERSHIP_TABLES.length) }),
  /**
   * [10, version, cluster, followerId, originId, position] First, instead of a client's hello, whose requests have no
   * tag 10. `originId`: whose changes up to `position` the follower has, zeros when nobody's.
   */
  follow: message(FOLLOW_TAG, {
    version: u16,
    cluster: bytes(DIGEST_SIZE),
    followerId: bytes(TRACKER_ID_SIZE),
    originId: bytes(TRACKER_ID_SIZE),
    position: size,
  }),
});

/** What a follower understands beyond version 2. */
export const PAIR_FEATURES = {
  /** Reads `details` in records. */
  readsDetails: 1,
  /** Is of a closed swarm, and reads of its members. */
  readsMembership: 2,
} as const;

const MARK = Buffer.from('features', 'latin1');

/**
 * The follower's features as a client id that no client has: a leader of an earlier release knows no such client, and
 * sends nothing for it.
 */
export function featureMark(features: Iterable<number>): Uint8Array {
  const mark = new Uint8Array(CLIENT_ID_SIZE);
  mark.set(MARK);
  mark.set(encodeFeatures(features), MARK.length);
  return mark;
}

/** Undefined for a client id that is no mark. */
export function markedFeatures(client: Uint8Array): Features | undefined {
  if (!equalBytes(client.subarray(0, MARK.length), MARK)) return undefined;
  return commonFeatures(client.subarray(MARK.length), Object.values(PAIR_FEATURES));
}

export type FollowerMessage = MessageOf<typeof followerMessages>;
export type FollowRequest = Extract<FollowerMessage, { kind: 'follow' }>;

/** Whether the first frame of a connection is the partner's `follow`. */
export function isFollow(frame: Uint8Array): boolean {
  // An array of at most 15 members, the first of which is the tag.
  return ((frame[0] ?? 0) & 0xf0) === 0x90 && frame[1] === FOLLOW_TAG;
}
