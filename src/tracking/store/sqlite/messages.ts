// What the list's thread obeys and reports. Changes gather in the order sent until `commit`, which makes them one
// transaction and is answered once. Keys travel as hex.

import { ERROR_CODES } from '../../../foundation/base/error-codes.js';
import { DIGEST_SIZE, NAME_BYTES_MAX, PART_BYTES_MAX, PIECES_MAX } from '../../../foundation/base/limits.js';
import { HOST_BYTES_MAX } from '../../../foundation/torrent/address.js';
import { FILE_SIZE_MAX } from '../../../foundation/torrent/geometry.js';
import { TRACKER_ID_SIZE } from '../../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE } from '../../../foundation/torrent/info-text.js';
import { SENTENCE_BYTES_MAX } from '../../../foundation/wire/limits.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import {
  bytes,
  flag,
  listOf,
  oneOf,
  optional,
  real,
  sentence,
  size,
  text,
  tuple,
  u16,
  u32,
  whole,
} from '../../../foundation/wire/schema.js';
import { membershipFields } from '../../membership/rows.js';
import { STORE_FRAME_CHANGES_MAX } from './limits.js';

const swarm = text(40);
const client = text(32);
const pieces = whole(0, PIECES_MAX);
const facts = { name: text(NAME_BYTES_MAX), size: whole(0, FILE_SIZE_MAX), pieceCount: pieces };
/** [info, listBytes, files] '' and zeros: nobody told. */
const details = [text(INFO_DIGEST_SIZE * 2), u32, u32] as const;
const partOffset = whole(0, PIECES_MAX * DIGEST_SIZE);
const rows = STORE_FRAME_CHANGES_MAX;
const put = [swarm, client, text(HOST_BYTES_MAX), u16, pieces, u32, u32] as const;
const state = oneOf('live', 'removed', 'lapsed');
/** Bytes: swarm 20, client 16; then decimals: have 7, epoch 10, sequence 10, position 16. */
export const PROGRESS_ROW_SIZE = 79;
/** Of a change in the order of those made here (`order.ts`). */
const position = size;
/** An address, and the name of a host where the address says nothing. */
const OWN_BYTES_MAX = 400;

/** A path of at most Linux's PATH_MAX; where the tracker is, and of which pair. */
export const storeSettings = protocol('tracker.store.settings', {
  store: message(1, { path: text(4_096), own: text(OWN_BYTES_MAX), cluster: bytes(DIGEST_SIZE) }),
});

export const storeCommands = protocol('tracker.store.command', {
  /** [1, [[swarm, name, size, pieceCount], …]] */
  swarms: message(1, { rows: listOf(tuple(swarm, facts.name, facts.size, facts.pieceCount), rows) }),
  /** [21, [[swarm, name, size, pieceCount, info, listBytes, files, position], …]] Behind their `swarms`. */
  details: message(21, {
    rows: listOf(tuple(swarm, facts.name, facts.size, facts.pieceCount, ...details, position), rows),
  }),
  /** [2, [[swarm, client, host, port, have, epoch, sequence, position, isListed], …]] */
  puts: message(2, { rows: listOf(tuple(...put, position, flag), rows) }),
  /** [3, [[swarm, client, epoch, sequence, position], …]] */
  removes: message(3, { rows: listOf(tuple(swarm, client, u32, u32, position), rows) }),
  leave: message(4, { client, epoch: u32, sequence: u32, position }),
  /** [5, [client, …]] */
  expires: message(5, { rows: listOf(client, rows) }),
  /** [6, [[swarm, client, epoch, sequence], …]] */
  forgets: message(6, { rows: listOf(tuple(swarm, client, u32, u32), rows) }),
  forgetLeave: message(7, { client, epoch: u32, sequence: u32 }),
  forgetSwarm: message(8, { swarm }),
  part: message(9, { swarm, upload: u32, offset: partOffset, part: bytes(1, PART_BYTES_MAX) }),
  complete: message(10, { swarm, upload: u32, ...facts, details: tuple(...details), position }),
  dropParts: message(11, { upload: u32 }),
  /** `position`: the last one that this transaction uses; none below is given out again. */
  commit: message(12, { group: u32, position }),
  /** [13, [[…put, state, ms, isListed], …]] The partner's entries; ms since the state changed. */
  replicatedEntries: message(13, { rows: listOf(tuple(...put, state, size, flag), rows) }),
  /** [14, [[swarm, name, size, pieceCount, proven, info, listBytes, files], …]] */
  fileInfo: message(14, {
    rows: listOf(tuple(swarm, facts.name, facts.size, facts.pieceCount, flag, ...details), rows),
  }),
  replicatedLeave: message(15, { client, epoch: u32, sequence: u32, ms: size }),
  followed: message(16, { origin: bytes(TRACKER_ID_SIZE), position }),
  /** Another tracker from now on, which follows nobody yet. */
  identity: message(19, { tracker: bytes(TRACKER_ID_SIZE) }),
  /** [18, bytes] Whole rows of PROGRESS_ROW_SIZE. Position 0: as it was. No entry twice in one frame. */
  progress: message(18, { rows: bytes(PROGRESS_ROW_SIZE, PROGRESS_ROW_SIZE * rows) }),
  /** [22, members, bans, invitations, withdrawals] In a closed swarm. */
  membership: message(22, membershipFields),
  /** Answered by `partRead`, in its turn among the commits. */
  readPart: message(17, { asker: u32, swarm, offset: partOffset }),
  /** Answered by `hashesRead`, likewise. */
  readHashes: message(20, { read: u32, swarm, offset: partOffset, length: whole(1, PART_BYTES_MAX) }),
});

