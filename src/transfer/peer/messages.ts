// The links of a peer thread: one with the download thread for dialed connections, one with the main thread for
// accepted ones. The download thread numbers connections, the main thread files. Each number is used once in the life
// of the process.

import {
  HAVE_RANGES_MAX,
  LIST_BYTES_MAX,
  PART_BYTES_MAX,
  PEER_THREADS_MAX,
  PIECES_MAX,
  RUN_BYTES_MAX,
  RUN_PIECES_MAX,
  SLAB_SLOTS,
  UPLOAD_CONNECTIONS_MAX,
} from '../../foundation/base/limits.js';
import { CARD_SIZE } from '../../foundation/identity/card.js';
import type { Member } from '../../foundation/identity/gate.js';
import { KEY_ID_SIZE, PUBLIC_KEY_SIZE, SHORT_LETTERS, shortName } from '../../foundation/identity/keys.js';
import { SHUT_OUT_PAGE_MAX, WITHDRAWALS_MAX } from '../../foundation/identity/limits.js';
import { MEMBER_NAME_MAX, STATEMENT_SIZE } from '../../foundation/identity/statement.js';
import { CLIENT_ID_SIZE, PEER_ID_SIZE, SWARM_KEY_SIZE } from '../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE } from '../../foundation/torrent/info-text.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
import {
  bytes,
  flag,
  listOf,
  oneOf,
  optional,
  real,
  record,
  sentence,
  size,
  text,
  trailing,
  tuple,
  u16,
  u32,
  type ValueOf,
  whole,
} from '../../foundation/wire/schema.js';
import { servedStorage } from '../storage/messages.js';

const connection = u32;
const file = u32;
const piece = whole(0, PIECES_MAX - 1);
const begin = whole(0, RUN_BYTES_MAX - 1);
const length = whole(1, RUN_BYTES_MAX);
const slots = listOf(whole(0, SLAB_SLOTS - 1), RUN_PIECES_MAX);
const ranges = listOf(tuple(piece, whole(1, PIECES_MAX)), HAVE_RANGES_MAX);
const host = text(64);
/** Of a running client, so never 0. */
export const listeningPort = whole(1, 65_535);

/** Whose a connection of a closed swarm is, for people. `key`: the short name of its id. */
export const memberTag = record({ name: text(MEMBER_NAME_MAX), key: text(SHORT_LETTERS) });
export type MemberTag = ValueOf<typeof memberTag>;

export function memberTagOf({ name, id }: Member): MemberTag {
  return { name, key: shortName(id) };
}

/** First frame of the thread; the slab rides in its shared memory. */
export const peerSettings = protocol('peer.settings', {
  settings: message(1, {
    clientId: bytes(CLIENT_ID_SIZE),
    uploadHost: host,
    seed: u32,
    thread: whole(0, PEER_THREADS_MAX - 1),
    /** Peer threads that serve: the client's descriptors are divided among them. */
    servingThreads: whole(1, PEER_THREADS_MAX),
    /** Of a closed swarm; never leaves the memory of this process. */
    identity: trailing(
      record({
        swarm: text(MEMBER_NAME_MAX),
        root: bytes(PUBLIC_KEY_SIZE),
        seed: bytes(PUBLIC_KEY_SIZE),
        card: bytes(CARD_SIZE),
      }),
    ),
  }),
});

// --- download → peer ---
export const fetchCommands = protocol('peer.fetchCommands', {
  /** uploadPort: where this client listens, whichever of its threads does, for the peer to dial back. */
  dial: message(1, {
    connection,
    swarm: bytes(SWARM_KEY_SIZE),
    pieceCount: whole(0, PIECES_MAX),
    host,
    port: u16,
    uploadPort: listeningPort,
  }),
  /** A block, or a run with a slot for each piece. The slots are the connection's until it reports the block's end. */
  request: message(2, { connection, piece, begin, length, slots }),
  /** Every block that was requested within this range and has not arrived. */
  cancel: message(3, { connection, piece, begin, length }),
  hangUp: message(4, { connection }),
  /** Tell every peer that fetches `file` from us. */
  haves: message(5, { file, ranges }),
});
export type FetchCommand = MessageOf<typeof fetchCommands>;

const HANG_UP_REASONS = [
  'asked',
  'closed',
  'unreachable',
  'noRoute',
  'timeout',
  'snubbed',
  'protocol',
  'gone',
  'unknownSwarm',
  'busy',
  'self',
  'failed',
  'notAdmitted',
] as const;
export type HangUpReason = (typeof HANG_UP_REASONS)[number];

