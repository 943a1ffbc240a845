// Which files belong to other shares, so that the removal of one share deletes nothing of another.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { namesOf } from '../files/names.js';
import type { Entry } from '../files/record.js';

/** The share that a path belongs to, by its own path. */
export type Held = (path: string) => string | undefined;

/**
 * @param others shares that lie at, in or around `root`, which is to be deleted.
 * @param metainfoOf rejects with MiniTorrentError; then all that lies in such a folder counts as its.
 */
export async function heldElsewhere(
  others: readonly Entry[],
  root: string,
  metainfoOf: (entry: Entry) => Promise<Metainfo>,
): Promise<Held> {
  const holders = new Map<string, string>();
  const unread: string[] = [];
  for (const other of others) {
    const list = other.folder === undefined ? undefined : await listOf(other, metainfoOf);
    for (const { path: place } of namesOf(other)) {
      if (other.folder === undefined) holders.set(place, place);
      else if (list === undefined) unread.push(place);
      else
        for (let index = 0; index < list.count; index += 1) {
          const path = `${place}/${list.pathOf(index)}`;
          if (path === root || path.startsWith(`${root}/`)) holders.set(path, place);
        }
    }
  }
  return (path) => holders.get(path) ?? unread.find((place) => path.startsWith(`${place}/`));
}

async function listOf(entry: Entry, metainfoOf: (entry: Entry) => Promise<Metainfo>) {
  try {
    return (await metainfoOf(entry)).layout.folder;
  } catch (error) {
    if (error instanceof MiniTorrentError) return undefined;
    throw error;
  }
}
