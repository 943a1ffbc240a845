// The bounds of a tracker, each with its unit in its name and its reason beside it.

import { GIB, KIB, MIB } from '../../foundation/base/limits.js';

/** Milliseconds a seeder stays listed without a word from it; Eureka's 90 s. */
export const LEASE_MS = 90_000;
/** Milliseconds between two heartbeats: three chances within a lease. */
export const RENEW_MS = 30_000;
/** Seeders of one swarm, swarms of the tracker, swarms of one client. */
export const SEEDERS_PER_SWARM_MAX = 20_000;
export const SWARMS_MAX = 200_000;
export const SWARMS_PER_CLIENT_MAX = 20_000;
/**
 * Connections of one tracker, and from one address (a whole cluster behind one NAT, a test host). When all places are
 * taken, an address with fewer displaces a connection of the most crowded one.
 */
export const TRACKER_CONNECTIONS_MAX = 12_000;
export const TRACKER_CONNECTIONS_PER_ADDRESS_MAX = 11_000;
/** Requests of one connection that wait for their commit; beyond it the tracker stops reading from that socket. */
export const TRACKER_REQUESTS_PER_CONNECTION_MAX = 1_024;
/** Bytes a client may leave unread before the tracker drops it. */
export const TRACKER_UNREAD_BYTES_MAX = 4 * MIB;
/** Listed files in one reply: with names of 255 bytes some 24 KiB, below FRAME_BYTES_MAX. */
export const CATALOGUE_PAGE_MAX = 64;
/**
 * Milliseconds between two pages while others ask for something else: a page and its way take some 0.25 ms of the
 * tracker's thread, so walks take a tenth of it at most. One through 200,000 files takes seven seconds then, else one.
 */
export const PAGE_REST_MS = 2;
/** Milliseconds for which somebody who asked for something else counts as there. */
export const OTHERS_RECENT_MS = 1_000;
/** Pages that wait for that: the last one is given after two seconds, before who asks gives up. */
export const PAGES_WAITING_MAX = 1_024;
/** Members in one reply: 120 bytes each, 16 KiB. Each costs a digest, some 2 µs. */
export const SUMMARIES_PAGE_MAX = 128;
/** What members said of files, kept in memory: some 500 bytes each, 50 MB. The one said longest ago goes first. */
export const SUMMARIES_MAX = 100_000;
/** Milliseconds that each is kept: whoever downloads overnight finds the report in the morning. */
export const SUMMARY_KEPT_MS = 86_400_000;
/** Members that one report takes of each tracker, in 64 pages; a larger swarm is reported as far as that. */
export const REPORT_MEMBERS_MAX = 8_192;
/** Files that one look at a list takes, whatever a tracker says: as many as SWARMS_MAX. */
export const LISTED_FILES_MAX = 200_000;
/**
 * What a part of piece hashes that is read counts for where small requests count 1: a connection is not read while
 * eight of its parts are on their way.
 */
export const STORE_READ_WEIGHT = 128;
/**
 * Parts of piece hashes that the store reads at once for clients: each keeps a commit behind it waiting for some 50 µs.
 */
export const STORE_READS_MAX = 4;
/** Parts that wait for that: those of 8,000 clients that fetch their first link in one moment. */
export const STORE_READS_WAITING_MAX = 65_536;
/** Milliseconds without any frame before the tracker closes a connection: three missed heartbeats. */
export const TRACKER_IDLE_MS = 100_000;
/**
 * What a 32 KiB part of piece hashes counts for where small requests count 1: 1,024 of those hold about as many bytes
 * as 16 parts.
 */
export const STORE_PART_WEIGHT = 64;
/**
 * Bytes of the log beside the list above which something keeps it from moving into the file: four times
 * STORE_LOG_PAGES.
 */
export const STORE_LOG_ALARM_BYTES = 128 * MIB;
/** Records of all clients, tombstones with them: some 300 bytes each, 300 MB at the most. */
export const TRACKER_RECORDS_MAX = 1_000_000;
/**
 * New records that one address may cause within TOMBSTONE_MS: half of all, so that none alone fills the tracker. A
 * network of 2,000 machines behind one address has 250 files each.
 */
export const TRACKER_RECORDS_PER_ADDRESS_MAX = 500_000;
/**
 * Removals in that time of entries that are unknown here, which leave records as well: the partner may know those
 * entries.
 */
export const TRACKER_UNKNOWN_REMOVALS_PER_ADDRESS_MAX = 100_000;
/**
 * Piece hashes on their way to one tracker together: 256 × 160 MiB is the most that unfinished ones take on its disk.
 */
export const TRACKER_UPLOADS_MAX = 256;
/** Of those from one address. */
export const TRACKER_UPLOADS_PER_ADDRESS_MAX = 64;
/**
 * Milliseconds that piece hashes may take, and bytes a second that they must come with beyond it: 160 MiB get 44
 * minutes.
 */
