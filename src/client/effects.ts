// What the client's machine takes in and asks for: the whole of its contact with the world. Pure.

import type { ErrorCode } from '../foundation/base/errors.js';
import type { LogLevel } from '../foundation/base/log.js';
import type { Address } from '../foundation/torrent/address.js';
import type { PieceRange } from '../foundation/torrent/bitfield.js';
import type { AnnounceCommand, AnnounceEvent } from '../tracking/announce/messages.js';
import type { DownloadEvent } from '../transfer/download/messages.js';
import type { ServeEvent } from '../transfer/peer/messages.js';
import type { DoctorRequest } from './answers/doctor-request.js';
import type { Entry } from './files/record.js';
import type { ClientCommand, ClientEvent } from './messages.js';

export interface Refusal {
  readonly code: ErrorCode;
  readonly sentence: string;
}

/** What a look at the disk found for a file of the library at start. */
export type CheckResult =
  | { readonly kind: 'complete'; readonly mtimeMs: number }
  | { readonly kind: 'partial'; readonly have: number; readonly device: number }
  /** `found`: what lay there when it was judged. */
  | { readonly kind: 'unusable'; readonly sentence: string; readonly found: Found | undefined };

/** A file as a look at it finds it. */
export interface Found {
  readonly size: number;
  readonly mtimeMs: number;
  /** When anything of it changed last, its times too: a copy that is put back with its old time shows in it. */
  readonly changedMs: number;
  /** Of its .mtorrent; undefined when that is not there, or was not looked at. */
  readonly metainfoMtimeMs: number | undefined;
}

/** A file, its path, and of one that is missing the path of its .mtorrent too: putting that right may make it right again. */
export type LookedAt = readonly [file: number, path: string, mtorrentPath: string | undefined];

export interface SeenSource {
  readonly file: number;
  /** Undefined: there is no file. */
  readonly found: Found | undefined;
}

/** What came of hashing again what a file is said to have. */
export type HashedAgain =
  | {
      readonly kind: 'hashed';
      /** Pieces it was said to have. */
      readonly claimed: number;
      /** Those of them that are not right, in ascending order. */
      readonly bad: readonly PieceRange[];
      /** The file as it was all the time; undefined when it changed meanwhile. */
      readonly found: Found | undefined;
    }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

export type ClientInput =
  | { readonly kind: 'command'; readonly command: ClientCommand }
  /** The library at start: each entry is checked and announced. */
  | { readonly kind: 'loaded'; readonly entries: readonly Entry[] }
  | { readonly kind: 'checked'; readonly file: number; readonly result: CheckResult }
  /** A local file is being hashed; `done` of its pieces are. Said a few times a second. */
  | {
      readonly kind: 'shareProgressed';
      readonly ask: number;
      readonly path: string;
      readonly mtorrentPath: string;
      readonly size: number;
      readonly pieces: number;
      readonly done: number;
    }
  /** A local file is hashed; its .mtorrent is not written yet. */
  | { readonly kind: 'shareHashed'; readonly ask: number; readonly entry: Entry }
  /** And now its .mtorrent is written. */
  | { readonly kind: 'sharePrepared'; readonly ask: number; readonly entry: Entry }
  /** A .mtorrent is read and its target is free (or holds what an earlier try left). */
  | {
      readonly kind: 'getPrepared';
      readonly ask: number;
      readonly entry: Entry;
      readonly freeBytes: number;
      readonly device: number;
    }
  | { readonly kind: 'prepareFailed'; readonly ask: number; readonly refusal: Refusal }
  /** The `.part` is open, `have` of its pieces are known good. */
  | { readonly kind: 'partOpened'; readonly file: number; readonly have: number }
  | { readonly kind: 'partFailed'; readonly file: number; readonly refusal: Refusal }
  | {
      readonly kind: 'download';
      readonly event: Exclude<DownloadEvent, { readonly ask: number } | { readonly kind: 'poolReady' }>;
    }
  /** A completed download's file, as it lies at its target. */
  | { readonly kind: 'completedSeen'; readonly file: number; readonly mtimeMs: number }
  | {
      readonly kind: 'serve';
      readonly event: Exclude<ServeEvent, { readonly ask: number } | { readonly kind: 'listening' | 'listenFailed' }>;
    }
  | { readonly kind: 'announce'; readonly trackers: string; readonly event: AnnounceEvent }
  /** As `shareProgressed`, of what a file is said to have. */
  | { readonly kind: 'verifyProgressed'; readonly file: number; readonly done: number }
  | { readonly kind: 'hashedAgain'; readonly file: number; readonly result: HashedAgain }
  /** The bad pieces are missing again; `have` are left. */
  | { readonly kind: 'mended'; readonly file: number; readonly have: number }
  | { readonly kind: 'mendFailed'; readonly file: number; readonly refusal: Refusal }
  | { readonly kind: 'sourcesSeen'; readonly seen: readonly SeenSource[] }
  | { readonly kind: 'roomSeen'; readonly file: number; readonly freeBytes: number }
  | { readonly kind: 'removed'; readonly ask: number; readonly refusal: Refusal | undefined };

