// What the download thread obeys and reports. One downloader a file, named by its `file` number.

import {
  DOWNLOADS_RUNNING_MAX,
  PEER_THREADS_MAX,
  PEERS_PER_DOWNLOAD_MAX,
  PIECES_MAX,
  SEEDERS_PER_REPLY_MAX,
  SHA256_SIZE,
} from '../../foundation/base/limits.js';
import { SWARM_KEY_SIZE } from '../../foundation/torrent/ids.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
import {
  bytes,
  flag,
  listOf,
  oneOf,
  optional,
  real,
  record,
  size,
  text,
  tuple,
  u16,
  u32,
  type ValueOf,
  type ValuesOf,
  whole,
} from '../../foundation/wire/schema.js';
import { listeningPort, memberTag } from '../peer/messages.js';
import { REUSE_GROUPS_MAX, REUSE_NAME_BYTES_MAX } from '../storage/limits.js';
import { handedStorage } from '../storage/messages.js';
import { CHART_ASKED_MAX, CHART_CELLS_MAX, CHART_PEERS_MAX, SILENT_LISTED_MAX } from './limits.js';

const file = u32;
const address = record({ host: text(64), port: u16 });

/** First frame of the thread. The slab comes as shared memory. */
export const downloadSettings = protocol('download.settings', {
  settings: message(1, {
    slots: whole(2, 4096),
    hashThreads: whole(1, 64),
    peerThreads: whole(1, PEER_THREADS_MAX),
    seed: u32,
  }),
});

// --- client → download ---
export const downloadCommands = protocol('download.commands', {
  /**
   * A peer thread is up, perhaps again; its port is attached. The connections of an earlier thread of this number are
   * lost. `serves`: it also has connections that we serve.
   */
  attachPeerThread: message(1, { thread: whole(0, PEER_THREADS_MAX - 1), serves: flag }),
  /**
   * Attached: the digests; the shared bitfield of the pieces that peers may be offered; of a folder, the memory of its
   * list; when some of its entries are left out, the bitfield of the pieces that are done. The storage is open for
   * writing.
   */
  start: message(2, {
    file,
    swarm: bytes(SWARM_KEY_SIZE),
    name: text(255),
    storage: handedStorage,
    resumePath: text(4096),
    /** SHA-256 of the whole file, checked before it gets its name; empty when the metainfo has none. */
    sha256: bytes(0, SHA256_SIZE),
    /** Where this client listens; told to the peers that are dialed. */
    uploadPort: listeningPort,
  }),
  /** `incoming`: they dialed us. */
  peersFound: message(3, { file, peers: listOf(address, SEEDERS_PER_REPLY_MAX), incoming: flag }),
  /** Ends the download and keeps everything. `stopped` follows, unless it has ended by itself. */
  stop: message(4, { file }),
  describe: message(5, { file, ask: u32 }),
  /** Payload bytes a second of all downloads together. 0: no limit. */
  limit: message(6, { rate: size }),
  /** Asks for the state of every download, for the doctor. */
  examine: message(7, { ask: u32 }),
  /** Asks how much of the memory for payload is in use. */
  countSlots: message(8, { ask: u32 }),
  /**
   * Attached: which bytes of the download lie in files of this machine, with the names of the plan's groups; if its
   * `.part` may have some already, the bitfield of these pieces.
   */
  reuse: message(9, { file, names: listOf(text(REUSE_NAME_BYTES_MAX), REUSE_GROUPS_MAX) }),
  /**
   * Somebody reads the file in order, and wants this piece now: it and those behind it are fetched first. `readable`
   * answers, unless the download ends before.
   */
  read: message(10, { file, piece: u32 }),
  /** Asks for a picture of the download, piece by piece. */
  chart: message(11, { file, ask: u32 }),
});
export type DownloadCommand = MessageOf<typeof downloadCommands>;

// --- download → client ---
/** Bytes received from the peer, its rate in bytes a second, how many pieces it has, whose it is. */
const connection = { host: text(64), port: u16, bytes: size, rate: real, pieces: u32, member: optional(memberTag) };
const connectedPeer = record(connection);
export type ConnectedPeer = ValueOf<typeof connectedPeer>;

