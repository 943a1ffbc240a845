// Links as programs and commands use them: the link to a .mtorrent, and the .mtorrent of a link.

import { join } from 'node:path';
import type { LinkOptions } from '../../client/links/metainfo-of-link.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { linkTo, parseLink } from '../../foundation/torrent/link.js';
import { ANY_NAMES, type Metainfo, type NameRule } from '../../foundation/torrent/metainfo.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { readMetainfo, writeMetainfo } from '../../transfer/storage/metainfo-file.js';

/** Rejects as `readMetainfo` does. */
export async function linkOf(mtorrentPath: string): Promise<string> {
  return linkTo(await readMetainfo(mtorrentPath, ANY_NAMES));
}

export interface LookupOptions {
  /** Which host names of trackers a link may name; none when absent. */
  readonly mayName?: NameRule | undefined;
  /** Those that are set: when more than two share a database, all are asked. */
  readonly knownTrackers?: TrackerList | undefined;
  readonly signal?: AbortSignal | undefined;
  /** As in `LinkOptions`. */
  readonly onAnswer?: (() => void) | undefined;
  /** Of this machine in a closed swarm; in the clear when absent. */
  readonly credentials?: Credentials | undefined;
}

export interface LinkedOptions extends LookupOptions {
  /** Where one-shot clients keep their state. */
  readonly stateRoot: string;
}

/** What the .mtorrent of a link says; nothing is kept. Rejects as `mtorrentOfLink` does. */
export async function metainfoOf(link: string, options: LookupOptions): Promise<Metainfo> {
  const { metainfoOfLink } = await import('../../client/links/metainfo-of-link.js');
  return metainfoOfLink(parseLink(link), await passedBy(options));
}

/**
 * Absolute path of a .mtorrent with what the link names, asked of its trackers and of peers unless it was before.
 * INVALID_LINK, NOT_LISTED, NO_TRACKER, UNFINISHED, VERIFICATION_FAILED, CANCELLED, …
 */
export async function mtorrentOfLink(link: string, { stateRoot, ...options }: LinkedOptions): Promise<string> {
  const { linkedFile } = await import('../../client/links/linked-file.js');
  return linkedFile(parseLink(link), join(stateRoot, 'links'), await passedBy(options));
}

async function passedBy({ credentials, ...options }: LookupOptions): Promise<LinkOptions> {
  if (credentials === undefined) return options;
  const { memberPassages } = await import('../../client/links/member-passages.js');
  return { ...options, passages: memberPassages(credentials) };
}

/** Writes the same .mtorrent again. ALREADY_EXISTS when something else is there. Paths are absolute. */
export async function saveMtorrent(mtorrentPath: string, path: string): Promise<void> {
  await writeMetainfo(path, await readMetainfo(mtorrentPath, ANY_NAMES), { overwrite: false });
}