export type StoreCommand = MessageOf<typeof storeCommands>;

export const storeEvents = protocol('tracker.store.event', {
  /** [1, [[swarm, name, size, pieceCount, complete, position, info, listBytes, files], …]] */
  loadedSwarms: message(1, {
    rows: listOf(tuple(swarm, facts.name, facts.size, facts.pieceCount, flag, position, ...details), rows),
  }),
  /**
   * [2, [[…put, state, ageMs, position, isListed], …]] Those that are not live first, the oldest of them before the
   * others; ageMs since the state changed, by the wall clock.
   */
  loadedEntries: message(2, {
    rows: listOf(tuple(...put, state, real, position, whole(0, 1)), rows),
  }),
  /** [3, [[client, epoch, sequence, ageMs, position], …]] Before the entries. */
  loadedLeaves: message(3, { rows: listOf(tuple(client, u32, u32, real, position), rows) }),
  /** [10, members, bans, invitations, withdrawals] As far as there are any. */
  loadedMembership: message(10, membershipFields),
  /** Everything was loaded; commits are taken now. `origin`: the tracker whose changes up to `followed` are here. */
  loaded: message(4, {
    lastUpload: u32,
    trackerId: bytes(TRACKER_ID_SIZE),
    position,
    origin: optional(bytes(TRACKER_ID_SIZE)),
    followed: position,
    /** Where the list was used before, if elsewhere: then the id is a new one. Else empty. */
    movedFrom: text(OWN_BYTES_MAX),
    /** An older list that was kept beside this one before its first change. Else empty. */
    kept: text(4_200),
  }),
  openFailed: message(5, { code: oneOf(...ERROR_CODES), sentence: text(SENTENCE_BYTES_MAX + 4_096) }),
  /** `logBytes`: of the log beside the list, looked at now and then. */
  committed: message(6, { group: u32, tookMs: real, logBytes: size }),
  /** `full`, `busy`: nothing was kept, and later commits may succeed. `broken`: what is on the disk is unknown. */
  failed: message(7, {
    group: u32,
    outcome: oneOf('full', 'busy', 'broken'),
    sentence,
  }),
  /** `part` is empty when there is none. */
  partRead: message(8, { asker: u32, swarm, offset: partOffset, part: bytes(0, PART_BYTES_MAX) }),
  hashesRead: message(9, { read: u32, part: bytes(0, PART_BYTES_MAX) }),
});

export type StoreEvent = MessageOf<typeof storeEvents>;