/** A chart has at most CHART_CELLS_MAX cells, equal in size give or take one piece. */
export const chart = {
  /** Each cell's share of pieces that are here, 0 none … 255 all. */
  own: bytes(0, CHART_CELLS_MAX),
  /** `has`: a bit a cell, set when the peer has all of it; empty when it has every piece. */
  peers: listOf(record({ ...connection, has: bytes(0, CHART_CELLS_MAX / 8) }), CHART_PEERS_MAX),
  /** Which pieces are requested: [piece, the peer's place in the list]. */
  asked: listOf(tuple(u32, u32), CHART_ASKED_MAX),
  /** Pieces that have arrived, and are being verified and written. */
  storing: listOf(u32, CHART_ASKED_MAX),
};
export type Chart = ValuesOf<typeof chart>;
export type ChartedPeer = Chart['peers'][number];

/** An address that does not answer (`refuses`, `noRoute`, `noAnswer`), or whose bytes do not come. */
const silentAddress = record({
  host: text(64),
  port: u16,
  trouble: oneOf('refuses', 'noRoute', 'noAnswer', 'noBytes'),
});
/** Connected peers, slots held, pieces being stored, whether the download limit holds it back. */
const examinedDownload = record({
  file,
  peers: u32,
  held: u32,
  storing: u32,
  isPaced: flag,
  silent: listOf(silentAddress, SILENT_LISTED_MAX),
});
export type ExaminedDownload = ValueOf<typeof examinedDownload>;

/** How a download stands, in numbers that begin at 0. The client shows all of them in its row of the file. */
export const progress = {
  have: whole(0, PIECES_MAX),
  /** Bytes a second coming in. */
  rate: real,
  /** Connected peers. */
  peers: u32,
  /** Payload bytes received in this run. */
  received: size,
  /** Of the bytes received, those that were not needed or were wrong. */
  wasted: size,
  /** Of the connected peers, those that have every piece. */
  seeders: u32,
  /** Pieces that peers are offered: fewer than are had where some of a folder's files were left out. */
  offered: whole(0, PIECES_MAX),
  /** Pieces and bytes that are wanted. */
  wanted: whole(0, PIECES_MAX),
  wantedBytes: size,
  /** Of a folder: files that are done, of those that are wanted. */
  filesDone: u32,
  /** Bytes that came from files of this machine in this run; they are not among those received. */
  reused: size,
};
export type Progress = ValuesOf<typeof progress>;

export const downloadEvents = protocol('download.events', {
  progressed: message(1, { file, ...progress }),
  /** The file is whole, flushed and at its target path. */
  completed: message(2, { file, received: size, wasted: size }),
  /** Before `completed` of a download that had a plan: bytes that peers and files of this machine brought. */
  reused: message(12, {
    file,
    fetched: size,
    bytes: size,
    /** How many bytes under which name. */
    sources: listOf(tuple(text(REUSE_NAME_BYTES_MAX), size), REUSE_GROUPS_MAX),
  }),
  /** `errno` and `path`: what the system refused; '' when it was not the system. */
  failed: message(3, { file, code: text(32), sentence: text(1_000), errno: text(32), path: text(4_096) }),
  stopped: message(4, { file }),
  /** No connected peer has anything that is missing: ask the tracker again. */
  peersNeeded: message(5, { file }),
  described: message(6, { ask: u32, peers: listOf(connectedPeer, PEERS_PER_DOWNLOAD_MAX * 2) }),
  examined: message(8, { ask: u32, downloads: listOf(examinedDownload, DOWNLOADS_RUNNING_MAX) }),
  /** Slots of one piece each: all there are, and those that hold a requested or unstored piece. */
  slotsCounted: message(10, { ask: u32, slots: u32, used: u32 }),
  /** It was dialed in vain, and no other peer sends. Once for each address. */
  peerSilent: message(11, {
    file,
    host: text(64),
    port: u16,
    trouble: oneOf('refuses', 'noRoute', 'noAnswer', 'noBytes'),
  }),
  peerBanned: message(7, { file, host: text(64), port: u16, piece: u32 }),
  /** Pieces that are done from `piece` on, at least 1. */
  readable: message(13, { file, piece: u32, pieces: u32 }),
  /** `isThere` false: no such download runs, and all else is empty. */
  charted: message(14, { ask: u32, isThere: flag, ...chart }),
  /** The threads of the hash pool are up. Sent once. */
  poolReady: message(9, {}),
});
export type DownloadEvent = MessageOf<typeof downloadEvents>;
