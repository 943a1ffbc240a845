// What a client says of its files, peers and trackers, as objects with names: bytes and pieces as numbers, rates in bytes a
// second. Pure.

import type { ClientEvent, FileRow, FileState } from '../../client/messages.js';
import { formatAddress } from '../../foundation/torrent/address.js';

export interface FileView {
  readonly name: string;
  readonly state: FileState;
  /** Where the whole file is, or will be. */
  readonly path: string;
  readonly mtorrentPath: string;
  readonly size: number;
  /** Pieces that are there; of a file that is being hashed, those that were hashed. */
  readonly have: number;
  readonly pieces: number;
  /** Bytes a second coming in. */
  readonly rate: number;
  /** Peers that we fetch from. */
  readonly peers: number;
  readonly received: number;
  /** Of the bytes received those that were there already. */
  readonly wasted: number;
  readonly sent: number;
  /** One sentence; '' when nothing is wrong. */
  readonly problem: string;
}

export function fileView(row: FileRow): FileView {
  const [name, state, path, mtorrentPath, size, have, pieces, rate, peers, received, wasted, sent, problem] = row;
  return { name, state, path, mtorrentPath, size, have, pieces, rate, peers, received, wasted, sent, problem };
}

/** Every piece is there, or was: `[S]` in a list. */
export function isWhole({ state, have, pieces }: FileView): boolean {
  return state === 'seeding' || ((state === 'missing' || state === 'checking') && have === pieces);
}

/** A download that goes on or ends by itself: it runs, waits for its turn, or for room on the disk. */
export function isRunning({ state, have, pieces, problem }: FileView): boolean {
  if (state === 'paused') return problem !== '';
  if (state === 'checking') return have < pieces;
  return state === 'downloading' || state === 'finishing' || state === 'waiting';
}

export interface PeerView {
  /** from: we fetch from it; to: it fetches from us. */
  readonly direction: 'from' | 'to';
  readonly address: string;
  readonly bytes: number;
  /** Bytes a second; 0 for `to`. */
  readonly rate: number;
  /** Pieces it has; 0 for `to`. */
  readonly pieces: number;
}

type PeerRow = Extract<ClientEvent, { kind: 'peersListed' }>['peers'][number];

export function peerView([direction, host, port, bytes, rate, pieces]: PeerRow): PeerView {
  return { direction, address: formatAddress({ host, port }), bytes, rate, pieces };
}

type TrackerRow = Extract<ClientEvent, { kind: 'trackersListed' }>['trackers'][number];

export interface TrackerView {
  readonly address: string;
  readonly state: TrackerRow[1];
  /** Why it is away; '' when it is not. */
  readonly reason: string;
}

export function trackerView([address, state, reason]: TrackerRow): TrackerView {
  return { address, state, reason };
}

type FindingRow = Extract<ClientEvent, { kind: 'diagnosed' }>['findings'][number];

export interface FindingView {
  readonly severity: FindingRow[0];
  readonly subject: string;
  readonly found: string;
  /** What to do; '' when nothing is wrong. */
  readonly remedy: string;
}

export function findingView([severity, subject, found, remedy]: FindingRow): FindingView {
  return { severity, subject, found, remedy };
}

export interface Overview {
  /** Those that are not simply shared, and those that are being hashed; a part of them when there are very many. */
  readonly files: readonly FileView[];
  readonly fileCount: number;
  /** Bytes of all files in this run. */
  readonly received: number;
  readonly sent: number;
}

export interface PieceMap {
  readonly name: string;
  readonly have: number;
  readonly pieces: number;
  /** Each the share of its pieces that are there, 0 none … 255 all; in order, of equal size give or take one piece. */
  readonly cells: Uint8Array;
}

export interface Verification {
  readonly name: string;
  readonly good: number;
  readonly pieces: number;
  /** [first piece, how many] of what was said to be there and is not right. */
  readonly bad: readonly (readonly [number, number])[];
  /** There are further bad ones. */
  readonly more: boolean;
}
