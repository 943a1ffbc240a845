// The bounds of storages and state files, each with its unit in its name and its reason beside it.

import {
  DIGEST_SIZE,
  KIB,
  METAINFO_EXTRA_LINES_MAX,
  METAINFO_LINE_BYTES_MAX,
  MIB,
  PIECES_MAX,
} from '../../foundation/base/limits.js';
import { FOLDER_ENTRIES_MAX, FOLDER_LIST_BYTES_MAX } from '../../foundation/torrent/folder/limits.js';

/** Bytes of a `.mtorrent`: PIECES_MAX digests in hex, the list of a folder, and every other line at its longest. */
export const METAINFO_BYTES_MAX =
  PIECES_MAX * DIGEST_SIZE * 2 + FOLDER_LIST_BYTES_MAX + (METAINFO_EXTRA_LINES_MAX + 6) * METAINFO_LINE_BYTES_MAX;
/** Bytes of resume data: two bits a piece, 8 bytes for an entry of a folder, and some hundred bytes around them. */
export const RESUME_BYTES_MAX = PIECES_MAX / 4 + 8 * FOLDER_ENTRIES_MAX + KIB;
/**
 * Milliseconds by which a `.part` may be younger than its resume data after a crash: the next save of the record was at
 * most 2 s away, or some more on a busy disk. Somebody else has changed a younger one.
 */
export const PART_YOUNGER_MS = 60_000;
/** Part of the descriptors above OPEN_FILES_BASE that served files may take; sockets and checks need the rest. */
export const SERVED_FILES_SHARE = 0.25;
/** Served files that are held open however few descriptors there are: one for each thread that serves. */
export const SERVED_FILES_MIN = 4;
/** Bytes of a file on FAT: its size is 32 bits. */
export const FAT_FILE_BYTES_MAX = 0xffff_ffff;
/** Free bytes below which a disk that refused counts as full of bytes: two pieces, or some state files. */
export const ROOM_BYTES_FEW = MIB;
/** Free inodes below which it counts as full of inodes: a file that is published has two names for a moment. */
export const INODES_FEW = 2;
/**
 * Milliseconds by which a `.part` may be younger than its resume data while nobody else can have added pieces: five
 * saves of the record. A younger one is hashed where the record has no piece, too.
 */
export const PART_UNRECORDED_MS = 10_000;
/**
 * Milliseconds that reading a block may delay the other connections of its thread: 512 KiB take 0.3 from memory and 1
 * from flash, twice that or more on a busy core, a run four times that; a spinning disk takes 8 and more.
 */
export const READ_HERE_MS_MAX = 5;
/**
 * Slow reads in a row that count: on busy cores three of a hundred reads wait for a core, but hardly ever three in a
 * row.
 */
export const READ_SLOW_ROW = 3;
/**
 * Milliseconds after which a single read counts: a thread hardly waits that long for a core, but does for a sleeping
 * disk.
 */
export const READ_STUCK_MS = 50;
/** Blocks that the system's threads read after that; then one read here finds out whether the disk is fast again. */
export const READ_AWAY_COUNT = 64;
/** Bytes of the record of a `.part`'s disk: one path, which has at most 4,095 on Linux. */
export const PART_DISK_BYTES_MAX = 4_096;
/** Milliseconds for which the list of mounts is kept: a share is hardly opened within them of a disk's appearance. */
export const MOUNTS_KEPT_MS = 2_000;
/** Reads of one disk that may hang which one thread makes at once: each may keep a thread of the system's for ever. */
export const AWAY_READS_MAX = 2;
/** Bytes of a read from such a disk: each answer shows that it works, down to 26 kB/s. */
export const AWAY_READ_BYTES = 256 * KIB;
/** Milliseconds without an answer after which reads from other disks no longer wait for this one. */
export const AWAY_SLOW_MS = 1_000;
/** Milliseconds without an answer after which a read has failed: longer than a disk takes to spin up. */
export const AWAY_DEADLINE_MS = 10_000;
/** Milliseconds between two looks at what waits. */
export const AWAY_LOOK_MS = 250;
/** Milliseconds between two signs of life of a directory's holder: a lock outlives a dead machine by some of them. */
export const LEASE_BEAT_MS = 10_000;
/** The same on a disk of this machine, which others see at most through NFS: a disk that sleeps is seldom woken. */
export const LEASE_LOCAL_BEAT_MS = 30_000;
/** Beats that may be missed before a holder counts as dead: a busy machine or server delays one or two. */
export const BEATS_MISSED = 2.5;
/** Milliseconds between two looks of whoever waits: a living holder is seen soon after its beat. */
export const LEASE_LOOK_MS = 500;
/** Bytes of a claim: some short texts, and the path of a socket. */
export const CLAIM_BYTES_MAX = 2 * KIB;
/** Milliseconds between two writes of a claim: its holder is known to live, and the disk hardly notices. */
export const CLAIM_BEAT_MS = 4_000;
/** Milliseconds without a write after which the holder of a claim is gone: several beats of a busy machine. */
export const CLAIM_WATCH_MS = 16_000;
/** Milliseconds between two looks at a claim that is watched. */
export const CLAIM_LOOK_MS = 500;
/** Tries to make a claim while others make and remove theirs. */
export const CLAIM_TRIES_MAX = 4;
/** Claims that could not be removed and are remembered as our own: downloads of disks that are away at once. */
export const CLAIMS_LEFT_MAX = 1_024;