export const TRACKER_UPLOAD_MIN_MS = 60_000;
export const TRACKER_UPLOAD_BYTES_PER_S = 64 * KIB;
/** Bytes of the piece hashes of one client, 40 a MiB that it shares: those of 50 TiB. */
export const TRACKER_HASH_BYTES_PER_CLIENT_MAX = 2 * GIB;
/** Bytes of piece hashes that one address may send within TOMBSTONE_MS. */
export const TRACKER_HASH_BYTES_PER_ADDRESS_MAX = 16 * GIB;
/** Bytes of all piece hashes that a tracker keeps: those of 1.6 PiB. */
export const TRACKER_HASH_BYTES_MAX = 64 * GIB;
/** Milliseconds between two looks at leases and idle connections: how late either may end. */
export const TRACKER_TICK_MS = 1_000;
/**
 * Milliseconds by which a look is late where this tracker stood still: a busy processor delays it by less, and clients
 * fail over after TRACKER_REPLY_DEADLINE_MS.
 */
export const STANDSTILL_MS = 3_000;
/**
 * Entries that expire or are forgotten in one step of a clean-up: half of a commit, so that requests never wait for a
 * big one.
 */
export const TRACKER_FORGET_MAX = 1_024;
/**
 * Milliseconds between two steps: 20,000 entries a second, so that a full list (TRACKER_RECORDS_MAX) takes less than a
 * minute.
 */
export const TRACKER_CLEAN_UP_PACE_MS = 50;
/**
 * Milliseconds for anyone who is at a client's address to say hello to the tracker: below the 5 s that a client waits
 * for an answer.
 */
export const DIAL_BACK_DEADLINE_MS = 2_000;
/** Dial-backs under way together: a hundred sockets are nothing for a tracker, and no use to an attacker. */
export const DIAL_BACKS_MAX = 64;
/** Of them because of clients of one host: others still get their turn. */
export const DIAL_BACKS_PER_SOURCE_MAX = 4;
/**
 * Of them in one DIAL_BACK_PERIOD_MS: a host that means harm makes a tracker dial it twice a second at most, some 100
 * bytes each.
 */
export const DIAL_BACKS_PER_PERIOD_MAX = 120;
export const DIAL_BACK_PERIOD_MS = 60_000;
/**
 * Milliseconds that what a dial-back found is believed: a client that is refused asks again each 30 s, with all its
 * files.
 */
export const DIAL_BACK_VERDICT_MS = 60_000;
/**
 * Milliseconds that an address is promised to a client whose entry is still in flight to the disk: as long as a client
 * waits for an answer.
 */
export const CLAIM_PROMISED_MS = 5_000;
/**
 * Milliseconds after a hello in which an earlier connection of the same client, from elsewhere, may still have been
 * read late.
 */
export const COPY_GRACE_MS = 2_000;
/** Milliseconds before a client is told again that another one has its identity or its address. */
export const BESIDE_TOLD_MS = 3_600_000;
/** Verdicts that are remembered, and hosts whose dial-backs are counted; the oldest goes first. 100 bytes each. */
export const DIAL_BACK_VERDICTS_MAX = 16_384;
/** Bytes of the statistics in one reply: some forty numbers as JSON, times eight. */
export const TRACKER_STATS_BYTES_MAX = 8 * KIB;
/** Connections that wait to be accepted: a whole fleet that reconnects at once. The kernel caps it at somaxconn. */
export const TRACKER_LISTEN_BACKLOG = 4_096;
/**
 * Milliseconds between two marks in its file that a tracker is alive; it reads them after TOMBSTONE_MS, so an hour is
 * exact enough.
 */
export const STORE_MARK_MS = 3_600_000;
/** Requests for a list that wait meanwhile; beyond it their connections are not read. */
export const REPLICA_HELD_MAX = 65_536;
/** Sources whose use of something is counted: an address and two numbers each. */
export const BUDGET_SOURCES_MAX = 16_384;

/** Members in one reply: some 9 KiB. */
export const MEMBERS_PAGE_MAX = 64;
/** Bans in one message: some 26 KiB. */
export const BANS_PAGE_MAX = 1_024;
/** Requests about members that wait for the write of another: fifty seconds of joins. */
export const MEMBERSHIP_WAITING_MAX = 1_024;
/** Milliseconds that whoever bans waits to hear that the partner has it on its disk: two beats of the pair. */
export const PARTNER_TOLD_MS = 2_000;
/** Cards that one member gets in a period: hundreds of machines may share one key, and each card is a signature. */
export const RENEWALS_MAX = 600;
export const RENEWALS_PERIOD_MS = 60_000;
