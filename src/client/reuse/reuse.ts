// Finds what other files of this machine have of a download: the client's own shares and unfinished downloads, and
// files that a person named. Whatever fails here costs speed: the download is fetched from peers.

import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../foundation/base/clock.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import type { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { partPathOf } from '../../transfer/storage/target.js';
import type { LocalHashing } from '../disk-jobs/local-hashing.js';
import type { OpenFiles } from '../disk-jobs/open-files.js';
import type { Entry, ReuseWish } from '../files/record.js';
import { REUSE_DIGESTS_AT_ONCE } from '../limits.js';
import { type PartToFill, placePieces } from './cloning.js';
import type { FoundPlan, KnownShare } from './known-shares.js';
import { gatherSources, type LocalSources } from './local-sources.js';
import { Matching, type SourceShare, type WantedShare } from './matching.js';

const NOTHING: LocalSources = { shares: [], files: [], names: [] };

export interface ReuseOptions {
  readonly hashing: LocalHashing;
  readonly files: OpenFiles;
  /** What others on this machine have. */
  readonly otherShares?: (() => AsyncIterable<KnownShare>) | undefined;
  readonly log: Log;
  /** For the person at the console. */
  readonly tell: (sentence: string) => void;
  readonly onFatal: (error: unknown) => void;
}

/** Sources that are being hashed. */
interface Hashing {
  /** As JSON. */
  readonly paths: string;
  readonly done: Promise<LocalSources>;
  readonly reports: ((pieces: number) => void)[];
}

export class Reuse {
  readonly #options: ReuseOptions;
  /** By swarm, for as long as this client runs and the download is not complete. */
  readonly #named = new Map<SwarmKey, LocalSources>();
  readonly #hashing = new Map<SwarmKey, Hashing>();

  constructor(options: ReuseOptions) {
    this.#options = options;
  }

  /**
   * Hashes what a person named, and keeps the result for the download. Rejects when a path cannot be read.
   * @param onHashed gets how much is hashed, as pieces of the download. Resolves to the entry, which remembers it.
   */
  async prepare(entry: Entry, metainfo: Metainfo, wish: ReuseWish, onHashed: (pieces: number) => void): Promise<Entry> {
    if (wish.paths.length > 0) await this.#hash(metainfo, wish.paths, onHashed);
    return wish.isOff || wish.paths.length > 0 ? { ...entry, reuse: wish } : entry;
  }

  /** Says to downloads that run already what was hashed for them. */
  async tellRunning(entry: Entry, metainfo: Metainfo): Promise<void> {
    const { files } = this.#options;
    if (!this.#named.has(metainfo.swarm)) return;
    for (const file of files.runningOf(metainfo.swarm)) {
      const found = await this.planFor(entry, metainfo, files.haveOf(file));
      if (found !== undefined) files.reuse(file, found);
    }
  }

  /**
   * What is here of a download that is about to start. Its files begin as clones where that spares writing. Rejects
   * with MiniTorrentError when its `.part` cannot be used, and closes it.
   */
  async planForPart(entry: Entry, metainfo: Metainfo, part: PartToFill): Promise<FoundPlan | undefined> {
    const found = await this.planFor(entry, metainfo, part.have);
    if (found === undefined) return undefined;
    const { log } = this.#options;
    try {
      return { ...found, placed: await placePieces(part, found.plan, { clock: systemClock, log }) };
    } catch (error) {
      await part.storage.close();
      throw error;
    }
  }

  /** The same of a download that runs. */
  async planFor(entry: Entry, metainfo: Metainfo, have: Bitfield | undefined): Promise<FoundPlan | undefined> {
    const { log } = this.#options;
    const { swarm, reuse } = entry;
    if (reuse?.isOff === true) return undefined;
    const named = this.#named.get(swarm);
    if (named === undefined && reuse !== undefined) this.#recall(entry, metainfo, reuse);
    const beganMs = performance.now();
    const found = await planOf(metainfo, have, named ?? NOTHING, this.#shares(swarm, entry.path));
    const tookMs = Math.round(performance.now() - beganMs);
    if (found !== undefined)
      log.info({ name: metainfo.name, bytes: found.plan.bytes, tookMs }, 'files here have bytes of a download');
    return found;
  }

  /** Named in an earlier run of this client. The download runs while they are hashed. */
  #recall(entry: Entry, metainfo: Metainfo, { paths }: ReuseWish): void {
    const { log, tell, onFatal } = this.#options;
    this.#hash(metainfo, paths, () => undefined)
      .then(() => this.tellRunning(entry, metainfo))
      .catch((error: unknown) => {
        if (!(error instanceof MiniTorrentError)) return onFatal(error);
        if (error.code === 'CANCELLED') return;
        // Not tried again in this run.
        this.#named.set(entry.swarm, NOTHING);
        log.warn({ err: error, name: entry.name }, 'what --reuse named cannot be read any more');
        tell(`${entry.name} is fetched without what --reuse named, which cannot be read any more: ${error.message}`);
      });
  }

  /** One at a time for each download; the same paths are hashed once. */
  async #hash(metainfo: Metainfo, paths: readonly string[], onHashed: (pieces: number) => void): Promise<void> {
    const { swarm } = metainfo;
    const key = JSON.stringify(paths);
    const running = this.#hashing.get(swarm);
    if (running?.paths === key) {
      running.reports.push(onHashed);
      await running.done;
      return;
    }
    const reports = [onHashed];
    const done = this.#sourcesAt(metainfo, paths, (pieces) => {
      for (const report of reports) report(pieces);
    });
    const hashing = { paths: key, done, reports };
    this.#hashing.set(swarm, hashing);
    try {
      const sources = await done;
      if (this.#hashing.get(swarm) === hashing) this.#named.set(swarm, sources);
    } finally {
      if (this.#hashing.get(swarm) === hashing) this.#hashing.delete(swarm);
    }
  }

  #sourcesAt(metainfo: Metainfo, paths: readonly string[], onHashed: (pieces: number) => void): Promise<LocalSources> {
    const { hashing, log } = this.#options;
    const { pieceCount } = metainfo.geometry;
    const report = (bytes: number, of: number): void => onHashed(Math.floor((bytes / Math.max(of, 1)) * pieceCount));
    return hashSources(metainfo, paths, { hashing, log, onHashed: report });
  }

  async *#shares(swarm: SwarmKey, target: string): AsyncGenerator<KnownShare> {
    const { files, otherShares } = this.#options;
    // The download itself is offered, too.
    for (const share of files.offered()) if (share.swarm !== swarm) yield share;
    if (otherShares === undefined) return;
    // Another client may have begun what is gone on with here.
    for await (const share of otherShares()) if (share.path !== partPathOf(target)) yield share;
  }

  forget(swarm: SwarmKey): void {
    this.#named.delete(swarm);
    this.#hashing.delete(swarm);
  }
}

