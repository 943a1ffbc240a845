// The commands that a client obeys and the events that it reports, in its own process and over the attach socket. Paths
// in commands are absolute. An `ask` number is chosen by the user and comes back in the answer.

import { PIECES_MAX, REUSE_PATHS_MAX, UPLOAD_CONNECTIONS_MAX } from '../foundation/base/limits.js';
import { LOG_LEVELS } from '../foundation/base/log.js';
import { ADDRESS_BYTES_MAX } from '../foundation/torrent/address.js';
import { GLOB_BYTES_MAX, GLOBS_MAX } from '../foundation/torrent/folder/limits.js';
import { type MessageOf, message, protocol } from '../foundation/wire/protocol.js';
import {
  bytes,
  flag,
  json,
  listOf,
  oneOf,
  optional,
  real,
  record,
  size,
  text,
  trailing,
  tuple,
  u16,
  u32,
  type ValueOf,
  whole,
} from '../foundation/wire/schema.js';
import { chart } from '../transfer/download/messages.js';
import { memberTag } from '../transfer/peer/messages.js';
import { REUSE_NAME_BYTES_MAX } from '../transfer/storage/limits.js';
import { retained } from './retention/row.js';
import { isClientStats } from './stats.js';

const ask = u32;
const path = text(4096);
const globs = listOf(text(GLOB_BYTES_MAX), GLOBS_MAX);

/** Each is sent in one frame, so FRAME_ITEMS_MAX and FRAME_BYTES_MAX bound it. */
export const OVERVIEW_ROWS_MAX = 64;
export const PIECE_CELLS_MAX = 1_024;
export const REASON_BYTES_MAX = 500;
/** Bytes of the subject of a finding, and of each sentence about it. */
export const SUBJECT_BYTES_MAX = 320;
export const FINDING_BYTES_MAX = 500;
export const TRACKERS_LISTED_MAX = 64;
export const FINDINGS_MAX = 64;
/** .mtorrent files that an answer to `retrack` names. */
export const RETRACK_FAILURES_MAX = 16;
/** Shares that an answer to `relocate` says why of. */
export const RELOCATE_FAILURES_MAX = 16;
/** Peers that fetch a file from us, in an answer to `map`: those that got the most. */
export const MAP_FETCHERS_MAX = 64;
export const VERIFIED_RANGES_MAX = 256;
/** Sources of a download that are told by name, those with the most bytes first. */
export const REUSE_SOURCES_TOLD_MAX = 16;

/** talking: it answers us. standby: its partner does. away: it was tried and failed. */
export const TRACKER_STATES = ['talking', 'standby', 'away'] as const;
export const SEVERITIES = ['fine', 'note', 'bad'] as const;

export const FILE_STATES = [
  'checking',
  'waiting',
  'downloading',
  'finishing',
  'paused',
  'seeding',
  'failed',
  'missing',
  'hashing', // in an overview only: for a share or a verification; `have` counts the pieces hashed so far
] as const;
export type FileState = (typeof FILE_STATES)[number];

/** One file, as lists, `overview` and JSON show it. The order of the fields is that of the wire. */
const fileView = record({
  name: text(255),
  state: oneOf(...FILE_STATES),
  /** Where the whole file is, or will be. */
  path,
  mtorrentPath: path,
  /** Bytes; of a folder, those that are wanted. */
  size,
  /** Wanted pieces that are there. In state `hashing`: pieces hashed so far. */
  have: whole(0, PIECES_MAX),
  pieces: whole(0, PIECES_MAX),
  /** Bytes a second coming in. */
  rate: real,
  /** Peers that we fetch from. */
  peers: u32,
  /** Payload bytes, over all pauses and runs of the client until it is complete. */
  received: size,
  /** Of the bytes received, those that were not needed or were wrong. */
  wasted: size,
  sent: size,
  /** One sentence; '' when nothing is wrong. */
  problem: text(1_000),
  /** Of the peers that we fetch from, those that have every piece. */
  seeders: u32,
  /** Bytes of its pieces of zeros, which count as there. 0 for a file that is no download of this run. */
  zeros: size,
  /** Files of a folder that are wanted; 0 for a share that is one file. */
  files: u32,
  /** Of a folder that is shared: files that have changed, and so are not shared. */
  changed: u32,
  /** Bytes that came from files of this machine; they are not among those received. */
  reused: size,
  /** Of `files`, those that are there. */
  filesDone: u32,
  /** Of the bytes received, those of earlier runs of the client. */
  receivedBefore: size,
  /** Of the bytes wasted, those of earlier runs. */
  wastedBefore: size,
});
export type FileView = ValueOf<typeof fileView>;