// --- files whose bytes are used again (docs/decisions/046) ---

/** Ranges of a piece that are asked of peers beside what is here: a request each. Of more the nearest are joined. */
export const HOLES_PER_PIECE_MAX = 32;
/** Files that one piece is put together from: small files of 1 KiB on average; the frame of the task stays small. */
export const PARTS_PER_PIECE_MAX = 512;
/** Names under which people know the sources of one plan; further shares of a library are no sources. */
export const REUSE_GROUPS_MAX = 256;
/** Bytes from which a file may begin as a clone: smaller ones lie in packs, and are copied in milliseconds. */
export const CLONE_BYTES_MIN = 4 * MIB;
/** Files of one download that may begin as clones, the largest first: of that size they are 4 GiB at least. */
export const CLONES_MAX = 1_024;
/** Milliseconds after which no further file is cloned: the first byte from the network waits for it. */
export const CLONING_MS = 200;
/**
 * Of what is missing in a file that an earlier run left, and a source has at the same place, the part that has to take
 * room already for it to be looked at where it lies: it was cloned then, and not fetched.
 */
export const CLONE_LEFT_SHARE = 0.5;

// --- folders ---

/** Directories below a folder that a thread keeps open between two files: those of one path of usual depth. */
export const FOLDER_DIRECTORIES_OPEN_MAX = 8;
/** Files of a folder that are flushed one by one; more than these take longer than one flush of their file system. */
export const FLUSH_EACH_MAX = 256;
/** Files that are flushed at once: two are written while the next are opened. */
export const FLUSH_AT_ONCE = 4;
/** Milliseconds for the flush of a whole file system, where others may have written much. Then each file by itself. */
export const FLUSH_WHOLE_DEADLINE_MS = 60_000;
/** Entries of a folder that are looked at before the thread does something else: some 6 ms. */
export const FOLDER_LOOK_ENTRIES = 2_048;
/** Bytes of small files that are read for an upload before other connections have their turn: some 16 are opened. */
export const PACK_READ_BYTES = 64 * KIB;
/** Bytes from which a file of a folder stays open while it is served; smaller ones lie in packs, each read once. */
export const KEPT_FILE_BYTES_MIN = 4 * MIB;
/** Files of one folder that stay open so. */
export const KEPT_FILES_MAX = 8;
/** Looks at files of a folder that wait for the system's threads at once; it has four. */
export const LOOKS_AT_ONCE = 8;
/** Bytes that are copied at once of a file that has other names: some ms of a disk. */
export const OWN_COPY_BYTES = MIB;
/** Bytes of a block, as stat(2) counts them. */
export const STAT_BLOCK_BYTES = 512;
/** Names of what stays when a folder is deleted: enough to see what it is. */
export const KEPT_NAMED_MAX = 10;
/** Bytes of the record of a folder's stamps: 8 for each of FOLDER_ENTRIES_MAX entries, and its head. */
export const STAMPS_BYTES_MAX = 3 * MIB;
/** Files by which a directory is taken for a folder that was fetched before: enough to tell it from any other. */
export const TARGET_FILES_LOOKED_AT = 16;
/** Three numbers and their names. */
export const TOTALS_BYTES_MAX = 512;
/** Names of a folder that are tried on its file system: each is a file made and deleted. Others fail when written. */
export const NAMES_TRIED_MAX = 256;
/** Directories of one look into a folder that is walked: a task of the hash pool, which should be worth its message. */
export const WALK_DIRECTORIES_MAX = 64;
/** Entries after which such a look ends: some 5 ms of work, a second on a disk that has none of it in memory. */
export const WALK_ENTRIES = 1_024;
/** Bytes of each of these names that are told: a path of usual length, as one line shows it. */
export const REUSE_NAME_BYTES_MAX = 512;
/** Open files of other programs that are looked at before something is deleted: some seconds of a busy machine. */
export const OPEN_LOOKED_AT_MAX = 200_000;
