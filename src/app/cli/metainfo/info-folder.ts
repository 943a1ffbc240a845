// What `mtorrent info` shows of a folder's list: totals, the largest files or all entries, and what a choice by
// patterns would fetch. Pure.

import { formatBytes } from '../../../foundation/base/bytes.js';
import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import type { FolderList } from '../../../foundation/torrent/folder/folder-list.js';
import { wantedPieces } from '../../../foundation/torrent/folder/wanted-pieces.js';
import type { Metainfo } from '../../../foundation/torrent/metainfo.js';
import { printable } from '../../../foundation/torrent/names.js';

const LARGEST_SHOWN = 10;

interface Totals {
  readonly files: number;
  readonly links: number;
  /** Folders with nothing below them. */
  readonly directories: number;
  /** Of all files. */
  readonly bytes: number;
}

/** Of the chosen entries. */
export function totalsOf(list: FolderList): Totals {
  const totals = { files: 0, links: 0, directories: 0, bytes: 0 };
  for (const index of chosenIn(list)) {
    const kind = list.kindOf(index);
    if (kind === 'link') totals.links += 1;
    else if (kind === 'dir') totals.directories += 1;
    else {
      totals.files += 1;
      totals.bytes += list.sizeOf(index);
    }
  }
  return totals;
}

/** '417 files, 2 links, 1 empty folder' */
export function describeTotals({ files, links, directories }: Totals): string {
  const counts = [counted(files, 'file')];
  if (links > 0) counts.push(counted(links, 'link'));
  if (directories > 0) counts.push(counted(directories, 'empty folder'));
  return counts.join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** What the choice would fetch: '9 files, 14.8 GiB, in 30310 of 30720 pieces'. */
export function describeChoice({ layout, geometry }: Metainfo, list: FolderList): string {
  const totals = totalsOf(list);
  const pieces = wantedPieces(layout)?.wanted.count ?? geometry.pieceCount;
  return `${describeTotals(totals)}, ${formatBytes(totals.bytes)}, in ${pieces} of ${geometry.pieceCount} pieces`;
}

/** A line for each chosen entry, or for the largest files only. */
export function* entryLines(list: FolderList, all: boolean): Generator<string> {
  const shown = all ? [...chosenIn(list)] : largestOf(list);
  const width = Math.max(0, ...(all ? largestOf(list) : shown).map((index) => String(list.sizeOf(index)).length));
  for (const index of shown) yield `${sizeText(list, index).padStart(width)}  ${printable(nameOf(list, index))}`;
}

function sizeText(list: FolderList, index: number): string {
  return list.isFile(index) ? String(list.sizeOf(index)) : '';
}

function nameOf(list: FolderList, index: number): string {
  const path = list.pathOf(index);
  switch (list.kindOf(index)) {
    case 'exec':
      return `${path}*`;
    case 'dir':
      return `${path}/`;
    case 'link':
      return `${path} -> ${list.targetOf(index)}`;
    default:
      return path;
  }
}

/** The largest of the chosen files, the largest first. */
function largestOf(list: FolderList): readonly number[] {
  const largest: number[] = [];
  for (const index of chosenIn(list)) {
    if (!list.isFile(index)) continue;
    if (largest.length === LARGEST_SHOWN && list.sizeOf(index) <= list.sizeOf(largest.at(-1) ?? 0)) continue;
    largest.push(index);
    largest.sort((a, b) => list.sizeOf(b) - list.sizeOf(a));
    largest.length = Math.min(largest.length, LARGEST_SHOWN);
  }
  return largest;
}

/** An object for each chosen entry. */
export function* entryObjects(list: FolderList): Generator<object> {
  for (const index of chosenIn(list)) {
    const { kind, path, size, target, digest, seconds } = list.entryOf(index);
    const begin = list.beginOf(index);
    yield {
      path,
      kind,
      size,
      /** First and last piece that has bytes of it; nil without bytes. */
      pieces: size === 0 ? null : [Math.floor(begin / PIECE_SIZE), Math.floor((begin + size - 1) / PIECE_SIZE)],
      digest: digest === undefined ? null : digest.toString(16).padStart(16, '0'),
      mtime: seconds ?? null,
      ...(kind === 'link' ? { target } : {}),
    };
  }
}

function* chosenIn(list: FolderList): Generator<number> {
  for (let index = 0; index < list.count; index += 1) if (!list.isPad(index) && list.isChosen(index)) yield index;
}
