// Holds what files need while they are shared or downloaded: metainfo, shared bitfields, open `.part`s. Hands them to
// the threads that the machine names. Invariant: this class owns an open `.part` until its download starts; from then
// on the download owns it.

import type { Attachment } from '../../foundation/actor/link.js';
import { present } from '../../foundation/base/assert.js';
import { EMPTY_BYTES, equalBytes } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { Bitfield, type PieceRange } from '../../foundation/torrent/bitfield.js';
import { type ChosenBeside, choose, chosenBeside, refuseChoice } from '../../foundation/torrent/folder/choice.js';
import { servedPieces, wantedPieces } from '../../foundation/torrent/folder/wanted-pieces.js';
import { keyBytes, type SwarmKey, swarmKey } from '../../foundation/torrent/ids.js';
import { infoDigestBytes, infoFactsOf } from '../../foundation/torrent/info-text.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { formatFurtherLines, type Metainfo } from '../../foundation/torrent/metainfo.js';
import type { ServeCommand } from '../../transfer/peer/messages.js';
import { folderLists } from '../../transfer/storage/folder-lists.js';
import { servedAt } from '../../transfer/storage/messages.js';
import type { ClientEffect } from '../effects.js';
import { recordedMs } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import { type Choice, EVERYTHING } from '../messages.js';
import type { FoundPlan, KnownShare } from '../reuse/known-shares.js';
import type { ClientThreads } from '../threads/threads.js';
import type { OpenedPart } from './opened-part.js';

interface OpenFile {
  /** What peers are offered. */
  readonly have: Bitfield;
  /** Of an unfinished download, the pieces that are done; `have` itself unless entries of a folder are left out. */
  readonly done: Bitfield;
  part: OpenedPart | undefined;
  /** What other files have of it, for the start of its download. */
  plan?: FoundPlan | undefined;
  /** The last `serve`, to repeat to a restarted peer thread. */
  serve: Extract<ServeCommand, { kind: 'serve' }> | undefined;
  /** As it is served. */
  layout: Layout | undefined;
  /** Told before `serve`; undefined where nothing stands behind the piece hashes. */
  metadata: Extract<ServeCommand, { kind: 'metadata' }> | undefined;
}

export class OpenFiles {
  readonly #threads: ClientThreads;
  readonly #open = new Map<number, OpenFile>();
  readonly #metainfo = new Map<SwarmKey, Metainfo>();
  /** Of folders. */
  readonly #choices = new Map<SwarmKey, Choice>();
  readonly #uploadPort: () => number;
  readonly #copyOf: (swarm: SwarmKey) => string;

  /**
   * @param uploadPort where this client listens; known before a download starts.
   * @param copyOf the path of its own copy of a .mtorrent, from which peers are given what stands behind piece hashes.
   */
  constructor(threads: ClientThreads, uploadPort: () => number, copyOf: (swarm: SwarmKey) => string) {
    this.#threads = threads;
    this.#uploadPort = uploadPort;
    this.#copyOf = copyOf;
  }

