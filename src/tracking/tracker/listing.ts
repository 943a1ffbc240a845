// What a pair of trackers lists, asked page by page, and who has how much of it, asked of one: as a guest, which is
// listed nowhere and changes nothing. Checks what it is told, since names and numbers come from strangers.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { SEEDERS_PER_REPLY_MAX } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey, swarmKey } from '../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE, infoDigestOf } from '../../foundation/torrent/info-text.js';
import { formatLink } from '../../foundation/torrent/link.js';
import { checkFileName } from '../../foundation/torrent/names.js';
import { namedPair, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { Guest } from './guest.js';
import { CATALOGUE_PAGE_MAX, LISTED_FILES_MAX } from './limits.js';
import { TRACKER_FEATURES, type TrackerReply } from './messages.js';

export interface ListedFile {
  /** Chosen by a stranger: for people, through `printable`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Files of a folder, or 1; 0: nobody said. */
  readonly files: number;
  readonly seeders: number;
  /** Those of them that have every piece. */
  readonly complete: number;
  readonly swarm: SwarmKey;
  /** '' when the trackers do not know enough of it. */
  readonly link: string;
}

/**
 * Listed files whose names contain `text` in any case, sorted by name. NO_TRACKER when no tracker answers, or those
 * that do list nothing to anybody. @param passage how bytes travel; in the clear when absent.
 */
export async function listFiles(
  trackers: TrackerList,
  text: string,
  passage?: Passage,
): Promise<readonly ListedFile[]> {
  const reasons: string[] = [];
  for (const tracker of trackers) {
    const guest = new Guest(tracker, passage);
    try {
      const found = await filesAt(guest, trackers, text);
      return [...found].sort((a, b) => compareTexts(a.name, b.name) || compareTexts(a.swarm, b.swarm));
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      reasons.push(error.message);
    } finally {
      guest.hangUp();
    }
  }
  throw new MiniTorrentError(
    'NO_TRACKER',
    `${trackers.length === 2 ? 'neither' : 'no'} tracker lists what is shared: ${reasons.join('; ')}`,
  );
}

async function filesAt(guest: Guest, trackers: TrackerList, text: string): Promise<Iterable<ListedFile>> {
  const features = await guest.greeted();
  if (!features.has(TRACKER_FEATURES.describes)) throw guest.failure('runs an earlier release, which has no lists');
  if (!features.has(TRACKER_FEATURES.lists)) throw guest.failure('was started with --no-list');
  const found = new Map<SwarmKey, ListedFile>();
  for (let after: Uint8Array = EMPTY_BYTES; ; ) {
    const { items, next } = await guest.ask({ kind: 'list', after, filter: text, want: CATALOGUE_PAGE_MAX }, 'listing');
    for (const item of items) {
      const file = fileOf(item, trackers);
      found.set(file.swarm, file);
    }
    if (next.length === 0 || found.size >= LISTED_FILES_MAX) return found.values();
    if (Buffer.compare(next, after) <= 0) throw guest.failure('goes in circles');
    after = next;
  }
}

type Item = Extract<TrackerReply, { kind: 'listing' }>['items'][number];

function fileOf(item: Item, list: TrackerList): ListedFile {
  const { name, size, info: digest, listBytes, files, seeders, complete } = item;
  const swarm = swarmKey(item.swarm);
  const trackers = namedPair(list);
  const isNamed = digest.length === INFO_DIGEST_SIZE && checkFileName(name) === undefined;
  const link = isNamed ? formatLink({ swarm, info: infoDigestOf(digest), size, listBytes, trackers, name }) : '';
  return { name, size, files, seeders, complete, swarm, link };
}

/** By code units: the same order on every machine. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Seeders {
  /** Some of them by chance when there are more than one reply holds; those with the most pieces first. */
  readonly rows: readonly { readonly address: string; readonly have: number }[];
  readonly total: number;
}

/** NO_TRACKER. @param passage how bytes travel; in the clear when absent. */
export async function seedersOf(tracker: Address, swarm: SwarmKey, passage?: Passage): Promise<Seeders> {
  const guest = new Guest(tracker, passage);
  try {
    await guest.greeted();
    const question = { kind: 'seeders', swarm: keyBytes(swarm), want: SEEDERS_PER_REPLY_MAX } as const;
    const { seeders, total } = await guest.ask(question, 'seederList');
    const rows = seeders.map(({ host, port, have }) => ({ address: formatAddress({ host, port }), have }));
    return { rows: rows.sort((a, b) => b.have - a.have || (a.address < b.address ? -1 : 1)), total };
  } finally {
    guest.hangUp();
  }
}