/** Payload bytes a second of the whole client in each direction; 0: no limit. */
export interface Rates {
  readonly up: number;
  readonly down: number;
}
export const UNLIMITED: Rates = { up: 0, down: 0 };

/** Which of a folder's files are wanted, as its user asked for it. Empty lists: all of them. */
export interface Choice {
  readonly only: readonly string[];
  readonly except: readonly string[];
}

/** What a user of `get` may ask for besides. */
export interface GetWish extends Choice {
  /** Files and folders that may have bytes of it. Absolute. */
  readonly reuse: readonly string[];
  /** Nothing that is here already is used, not even other shares of this client. */
  readonly noReuse: boolean;
  /** The destination is the path that a folder gets, not a directory for it. */
  readonly exact: boolean;
}
export const EVERYTHING: GetWish = { only: [], except: [], reuse: [], noReuse: false, exact: false };

/** What of a folder is shared. */
export interface ShareOptions {
  /** Patterns of what is left out. */
  readonly exclude: readonly string[];
  /** Leaves out what cannot be shared, instead of refusing the folder. */
  readonly skipUnshareable: boolean;
  /** Shares what links point to in their place. */
  readonly followLinks: boolean;
  /** Keeps modification times. */
  readonly mtimes: boolean;
  /** Keeps that one file may be executed; of a folder always kept. */
  readonly mode: boolean;
  /** Whoever asks a tracker what there is may see it. */
  readonly isListed: boolean;
  /** Its .mtorrent is signed with the card of this client. */
  readonly isSigned: boolean;
}
export const AS_IT_IS: ShareOptions = {
  exclude: [],
  skipUnshareable: false,
  followLinks: false,
  mtimes: false,
  mode: false,
  isListed: true,
  isSigned: false,
};

const peerRow = record({
  /** from: we fetch from it; to: it fetches from us; silent: it was dialed in vain. */
  direction: oneOf('from', 'to', 'silent'),
  host: text(64),
  port: u16,
  /** Payload bytes on this connection. */
  bytes: size,
  /** Bytes a second; 0 for `to`. */
  rate: real,
  /** Pieces it has; 0 for `to`. */
  pieces: u32,
  /** Whose it is; nil in an open swarm. */
  member: optional(memberTag),
  /** What is wrong with a silent one, and what to do; '' for others. */
  problem: text(REASON_BYTES_MAX),
});
export type PeerRow = ValueOf<typeof peerRow>;

const trackerView = record({
  address: text(ADDRESS_BYTES_MAX),
  state: oneOf(...TRACKER_STATES),
  /** Why it is away; '' when it is not. */
  reason: text(REASON_BYTES_MAX),
});
export type TrackerView = ValueOf<typeof trackerView>;

const findingView = record({
  severity: oneOf(...SEVERITIES),
  subject: text(SUBJECT_BYTES_MAX),
  found: text(FINDING_BYTES_MAX),
  /** What to do; '' when nothing is wrong. */
  remedy: text(FINDING_BYTES_MAX),
});
export type FindingView = ValueOf<typeof findingView>;

