// The tracker wire: what clients ask and trackers answer on one TCP connection (docs/PROTOCOL.md). Both sides send
// TRACKER_MAGIC, then frames, the client's first of which is `hello`. Requests carry an id that the client chooses, may
// be in flight together, and are each answered once.

import {
  DIGEST_SIZE,
  FEATURES_BYTES_MAX,
  NAME_BYTES_MAX,
  PART_BYTES_MAX,
  PIECES_MAX,
  SEEDERS_PER_REPLY_MAX,
} from '../../foundation/base/limits.js';
import { BAN_DIGEST_SIZE } from '../../foundation/identity/bans.js';
import { CARD_SIZE } from '../../foundation/identity/card.js';
import { KEY_ID_SIZE, PUBLIC_KEY_SIZE, SIGNATURE_SIZE } from '../../foundation/identity/keys.js';
import { INVITATION_SECRET_SIZE, INVITATION_TRACKERS_MAX } from '../../foundation/identity/limits.js';
import { POWERS_MAX } from '../../foundation/identity/powers.js';
import { MEMBER_NAME_MAX, STATEMENT_SIZE } from '../../foundation/identity/statement.js';
import { ADDRESS_BYTES_MAX, HOST_BYTES_MAX } from '../../foundation/torrent/address.js';
import { FOLDER_ENTRIES_MAX } from '../../foundation/torrent/folder/limits.js';
import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { CLIENT_ID_SIZE, PEER_ID_SIZE, SWARM_KEY_SIZE, TRACKER_ID_SIZE } from '../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE } from '../../foundation/torrent/info-text.js';
import { TRACKER_HANDSHAKES_MAX } from '../../foundation/wire/limits.js';
import type { Wire } from '../../foundation/wire/passage.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
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
  u16,
  u32,
  whole,
} from '../../foundation/wire/schema.js';
import {
  BANS_PAGE_MAX,
  CATALOGUE_PAGE_MAX,
  MEMBERS_PAGE_MAX,
  SUMMARIES_PAGE_MAX,
  TRACKER_CONNECTIONS_MAX,
  TRACKER_STATS_BYTES_MAX,
} from './limits.js';

/** 'MTTRCK' and the version of this page, big-endian. */
export const TRACKER_MAGIC = Uint8Array.from([...Buffer.from('MTTRCK', 'latin1'), 0, 1]);

/** Bytes of the partner's address in `helloReply`; only people read it. */
export const PARTNER_BYTES_MAX = 64;

/** What one side may say because the other named it in `token` or `features` (foundation/wire/features.ts). */
export const TRACKER_FEATURES = {
  /** Reads `features` in `helloReply`. */
  readsFeatures: 1,
  /** Understands the reply `stale`. */
  understandsStale: 2,
  /** `host` in its hello is an address that it wants to be listed at. Asks `reach`; is told `beside`. */
  namesAddress: 3,
  /** Takes `details` in `share`; answers `describe` and `hashString`. */
  describes: 4,
  /** Answers `list`; a tracker whose owner turned that off does not name it. */
  lists: 5,
  /** Takes `summary`; answers `summaries`. */
  reports: 6,
} as const;
/** What both sides name today. */
export const OWN_FEATURES: readonly number[] = Object.values(TRACKER_FEATURES);

/** Seconds since 1970 in six bytes. */
const SECONDS_MAX = 2 ** 48 - 1;

const memberName = text(MEMBER_NAME_MAX);
const powers = whole(0, POWERS_MAX);
const swarm = bytes(SWARM_KEY_SIZE);
const features = bytes(0, FEATURES_BYTES_MAX);
const pieces = whole(0, PIECES_MAX);
/** Bytes of the lines behind the hash string of a .mtorrent. */
const listBytes = u32;
const files = whole(0, FOLDER_ENTRIES_MAX);
/** Of an info text; empty: nobody told. */
const info = bytes(0, INFO_DIGEST_SIZE);
const description = {
  name: text(NAME_BYTES_MAX),
  size: whole(0, FILE_SIZE_MAX),
  pieceCount: pieces,
  info,
  listBytes,
  files,
  seeders: u32,
  /** Seeders that have every piece. */
  complete: u32,
};
/** What a client did for a file in this run. */
const summary = {
  /** Bytes that it wants of it. */
  wanted: size,
  /** Payload bytes, as the next two. */
  received: size,
  /** Of those received, the ones that were not needed or were wrong. */
  wasted: size,
  sent: size,
  /** Milliseconds since its download began and since it ended; nil: it did not. */
  started: optional(u32),
  finished: optional(u32),
  /** Highest rates that it held, in bytes a second. */
  downRate: size,
  upRate: size,
};
/** `said`: milliseconds since it said so. */
const summaryRow = {
  peer: bytes(PEER_ID_SIZE),
  host: text(HOST_BYTES_MAX),
  port: u16,
  isListed: flag,
  said: u32,
  ...summary,
};
/** The owner's version of its word: `epoch` grows with each start of the client, `sequence` with each word. */
const version = { epoch: u32, sequence: u32 };