// --- peer → download ---
export const fetchEvents = protocol('peer.fetchEvents', {
  /**
   * connectMs, rttMs: how long the TCP connection took, and its hello. runs: one request may cover several pieces.
   * parallel: it counts several connections of ours as one. member: in a closed swarm.
   */
  connected: message(1, {
    connection,
    connectMs: real,
    rttMs: real,
    runs: flag,
    parallel: flag,
    member: trailing(memberTag),
  }),
  bitfieldPart: message(2, {
    connection,
    offset: whole(0, PIECES_MAX / 8),
    part: bytes(0, PART_BYTES_MAX),
    last: flag,
  }),
  havesReceived: message(3, { connection, ranges }),
  choked: message(4, { connection }),
  unchoked: message(5, { connection }),
  /** All bytes of the block are in its slots, which belong to the download again. */
  blockReceived: message(6, { connection, piece, begin, length }),
  /** The peer will not send it, or its rest; its slots belong to the download again. */
  blockRejected: message(7, { connection, piece, begin, length }),
  /** Nothing of this connection touches a slot any more: all its slots belong to the download again. */
  disconnected: message(8, { connection, reason: oneOf(...HANG_UP_REASONS), sentence }),
  /** Bytes of blocks that have not arrived whole; the slots stay the connection's. */
  blockProgress: message(9, { connection, bytes: size }),
});
export type FetchEvent = MessageOf<typeof fetchEvents>;

// --- client → peer ---
export const serveCommands = protocol('peer.serveCommands', {
  /**
   * In place of where it listened before, after `decideUploads` or `joinDesk`. shared: other threads of this client
   * listen there as well.
   */
  listen: message(1, { host, port: u16, shared: flag }),
  /** Serve this file from now on (or from another storage). Its bitfield rides beside as shared memory. */
  serve: message(2, { file, swarm: bytes(SWARM_KEY_SIZE), storage: servedStorage }),
  /** Stop serving: peers are told `gone`, after what was written to them. */
  unserve: message(3, { file }),
  describe: message(5, { ask: u32 }),
  /** Payload bytes a second of all uploads together; 0: no limit. */
  limit: message(6, { rate: size }),
  /** Connections from now on are made under the ids of this client. */
  identify: message(7, { clientId: bytes(CLIENT_ID_SIZE) }),
  /** This thread decides about the uploads of all threads. Attached: the memory of the buffers. */
  decideUploads: message(8, {}),
  /** To the thread that decides: `thread` serves, too, perhaps again. Attached: the port to it. */
  attachServing: message(9, { thread: whole(0, PEER_THREADS_MAX - 1) }),
  /** Serve as another thread decides, from now on. Attached: the port to it, and the memory of the buffers. */
  joinDesk: message(10, {}),
  /** Connections from now on are made from this host. To every peer thread. */
  dialFrom: message(11, { host }),
  /**
   * Before the `serve` of a file whose .mtorrent has lines behind the piece hashes: the last `bytes` of the one at
   * `path`, whose info text has the SHA-256 `info`.
   */
  metadata: message(12, { file, path: text(4096), info: bytes(INFO_DIGEST_SIZE), bytes: whole(1, LIST_BYTES_MAX) }),
  /** Connections from now on show this card; open ones go on. To every peer thread of a member. */
  card: message(13, { card: bytes(CARD_SIZE) }),
  /** Who is shut out, beside those that were told before: their connections end. To every peer thread of a member. */
  shutOut: message(14, {
    /** [member, version, banned] */
    bans: listOf(tuple(bytes(KEY_ID_SIZE), u32, flag), SHUT_OUT_PAGE_MAX),
    /** The root's statements about trackers. */
    withdrawals: listOf(bytes(STATEMENT_SIZE), WITHDRAWALS_MAX),
  }),
  /** The last tracker's clock, carried on. To every peer thread of a member. */
  trackerTime: message(15, { seconds: size }),
});
export type ServeCommand = MessageOf<typeof serveCommands>;

// --- peer → client ---
export const serveEvents = protocol('peer.serveEvents', {
  listening: message(1, { port: u16 }),
  listenFailed: message(2, { errno: text(32) }),
  /** A client said hello to us, so it takes part in the swarm and listens at `host:port`. */
  peerJoined: message(3, { file, host, port: u16 }),
  /** Bytes sent since the last report of this file. */
  uploaded: message(4, { file, bytes: size }),
  /** The file cannot be read (Node's errno), is shorter (SHORT_FILE) or has changed (CHANGED). */
  serveFailed: message(5, { file, path: text(4096), errno: text(32) }),
  /**
   * Each connection that fetches from us: the port of its socket, whose it is, payload bytes sent over it. member: nil
   * in an open swarm.
   */
  described: message(6, {
    ask: u32,
    peers: listOf(
      record({ file, host, port: u16, peer: bytes(PEER_ID_SIZE), bytes: size, member: optional(memberTag) }),
      UPLOAD_CONNECTIONS_MAX,
    ),
  }),
  /** At the end of the thread: a read of this file has not come back from its disk. */
  readHangs: message(7, { path: text(4096) }),
});
export type ServeEvent = MessageOf<typeof serveEvents>;
