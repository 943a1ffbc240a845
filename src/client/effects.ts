// The inputs and effects of the client's machine: all its contact with the world. Pure.

import type { DiskTrouble } from '../foundation/base/errnos.js';
import type { ErrorCode } from '../foundation/base/error-codes.js';
import type { LogLevel } from '../foundation/base/log.js';
import type { Address } from '../foundation/torrent/address.js';
import type { PieceRange } from '../foundation/torrent/bitfield.js';
import type { ChosenBeside } from '../foundation/torrent/folder/choice.js';
import type { SwarmKey } from '../foundation/torrent/ids.js';
import type { AnnounceCommand, PairEvent } from '../tracking/announce/messages.js';
import type { DownloadEvent } from '../transfer/download/messages.js';
import type { ServeEvent } from '../transfer/peer/messages.js';
import type { Room } from '../transfer/storage/disk/room.js';
import type { FolderNeed } from '../transfer/storage/folder/need.js';
import type { Totals } from '../transfer/storage/part/totals.js';
import type { DoctorRequest } from './answers/doctor-request.js';
import type { Fetched } from './files/completeness.js';
import type { LibraryChange } from './files/file-table.js';
import type { Entry, KnownZeros } from './files/record.js';
import type { ClientCommand, ClientEvent } from './messages.js';
import type { RetentionRules } from './retention/rules.js';

export interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
  /** The system refused. */
  readonly trouble?: DiskTrouble | undefined;
}

/** Result of checking a file of the library against the disk. */
export type CheckResult =
  /** `path`: of the copy that is right. `have`: pieces that can be shared; absent: all. */
  | { readonly kind: 'complete'; readonly path: string; readonly mtimeMs: number; readonly have?: number | undefined }
  /** `have`: with the pieces of zeros. */
  | {
      readonly kind: 'partial';
      readonly have: number;
      readonly device: number;
      readonly zeros: KnownZeros;
      readonly totals: Totals;
    }
  /** `found`: the file that was judged. */
  | {
      readonly kind: 'unusable';
      readonly sentence: string;
      readonly found: Found | undefined;
      /** Pieces that an unfinished download is recorded to have. */
      readonly have?: number;
      /** The system refused, which may pass. */
      readonly trouble?: DiskTrouble | undefined;
    };

/** What one look at a file on disk shows. */
export interface Found {
  readonly size: number;
  readonly mtimeMs: number;
  /** The ctime: it reveals a copy that was put back with its old mtime. */
  readonly changedMs: number;
  /** Of its .mtorrent; undefined when there is none, or it was not looked at. */
  readonly metainfoMtimeMs: number | undefined;
  /** What its other copies look like, to compare with a later look; absent when they were not looked at. */
  readonly others?: string;
}

/** Something at the target of a get. What is no file has size -1. */
export interface There {
  readonly size: number;
  readonly mtimeMs: number;
}

/** The .mtorrent and the other copies are named only for a missing file: any of them may bring the file back. */
export type LookedAt = readonly [
  file: number,
  path: string,
  mtorrentPath: string | undefined,
  others?: readonly string[],
  isFolder?: boolean,
];

export interface SeenSource {
  readonly file: number;
  /** Undefined: there is no such file, or it cannot be looked at. */
  readonly found: Found | undefined;
  /** The system's name of the error of a look that failed. Absent: there is nothing. */
  readonly errno?: string | undefined;
}

/** A look at a shared folder. */
export interface SeenFolder {
  /** Pieces that can be shared. */
  readonly have: number;
  /** Files that are not what they were. */
  readonly changed: number;
  /** Paths of the first of them, below the folder. */
  readonly names: readonly string[];
  /** Of the record of its stamps. */
  readonly mtimeMs: number;
}

/** A copy that a user says was moved. */
export interface Move {
  readonly file: number;
  readonly entry: Entry;
  readonly from: string;
  readonly to: string;
  /** It is not looked at. */
  readonly refusal: Refusal | undefined;
}

/** What lies at the new place. */
export interface JudgedMove extends Pick<Move, 'file' | 'from' | 'to'> {
  readonly found: /** `have`: pieces of a folder that can be shared. */
    | { readonly kind: 'right'; readonly mtimeMs: number; readonly have?: number | undefined }
    | { readonly kind: 'wrong'; readonly refusal: Refusal };
}

