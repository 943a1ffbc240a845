// The link between a thread that serves and the thread that decides about uploads. A connection's number names its
// thread and is used once.

import { PEER_THREADS_MAX, PIECES_MAX, RUN_BYTES_MAX, RUN_PIECES_MAX } from '../../../foundation/base/limits.js';
import { PEER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import { bytes, flag, listOf, size, text, u32, whole } from '../../../foundation/wire/schema.js';
import { BUFFERS_MAX } from './buffers.js';

const connection = size;
const upload = size;
const file = u32;
const piece = whole(0, PIECES_MAX - 1);
const begin = whole(0, RUN_BYTES_MAX - 1);
const length = whole(1, RUN_BYTES_MAX);

/** @param count how many this thread accepted before. */
export function connectionNumber(thread: number, count: number): number {
  return count * PEER_THREADS_MAX + thread;
}

export function threadOf(connectionOf: number): number {
  return connectionOf % PEER_THREADS_MAX;
}

// --- a thread that serves → the one that decides ---
export const uploadReports = protocol('peer.uploadReports', {
  /** A peer has connected from `host`: nothing is read from it before `admit`. */
  accepted: message(1, { connection, host: text(64) }),
  /** It said hello. acks: it acks each block. peer: its id; none from one that does not name `parallel`. */
  joined: message(2, { connection, file, acks: flag, peer: bytes(0, PEER_ID_SIZE) }),
  requested: message(3, { connection, piece, begin, length }),
  cancelled: message(4, { connection, piece, begin, length }),
  /** The oldest block that was sent to it has arrived. */
  acked: message(5, { connection }),
  closed: message(6, { connection }),
  /** The bytes of this `send` are in its buffers. */
  read: message(7, { upload }),
  /** The socket took them (false: it is gone), and the buffers are free again. Ends the `send`, as `failed` does. */
  taken: message(8, { upload, ok: flag }),
  /** They cannot be read. */
  failed: message(9, { upload }),
  /** Its disk has not answered for a while: others do not wait for it. */
  slow: message(10, { upload }),
});
export type UploadReport = MessageOf<typeof uploadReports>;

// --- the one that decides → a thread that serves ---
export const uploadOrders = protocol('peer.uploadOrders', {
  admit: message(1, { connection }),
  /** It has no place, or lost it to another peer. */
  refuse: message(2, { connection }),
  /** Its peer breaks the protocol: it ends with this sentence. */
  violated: message(3, { connection, sentence: text(100) }),
  /** A block, or what is left of one, will not be sent. */
  reject: message(4, { connection, piece, begin, length }),
  /** Read this into these buffers and write it. completes: with it a request is served completely. */
  send: message(5, {
    connection,
    upload,
    piece,
    begin,
    length,
    completes: flag,
    buffers: listOf(whole(0, BUFFERS_MAX - 1), RUN_PIECES_MAX),
  }),
});
export type UploadOrder = MessageOf<typeof uploadOrders>;
