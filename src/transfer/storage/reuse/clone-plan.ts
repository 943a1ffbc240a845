// Which files of a new download begin as clones of files of a plan, and which pieces may lie there after that. A clone
// is a guess as the plan is: its pieces are verified where they lie. Pure.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import { Bitfield } from '../../../foundation/torrent/bitfield.js';
import type { Layout } from '../../../foundation/torrent/layout.js';
import { CLONE_BYTES_MIN, CLONES_MAX } from '../limits.js';
import type { Coverable } from './cover.js';

/** A file of the download, and the source that has most of it, byte for byte at the same place. */
export interface CloneOrder {
  /** Index in the layout. */
  readonly file: number;
  /** Index in the plan. */
  readonly source: number;
  /** Bytes that lie at the same place in both. */
  readonly bytes: number;
  /** Bytes of the file that are not there yet. */
  readonly missing: number;
}

/** A file that was cloned. */
export interface Cloned extends Pick<CloneOrder, 'file' | 'source'> {
  /** Of the file, from its first byte on, that may be anything now. */
  readonly spoiled: number;
}

/**
 * The files of which one source has at least half of what is missing, the largest first: a clone is all of a file or
 * nothing, and each piece that is written into it tears it up.
 * @param have pieces that are there.
 */
export function clonesOf(coverable: Coverable, have: Bitfield): readonly CloneOrder[] {
  const { layout } = coverable;
  const orders: CloneOrder[] = [];
  for (const [file, bySource] of samePlaces(coverable)) {
    const [source, bytes] = [...bySource].reduce((best, next) => (next[1] > best[1] ? next : best));
    const missing = missingOf(layout, file, have);
    if (bytes * 2 >= missing) orders.push({ file, source, bytes, missing });
  }
  return orders.sort((a, b) => b.bytes - a.bytes).slice(0, CLONES_MAX);
}

/** By file and source: how many bytes lie at the same place in both. */
function samePlaces({ plan, layout }: Coverable): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const files = new Map<number, Map<number, number>>();
  for (let at = 0; at < plan.runCount; at += 1) {
    const run = plan.runAt(at);
    let from = run.offset;
    for (const { file, offset, length } of layout.extents(run.begin, run.length)) {
      if (from === offset && isWorthIt(layout, file)) {
        const sources = files.get(file) ?? new Map<number, number>();
        sources.set(run.source, (sources.get(run.source) ?? 0) + length);
        files.set(file, sources);
      }
      from += length;
    }
  }
  return files;
}

function isWorthIt({ folder, size }: Layout, file: number): boolean {
  if (folder === undefined) return size >= CLONE_BYTES_MIN;
  return folder.sizeOf(file) >= CLONE_BYTES_MIN && folder.isFile(file) && folder.isChosen(file);
}

function missingOf(layout: Layout, file: number, have: Bitfield): number {
  const { begin, end } = placeOf(layout, file);
  let missing = 0;
  for (let piece = Math.floor(begin / PIECE_SIZE); piece * PIECE_SIZE < end; piece += 1) {
    if (have.has(piece)) continue;
    missing += Math.min(end, (piece + 1) * PIECE_SIZE) - Math.max(begin, piece * PIECE_SIZE);
  }
  return missing;
}

/** In bytes of the piece space. */
function placeOf({ folder, size }: Layout, file: number): { readonly begin: number; readonly end: number } {
  const begin = folder?.beginOf(file) ?? 0;
  return { begin, end: begin + (folder?.sizeOf(file) ?? size) };
}

/** Pieces of `have` that a clone may have written over: they are there no more. */
export function spoiledBy({ layout }: Pick<Coverable, 'layout'>, clones: readonly Cloned[], have: Bitfield): Bitfield {
  const spoiled = new Bitfield(have.pieceCount);
  for (const { file, spoiled: bytes } of clones) {
    const { begin } = placeOf(layout, file);
    for (let piece = Math.floor(begin / PIECE_SIZE); piece * PIECE_SIZE < begin + bytes; piece += 1)
      if (have.has(piece)) spoiled.set(piece);
  }
  return spoiled;
}

/** Pieces that lie in clones from their first byte to their last, if the plan is right; pads lie everywhere. */
export function placedBy(coverable: Coverable, clones: readonly Cloned[]): Bitfield {
  const { plan, geometry, layout } = coverable;
  const placed = Bitfield.shared(geometry.pieceCount);
  const sources = new Map(clones.map(({ file, source }) => [file, source]));
  const isThere = (piece: number): boolean => {
    const origin = geometry.pieceOffset(piece);
    let at = origin;
    return layout.extents(origin, geometry.pieceLength(piece)).every(({ file, offset, length }) => {
      const [begin, end] = [at, at + length];
      at = end;
      if (layout.folder?.isPad(file) === true) return true;
      const [run] = plan.within(begin, end);
      return run?.source === sources.get(file) && run?.length === length && run.offset === offset;
    });
  };
  for (const { file } of clones) {
    const { begin, end } = placeOf(layout, file);
    for (let piece = Math.floor(begin / PIECE_SIZE); piece * PIECE_SIZE < end; piece += 1)
      if (isThere(piece)) placed.set(piece);
  }
  return placed;
}
