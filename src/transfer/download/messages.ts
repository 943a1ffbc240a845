// What the download thread obeys and reports. One downloader actor per file, named by its `file` number.

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
  real,
  record,
  size,
  text,
  u16,
  u32,
  type ValueOf,
  whole,
} from '../../foundation/wire/schema.js';
import { listeningPort } from '../peer/messages.js';
import { handedStorage } from '../storage/messages.js';

const file = u32;
const address = record({ host: text(64), port: u16 });

/** First frame of the thread; the slab rides in its shared memory. */
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
   * A peer thread works now (again); its port rides beside. What an earlier one of this number held is lost. serves: it has
   * connections that we serve, too.
   */
  attachPeerThread: message(1, { thread: whole(0, PEER_THREADS_MAX - 1), serves: flag }),
  /** Beside: the digests, then the shared bitfield with the pieces that are on disk. The storage is open for writing. */
  start: message(2, {
    file,
    swarm: bytes(SWARM_KEY_SIZE),
    name: text(255),
    storage: handedStorage,
    resumePath: text(4096),
    /** Of the whole file, checked before it gets its name; empty when the metainfo has none. */
    sha256: bytes(0, SHA256_SIZE),
    /** For the peers that are dialed: where this client listens. */
    uploadPort: listeningPort,
  }),
  /** `incoming`: they dialed us. */
  peersFound: message(3, { file, peers: listOf(address, SEEDERS_PER_REPLY_MAX), incoming: flag }),
  /** Ends the download with everything kept; `stopped` follows. */
  stop: message(4, { file }),
  describe: message(5, { file, ask: u32 }),
  /** Payload bytes a second of all downloads together; 0: no limit. */
  limit: message(6, { rate: size }),
  /** One look at all downloads, for a doctor. */
  examine: message(7, { ask: u32 }),
});
export type DownloadCommand = MessageOf<typeof downloadCommands>;

// --- download → client ---
/** Bytes received from it, its rate in bytes a second, how many pieces it has. */
const connectedPeer = record({ host: text(64), port: u16, bytes: size, rate: real, pieces: u32 });
export type ConnectedPeer = ValueOf<typeof connectedPeer>;

/** Connected peers, slots held, pieces being stored, whether the rate limit holds it back. */
const examinedDownload = record({ file, peers: u32, held: u32, storing: u32, isPaced: flag });
export type ExaminedDownload = ValueOf<typeof examinedDownload>;

export const downloadEvents = protocol('download.events', {
  /** Bytes count payload received; `wasted` of them were not needed or wrong. Rates are bytes a second. */
  progressed: message(1, { file, have: whole(0, PIECES_MAX), received: size, wasted: size, rate: real, peers: u32 }),
  /** The file is whole, on disk and at its target path. */
  completed: message(2, { file, received: size, wasted: size }),
  failed: message(3, { file, code: text(32), sentence: text(1_000) }),
  stopped: message(4, { file }),
  /** No connected peer has anything we miss: ask the tracker again. */
  peersNeeded: message(5, { file }),
  described: message(6, { ask: u32, peers: listOf(connectedPeer, PEERS_PER_DOWNLOAD_MAX * 2) }),
  examined: message(8, { ask: u32, downloads: listOf(examinedDownload, DOWNLOADS_RUNNING_MAX) }),
  peerBanned: message(7, { file, host: text(64), port: u16, piece: u32 }),
  /** The threads of the hash pool are up. Once. */
  poolReady: message(9, {}),
});
export type DownloadEvent = MessageOf<typeof downloadEvents>;
