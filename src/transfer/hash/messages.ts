// What the hash pool's threads obey and answer: numbers and digests in msgpack frames, never a file's bytes. Those lie in
// a slot of the slab, or are read from the descriptor by the thread itself.

import { DIGEST_SIZE, HASH_RANGE_PIECES, PIECE_SIZE, PIECES_MAX, SHA256_SIZE } from '../../foundation/base/limits.js';
import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
import { bytes, listOf, oneOf, record, text, type ValueOf, whole } from '../../foundation/wire/schema.js';
import { VERIFY_BATCH_MAX } from './limits.js';

/** A file descriptor of this process: valid in all its threads. */
const fd = whole(0, 0x7fff_ffff);
const piece = whole(0, PIECES_MAX);
const rangeCount = whole(1, HASH_RANGE_PIECES);
const fileSize = whole(0, FILE_SIZE_MAX);

/** Compare `length` bytes of slot `slot` with `digest`; when equal, write them to `fd` at `offset`. */
const verifyTask = record({
  slot: whole(0, 0xffff),
  length: whole(1, PIECE_SIZE),
  digest: bytes(DIGEST_SIZE),
  fd,
  offset: fileSize,
});
export type VerifyTask = ValueOf<typeof verifyTask>;

/** stored: the bytes match and are written. mismatch: they do not match; nothing was written. ioError: writing failed. */
const verifyOutcome = record({
  kind: oneOf('stored', 'mismatch', 'ioError'),
  /** Name of the system's error, such as ENOSPC; '' unless writing failed. */
  errno: text(32),
});
export type OutcomeRow = ValueOf<typeof verifyOutcome>;

export const hashTasks = protocol('hash.task', {
  /** Each: compare the bytes of a slot with their digest; when equal, write them to the file at the offset. */
  verifyPieces: message(1, { pieces: listOf(verifyTask, VERIFY_BATCH_MAX) }),
  /** Digests of the pieces first…first + count - 1 of the file of `size` bytes behind `fd`. */
  hashRange: message(2, { fd, first: piece, count: rangeCount, size: fileSize }),
  /** Which of these pieces have their digest. */
  checkRange: message(3, {
    fd,
    first: piece,
    count: rangeCount,
    size: fileSize,
    digests: bytes(DIGEST_SIZE, DIGEST_SIZE * HASH_RANGE_PIECES),
  }),
  /** SHA-256 of the first `size` bytes behind `fd`. */
  sha256File: message(4, { fd, size: fileSize }),
  /** Nothing but what a first task does beside its work. */
  warmUp: message(5, {}),
});
export type HashTask = MessageOf<typeof hashTasks>;

export const hashAnswers = protocol('hash.answer', {
  /** In the order of the pieces. */
  verified: message(1, { outcomes: listOf(verifyOutcome, VERIFY_BATCH_MAX) }),
  /** Reading failed; the name of the system's error, such as ENOSPC. */
  ioError: message(3, { errno: text(32) }),
  hashed: message(4, { digests: bytes(DIGEST_SIZE, DIGEST_SIZE * HASH_RANGE_PIECES) }),
  /** One bit a piece of the range, as in a bitfield. */
  checked: message(5, { good: bytes(1, Math.ceil(HASH_RANGE_PIECES / 8)) }),
  sha256: message(6, { digest: bytes(SHA256_SIZE) }),
  /** The file ended before the size it should have. */
  ended: message(7, {}),
  warm: message(8, {}),
});
export type HashAnswer = MessageOf<typeof hashAnswers>;