/** Tags below 200 belong to this table; the attach socket adds its own above. */
export const CLIENT_COMMANDS = {
  /**
   * `path`: of a file, or of a folder, to which `exclude` and most flags apply. `isListed`: whoever asks a tracker what
   * there is may see it. `isSigned`: as a publisher of the closed swarm.
   */
  share: message(1, {
    ask,
    path,
    mtorrentPath: path,
    exclude: globs,
    skipUnshareable: flag,
    followLinks: flag,
    mtimes: flag,
    mode: flag,
    isListed: flag,
    isSigned: trailing(flag),
  }),
  /** `only`, `except`: globs that say which files of a folder are wanted; none: all. */
  get: message(2, {
    ask,
    mtorrentPath: path,
    destination: path,
    only: globs,
    except: globs,
    /** Files and folders that may have bytes of it. */
    reuse: listOf(path, REUSE_PATHS_MAX),
    /** Nothing that is here already is used, not even other shares of this client. */
    noReuse: flag,
    /** `destination` is the path of a folder itself. */
    exact: flag,
  }),
  /**
   * `name`: the .mtorrent's file name or path, or the shared file's name. `force`: even if it is unfinished. `content`:
   * also deletes what is shared.
   */
  remove: message(3, { ask, name: path, force: flag, content: flag }),
  list: message(4, { ask }),
  peers: message(5, { ask, name: path }),
  /** Answered when no download runs or waits. */
  wait: message(6, { ask }),
  stats: message(7, { ask }),
  quit: message(8, { ask }),
  pause: message(9, { ask, name: path }),
  resume: message(10, { ask, name: path }),
  /** Payload bytes a second of the whole client in one direction; 0: no limit. */
  limit: message(11, { ask, direction: oneOf('up', 'down'), rate: size }),
  limits: message(12, { ask }),
  /** Files in progress, for a live view: cheap however many files are shared. */
  overview: message(13, { ask }),
  /** One file, answered by `listed` with its row. */
  find: message(14, { ask, name: path }),
  /** Which pieces a file has, as a map of at most PIECE_CELLS_MAX cells. */
  pieces: message(15, { ask, name: path }),
  /** Answered with the link to it, whatever has become of its .mtorrent. */
  link: message(44, { ask, name: path }),
  trackers: message(16, { ask }),
  /** Hashes the pieces that a file is recorded to have; answered when that is done. */
  verify: message(17, { ask, name: path }),
  logLevel: message(18, { ask, level: oneOf(...LOG_LEVELS) }),
  /** Looks for problems, and for what limits the running downloads. */
  doctor: message(19, { ask }),
  /** Tells the trackers of one file, or of every file where `name` is '', and asks them for peers. */
  reannounce: message(20, { ask, name: path }),
  /**
   * Somebody reads a file in order: answered by `readable` when this piece is there. While it is fetched, it and those
   * behind it come first.
   */
  read: message(22, { ask, name: path, piece: whole(0, PIECES_MAX) }),
  /** Every file that names the tracker `from` names `to`. `isTrial`: only counts them. */
  retrack: message(21, { ask, from: text(ADDRESS_BYTES_MAX), to: text(ADDRESS_BYTES_MAX), isTrial: flag }),
  /**
   * A complete share that was moved is served from `to`. `from`: as `name` of `remove`. `isPrefix`: both are
   * directories, and everything that was shared at or below `from` is relocated.
   */
  relocate: message(23, { ask, from: path, to: path, isPrefix: flag }),
  /** A file piece by piece, with the peers that it is fetched from. */
  map: message(24, { ask, name: path }),
  /** Answered with a link that opens the page of this client in a browser, good once. */
  web: message(30, { ask }),
  /** A waiting download becomes the first or the last of those that wait. */
  queue: message(40, { ask, name: path, isFirst: flag }),
  /** Both limits, as a timetable says; `note` is what `limitNote` answers until the next one. */
  limitBySchedule: message(41, { ask, up: size, down: size, note: text(REASON_BYTES_MAX) }),
  /** What a timetable says of the limits, as `accepted`; '' without one. */
  limitNote: message(42, { ask }),
  /**
   * Deletes downloads by these rules: `days` for which they are kept, `versions` of each thing that are kept, `budget`
   * bytes for all; 0: off. `isTrial`: only says which; all 0: by the rules that were followed last.
   */
  retain: message(43, { ask, days: u32, versions: u32, budget: size, isTrial: flag }),
};
const clientCommands = protocol('client.commands', CLIENT_COMMANDS);
export type ClientCommand = MessageOf<typeof clientCommands>;