export const trackerRequests = protocol('tracker.request', {
  /**
   * [1, clientId, host, uploadPort, epoch, token] All-zero client id and port 0: may ask `seeders` and `stats` only.
   */
  hello: message(1, {
    clientId: bytes(CLIENT_ID_SIZE),
    /**
     * '' asks to be listed under the socket's address. A tracker lists another one only when it was told to trust it,
     * or when the client names the feature and was reached there.
     */
    host: text(HOST_BYTES_MAX),
    uploadPort: u16,
    epoch: u32,
    /** The client's features. */
    token: features,
  }),
  /** [2, id, swarm, name, size, pieceCount, have, epoch, sequence, details] Lists the caller with `have` pieces. */
  share: message(2, {
    id: u32,
    swarm,
    name: text(NAME_BYTES_MAX),
    size: whole(0, FILE_SIZE_MAX),
    pieceCount: pieces,
    have: pieces,
    ...version,
    /** Sent only to who takes it. isListed: whoever asks for a list may see the file. */
    details: trailing(record({ info: bytes(INFO_DIGEST_SIZE), listBytes, files, isListed: flag })),
  }),
  /** [3, id, swarm, offset, part] The piece hashes in order from offset 0, when `shared` asked for it. */
  pieces: message(3, { id: u32, swarm, offset: whole(0, PIECES_MAX * 20), part: bytes(1, PART_BYTES_MAX) }),
  /** [4, id, swarm, have, epoch, sequence] Progress of a swarm that this caller shares already. */
  announce: message(4, { id: u32, swarm, have: pieces, ...version }),
  /** [5, id, swarm, want] */
  seeders: message(5, { id: u32, swarm, want: u16 }),
  /** [6, id, swarm, epoch, sequence] Takes the caller, and nobody else, off one list. */
  remove: message(6, { id: u32, swarm, ...version }),
  /** [7, id, epoch, sequence] Takes the caller off every list. */
  leave: message(7, { id: u32, ...version }),
  /** [8, id] Heartbeat. Any request renews the lease of everything the caller shares; this one does nothing else. */
  ping: message(8, { id: u32 }),
  stats: message(9, { id: u32 }),
  /** [11, id, swarm] Whether the tracker reaches the caller at its address, asked about a file that it shares. */
  reach: message(11, { id: u32, swarm }),
  /** [12, id, swarm] What is known of a file that somebody shares. */
  describe: message(12, { id: u32, swarm }),
  /** [13, id, swarm, offset, length] Bytes of its piece hashes. */
  hashString: message(13, {
    id: u32,
    swarm,
    offset: whole(0, PIECES_MAX * DIGEST_SIZE),
    length: whole(1, PART_BYTES_MAX),
  }),
  /**
   * [14, id, after, filter, want] Listed files in the order of their keys, behind `after` (empty: from the beginning),
   * whose names contain `filter`, whatever the case.
   */
  list: message(14, {
    id: u32,
    after: bytes(0, SWARM_KEY_SIZE),
    filter: text(NAME_BYTES_MAX),
    want: whole(1, CATALOGUE_PAGE_MAX),
  }),
  /** [15, id, secret, name] In a closed swarm, of a connection without a card: the only thing that it may say. */
  join: message(15, { id: u32, secret: bytes(INVITATION_SECRET_SIZE), name: memberName }),
  /** [16, id] For a new card; also with one that ran out. */
  renew: message(16, { id: u32 }),
  /** [17, id, powers, uses, seconds, proof] Of an administrator. `proof`: the root's, for a tracker only. */
  invite: message(17, { id: u32, powers, uses: u16, seconds: u32, proof: trailing(bytes(SIGNATURE_SIZE)) }),
  /** [18, id, after] Of an administrator: the members behind this key id; empty: from the beginning. */
  members: message(18, { id: u32, after: bytes(0, KEY_ID_SIZE) }),
  /** [19, id, member, isBanned] Of an administrator. */
  ban: message(19, { id: u32, member: bytes(KEY_ID_SIZE), isBanned: flag }),
  /** [20, id, statement] Of an administrator; the root's signature is what counts. */
  withdraw: message(20, { id: u32, statement: bytes(STATEMENT_SIZE) }),
  /** [21, id, key, proof, name] Of whoever shows a chain of the tracker's `--join-ca`, and nothing else. */
  joinByCa: message(21, { id: u32, key: bytes(PUBLIC_KEY_SIZE), proof: bytes(SIGNATURE_SIZE), name: memberName }),
  /** [22, digest] After `hello` in a closed swarm: of the bans that the caller knows. Answered by `bans`, if at all. */
  knownBans: message(22, { digest: bytes(BAN_DIGEST_SIZE) }),
  /** [23, id, swarm, summary] Of a file that this caller shares: what it did for it. Kept in memory only. */
  summary: message(23, { id: u32, swarm, summary: record(summary) }),
  /** [24, id, swarm, from] What its members said, from a place on that counts from 0. */
  summaries: message(24, { id: u32, swarm, from: u32 }),
});

