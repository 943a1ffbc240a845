// Runs the machine of one download: performs its effects with the hash pool, the storage and the peer threads. Owns
// the open `.part`, and closes it when the last store has ended. Decides nothing.

import { Host } from '../../foundation/actor/host.js';
import { assert, present, unreachable } from '../../foundation/base/assert.js';
import { equalBytes } from '../../foundation/base/bytes.js';
import { errnoError, MiniTorrentError, troubleOf } from '../../foundation/base/errors.js';
import { DIGEST_SIZE, PIECE_SIZE } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import type { Prng } from '../../foundation/base/prng.js';
import { systemTimers } from '../../foundation/base/timers.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import type { Geometry } from '../../foundation/torrent/geometry.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import type { FilePart } from '../hash/fill.js';
import type { HashPool } from '../hash/pool.js';
import type { FetchCommand } from '../peer/messages.js';
import { explained } from '../storage/disk/room.js';
import { REUSE_GROUPS_MAX } from '../storage/limits.js';
import type { ReusePlan, ReuseRun } from '../storage/reuse/plan.js';
import type { Storage } from '../storage/storage.js';
import type {
  ArrivedPiece,
  DownloadEffect,
  DownloadInput,
  Ending,
  Failure,
  PieceFill,
  StoreOutcome,
} from './effects.js';
import { FAILURE_SENTENCE_MAX } from './limits.js';
import { DownloadMachine } from './machine.js';
import type { DownloadEvent, ExaminedDownload } from './messages.js';
import type { OwnPieces } from './requests/own-pieces.js';
import type { Pacer } from './requests/pacer.js';
import type { SlotPool } from './requests/slots.js';
import { ResumeWriter } from './resume-writer.js';
import { whatLiesThere } from './wrong-bytes.js';

export interface DownloaderOptions {
  readonly file: number;
  readonly swarm: SwarmKey;
  readonly name: string;
  readonly geometry: Geometry;
  readonly digests: Uint8Array;
  /** Of all slots. */
  readonly slab: SharedArrayBuffer;
  readonly pieces: OwnPieces;
  /** The `.part`, open. */
  readonly storage: Storage;
  readonly resumePath: string;
  /** Where this client listens. */
  readonly uploadPort: number;
  /** Empty: the metainfo has none. */
  readonly sha256: Uint8Array;
  readonly slots: SlotPool;
  readonly pool: Promise<HashPool>;
  readonly prng: Prng;
  readonly pacer: Pacer;
  readonly log: Log;
  readonly nextConnection: () => number;
  readonly tellPeer: (connection: number, command: FetchCommand) => void;
  /** Tells every peer that fetches the file from us. */
  readonly tellFetchers: (command: FetchCommand) => void;
  readonly tellMain: (event: DownloadEvent) => void;
  /** The download has ended, and its `.part` is closed. */
  readonly onEnded: () => void;
}

export class Downloader {
  readonly #options: DownloaderOptions;
  readonly #machine: DownloadMachine;
  readonly #host: Host<DownloadInput, DownloadEffect>;
  readonly #swarmBytes: Uint8Array;
  readonly #resume: ResumeWriter;
  #plan: ReusePlan | undefined;
  readonly #sourceNames: string[] = [];

