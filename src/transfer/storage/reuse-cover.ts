// How a piece is put together from a plan: which bytes are read from files of this machine, which ranges are left to
// ask peers for. A piece of which too little is here, or in too many parts, is fetched whole. Pure.

import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { HOLES_PER_PIECE_MAX, PARTS_PER_PIECE_MAX } from './limits.js';
import type { ReusePlan, ReuseRun } from './reuse-plan.js';

/** Bytes of a piece, from its first byte on. */
export interface PieceSpan {
  readonly begin: number;
  /** In bytes; at least 1. */
  readonly length: number;
}

export interface PieceCover {
  /** What is read, in order. `begin`: in bytes from the first of the piece. */
  readonly parts: readonly ReuseRun[];
  /** What is missing, in order. Zeros behind a file are never missing. */
  readonly holes: readonly PieceSpan[];
  /** Zeros behind files, which nobody is asked for. */
  readonly zeros: readonly PieceSpan[];
  /** Bytes of all parts. */
  readonly bytes: number;
}

export interface Coverable {
  readonly plan: ReusePlan;
  readonly geometry: Geometry;
  readonly layout: Layout;
}

/** @param isUsable false for a source that is not asked any more. Undefined: the piece is fetched whole. */
export function coverOf(
  { plan, geometry, layout }: Coverable,
  piece: number,
  isUsable: (source: number) => boolean,
): PieceCover | undefined {
  const origin = geometry.pieceOffset(piece);
  const end = origin + geometry.pieceLength(piece);
  const parts: ReuseRun[] = [];
  const missing: PieceSpan[] = [];
  let [at, bytes] = [origin, 0];
  for (const run of plan.within(origin, end)) {
    if (!isUsable(run.source)) continue;
    if (run.begin > at) missing.push({ begin: at - origin, length: run.begin - at });
    parts.push({ ...run, begin: run.begin - origin });
    bytes += run.length;
    at = run.begin + run.length;
  }
  if (parts.length === 0 || parts.length > PARTS_PER_PIECE_MAX) return undefined;
  if (at < end) missing.push({ begin: at - origin, length: end - at });
  const { folder } = layout;
  const [holes, zeros] = folder === undefined ? [missing, []] : sorted(missing, origin, folder);
  const left = holes.reduce((sum, { length }) => sum + length, 0);
  if (holes.length > HOLES_PER_PIECE_MAX || left * 2 > end - origin) return undefined;
  return { parts, holes, zeros, bytes };
}

/** What of the spans lies in files, and what in pads. */
function sorted(spans: readonly PieceSpan[], origin: number, folder: FolderList): readonly [PieceSpan[], PieceSpan[]] {
  const [holes, zeros]: [PieceSpan[], PieceSpan[]] = [[], []];
  for (const { begin, length } of spans) {
    const end = origin + begin + length;
    let at = origin + begin;
    for (let index = folder.indexAt(at); at < end && index < folder.count; index += 1) {
      const until = Math.min(folder.beginOf(index) + folder.sizeOf(index), end);
      if (until > at) append(folder.isPad(index) ? zeros : holes, at - origin, until - at);
      at = Math.max(at, until);
    }
  }
  return [holes, zeros];
}

function append(spans: PieceSpan[], begin: number, length: number): void {
  const last = spans.at(-1);
  if (last === undefined || last.begin + last.length !== begin) spans.push({ begin, length });
  else spans[spans.length - 1] = { begin: last.begin, length: last.length + length };
}