/** What a look at a download shows before it may be deleted. */
export interface FetchedLook {
  readonly file: number;
  /** Of its wanted files. */
  readonly bytes: number;
  /** Why it may not be deleted now; undefined: it may. */
  readonly hold: string | undefined;
}

/** A .mtorrent that was made or fetched for this swarm. */
export interface OwnMetainfo {
  readonly path: string;
  readonly swarm: SwarmKey;
}

/** Result of hashing again the pieces that a file is recorded to have. */
export type HashedAgain =
  | {
      readonly kind: 'hashed';
      /** Pieces it was recorded to have. */
      readonly claimed: number;
      /** The wrong ones among them, in ascending order. */
      readonly bad: readonly PieceRange[];
      /** The file as it was throughout; undefined when it changed meanwhile. */
      readonly found: Found | undefined;
    }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

export type ClientInput =
  | { readonly kind: 'command'; readonly command: ClientCommand }
  /** The library at start: each entry is checked and announced. */
  | { readonly kind: 'loaded'; readonly entries: readonly Entry[] }
  | { readonly kind: 'checked'; readonly file: number; readonly result: CheckResult }
  /** A local file is being hashed; `done` of its pieces are finished. Sent a few times a second. */
  | {
      readonly kind: 'shareProgressed';
      readonly ask: number;
      readonly path: string;
      readonly mtorrentPath: string;
      readonly size: number;
      readonly pieces: number;
      readonly done: number;
    }
  /** A local file has been hashed; its .mtorrent is not written yet. */
  | { readonly kind: 'shareHashed'; readonly ask: number; readonly entry: Entry }
  /** Its .mtorrent has been written. */
  | { readonly kind: 'sharePrepared'; readonly ask: number; readonly entry: Entry }
  /** A .mtorrent has been read. Its target is free, or holds the `.part` of an earlier try, or something is `there`. */
  | {
      readonly kind: 'getPrepared';
      readonly ask: number;
      readonly entry: Entry;
      readonly room: Room;
      readonly device: number;
      readonly zeros: KnownZeros;
      readonly need?: FolderNeed | undefined;
      readonly there: There | undefined;
      /** Which files of a folder are asked for, beside those that are known. */
      readonly chosen: ChosenBeside;
    }
  /** What lies at the target of a get is the whole file. */
  | {
      readonly kind: 'targetJudged';
      readonly ask: number;
      readonly entry: Entry;
      /** As in `getPrepared`. Of fewer files than are known, or others, nothing is recorded. */
      readonly chosen: ChosenBeside;
      readonly mtimeMs: number;
      readonly have?: number | undefined;
    }
  /** `swarm`: it was prepared before. */
  | { readonly kind: 'prepareFailed'; readonly ask: number; readonly refusal: Refusal; readonly swarm?: SwarmKey }
  /** The `.part` is open; `have` of its pieces are known to be good. `totals`: of its former runs. */
  | { readonly kind: 'partOpened'; readonly file: number; readonly have: number; readonly totals: Totals }
  | { readonly kind: 'partFailed'; readonly file: number; readonly refusal: Refusal }
  | {
      readonly kind: 'download';
      readonly event: Exclude<DownloadEvent, { readonly ask: number } | { readonly kind: 'poolReady' }>;
      /** With `peerSilent`: hosts at which trackers know this client, and which this machine does not have. */
      readonly outside?: readonly string[] | undefined;
    }
  /** A completed download lies at its target. */
  | {
      readonly kind: 'completedSeen';
      readonly file: number;
      readonly mtimeMs: number;
      readonly have?: number | undefined;
      /** Absent: it lay at its target when its `.part` was to be opened. */
      readonly fetched?: Fetched | undefined;
    }
  | {
      readonly kind: 'serve';
      readonly event: Exclude<
        ServeEvent,
        { readonly ask: number } | { readonly kind: 'listening' | 'listenFailed' | 'readHangs' }
      >;
    }
  | { readonly kind: 'announce'; readonly trackers: string; readonly event: PairEvent }
  /** As `shareProgressed`, for a verification. */
  | { readonly kind: 'verifyProgressed'; readonly file: number; readonly done: number }
  | { readonly kind: 'hashedAgain'; readonly file: number; readonly result: HashedAgain }
  /** The bad pieces have been marked missing; `have` pieces are left. */
  | { readonly kind: 'mended'; readonly file: number; readonly have: number }
  | { readonly kind: 'mendFailed'; readonly file: number; readonly refusal: Refusal }
  | { readonly kind: 'sourcesSeen'; readonly seen: readonly SeenSource[] }
  | { readonly kind: 'entriesSeen'; readonly file: number; readonly seen: SeenFolder | undefined }
  /** `room` undefined: its disk could not be asked. */
  | { readonly kind: 'roomSeen'; readonly file: number; readonly room: Room | undefined }
  /** `files`: that moved, now or before, with a .mtorrent now. `failures`: why some could not be rewritten. */
  | {
      readonly kind: 'trackerReplaced';
      readonly ask: number;
      readonly named: number;
      readonly from: Address;
      readonly files: number;
      readonly failures: readonly string[];
    }
  | {
      readonly kind: 'movesJudged';
      readonly ask: number;
      readonly isPrefix: boolean;
      readonly moves: readonly JudgedMove[];
    }
  | { readonly kind: 'removed'; readonly ask: number; readonly refusal: Refusal | undefined }
  /** @see lookAtFetched. `nowMs`: wall-clock time of the look. */
  | {
      readonly kind: 'fetchedSeen';
      readonly ask: number;
      readonly rules: RetentionRules;
      readonly isTrial: boolean;
      readonly nowMs: number;
      readonly seen: readonly FetchedLook[];
    }
  | { readonly kind: 'fetchedUnseen'; readonly ask: number; readonly refusal: Refusal }
  /** What was downloaded is deleted. `kept`: a sentence about what stays. */
  | { readonly kind: 'retired'; readonly file: number; readonly kept: string | undefined }
  | { readonly kind: 'retireFailed'; readonly file: number; readonly refusal: Refusal };

