// What the threads that serve say to the one that decides about uploads, and what it tells them. Every connection has a number that
// names its thread, so numbers of different threads never meet; of one thread, each is used once.

import { PEER_THREADS_MAX, PIECES_MAX, RUN_BYTES_MAX, RUN_PIECES_MAX } from '../../../foundation/base/limits.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import { flag, listOf, size, text, u32, whole } from '../../../foundation/wire/schema.js';
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
  /** Somebody has connected from `host`: nothing is read from it before `admit`. */
  accepted: message(1, { connection, host: text(64) }),
  /** It said hello. acks: it says when a block has come. */
  joined: message(2, { connection, file, acks: flag }),
  requested: message(3, { connection, piece, begin, length }),
  cancelled: message(4, { connection, piece, begin, length }),
  /** The oldest block that was sent to it has come whole. */
  acked: message(5, { connection }),
  closed: message(6, { connection }),
  /** The bytes of this `send` are in its buffers. */
  read: message(7, { upload }),
  /** The socket has taken them (false: it is gone), and the buffers are free again. Ends the `send`, as the next one does. */
  taken: message(8, { upload, ok: flag }),
  /** They cannot be read. */
  failed: message(9, { upload }),
});
export type UploadReport = MessageOf<typeof uploadReports>;

// --- the one that decides → a thread that serves ---
export const uploadOrders = protocol('peer.uploadOrders', {
  admit: message(1, { connection }),
  /** There is no place for it, or none any more. */
  refuse: message(2, { connection }),
  /** Its peer breaks the protocol: it ends with this sentence. */
  violated: message(3, { connection, sentence: text(100) }),
  /** A block, or what is left of one, will not be sent. */
  reject: message(4, { connection, piece, begin, length }),
  /** Read this into these buffers and write it. completes: with it everything is sent that was asked for as one block. */
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
