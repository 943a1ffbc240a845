// The .mtorrent of a link as a file that everything else can take for one: named as its share, in a directory of its
// own below a state directory. It is fetched unless it is there already, and kept for a while, so that the same link
// goes on without the network.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { NAME_BYTES_MAX } from '../../foundation/base/limits.js';
import { sameAddress } from '../../foundation/torrent/address.js';
import { infoFactsOf } from '../../foundation/torrent/info-text.js';
import type { Link } from '../../foundation/torrent/link.js';
import { ANY_NAMES, type Metainfo } from '../../foundation/torrent/metainfo.js';
import { readMetainfo, writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { LINKED_FILES_KEPT_MS } from './limits.js';
import { type LinkOptions, metainfoOfLink } from './metainfo-of-link.js';

export interface LinkedFileOptions extends LinkOptions {
  /** A .mtorrent that may be what the link names. */
  readonly known?: string | undefined;
}

/** Absolute path of the file. Rejects as `metainfoOfLink` and `writeMetainfo` do. */
export async function linkedFile(link: Link, directory: string, options: LinkedFileOptions = {}): Promise<string> {
  const path = join(directory, `${link.swarm}-${link.info.slice(0, 16)}`, fileNameOf(link));
  const there = await heldAt(path, link);
  if (there !== undefined && hasTrackers(there, link)) return path;
  const known = there ?? (options.known === undefined ? undefined : await heldAt(options.known, link));
  const metainfo = known === undefined ? await metainfoOfLink(link, options) : { ...known, trackers: link.trackers };
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await sweep(directory, Date.now() - LINKED_FILES_KEPT_MS);
  } catch (error) {
    throw fileError(error, directory);
  }
  await writeMetainfo(path, metainfo, { overwrite: true });
  return path;
}

function fileNameOf({ name, swarm }: Link): string {
  const named = `${name}.mtorrent`;
  return Buffer.byteLength(named) <= NAME_BYTES_MAX ? named : `${swarm}.mtorrent`;
}

function hasTrackers({ trackers }: Metainfo, link: Link): boolean {
  return sameAddress(trackers[0], link.trackers[0]) && sameAddress(trackers[1], link.trackers[1]);
}

/** Whatever its trackers are. */
async function heldAt(path: string, link: Link): Promise<Metainfo | undefined> {
  try {
    const found = await readMetainfo(path, ANY_NAMES);
    return found.swarm === link.swarm && infoFactsOf(found).info === link.info ? found : undefined;
  } catch (error) {
    // It is not there, or damaged: it is fetched.
    if (error instanceof MiniTorrentError) return undefined;
    throw error;
  }
}

/** Deletes those that were written before `wallMs`: whoever uses one has a copy of its own. */
async function sweep(directory: string, wallMs: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if ((await stat(path)).mtimeMs < wallMs) await rm(path, { recursive: true, force: true });
  }
}