type ArgumentsOf<K extends ClientCommand['kind']> = Omit<Extract<ClientCommand, { readonly kind: K }>, 'kind'>;

export type ClientEffect =
  | { readonly kind: 'tell'; readonly event: ClientEvent }
  /** Accepts once what was changed is on the disk; otherwise refuses with `unsaved` and why. */
  | { readonly kind: 'tellRecorded'; readonly ask: number; readonly detail: string; readonly unsaved: string }
  | { readonly kind: 'check'; readonly file: number; readonly entry: Entry }
  | ({ readonly kind: 'prepareShare' } & ArgumentsOf<'share'>)
  | { readonly kind: 'writeShare'; readonly ask: number; readonly entry: Entry }
  | ({ readonly kind: 'prepareGet' } & ArgumentsOf<'get'>)
  /** No file of the library has come of what was prepared for this swarm. */
  | { readonly kind: 'unlearn'; readonly swarm: SwarmKey }
  /** Hashes what lies at the target. `targetJudged` or `prepareFailed` answers. */
  | { readonly kind: 'judgeTarget'; readonly ask: number; readonly entry: Entry }
  | { readonly kind: 'openPart'; readonly file: number; readonly entry: Entry }
  /** Closes the `.part` for writing. It stays served. */
  | { readonly kind: 'releasePart'; readonly file: number }
  | { readonly kind: 'startDownload'; readonly file: number; readonly entry: Entry }
  /** Somebody reads the running download in order, and wants this piece now. */
  | { readonly kind: 'read'; readonly file: number; readonly piece: number }
  | { readonly kind: 'stopDownload'; readonly file: number }
  /** `incoming`: the peers dialed us. */
  | {
      readonly kind: 'peersFound';
      readonly file: number;
      readonly peers: readonly Address[];
      readonly incoming: boolean;
    }
  /** `complete`: all of it, from its target; otherwise the pieces that its `.part` has. */
  | { readonly kind: 'serve'; readonly file: number; readonly entry: Entry; readonly complete: boolean }
  | { readonly kind: 'unserve'; readonly file: number }
  | { readonly kind: 'announce'; readonly trackers: readonly [Address, Address]; readonly command: AnnounceCommand }
  /** Takes the time of the completed file and deletes its resume data. `completedSeen` answers. */
  | { readonly kind: 'lookAtCompleted'; readonly file: number; readonly entry: Entry }
  /** Looks at these files on disk. One `sourcesSeen` answers for all. */
  | { readonly kind: 'lookAtSources'; readonly sources: readonly LookedAt[] }
  /**
   * Looks at the next `entries` files of a shared folder, and again at those that have changed. `entriesSeen` answers.
   */
  | { readonly kind: 'lookAtEntries'; readonly file: number; readonly entry: Entry; readonly entries: number }
  /** Asks what the disk of the directory of `path` can still take. `roomSeen` answers. */
  | { readonly kind: 'lookAtRoom'; readonly file: number; readonly path: string }
  /** Hashes the pieces that it is recorded to have, at low priority. `hashedAgain` answers. */
  | { readonly kind: 'hashAgain'; readonly file: number; readonly entry: Entry }
  /**
   * Marks these pieces of an unfinished download as missing, in memory and in its resume data. `mended` or `mendFailed`
   * answers.
   */
  | { readonly kind: 'mend'; readonly file: number; readonly entry: Entry; readonly bad: readonly PieceRange[] }
  | { readonly kind: 'saveLibrary'; readonly changes: readonly LibraryChange[] }
  /** Deletes the .mtorrent, and the `.part` and resume data of an unfinished download. `removed` answers. */
  | {
      readonly kind: 'deleteFiles';
      readonly ask: number;
      readonly file: number;
      readonly entry: Entry;
      readonly unfinished: boolean;
      /** Also what is shared, as far as it is what it was and belongs to no other share. */
      readonly content: boolean;
      /** The shares that lie at, in or around it. */
      readonly beside: readonly Entry[];
    }
  /** Looks at what was downloaded, for the rules of retention. `fetchedSeen` answers. */
  | {
      readonly kind: 'lookAtFetched';
      readonly ask: number;
      readonly rules: RetentionRules;
      readonly isTrial: boolean;
      readonly downloads: readonly { readonly file: number; readonly entry: Entry }[];
    }
  /**
   * Deletes what was downloaded, as far as it is what it was, once the library is on the disk. `retired` or
   * `retireFailed` answers.
   * `beside`: as in `deleteFiles`.
   */
  | { readonly kind: 'retire'; readonly file: number; readonly entry: Entry; readonly beside: readonly Entry[] }
  /** Deletes those .mtorrent files that still describe this swarm. `removed` answers. */
  | {
      readonly kind: 'deleteMetainfo';
      readonly ask: number;
      readonly swarm: SwarmKey;
      readonly mtorrentPaths: readonly string[];
    }
  /** Rewrites those of these .mtorrent files that are still of their swarm. `trackerReplaced` answers. */
  | {
      readonly kind: 'replaceTracker';
      readonly ask: number;
      /** Files that named the old tracker. */
      readonly named: number;
      /** Files whose names have changed just now. */
      readonly moved: readonly SwarmKey[];
      readonly from: Address;
      readonly to: Address;
      readonly metainfo: readonly OwnMetainfo[];
    }
  /** Looks at the new places of shares, and hashes what has another time there. `movesJudged` answers for all. */
  | {
      readonly kind: 'judgeMoves';
      readonly ask: number;
      /** All that lay below a directory: refusals are counted and listed. */
      readonly isPrefix: boolean;
      readonly moves: readonly Move[];
    }
  /** No entry names this pair any more. */
  | { readonly kind: 'trackersUnused'; readonly trackers: readonly [Address, Address] }
  /** Collects a file's peers from the download and peer threads, and answers `ask`. */
  | { readonly kind: 'listPeers'; readonly ask: number; readonly file: number }
  | { readonly kind: 'listStats'; readonly ask: number }
  /** Answers `ask` with the pieces that an unfinished download has. */
  | { readonly kind: 'mapPieces'; readonly ask: number; readonly file: number; readonly entry: Entry }
  /** Answers with the link to what `entry` is by its first name. */
  | { readonly kind: 'makeLink'; readonly ask: number; readonly entry: Entry }
  /** Answers `ask` with a file piece by piece, and its peers. */
  | {
      readonly kind: 'mapSwarm';
      readonly ask: number;
      readonly file: number;
      readonly name: string;
      readonly pieces: number;
    }
  | { readonly kind: 'listTrackers'; readonly ask: number }
  | { readonly kind: 'logLevel'; readonly level: LogLevel }
  | ({ readonly kind: 'diagnose'; readonly ask: number } & DoctorRequest)
  /** Sets the limit of the whole client in one direction, in bytes a second. 0: no limit. */
  | { readonly kind: 'limit'; readonly direction: 'up' | 'down'; readonly rate: number }
  /** The last effect. */
  | { readonly kind: 'halt'; readonly ask: number };