  /**
   * @param choice which files of a folder are wanted, as its entry says. ALREADY_EXISTS when the swarm is known with
   * other files. Throws as `choose`.
   * @returns what is known of the swarm from now on. A folder's list that is known with this choice already stays:
   * threads work with its memory, which has the marks of this client.
   */
  learn(metainfo: Metainfo, choice: Choice = EVERYTHING): Metainfo {
    const { swarm, layout, name } = metainfo;
    refuseOtherLayout(this.#metainfo.get(swarm), metainfo);
    if (layout.folder === undefined) refuseChoice(name, choice);
    if (layout.folder !== undefined && !this.#isKnownWith(swarm, choice)) {
      choose(layout.folder, choice);
      this.unlearn(swarm);
      folderLists.use(layout);
      this.#choices.set(swarm, choice);
    }
    const learned = { ...metainfo, layout: this.#metainfo.get(swarm)?.layout ?? layout };
    this.#metainfo.set(swarm, learned);
    return learned;
  }

  /**
   * As `learn`, for what may be refused yet: a folder that is known with another choice stays so, and what is returned
   * has a list of its own.
   */
  asked(metainfo: Metainfo, choice: Choice = EVERYTHING): { metainfo: Metainfo; chosen: ChosenBeside } {
    const known = this.#metainfo.get(metainfo.swarm)?.layout.folder;
    const { folder } = metainfo.layout;
    if (known === undefined || folder === undefined || this.#isKnownWith(metainfo.swarm, choice))
      return { metainfo: this.learn(metainfo, choice), chosen: 'same' };
    refuseOtherLayout(this.#metainfo.get(metainfo.swarm), metainfo);
    choose(folder, choice);
    return { metainfo, chosen: chosenBeside(folder, known) };
  }

  #isKnownWith(swarm: SwarmKey, choice: Choice): boolean {
    const known = this.#choices.get(swarm);
    return known !== undefined && wordsOf(known) === wordsOf(choice);
  }

  /** No file of the library has come of it. */
  unlearn(swarm: SwarmKey): void {
    const known = this.#metainfo.get(swarm);
    if (known === undefined) return;
    this.#metainfo.delete(swarm);
    this.#choices.delete(swarm);
    folderLists.letGo(folderLists.numberOf(known.layout));
  }

  drop(effect: Extract<ClientEffect, { readonly kind: 'unserve' | 'unlearn' }>): void {
    if (effect.kind === 'unserve') this.unserve(effect.file);
    else this.unlearn(effect.swarm);
  }

  /** With the choice of the entry. */
  knows({ swarm, folder }: Pick<Entry, 'swarm' | 'folder'>): boolean {
    return this.#metainfo.has(swarm) && (folder === undefined || this.#isKnownWith(swarm, folder));
  }

  digestsOf(swarm: SwarmKey): Uint8Array | undefined {
    return this.#metainfo.get(swarm)?.digests;
  }

  /** Throws INTERNAL when it was never learned. */
  metainfo(swarm: SwarmKey): Metainfo {
    const metainfo = this.#metainfo.get(swarm);
    if (metainfo === undefined) throw new MiniTorrentError('INTERNAL', `the metainfo of ${swarm} is not loaded`);
    return metainfo;
  }

  /** @param plan what other files have of it. */
  partOpened(file: number, part: OpenedPart, plan?: FoundPlan): void {
    const choice = wantedPieces(part.storage.layout);
    const { have: done } = part;
    const have = choice === undefined ? done : Bitfield.shared(done.pieceCount);
    const known = this.#open.get(file) ?? {
      have,
      done,
      part,
      serve: undefined,
      layout: undefined,
      metadata: undefined,
    };
    this.#open.set(file, known);
    // Opened again after a pause: open connections look at the memory they were given, so it stays the same.
    known.done.bytes.set(done.bytes);
    known.done.recount();
    if (choice !== undefined) known.have.bytes.set(known.done.common(choice.whole).bytes);
    known.have.recount();
    known.part = part;
    known.plan = plan;
  }

  /**
   * A copy of the pieces of an unfinished download, since another thread may write to them. Undefined: not opened in
   * this run.
   */
  haveOf(file: number): Bitfield | undefined {
    const done = this.#open.get(file)?.done;
    return done === undefined ? undefined : new Bitfield(done.pieceCount, new Uint8Array(done.bytes));
  }

  /** Pieces that peers may be offered. Its part is open. */
  offeredCount(file: number): number {
    return present(this.#open.get(file), 'what is offered is open').have.count;
  }

  /** Its download must not be running, since a running download is the writer. */
  clearPieces(file: number, ranges: readonly PieceRange[]): void {
    const open = this.#open.get(file);
    if (open === undefined) return;
    for (const pieces of [open.have, open.done]) {
      for (const [begin, count] of ranges) for (let at = 0; at < count; at += 1) pieces.clear(begin + at);
      pieces.recount();
    }
  }

  forget(file: number, swarm: SwarmKey): void {
    this.#open.delete(file);
    this.unlearn(swarm);
  }

  startDownload(file: number, entry: Entry, resumePath: string): void {
    const open = present(this.#open.get(file), 'a download starts with its part open');
    const { have, done } = open;
    const part = present(open.part, 'a download starts with its part open');
    const metainfo = this.metainfo(entry.swarm);
    const digests = new SharedArrayBuffer(metainfo.digests.length);
    new Uint8Array(digests).set(metainfo.digests);
    const doneMemory = done === have ? [] : [done.bytes.buffer as SharedArrayBuffer];
    this.#threads.download.tell(
      {
        kind: 'start',
        file,
        swarm: keyBytes(entry.swarm),
        name: entry.name,
        storage: part.storage.handOver(),
        resumePath,
        sha256: metainfo.sha256 ?? EMPTY_BYTES,
        uploadPort: this.#uploadPort(),
      },
      [digests, have.bytes.buffer as SharedArrayBuffer, ...listOf(metainfo.layout), ...doneMemory],
    );
    open.part = undefined;
    if (open.plan !== undefined) this.reuse(file, open.plan);
    open.plan = undefined;
  }

  /** Says to a download that runs what other files have of it. One that has ended takes no notice. */
  reuse(file: number, { plan, names, placed }: FoundPlan): void {
    const bits = placed === undefined ? [] : [placed.bytes.buffer as SharedArrayBuffer];
    this.#threads.download.tell({ kind: 'reuse', file, names }, [plan.memory, ...bits]);
  }

  /** The numbers of the downloads of a swarm that hold their `.part` themselves. */
  runningOf(swarm: SwarmKey): readonly number[] {
    const key = keyBytes(swarm);
    return [...this.#open].flatMap(([file, { serve, part }]) =>
      part === undefined && serve?.storage.mtimeMs === null && equalBytes(serve.swarm, key) ? [file] : [],
    );
  }

  /** Everything that peers are offered, with what of it is here. */
  *offered(): Generator<KnownShare> {
    for (const { serve, have } of this.#open.values()) {
      const swarm = serve === undefined ? undefined : swarmKey(serve.swarm);
      const metainfo = swarm === undefined ? undefined : this.#metainfo.get(swarm);
      if (serve === undefined || swarm === undefined || metainfo === undefined) continue;
      const { path, mtimeMs } = serve.storage;
      const { name, layout, digests } = metainfo;
      yield { swarm, name, layout, digests, path, mtimeMs: mtimeMs ?? Number.NaN, has: (piece) => have.has(piece) };
    }
  }

  /** Closes a `.part` that no download needs for now. */
  async releasePart(file: number): Promise<void> {
    const open = this.#open.get(file);
    if (open?.part === undefined) return;
    const { part } = open;
    open.part = undefined;
    await part.storage.close();
  }

  async releaseAll(): Promise<void> {
    for (const file of this.#open.keys()) await this.releasePart(file);
  }

  /** `complete`: from its target, with every piece; else from its `.part`, with the pieces of its bitfield. */
  serve(file: number, entry: Entry, complete: boolean): void {
    const { geometry, layout } = this.metainfo(entry.swarm);
    const have = Bitfield.shared(geometry.pieceCount);
    const open: OpenFile = this.#open.get(file) ?? {
      have,
      done: have,
      part: undefined,
      serve: undefined,
      layout: undefined,
      metadata: undefined,
    };
    this.#open.set(file, open);
    open.layout = layout;
    open.metadata = this.#metadataOf(file, entry.swarm);
    if (complete) {
      open.have.bytes.set(servedPieces(layout).bytes);
      open.have.recount();
    }
    const path = complete ? entry.path : (open.part?.storage.path ?? entry.path);
    open.serve = {
      kind: 'serve',
      file,
      swarm: keyBytes(entry.swarm),
      storage: servedAt(path, layout, complete ? recordedMs(entry.completeness) : null),
    };
    if (open.metadata !== undefined) this.#threads.tellAcceptors(open.metadata);
    this.#threads.tellAcceptors(open.serve, attachmentsOf(open));
  }

  #metadataOf(file: number, swarm: SwarmKey): Extract<ServeCommand, { kind: 'metadata' }> | undefined {
    const metainfo = this.metainfo(swarm);
    const [first] = formatFurtherLines(metainfo);
    if (first === undefined) return undefined;
    const { info, listBytes } = infoFactsOf(metainfo);
    return { kind: 'metadata', file, path: this.#copyOf(swarm), info: infoDigestBytes(info), bytes: listBytes };
  }

  servesFrom({ swarm, path }: Pick<Entry, 'swarm' | 'path'>): boolean {
    const key = keyBytes(swarm);
    for (const { serve } of this.#open.values())
      if (serve !== undefined && serve.storage.path === path && equalBytes(serve.swarm, key)) return true;
    return false;
  }

  unserve(file: number): void {
    const open = this.#open.get(file);
    if (open !== undefined) open.serve = undefined;
    this.#threads.tellAcceptors({ kind: 'unserve', file });
  }

  /** This peer thread has started or restarted, and knows no file. */
  serveAllAgain(thread: number): void {
    for (const open of this.#open.values()) {
      if (open.serve === undefined) continue;
      if (open.metadata !== undefined) this.#threads.tellPeer(thread, open.metadata);
      this.#threads.tellPeer(thread, open.serve, attachmentsOf(open));
    }
  }
}

/** What rides beside a `serve`. */
function attachmentsOf({ have, layout }: OpenFile): readonly Attachment[] {
  return [have.bytes.buffer as SharedArrayBuffer, ...(layout === undefined ? [] : listOf(layout))];
}

function listOf({ folder }: Layout): readonly Attachment[] {
  return folder === undefined ? [] : [folder.memory];
}

function wordsOf({ only, except }: Choice): string {
  return JSON.stringify([only, except]);
}

function refuseOtherLayout(known: Metainfo | undefined, { name, layout }: Metainfo): void {
  if (known === undefined || isSameLayout(known.layout, layout)) return;
  const sentence = `${name} is here already with the files of ${known.name}; remove that first, or run get or share with --alone from a shell`;
  throw new MiniTorrentError('ALREADY_EXISTS', sentence);
}

function isSameLayout(known: Layout, other: Layout): boolean {
  if (known.folder === undefined || other.folder === undefined) return known.folder === other.folder;
  return known.folder.isSameAs(other.folder);
}
