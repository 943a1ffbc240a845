// What files need while they are shared or downloaded and the machine does not carry: metainfo, shared bitfields, open
// `.part`s. Hands them to the threads that the machine names. Invariant: an open `.part` belongs to this room until its
// download starts, and to the download from then on.

import { present } from '../../foundation/base/assert.js';
import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { Bitfield, type PieceRange } from '../../foundation/torrent/bitfield.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import type { ServeCommand } from '../../transfer/peer/messages.js';
import { servedAt } from '../../transfer/storage/messages.js';
import { recordedMs } from '../files/completeness.js';
import type { Entry } from '../files/record.js';
import type { ClientThreads } from '../threads/threads.js';
import type { OpenedPart } from './reopener.js';

interface Held {
  readonly have: Bitfield;
  part: OpenedPart | undefined;
  /** The last `serve`, to be said again to a restarted peer thread. */
  serve: Extract<ServeCommand, { kind: 'serve' }> | undefined;
}

export class OpenFiles {
  readonly #threads: ClientThreads;
  readonly #held = new Map<number, Held>();
  readonly #metainfo = new Map<SwarmKey, Metainfo>();
  readonly #uploadPort: () => number;

  /** @param uploadPort where this client listens; known before a download starts. */
  constructor(threads: ClientThreads, uploadPort: () => number) {
    this.#threads = threads;
    this.#uploadPort = uploadPort;
  }

  learn(metainfo: Metainfo): void {
    this.#metainfo.set(metainfo.swarm, metainfo);
  }

  knows(swarm: SwarmKey): boolean {
    return this.#metainfo.has(swarm);
  }

  digestsOf(swarm: SwarmKey): Uint8Array | undefined {
    return this.#metainfo.get(swarm)?.digests;
  }

  /** INTERNAL when it was never learned: then the caller's order of steps is wrong. */
  metainfo(swarm: SwarmKey): Metainfo {
    const metainfo = this.#metainfo.get(swarm);
    if (metainfo === undefined) throw new MiniTorrentError('INTERNAL', `the metainfo of ${swarm} is not loaded`);
    return metainfo;
  }

  partOpened(file: number, part: OpenedPart): void {
    const known = this.#held.get(file);
    if (known === undefined) {
      this.#held.set(file, { have: part.have, part, serve: undefined });
      return;
    }
    // Opened again after a pause: connections that are open look at the memory they were given, so it stays the same.
    known.have.bytes.set(part.have.bytes);
    known.have.recount();
    known.part = part;
  }

  /** Pieces of an unfinished download that was opened in this run; a copy, since another thread may write to it. */
  haveOf(file: number): Bitfield | undefined {
    const have = this.#held.get(file)?.have;
    return have === undefined ? undefined : new Bitfield(have.pieceCount, new Uint8Array(have.bytes));
  }

  /** Its download must not be running: that one is the writer otherwise. */
  clearPieces(file: number, ranges: readonly PieceRange[]): void {
    const have = this.#held.get(file)?.have;
    if (have === undefined) return;
    for (const [begin, count] of ranges) for (let at = 0; at < count; at += 1) have.clear(begin + at);
    have.recount();
  }

  forget(file: number, swarm: SwarmKey): void {
    this.#held.delete(file);
    this.#metainfo.delete(swarm);
  }

  startDownload(file: number, entry: Entry, resumePath: string): void {
    const held = present(this.#held.get(file), 'a download starts with its part open');
    const { have } = held;
    const part = present(held.part, 'a download starts with its part open');
    const metainfo = this.metainfo(entry.swarm);
    const digests = new SharedArrayBuffer(metainfo.digests.length);
    new Uint8Array(digests).set(metainfo.digests);
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
      [digests, have.bytes.buffer as SharedArrayBuffer],
    );
    held.part = undefined;
  }

  /** Closes a `.part` that nobody will write to for now. */
  async releasePart(file: number): Promise<void> {
    const held = this.#held.get(file);
    if (held?.part === undefined) return;
    const { part } = held;
    held.part = undefined;
    await part.storage.close();
  }

  async releaseAll(): Promise<void> {
    for (const file of this.#held.keys()) await this.releasePart(file);
  }

  /** `complete`: from its target, with every piece; else from its `.part`, with what its bitfield says. */
  serve(file: number, entry: Entry, complete: boolean): void {
    const { geometry, layout } = this.metainfo(entry.swarm);
    const held: Held = this.#held.get(file) ?? {
      have: Bitfield.shared(geometry.pieceCount),
      part: undefined,
      serve: undefined,
    };
    this.#held.set(file, held);
    if (complete) held.have.setAll();
    const path = complete ? entry.path : (held.part?.storage.path ?? entry.path);
    held.serve = {
      kind: 'serve',
      file,
      swarm: keyBytes(entry.swarm),
      storage: servedAt(path, layout, complete ? recordedMs(entry.completeness) : null),
    };
    this.#threads.tellAcceptors(held.serve, [held.have.bytes.buffer as SharedArrayBuffer]);
  }

  unserve(file: number): void {
    const held = this.#held.get(file);
    if (held !== undefined) held.serve = undefined;
    this.#threads.tellAcceptors({ kind: 'unserve', file });
  }

  /** This peer thread works (again) and knows of no file. */
  serveAllAgain(thread: number): void {
    for (const { serve, have } of this.#held.values()) {
      if (serve !== undefined) this.#threads.tellPeer(thread, serve, [have.bytes.buffer as SharedArrayBuffer]);
    }
  }
}
