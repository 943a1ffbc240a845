// Gets what the .mtorrent of a link says, from its trackers and from peers: performs what `assembly.ts` decides, and
// reads the result as any .mtorrent is read.

import { Host } from '../../foundation/actor/host.js';
import { assert } from '../../foundation/base/assert.js';
import { deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { systemTimers, type Timers } from '../../foundation/base/timers.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { keyBytes } from '../../foundation/torrent/ids.js';
import { infoDigestBytes } from '../../foundation/torrent/info-text.js';
import type { Link } from '../../foundation/torrent/link.js';
import { type Metainfo, MetainfoParser, type NameRule, NO_NAMES } from '../../foundation/torrent/metainfo.js';
import { knownWith, type TrackerList } from '../../foundation/torrent/tracker-pair.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { fetchList, type ListFetch } from '../../transfer/peer/guest/fetch-list.js';
import { AssemblyMachine } from './assembly.js';
import type { AssemblyEffect, AssemblyInput } from './messages.js';
import { mtorrentText } from './mtorrent-text.js';
import { TrackerGuest } from './tracker-guest.js';

export interface LinkOptions {
  /** Which host names of trackers the link may name; none when absent. */
  readonly mayName?: NameRule | undefined;
  /** Those that are set: when more than two share a database, all are asked. */
  readonly knownTrackers?: TrackerList | undefined;
  /** Ends it with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the first of its trackers answers, whatever it says. */
  readonly onAnswer?: (() => void) | undefined;
  readonly timers?: Timers | undefined;
  /** How bytes travel; in the clear when absent. */
  readonly passages?: { readonly tracker: Passage; readonly peer: Passage } | undefined;
}

/**
 * Rejects with INVALID_LINK for a host name that may not be named, NO_TRACKER, NOT_LISTED, WRONG_VERSION, UNFINISHED
 * when no peer gives the list, VERIFICATION_FAILED, INVALID_MTORRENT, UNSAFE_NAME, CANCELLED.
 */
export async function metainfoOfLink(link: Link, options: LinkOptions = {}): Promise<Metainfo> {
  const { mayName = NO_NAMES, signal } = options;
  const named = link.trackers.find((tracker) => familyOf(tracker.host) === undefined && !mayName(tracker));
  if (named !== undefined) throw namesHost(named);
  const attempt = new Attempt(link, options);
  const cancel = (): void => attempt.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    const { digests, list } = await attempt.outcome;
    return await parsed(link, digests, list);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function namesHost(tracker: Address): MiniTorrentError {
  const sentence = `the link names the tracker ${formatAddress(tracker)} by a host name, which this machine's name server would be asked for; if you trust whoever made the link, allow it with --allow-host-names yes, or name the pair in the setting trackers`;
  return new MiniTorrentError('INVALID_LINK', sentence);
}

interface Fetched {
  readonly digests: Uint8Array;
  readonly list: Uint8Array;
}

class Attempt {
  readonly #link: Link;
  readonly #addresses: TrackerList;
  readonly #outcome = deferred<Fetched>();
  readonly #host: Host<AssemblyInput, AssemblyEffect>;
  readonly #trackers = new Map<number, TrackerGuest>();
  readonly #timers: Timers;
  readonly #passages: LinkOptions['passages'];
  readonly #onAnswer: () => void;
  #list: ListFetch | undefined;

  constructor(link: Link, { timers = systemTimers, passages, knownTrackers, onAnswer }: LinkOptions) {
    this.#onAnswer = onAnswer ?? (() => undefined);
    this.#link = link;
    this.#addresses = knownWith(link.trackers, knownTrackers);
    this.#passages = passages;
    this.#timers = timers;
    this.#host = new Host<AssemblyInput, AssemblyEffect>({
      name: `link/${link.swarm}`,
      machine: new AssemblyMachine(link, this.#addresses),
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#end(() => this.#outcome.reject(error)),
      timers,
    });
    this.#host.post({ kind: 'begin' });
  }

  get outcome(): Promise<Fetched> {
    return this.#outcome.promise;
  }

  cancel(): void {
    const cancelled = new MiniTorrentError('CANCELLED', 'stopped before the link was looked up; run it again');
    this.#end(() => this.#outcome.reject(cancelled));
  }

  #perform(effect: AssemblyEffect): void {
    switch (effect.kind) {
      case 'dialTracker':
        this.#dial(effect.tracker);
        break;
      case 'leaveTracker':
        this.#trackers.get(effect.tracker)?.hangUp();
        this.#trackers.delete(effect.tracker);
        break;
      case 'askHash':
        this.#trackers.get(effect.tracker)?.askHash(effect);
        break;
      case 'askSeeders':
        this.#trackers.get(effect.tracker)?.askSeeders();
        break;
      case 'fetchList':
        void this.#fetchList(effect.peer);
        break;
      case 'done':
        this.#end(() => this.#outcome.resolve(effect));
        break;
      case 'failed':
        this.#end(() => this.#outcome.reject(new MiniTorrentError(effect.code, effect.sentence)));
        break;
    }
  }

  #dial(tracker: number): void {
    const address = this.#addresses[tracker];
    assert(address !== undefined, 'a tracker is one of those that are known');
    const post = (input: AssemblyInput): void => this.#host.post(input);
    const passage = this.#passages?.tracker;
    this.#trackers.set(
      tracker,
      new TrackerGuest({ tracker, address, swarm: this.#link.swarm, passage, post, onAnswer: this.#onAnswer }),
    );
  }

  async #fetchList(peer: Address): Promise<void> {
    const { swarm, size, info, listBytes } = this.#link;
    const { pieceCount } = new Geometry(size);
    const asked = { swarm: keyBytes(swarm), pieceCount, info: infoDigestBytes(info), listBytes };
    this.#list = fetchList({ ...asked, address: peer, passage: this.#passages?.peer, timers: this.#timers });
    try {
      const outcome = await this.#list.outcome;
      if (outcome.kind === 'list') this.#host.post({ kind: 'listFetched', peer, bytes: outcome.bytes });
      else this.#host.post({ kind: 'listFailed', peer, reason: outcome.reason });
    } catch (error) {
      this.#end(() => this.#outcome.reject(error));
    }
  }

  #end(settle: () => void): void {
    this.#host.stop();
    this.#list?.hangUp();
    for (const guest of this.#trackers.values()) guest.hangUp();
    this.#trackers.clear();
    settle();
  }
}

/** What a link names is no file: its sender is asked for another link. */
async function parsed(link: Link, digests: Uint8Array, list: Uint8Array): Promise<Metainfo> {
  const parser = new MetainfoParser(
    `what ${formatAddress(link.trackers[0])} and its peers gave for the link`,
    () => true,
  );
  for (const part of mtorrentText(link, digests, list)) {
    parser.push(part);
    // Of a large share this takes a while, in which others have their turns.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return parser.end();
}