export type ClientEffect =
  | { readonly kind: 'tell'; readonly event: ClientEvent }
  | { readonly kind: 'check'; readonly file: number; readonly entry: Entry }
  | { readonly kind: 'prepareShare'; readonly ask: number; readonly path: string; readonly mtorrentPath: string }
  | { readonly kind: 'writeShare'; readonly ask: number; readonly entry: Entry }
  | { readonly kind: 'prepareGet'; readonly ask: number; readonly mtorrentPath: string; readonly destination: string }
  | { readonly kind: 'openPart'; readonly file: number; readonly entry: Entry }
  /** Closes the `.part` again: it is served, not written. */
  | { readonly kind: 'releasePart'; readonly file: number }
  | { readonly kind: 'startDownload'; readonly file: number; readonly entry: Entry }
  | { readonly kind: 'stopDownload'; readonly file: number }
  /** `incoming`: they dialed us. */
  | {
      readonly kind: 'peersFound';
      readonly file: number;
      readonly peers: readonly Address[];
      readonly incoming: boolean;
    }
  /** `complete`: from its target with every piece; else from its `.part` with what is there. */
  | { readonly kind: 'serve'; readonly file: number; readonly entry: Entry; readonly complete: boolean }
  | { readonly kind: 'unserve'; readonly file: number }
  | { readonly kind: 'announce'; readonly trackers: readonly [Address, Address]; readonly command: AnnounceCommand }
  /** What its downloading needed is thrown away. */
  | { readonly kind: 'lookAtCompleted'; readonly file: number; readonly entry: Entry }
  /** Are these (file, path, path of its .mtorrent) as they were? One `sourcesSeen` answers. */
  | { readonly kind: 'lookAtSources'; readonly sources: readonly LookedAt[] }
  /** How much is free where `path` is to be? */
  | { readonly kind: 'lookAtRoom'; readonly file: number; readonly path: string }
  /** Hash again what it is said to have, without hurry. `hashedAgain` answers it. */
  | { readonly kind: 'hashAgain'; readonly file: number; readonly entry: Entry }
  /** These pieces of an unfinished download are missing again, here and in its resume data. `mended` or `mendFailed` answers. */
  | { readonly kind: 'mend'; readonly file: number; readonly entry: Entry; readonly bad: readonly PieceRange[] }
  | { readonly kind: 'saveLibrary'; readonly entries: readonly Entry[] }
  /** Deletes the .mtorrent (and what an unfinished download left). `removed` answers it. */
  | {
      readonly kind: 'deleteFiles';
      readonly ask: number;
      readonly file: number;
      readonly entry: Entry;
      readonly unfinished: boolean;
    }
  /** Asks both sides for a file's peers and answers `ask`. */
  | { readonly kind: 'listPeers'; readonly ask: number; readonly file: number }
  | { readonly kind: 'listStats'; readonly ask: number }
  /** Which pieces of an unfinished download are there? */
  | { readonly kind: 'mapPieces'; readonly ask: number; readonly file: number; readonly entry: Entry }
  | { readonly kind: 'listTrackers'; readonly ask: number }
  | { readonly kind: 'logLevel'; readonly level: LogLevel }
  | ({ readonly kind: 'diagnose'; readonly ask: number } & DoctorRequest)
  /** Bytes a second of the whole client in one direction from now on; 0: no limit. */
  | { readonly kind: 'limit'; readonly direction: 'up' | 'down'; readonly rate: number }
  /** The last effect. */
  | { readonly kind: 'halt'; readonly ask: number };
