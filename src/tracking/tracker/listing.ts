// `mtorrent list`: what a pair of trackers lists, asked page by page as a guest, which is listed nowhere and changes
// nothing. Checks what it is told, since names and numbers come from strangers.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError, ProtocolError } from '../../foundation/base/errors.js';
import { TRACKER_REPLY_DEADLINE_MS } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { type SwarmKey, swarmKey } from '../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE, infoDigestOf } from '../../foundation/torrent/info-text.js';
import { formatLink } from '../../foundation/torrent/link.js';
import { checkFileName, printable } from '../../foundation/torrent/names.js';
import { namedPair, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { DialedConnection } from '../../foundation/wire/dialed.js';
import { commonFeatures, encodeFeatures } from '../../foundation/wire/features.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { CATALOGUE_PAGE_MAX, LISTED_FILES_MAX } from './limits.js';
import {
  OWN_FEATURES,
  TRACKER_FEATURES,
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from './messages.js';

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
      const found = await guest.files(trackers, text);
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

class Guest {
  readonly #connection: DialedConnection<TrackerRequest, TrackerReply>;
  readonly #address: string;
  #awaited = deferred<TrackerReply>();
  #lastId = 0;

  constructor(address: Address, passage: Passage | undefined) {
    this.#address = formatAddress(address);
    // A connection that fails while nobody waits is told to whoever asks next.
    this.#awaited.promise.catch(() => undefined);
    this.#connection = new DialedConnection<TrackerRequest, TrackerReply>({
      address,
      passage,
      need: 'track',
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      onConnected: () => {
        const guest = { clientId: new Uint8Array(16), host: '', uploadPort: 0, epoch: 0 };
        this.#connection.send({ kind: 'hello', ...guest, token: encodeFeatures(OWN_FEATURES) });
      },
      onMessage: (reply) => this.#awaited.resolve(reply),
      onClosed: (reason, error) => {
        const why = error instanceof ProtocolError ? 'is no tracker of this version' : 'does not answer';
        this.#awaited.reject(this.#failure(`${why} (${errnoOf(error) ?? printable(reason)})`));
      },
    });
  }

  async files(trackers: TrackerList, text: string): Promise<Iterable<ListedFile>> {
    const hello = await this.#next();
    if (hello.kind !== 'helloReply') throw this.#failure(whatInstead(hello));
    const features = commonFeatures(hello.features ?? EMPTY_BYTES, OWN_FEATURES);
    if (!features.has(TRACKER_FEATURES.describes)) throw this.#failure('runs an earlier release, which has no lists');
    if (!features.has(TRACKER_FEATURES.lists)) throw this.#failure('was started with --no-list');
    const found = new Map<SwarmKey, ListedFile>();
    for (let after: Uint8Array = EMPTY_BYTES; ; ) {
      const { items, next } = await this.#page(after, text);
      for (const item of items) {
        const file = fileOf(item, trackers);
        found.set(file.swarm, file);
      }
      if (next.length === 0 || found.size >= LISTED_FILES_MAX) return found.values();
      if (Buffer.compare(next, after) <= 0) throw this.#failure('goes in circles');
      after = next;
    }
  }

  hangUp(): void {
    this.#connection.hangUp();
  }

  async #page(after: Uint8Array, filter: string): Promise<Extract<TrackerReply, { kind: 'listing' }>> {
    this.#lastId += 1;
    this.#awaited = deferred<TrackerReply>();
    this.#awaited.promise.catch(() => undefined);
    this.#connection.send({ kind: 'list', id: this.#lastId, after, filter, want: CATALOGUE_PAGE_MAX });
    const reply = await this.#next();
    if (reply.kind === 'listing' && reply.id === this.#lastId) return reply;
    throw this.#failure(whatInstead(reply));
  }

  #next(): Promise<TrackerReply> {
    return within(this.#awaited.promise, TRACKER_REPLY_DEADLINE_MS, () => {
      throw this.#failure('does not answer in time');
    });
  }

  #failure(what: string): MiniTorrentError {
    return new MiniTorrentError('NO_TRACKER', `${this.#address} ${what}`);
  }
}

type Item = Extract<TrackerReply, { kind: 'listing' }>['items'][number];

function fileOf(item: Item, list: TrackerList): ListedFile {
  const [key, name, size, , digest, listBytes, files, seeders, complete] = item;
  const swarm = swarmKey(key);
  const trackers = namedPair(list);
  const isNamed = digest.length === INFO_DIGEST_SIZE && checkFileName(name) === undefined;
  const link = isNamed ? formatLink({ swarm, info: infoDigestOf(digest), size, listBytes, trackers, name }) : '';
  return { name, size, files, seeders, complete, swarm, link };
}

/** By code units: the same order on every machine. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function whatInstead(reply: TrackerReply): string {
  return reply.kind === 'error' ? `says: ${printable(reply.sentence)}` : 'answers what was not asked';
}
