// What a download reports, and when: new pieces to peers in batches, progress to the main thread, resume data to the
// disk. Pure.

import { HAVE_RANGES_MAX, PROGRESS_MS } from '../../foundation/base/limits.js';
import { rangesOf } from '../../foundation/torrent/bitfield.js';
import { wantedBytes } from '../../foundation/torrent/folder/wanted-pieces.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import type { DownloadEffect } from './effects.js';
import { FilesDone } from './files-done.js';
import {
  HAVE_COMMON_MS,
  HAVE_RARE_MS,
  PART_SYNC_MS,
  RESUME_SAVE_MIN_MS,
  RESUME_SAVE_MS,
  RESUME_SAVE_PIECES,
} from './limits.js';
import type { Peer } from './peers/peer.js';
import type { OwnPieces } from './requests/own-pieces.js';

export class Reports {
  readonly #pieces: OwnPieces;
  readonly #files: FilesDone;
  readonly #wantedBytes: number;
  #freshHaves: number[] = [];
  #receivedBytes = 0;
  #usedBytes = 0;
  #wastedBytes = 0;
  #havesDueMs = Number.POSITIVE_INFINITY;
  /** When haves were sent last. */
  #havesSentMs = Number.NEGATIVE_INFINITY;
  #resumeDueMs = Number.POSITIVE_INFINITY;
  #savedMs = 0;
  /** Pieces that are in no record yet. */
  #unsaved = 0;
  #syncDueMs = Number.POSITIVE_INFINITY;
  #progressDueMs = 0;

  constructor(pieces: OwnPieces, layout: Layout) {
    this.#pieces = pieces;
    this.#files = new FilesDone(layout.folder, pieces.done);
    this.#wantedBytes = wantedBytes(layout);
  }

  /** Payload bytes received, and how many of them were not needed or wrong. */
  get totals(): { readonly received: number; readonly wasted: number } {
    return { received: this.#receivedBytes, wasted: this.#wastedBytes };
  }

  /** When the next batch of haves is due; infinite when there is none. */
  get havesDueMs(): number {
    return this.#havesDueMs;
  }

  received(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  wasted(bytes: number): void {
    this.#wastedBytes += bytes;
  }

  /** They are right and on the disk. */
  used(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Every piece is there: what came besides was of no use, such as a part of a block whose connection ended. */
  settle(): void {
    this.#wastedBytes = this.#receivedBytes - this.#usedBytes;
  }

  /** @param isRare few of our peers have the piece. */
  pieceOffered(piece: number, isRare: boolean, nowMs: number): void {
    this.#freshHaves.push(piece);
    const pauseMs = isRare ? HAVE_RARE_MS : HAVE_COMMON_MS;
    this.#havesDueMs = Math.min(this.#havesDueMs, Math.max(nowMs, this.#havesSentMs + pauseMs));
  }

  /** A piece that is in no record yet. */
  pieceStored(piece: number, nowMs: number): void {
    this.#files.stored(piece);
    this.#unsaved += 1;
    const soonMs = Math.max(nowMs, this.#savedMs + RESUME_SAVE_MIN_MS);
    const saveMs = this.#unsaved < RESUME_SAVE_PIECES ? nowMs + RESUME_SAVE_MS : soonMs;
    this.#resumeDueMs = Math.min(this.#resumeDueMs, saveMs);
    this.#syncDueMs = Math.min(this.#syncDueMs, nowMs + PART_SYNC_MS);
  }

  /** @param reused bytes that came from files of this machine. */
  due(peers: Iterable<Peer>, nowMs: number, reused = 0): readonly DownloadEffect[] {
    const effects: DownloadEffect[] = [];
    if (nowMs >= this.#havesDueMs) {
      this.#havesSentMs = nowMs;
      effects.push(...this.tellHaves());
    }
    if (nowMs >= this.#resumeDueMs) {
      this.#resumeDueMs = Number.POSITIVE_INFINITY;
      this.#savedMs = nowMs;
      this.#unsaved = 0;
      effects.push({ kind: 'saveResume' });
    }
    if (nowMs >= this.#syncDueMs) {
      this.#syncDueMs = Number.POSITIVE_INFINITY;
      effects.push({ kind: 'syncPart' });
    }
    if (nowMs >= this.#progressDueMs) {
      this.#progressDueMs = nowMs + PROGRESS_MS;
      effects.push(this.#progress(peers, nowMs, reused));
    }
    return effects;
  }

  /** Sends all new haves at once. */
  tellHaves(): readonly DownloadEffect[] {
    const ranges = rangesOf(this.#freshHaves);
    this.#freshHaves = [];
    this.#havesDueMs = Number.POSITIVE_INFINITY;
    const effects: DownloadEffect[] = [];
    for (let at = 0; at < ranges.length; at += HAVE_RANGES_MAX) {
      effects.push({ kind: 'tellHaves', ranges: ranges.slice(at, at + HAVE_RANGES_MAX) });
    }
    return effects;
  }

  #counts() {
    const { doneCount, wantedCount, offered } = this.#pieces;
    return {
      have: doneCount,
      offered: offered.count,
      wanted: wantedCount,
      wantedBytes: this.#wantedBytes,
      filesDone: this.#files.count,
    };
  }

  #progress(peers: Iterable<Peer>, nowMs: number, reused: number): DownloadEffect {
    let rate = 0;
    let peerCount = 0;
    let seeders = 0;
    for (const peer of peers) {
      if (peer.phase === 'dialing') continue;
      rate += peer.window.rate(nowMs) * 1000;
      if (peer.isExtra) continue;
      peerCount += 1;
      if (peer.offered.isComplete) seeders += 1;
    }
    return {
      kind: 'progressed',
      ...this.#counts(),
      ...this.totals,
      rate,
      peers: peerCount,
      seeders,
      reused,
    };
  }
}
