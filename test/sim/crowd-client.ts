// One client of a crowd: a real DownloadMachine and a real UploadScheduler with the limits that the real shells keep. Its disk
// is a count, its hash pool a delay. Keeps book of what was received twice.

import { Host } from '../../src/actor/host.js';
import type { Timer } from '../../src/actor/timers.js';
import { SLAB_SLOTS, UPLOAD_BUFFERS, UPLOAD_CONNECTIONS_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { DownloadEffect, DownloadInput } from '../../src/download/effects.js';
import { DownloadMachine } from '../../src/download/machine.js';
import { SlotPool } from '../../src/download/slots.js';
import { Copies } from '../../src/peer/copies.js';
import type { FetchInput } from '../../src/peer/fetch.js';
import type { FetchEvent } from '../../src/peer/messages.js';
import type { ServedFile } from '../../src/peer/serve.js';
import { UnderWay } from '../../src/peer/under-way.js';
import { UploadScheduler } from '../../src/peer/upload.js';
import { Bitfield, type PieceRange } from '../../src/torrent/bitfield.js';
import type { Block } from '../../src/torrent/block.js';
import { type PeerId, peerId } from '../../src/torrent/ids.js';
import type { Crowd } from './crowd.js';
import { CrowdConnection } from './crowd-connection.js';
import { type LinkRates, NetHost } from './network.js';

const FILE = 1;
/** Milliseconds that the hash pool needs for a piece: SHA-1 at 1.8 GB/s and the write behind it. */
const STORE_MS = 1;
const FINISH_MS = 2;

export class CrowdClient {
  readonly crowd: Crowd;
  readonly port: number;
  readonly peerId: PeerId;
  readonly host: NetHost;
  readonly served: ServedFile;
  readonly #uploads: UploadScheduler;
  readonly #underWay = new UnderWay();
  readonly #copies = new Copies();
  readonly #accepted = new Set<CrowdConnection>();
  /** Those that said hello: they are served, and told what is new. */
  readonly #serving = new Map<number, CrowdConnection>();
  readonly #dialed = new Map<number, CrowdConnection>();
  #download: Host<DownloadInput, DownloadEffect> | undefined;
  #buffersUsed = 0;
  #isPumpDue = false;
  /** Rings when what is under way allows the next block. */
  #turn: Timer | undefined;
  isAlive = true;
  completedMs: number | undefined;
  receivedBytes = 0;
  wastedBytes = 0;

  constructor(crowd: Crowd, port: number, rates: LinkRates) {
    this.crowd = crowd;
    this.port = port;
    this.#uploads = new UploadScheduler(new Prng(crowd.options.seed ^ (port << 16)));
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, port);
    this.peerId = peerId(id);
    this.host = new NetHost(crowd.world, rates, crowd.options.latencyMs);
    const bitfield = new Bitfield(crowd.geometry.pieceCount);
    this.served = { file: FILE, swarm: crowd.swarmKey, geometry: crowd.geometry, bitfield };
  }

  /** Has the file and wants nothing. */
  seed(): void {
    this.served.bitfield.setAll();
    this.crowd.tracker.register(this.port);
  }

  start(): void {
    const { crowd, served } = this;
    crowd.tracker.register(this.port);
    this.#download = new Host<DownloadInput, DownloadEffect>({
      name: `download ${this.port}`,
      machine: new DownloadMachine({
        file: FILE,
        geometry: crowd.geometry,
        have: served.bitfield,
        slots: new SlotPool(SLAB_SLOTS),
        prng: new Prng(crowd.prng.below(2 ** 32)),
        nextConnection: () => crowd.nextConnection(),
      }),
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => crowd.crashed(error),
      timers: crowd.world,
    });
    this.#download.post({ kind: 'wake' });
    this.#askTracker();
  }

  /** As by a power cut: every connection ends, nobody is told. */
  die(): void {
    this.isAlive = false;
    this.#download?.stop();
    for (const connection of [...this.#dialed.values(), ...this.#accepted]) connection.cut();
  }

  // --- as a downloader ---

  heard(event: FetchEvent): void {
    if (event.kind === 'disconnected') this.#dialed.delete(event.connection);
    this.#download?.post({ kind: 'fetch', event });
  }

  #perform(effect: DownloadEffect): void {
    const { world } = this.crowd;
    switch (effect.kind) {
      case 'dial':
        this.#dialed.set(
          effect.connection,
          new CrowdConnection(effect.connection, this, this.crowd.clientAt(effect.address.port)),
        );
        break;
      case 'request': {
        const { connection, piece, begin, length, slots } = effect;
        this.#dialed.get(connection)?.command({ kind: 'request', block: { piece, begin, length }, slots });
        break;
      }
      case 'cancel': {
        const { connection, piece, begin, length } = effect;
        this.#dialed.get(connection)?.command({ kind: 'cancel', block: { piece, begin, length } });
        break;
      }
      case 'hangUp':
        this.#dialed.get(effect.connection)?.command({ kind: 'hangUp' });
        break;
      case 'store': {
        const pieces = effect.pieces.map(({ piece, slot }) => ({ piece, slot, outcome: { kind: 'stored' } as const }));
        world.after(STORE_MS, () => this.#download?.post({ kind: 'stored', pieces }));
        break;
      }
      case 'tellHaves':
        this.#tellHaves(effect.ranges);
        break;
      case 'finish':
        world.after(FINISH_MS, () => this.#download?.post({ kind: 'finished' }));
        break;
      case 'peersNeeded':
        this.#askTracker();
        break;
      case 'ended':
        if (effect.ending.kind === 'completed') this.#completed(effect.ending.received, effect.ending.wasted);
        break;
      case 'saveResume':
      case 'progressed':
      case 'banned':
        break;
    }
  }

  #completed(received: number, wasted: number): void {
    this.completedMs = this.crowd.world.nowMs();
    this.receivedBytes = received;
    this.wastedBytes = wasted;
    this.#download?.stop();
    this.#download = undefined;
    this.crowd.onCompleted();
  }

  #askTracker(): void {
    const { world, tracker, options } = this.crowd;
    world.after(2 * options.latencyMs, () => {
      if (this.isAlive) this.#found(tracker.sample(this.port));
    });
  }

  #found(ports: readonly number[], came = false): void {
    this.#download?.post({ kind: 'peersFound', came, peers: ports.map((port) => ({ host: '192.0.2.1', port })) });
  }

  #tellHaves(ranges: readonly PieceRange[]): void {
    // Who says hello from now on gets them with the bitfield, so only those that are here now are told.
    const connections = [...this.#serving.values()];
    const frame: FetchInput = { kind: 'received', message: { kind: 'have', ranges } };
    this.crowd.world.after(this.crowd.options.latencyMs, () => {
      for (const connection of connections) connection.haves(frame);
    });
  }

  // --- as an uploader ---

  /** False: there is no room for one more. */
  accepts(connection: CrowdConnection): boolean {
    this.#accepted.add(connection);
    return this.#accepted.size <= UPLOAD_CONNECTIONS_MAX;
  }

  joined(connection: CrowdConnection, dialer: CrowdClient): void {
    this.#serving.set(connection.number, connection);
    this.#uploads.add(connection.number, this.#copies);
    this.#found([dialer.port], true);
  }

  left(connection: CrowdConnection): void {
    this.#accepted.delete(connection);
    if (!this.#serving.delete(connection.number)) return;
    this.#uploads.remove(connection.number);
    this.#underWay.forget(connection.number);
    this.#pumpSoon();
  }

  confirmed(connection: CrowdConnection): void {
    this.#underWay.ended(connection.number, this.crowd.world.nowMs());
    this.#pumpSoon();
  }

  enqueue(connection: CrowdConnection, block: Block): boolean {
    const taken = this.#uploads.enqueue(connection.number, block);
    this.#pumpSoon();
    return taken;
  }

  dequeue(connection: CrowdConnection, block: Block): Block | undefined {
    return this.#uploads.cancel(connection.number, block);
  }

  /** Not at once: the machine that enqueues is still performing. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.crowd.world.after(0, () => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { world } = this.crowd;
    this.#turn?.cancel();
    this.#turn = undefined;
    while (this.#buffersUsed < UPLOAD_BUFFERS && this.#uploads.hasWaiting) {
      const readyMs = this.#underWay.readyMs(world.nowMs());
      if (readyMs > world.nowMs()) {
        this.#turn = world.at(readyMs, () => this.#pump());
        return;
      }
      const upload = this.#uploads.next();
      if (upload === undefined) return;
      const { connection, block } = upload;
      this.#buffersUsed += 1;
      this.#underWay.begun(connection, world.nowMs());
      this.#serving.get(connection)?.upload(block, () => {
        this.#uploads.sent(connection, block.length);
        this.#buffersUsed -= 1;
        this.#pump();
      });
    }
  }
}