/** Rejects as `gatherSources` does. */
export function hashSources(
  metainfo: Metainfo,
  paths: readonly string[],
  options: {
    readonly hashing: LocalHashing;
    readonly log: Log;
    readonly onHashed: (bytes: number, of: number) => void;
  },
): Promise<LocalSources> {
  const { layout } = metainfo;
  const sizes = new Matching(wantedOf(metainfo, undefined), seeds());
  return gatherSources(paths, { ...options, layout, wantsSize: (size) => sizes.wantsSize(size) });
}

/** @param shares on this machine. */
export async function planOf(
  metainfo: Metainfo,
  have: Bitfield | undefined,
  named: LocalSources,
  shares: AsyncIterable<KnownShare>,
): Promise<FoundPlan | undefined> {
  // Of a folder it is a table of all its files: only made where something could be found.
  let made: Matching | undefined;
  const matchingOf = (): Matching => {
    made ??= new Matching(wantedOf(metainfo, have), seeds());
    return made;
  };
  const names = [...named.names];
  let sinceTurn = 0;
  const look = async (share: SourceShare): Promise<void> => {
    const matching = matchingOf();
    const number = matching.share(share);
    const { pieceCount } = new Geometry(share.layout.size);
    sinceTurn += share.layout.folder?.count ?? 1;
    for (let first = 0; first < pieceCount; first += REUSE_DIGESTS_AT_ONCE) {
      const count = Math.min(REUSE_DIGESTS_AT_ONCE, pieceCount - first);
      matching.look(number, first, count);
      sinceTurn += count;
      if (sinceTurn < REUSE_DIGESTS_AT_ONCE) continue;
      sinceTurn = 0;
      await turn();
    }
  };
  for (const share of named.shares) await look(share);
  for (const file of named.files) matchingOf().file(file);
  for await (const { swarm: _, name, ...share } of shares) {
    names.push(name);
    await look({ ...share, group: names.length - 1 });
  }
  return made?.plan(names);
}

function wantedOf({ layout, digests, geometry }: Metainfo, have: Bitfield | undefined): WantedShare {
  const zeros = zerosOf({ geometry, digests }).pieces;
  return { layout, digests, has: (piece) => zeros.has(piece) || have?.has(piece) === true };
}

function seeds(): readonly [number, number, number] {
  const bytes = randomBytes(12);
  return [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
}