export type SummaryFields = Extract<TrackerRequest, { kind: 'summary' }>['summary'];
export type TrackerRequest = MessageOf<typeof trackerRequests>;

export const trackerReplies = protocol('tracker.reply', {
  helloReply: message(1, {
    trackerId: bytes(TRACKER_ID_SIZE),
    /** Address of the partner tracker, as text. */
    partner: text(PARTNER_BYTES_MAX),
    /**
     * Highest epoch this tracker knows of the client; 0 when it knows none. A client that lost its state goes on above.
     */
    highestEpoch: u32,
    leaseMs: u32,
    renewMs: u32,
    ready: flag,
    /** The tracker's; sent only to who reads them. */
    features: trailing(features),
  }),
  shared: message(2, { id: u32, piecesNeeded: flag }),
  stored: message(3, { id: u32 }),
  announced: message(4, { id: u32 }),
  /** Never the caller; a random sample when `total` is more than was wanted or than fits one reply. */
  seederList: message(5, {
    id: u32,
    seeders: listOf(record({ host: text(HOST_BYTES_MAX), port: u16, have: pieces }), SEEDERS_PER_REPLY_MAX),
    total: u32,
  }),
  removed: message(6, { id: u32 }),
  left: message(7, { id: u32 }),
  /** `entries`: on how many lists this caller is, so that it notices an expiry and shares again. */
  pong: message(8, { id: u32, entries: u32 }),
  stats: message(9, { id: u32, json: text(TRACKER_STATS_BYTES_MAX) }),
  /**
   * The word changes nothing, since this version or a higher one is known of the caller, and it is another word. Sent
   * only to who understands it. Whoever hears it lost its state, or shares its client id with somebody.
   */
  stale: message(11, { id: u32, ...version }),
  /**
   * At the address under which it lists the caller, or would. unasked: too many are asked now; unlisted: there is
   * nothing to ask about.
   */
  reach: message(12, {
    id: u32,
    host: text(HOST_BYTES_MAX),
    port: u16,
    found: oneOf('reached', 'stranger', 'nobody', 'unasked', 'unlisted'),
  }),
  /**
   * Unasked. Another client has this one's identity, and speaks from that address; or it names that address, at which
   * this one is listed. `keeps` false: this client needs another identity, and the connection ends.
   */
  beside: message(13, {
    what: oneOf('sameIdentity', 'sameAddress'),
    keeps: flag,
    host: text(HOST_BYTES_MAX),
    port: u16,
  }),
  /** `isProven`: the piece hashes are here, so name and size are what their first whole uploader said. */
  description: message(14, { id: u32, what: record(description), isProven: flag }),
  /** At most as long as was asked for, never empty but past the end; what is missing is asked for again. */
  hashStringPart: message(15, { id: u32, part: bytes(0, PART_BYTES_MAX) }),
  /**
   * [16, id, [[swarm, …as in `description`], …], next, total] `next`: `after` of the next page, empty: that was all.
   * A page may be short, or empty, before the end. `total`: listed files, of any name.
   */
  listing: message(16, {
    id: u32,
    items: listOf(record({ swarm, ...description }), CATALOGUE_PAGE_MAX),
    next: bytes(0, SWARM_KEY_SIZE),
    total: u32,
  }),
  /** [17, id, card, swarm, trackers] `swarm`: its name. `trackers`: addresses as text. */
  admitted: message(17, {
    id: u32,
    card: bytes(CARD_SIZE),
    swarm: text(MEMBER_NAME_MAX),
    trackers: listOf(text(ADDRESS_BYTES_MAX), INVITATION_TRACKERS_MAX),
  }),
  renewed: message(18, { id: u32, card: bytes(CARD_SIZE) }),
  invited: message(19, { id: u32, secret: bytes(INVITATION_SECRET_SIZE) }),
  /** [20, id, [[key, name, powers, by, state, seen, address], …], last] `seen`: seconds ago; nil: never since start. */
  memberList: message(20, {
    id: u32,
    members: listOf(
      record({
        key: bytes(PUBLIC_KEY_SIZE),
        name: memberName,
        powers,
        by: bytes(KEY_ID_SIZE),
        state: oneOf('active', 'banned'),
        seen: optional(u32),
        address: text(HOST_BYTES_MAX),
      }),
      MEMBERS_PAGE_MAX,
    ),
    last: flag,
  }),
  /** `clients`: how many were told; `partner`: whether the other tracker has it. */
  banned: message(21, { id: u32, clients: u32, partner: flag }),
  /**
   * [22, seconds, isWhole, [[member, version, isBanned], …]] Unasked. `seconds`: the tracker's clock, since 1970.
   * isWhole: nothing follows.
   */
  bans: message(22, {
    seconds: whole(0, SECONDS_MAX),
    isWhole: flag,
    rows: listOf(record({ member: bytes(KEY_ID_SIZE), version: u32, isBanned: flag }), BANS_PAGE_MAX),
  }),
  /** Unasked: the root's word that a tracker is none any more. */
  withdrawn: message(23, { statement: bytes(STATEMENT_SIZE) }),
  noted: message(24, { id: u32 }),
  /**
   * [25, id, [[peerId, host, port, isListed, said, …as in `summary`], …], total, listed] Who is still listed, and who
   * left within a day. `said`: ms since it said so. `total`: of all pages. `listed`: clients listed for the file now.
   */
  summaries: message(25, {
    id: u32,
    rows: listOf(record(summaryRow), SUMMARIES_PAGE_MAX),
    total: u32,
    listed: u32,
  }),
  /** `id` nil: the connection ends. */
  error: message(10, {
    id: optional(u32),
    code: oneOf(
      'unknown',
      'invalid',
      'limit',
      'diskFull',
      'ioError',
      'stopping',
      'protocol',
      'notAdmitted',
      'forbidden',
    ),
    sentence,
  }),
});