/** Tags as in CLIENT_COMMANDS. */
export const CLIENT_EVENTS = {
  accepted: message(1, { ask, detail: path }),
  refused: message(2, { ask, code: text(32), sentence: text(1_000) }),
  /** Sent in parts of at most LIST_ROWS_MAX rows. `last` ends the answer. */
  listed: message(3, { ask, rows: listOf(fileView, 256), last: flag }),
  peersListed: message(4, { ask, peers: listOf(peerRow, UPLOAD_CONNECTIONS_MAX + 256) }),
  statsListed: message(5, { ask, stats: json(16_384, 'the statistics of a client', isClientStats) }),
  completed: message(6, { name: text(255), path }),
  failed: message(7, { name: text(255), path, code: text(32), sentence: text(1_000) }),
  /** The download cannot continue for now. It resumes by itself, which the sentence leaves to `withContinuation`. */
  stalled: message(9, { name: text(255), path, code: text(32), sentence: text(1_000) }),
  /** For the person at the console. Not an answer to a command. */
  notice: message(8, { level: oneOf('good', 'bad'), sentence: text(1_000) }),
  /** Both limits as they are now, in bytes a second. 0: no limit. */
  limitsListed: message(10, { ask, up: size, down: size }),
  /**
   * Up to OVERVIEW_ROWS_MAX files that are not just seeding, then totals over all files: their number, and bytes of
   * this run.
   */
  overviewListed: message(11, {
    ask,
    rows: listOf(fileView, OVERVIEW_ROWS_MAX),
    files: u32,
    received: size,
    sent: size,
  }),
  /**
   * Each cell is the share of its pieces that are there, 0 none … 255 all. Cells are equal in size, give or take one
   * piece.
   */
  piecesListed: message(12, { ask, name: text(255), have: u32, pieces: u32, cells: bytes(0, PIECE_CELLS_MAX) }),
  /** The trackers of each pair that this client speaks to. */
  trackersListed: message(13, { ask, trackers: listOf(trackerView, TRACKERS_LISTED_MAX) }),
  /** `bad`: [first piece, how many] of recorded pieces that are wrong. `more`: there are further ranges. */
  verified: message(14, {
    ask,
    name: text(255),
    good: u32,
    pieces: u32,
    bad: listOf(tuple(u32, u32), VERIFIED_RANGES_MAX),
    more: flag,
  }),
  /** `failures`: a sentence for each .mtorrent that could not be rewritten, at most RETRACK_FAILURES_MAX. */
  retracked: message(16, { ask, files: u32, failures: listOf(text(1_000), RETRACK_FAILURES_MAX) }),
  /** Pieces that are there from the piece on that was asked for, at least 1. */
  readable: message(17, { ask, pieces: whole(1, PIECES_MAX) }),
  /** Before `completed`: bytes that came from files of this machine, from which, and those that were fetched. */
  reused: message(18, {
    name: text(255),
    path,
    bytes: size,
    fetched: size,
    sources: listOf(tuple(text(REUSE_NAME_BYTES_MAX), size), REUSE_SOURCES_TOLD_MAX),
  }),
  /** `files` were relocated, `refused` were not; `failures`: why, for the first RELOCATE_FAILURES_MAX. */
  relocated: message(19, {
    ask,
    files: u32,
    refused: u32,
    failures: listOf(text(1_000), RELOCATE_FAILURES_MAX),
  }),
  /**
   * `isLive`: it is being downloaded; else all but name, pieces and fetchers is empty. `fetchers`: who fetches it from
   * us.
   */
  mapped: message(20, {
    ask,
    name: text(255),
    pieces: u32,
    isLive: flag,
    ...chart,
    fetchers: listOf(peerRow, MAP_FETCHERS_MAX),
  }),
  /**
   * `rows`: the first RETENTION_ROWS_MAX of `downloads`, those that go first; `going` go, of `freed` bytes, and `bytes`
   * stay. `shortfall`: why the budget is not kept; '' when it is.
   */
  retained: message(43, { ask, ...retained }),
  diagnosed: message(15, { ask, findings: listOf(findingView, FINDINGS_MAX) }),
};
export const clientEvents = protocol('client.events', CLIENT_EVENTS);
export type ClientEvent = MessageOf<typeof clientEvents>;
/** The sentence of a stalled download for somebody whose client keeps running. */
export function withContinuation({ code, sentence }: { readonly code: string; readonly sentence: string }): string {
  return `${sentence}; it continues by itself${code === 'DISK_FULL' ? ' when there is room' : ''}`;
}
/** Rows sent in one `listed`: FRAME_ITEMS_MAX leaves room for 21 fields in each. */
export const LIST_ROWS_MAX = 185;
export type { ClientStats } from './stats.js';