  constructor(options: DownloaderOptions) {
    this.#options = options;
    this.#swarmBytes = keyBytes(options.swarm);
    const machine = new DownloadMachine({ ...options, layout: options.storage.layout });
    this.#machine = machine;
    const [done, { size }] = [options.pieces.done, options.geometry];
    this.#resume = new ResumeWriter({ ...options, done, size, totals: () => machine.totals });
    this.#host = new Host<DownloadInput, DownloadEffect>({
      name: `download/${options.name}`,
      machine: this.#machine,
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => {
        // An invariant is broken, so no slot may be reused: the thread goes down, and the client ends with its state
        // on disk.
        throw error;
      },
    });
    this.#host.post({ kind: 'wake' });
  }

  post(input: DownloadInput): void {
    if (input.kind === 'disconnected') {
      const { connection, reason, sentence } = input;
      this.#options.log.info({ connection, reason }, `peer connection ended: ${sentence}`);
    }
    this.#host.post(input);
  }

  examine(): Omit<ExaminedDownload, 'file'> {
    const { slots, pacer, file } = this.#options;
    const silent = this.#machine.silent();
    const isPaced = pacer.readyMs(file, systemTimers.nowMs()) !== undefined;
    return {
      peers: this.describe().length,
      held: slots.heldBy(file),
      storing: this.#machine.storingCount,
      isPaced,
      silent,
    };
  }

  describe(): ReturnType<DownloadMachine['describe']> {
    return this.#machine.describe(systemTimers.nowMs());
  }

  chart(): ReturnType<DownloadMachine['chart']> {
    return this.#machine.chart(systemTimers.nowMs());
  }

  #perform(effect: DownloadEffect): void {
    const { file, geometry, tellMain, tellPeer, log } = this.#options;
    switch (effect.kind) {
      case 'request':
      case 'cancel':
      case 'hangUp':
        tellPeer(effect.connection, effect);
        break;
      case 'store':
        void this.#store(effect.pieces);
        break;
      case 'fill':
        void this.#fill(effect.fills);
        break;
      case 'look':
        void this.#look(effect.first, effect.count);
        break;
      case 'reused':
        this.#tellReused(effect);
        break;
      case 'dial': {
        const { connection, address } = effect;
        log.info({ connection, peer: address }, 'dialing a peer');
        tellPeer(connection, {
          kind: 'dial',
          connection,
          swarm: this.#swarmBytes,
          pieceCount: geometry.pieceCount,
          host: address.host,
          port: address.port,
          uploadPort: this.#options.uploadPort,
        });
        break;
      }
      case 'tellHaves':
        this.#options.tellFetchers({ kind: 'haves', file, ranges: effect.ranges });
        break;
      case 'saveResume':
        this.#resume.save();
        break;
      case 'syncPart':
        this.#resume.sync();
        break;
      case 'finish':
        void this.#finish();
        break;
      case 'progressed':
      case 'readable':
      case 'peersNeeded':
      case 'peerSilent':
        tellMain({ ...effect, file });
        break;
      case 'banned':
        this.#tellBanned(effect);
        break;
      case 'ended':
        void this.#end(effect.ending);
        break;
      default:
        unreachable(effect);
    }
  }

  #tellReused({ fetched, bytes, groups }: Extract<DownloadEffect, { kind: 'reused' }>): void {
    const { file, tellMain } = this.#options;
    const sources = [...groups].map(([group, sum]) => [this.#sourceNames[group] ?? '', sum] as const);
    tellMain({ kind: 'reused', file, fetched, bytes, sources: sources.slice(0, REUSE_GROUPS_MAX) });
  }

  #tellBanned({ address, piece, how }: Extract<DownloadEffect, { kind: 'banned' }>): void {
    const { file, tellMain, log } = this.#options;
    log.warn({ peer: address, piece, ...how }, 'peer sent wrong bytes and is banned');
    tellMain({ kind: 'peerBanned', file, host: address.host, port: address.port, piece });
  }

  /**
   * Files of this machine have bytes of the download.
   * @param names of the groups of its sources.
   * @param bits of the pieces that may lie in the `.part` already.
   */
  reuse(plan: ReusePlan, names: readonly string[], bits?: Uint8Array): void {
    const firstGroup = this.#sourceNames.length;
    this.#sourceNames.push(...names);
    this.#plan = plan;
    const placed = bits === undefined ? undefined : new Bitfield(this.#options.geometry.pieceCount, bits);
    this.#host.post({ kind: 'sourcesFound', plan, firstGroup, placed });
  }

  async #look(first: number, count: number): Promise<void> {
    const { pool, digests, storage, log } = this.#options;
    let areRight: readonly boolean[];
    try {
      const { settlePieces } = await pool;
      areRight = await settlePieces(
        storage,
        first,
        digests.subarray(first * DIGEST_SIZE, (first + count) * DIGEST_SIZE),
      );
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      log.warn({ err: error, first, count }, 'pieces cannot be verified where they lie; they are fetched');
      areRight = new Array<boolean>(count).fill(false);
    }
    this.#host.post({ kind: 'looked', first, areRight });
  }

  async #fill(fills: readonly PieceFill[]): Promise<void> {
    const { pool, log } = this.#options;
    const plan = present(this.#plan, 'a plan comes before what is read by it');
    let bad: readonly (number | undefined)[];
    try {
      const { fillSlots } = await pool;
      bad = (
        await fillSlots(fills.map(({ slot, parts, zeros }) => ({ slot, parts: partsOf(plan, parts), zeros })))
      ).map((at, fill) => (at < 0 ? undefined : present(fills[fill]?.parts[at], 'a part that was asked for').source));
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      log.warn({ err: error }, 'no file of this machine can be read for a download; peers are asked');
      bad = fills.map(({ parts }) => parts[0]?.source);
    }
    for (const source of new Set(bad))
      if (source !== undefined) log.info({ path: plan.sourceAt(source).path }, 'has changed, and is used no more');
    this.#host.post({ kind: 'filled', fills: fills.map(({ slot }, at) => ({ slot, bad: bad[at] })) });
  }

  async #store(arrived: readonly ArrivedPiece[]): Promise<void> {
    const outcomes = await this.#verifyAndWrite(arrived);
    const outcomeOf = (at: number): StoreOutcome => present(outcomes[at], 'each piece has its outcome');
    for (const [at, each] of arrived.entries()) if (outcomeOf(at).kind === 'mismatch') this.#logWrongBytes(each);
    this.#host.post({ kind: 'stored', pieces: arrived.map(({ piece }, at) => ({ piece, outcome: outcomeOf(at) })) });
  }

  /** While the slot is still the hash pool's. */
  #logWrongBytes({ piece, slot }: ArrivedPiece): void {
    const { geometry, digests, slab, log } = this.#options;
    const bytes = new Uint8Array(slab, slot * PIECE_SIZE, geometry.pieceLength(piece));
    log.warn({ piece, slot, lies: whatLiesThere(bytes, piece, digests) }, 'a slot holds wrong bytes');
  }

  async #verifyAndWrite(arrived: readonly ArrivedPiece[]): Promise<readonly StoreOutcome[]> {
    const { pool, digests, storage, name } = this.#options;
    try {
      const { storePieces } = await pool;
      const pieces = arrived.map(({ piece, slot }) => {
        const digest = digests.subarray(piece * DIGEST_SIZE, (piece + 1) * DIGEST_SIZE);
        return { piece, slot, digest, storage: storage.handle };
      });
      return (await storePieces(pieces)).map(({ kind, errno, entry }) =>
        kind === 'ioError' ? failureOf(errnoError(errno, storage.pathOf(entry))) : { kind },
      );
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      const failed = { ...failureOf(error), sentence: `${name}: ${error.message}` };
      return arrived.map(() => failed);
    }
  }

  /** Two different pieces can be forged to have one SHA-1, but not one SHA-256: its author wants it checked. */
  async #checkWhole(): Promise<void> {
    const { sha256, pool, storage, name } = this.#options;
    if (sha256.length === 0) return;
    if (equalBytes(await (await pool).sha256(storage.path, storage.layout), sha256)) return;
    const sentence = `${name} has the right pieces but not the SHA-256 of its .mtorrent; do not use ${storage.path}, and tell whoever made the .mtorrent`;
    throw new MiniTorrentError('VERIFICATION_FAILED', sentence);
  }

  async #finish(): Promise<void> {
    try {
      await this.#checkWhole();
      const pool = await this.#options.pool;
      await this.#options.storage.finish((storage, entries) => pool.lookAt(storage, entries));
      this.#host.post({ kind: 'finished' });
    } catch (error) {
      assert(error instanceof MiniTorrentError, `finishing fails with a named error, not ${String(error)}`);
      this.#host.post({ ...failureOf(error), kind: 'finishFailed' });
    }
  }

  async #end(ending: Ending): Promise<void> {
    const { file, storage, tellMain, log, onEnded } = this.#options;
    this.#host.stop();
    await this.#resume.settled;
    try {
      if (ending.kind === 'stopped') await this.#resume.close();
      await storage.close();
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      log.warn({ err: error }, 'the file could not be flushed: its pieces are checked at the next start');
    }
    onEnded();
    if (ending.kind === 'stopped') tellMain({ kind: 'stopped', file });
    else if (ending.kind === 'failed') tellMain({ kind: 'failed', file, ...(await toldOf(ending)) });
    else tellMain({ kind: 'completed', file, received: ending.received, wasted: ending.wasted });
  }
}

function partsOf(plan: ReusePlan, parts: readonly ReuseRun[]): readonly FilePart[] {
  return parts.map(({ begin, length, source, offset }) => {
    const { path, size, mtimeMs } = plan.sourceAt(source);
    return { path, size, mtimeMs, begin, length, offset };
  });
}

function failureOf(error: MiniTorrentError): Failure {
  return { kind: 'failed', code: error.code, sentence: error.message, trouble: troubleOf(error) };
}

/** As the client is told: with what its disk says about it. */
async function toldOf({ code, sentence, trouble }: Failure) {
  const { errno = '', path = '' } = trouble ?? {};
  const why = trouble === undefined ? sentence : (await explained(errnoError(errno, path))).message;
  return { code, sentence: why.slice(0, FAILURE_SENTENCE_MAX), errno, path };
}
