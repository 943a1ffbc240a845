// How a piece is put together from a plan: which bytes are read from files of this machine, which ranges are left to
// ask peers for. A piece of which too little is here, or in too many parts, is fetched whole. Pure.

import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';
import type { Layout } from '../../../foundation/torrent/layout.js';
import { HOLES_PER_PIECE_MAX, PARTS_PER_PIECE_MAX } from '../limits.js';
import type { ReusePlan, ReuseRun } from './plan.js';

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
  const [found, zeros] = folder === undefined ? [missing, []] : sorted(missing, origin, folder);
  const holes = few(found);
  const left = holes.reduce((sum, { length }) => sum + length, 0);
  if (left * 2 > end - origin) return undefined;
  if (holes.length === found.length) return { parts, holes, zeros, bytes };
  const isLeft = (span: PieceSpan): boolean => !holes.some((hole) => isWithin(span, hole));
  const read = parts.filter(isLeft);
  const sum = read.reduce((all, { length }) => all + length, 0);
  return read.length === 0 ? undefined : { parts: read, holes, zeros: zeros.filter(isLeft), bytes: sum };
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

/** At most HOLES_PER_PIECE_MAX. Of more, those with the shortest gaps are joined: what lies between is fetched, too. */
function few(holes: readonly PieceSpan[]): readonly PieceSpan[] {
  if (holes.length <= HOLES_PER_PIECE_MAX) return holes;
  const gapBefore = ({ begin }: PieceSpan, at: number): number => begin - endOf(holes[at - 1] as PieceSpan);
  const byGap = holes.map((_, at) => at).slice(1);
  byGap.sort((a, b) => gapBefore(holes[a] as PieceSpan, a) - gapBefore(holes[b] as PieceSpan, b));
  const joined = new Set(byGap.slice(0, holes.length - HOLES_PER_PIECE_MAX));
  const spans: PieceSpan[] = [];
  for (const [at, hole] of holes.entries()) {
    const last = joined.has(at) ? spans.pop() : undefined;
    const begin = last?.begin ?? hole.begin;
    spans.push({ begin, length: endOf(hole) - begin });
  }
  return spans;
}

function endOf({ begin, length }: PieceSpan): number {
  return begin + length;
}

function isWithin(span: PieceSpan, hole: PieceSpan): boolean {
  return span.begin >= hole.begin && endOf(span) <= endOf(hole);
}

function append(spans: PieceSpan[], begin: number, length: number): void {
  const last = spans.at(-1);
  if (last === undefined || last.begin + last.length !== begin) spans.push({ begin, length });
  else spans[spans.length - 1] = { begin: last.begin, length: last.length + length };
}