export type TrackerReply = MessageOf<typeof trackerReplies>;
/** Replies that answer no request. */
export type UnaskedReply = Extract<TrackerReply, { kind: 'helloReply' | 'beside' | 'bans' | 'withdrawn' }>;
/** Requests of closed swarms, which an open one refuses. */
export type MembershipRequest = Extract<
  TrackerRequest,
  { kind: 'join' | 'renew' | 'invite' | 'members' | 'ban' | 'withdraw' | 'joinByCa' | 'knownBans' }
>;

export function isUnasked(reply: TrackerReply): reply is UnaskedReply {
  return ['helloReply', 'beside', 'bans', 'withdrawn'].includes(reply.kind);
}

const MEMBERSHIP: readonly string[] = [
  'join',
  'renew',
  'invite',
  'members',
  'ban',
  'withdraw',
  'joinByCa',
  'knownBans',
] satisfies readonly MembershipRequest['kind'][];

export function isAboutMembership(request: TrackerRequest): request is MembershipRequest {
  return MEMBERSHIP.includes(request.kind);
}

/** As TLS and the gate see it. */
export const TRACKER_WIRE: Wire = {
  name: 'tracker',
  alpn: 'mt-track/1',
  magic: TRACKER_MAGIC,
  accepts: 'ask',
  line: { underWayMax: TRACKER_HANDSHAKES_MAX, waitingMax: TRACKER_CONNECTIONS_MAX },
  carriesPayload: false,
  refusal: (sentence, isPlain) =>
    trackerReplies.framed(
      trackerReplies.fit({ kind: 'error', id: null, code: isPlain ? 'limit' : 'notAdmitted', sentence }),
    ),
  sentenceIn(frame) {
    const reply = trackerReplies.decode(frame);
    return reply.kind === 'error' ? reply.sentence : undefined;
  },
};

export type Refusal = Extract<TrackerReply, { kind: 'error' }>;
export type RefusalCode = Refusal['code'];
