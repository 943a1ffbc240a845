// One client of a crowd: a real DownloadMachine and a real UploadMachine. Its disk
// is a count, its hash pool a delay. Keeps book of what was received twice.

import { Host } from '../../src/foundation/actor/host.js';
import { SLAB_SLOTS } from '../../src/foundation/base/limits.js';
import { Prng } from '../../src/foundation/base/prng.js';
import { Bitfield, type PieceRange } from '../../src/foundation/torrent/bitfield.js';
import { blockOf } from '../../src/foundation/torrent/block.js';
import { type PeerId, peerId } from '../../src/foundation/torrent/ids.js';
import type { DownloadEffect, DownloadInput } from '../../src/transfer/download/effects.js';
import { DownloadMachine } from '../../src/transfer/download/machine.js';
import { OwnPieces } from '../../src/transfer/download/requests/own-pieces.js';
import { SlotPool } from '../../src/transfer/download/requests/slots.js';
import type { FetchInput } from '../../src/transfer/peer/fetch/machine.js';
import type { FetchEvent } from '../../src/transfer/peer/messages.js';
import type { ServedFile } from '../../src/transfer/peer/serve/machine.js';
import { type UploadInput, UploadMachine } from '../../src/transfer/peer/upload/machine.js';
import type { UploadOrder, UploadReport } from '../../src/transfer/peer/upload/messages.js';
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
  readonly #uploads: Host<UploadInput, UploadOrder>;
  readonly #accepted = new Map<number, CrowdConnection>();
  /** Those that said hello: they are served, and told what is new. */
  readonly #serving = new Map<number, CrowdConnection>();
  readonly #dialed = new Map<number, CrowdConnection>();
  #download: Host<DownloadInput, DownloadEffect> | undefined;
  isAlive = true;
  completedMs: number | undefined;
  receivedBytes = 0;
  wastedBytes = 0;
  /** Connections that were accepted, at the most at one time. */
  acceptedMost = 0;

  constructor(crowd: Crowd, port: number, rates: LinkRates) {
    this.crowd = crowd;
    this.port = port;
    this.#uploads = new Host<UploadInput, UploadOrder>({
      name: `uploads ${port}`,
      machine: new UploadMachine(new Prng(crowd.options.seed ^ (port << 16)), crowd.world.nowMs()),
      perform: (order) => this.#obey(order),
      onCrash: (error) => crowd.crashed(error),
      timers: crowd.world,
    });
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, port);
    this.peerId = peerId(id);
    this.host = new NetHost(crowd.world, rates, crowd.options);
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
    const { pieceCount, dataEvery = 1 } = crowd.options;
    for (let piece = 0; piece < pieceCount; piece += 1) if (piece % dataEvery > 0) served.bitfield.set(piece);
    crowd.tracker.register(this.port);
    this.#download = new Host<DownloadInput, DownloadEffect>({
      name: `download ${this.port}`,
      machine: new DownloadMachine({
        file: FILE,
        geometry: crowd.geometry,
        pieces: new OwnPieces(served.bitfield),
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
    this.#uploads.stop();
    for (const connection of [...this.#dialed.values(), ...this.#accepted.values()]) connection.cut();
  }

  // --- as a downloader ---

  heard(event: FetchEvent): void {
    if (event.kind === 'disconnected') this.#dialed.delete(event.connection);
    this.#download?.post(event);
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
      case 'request':
      case 'cancel':
      case 'hangUp':
        this.#dialed.get(effect.connection)?.command(effect);
        break;
      case 'store': {
        const pieces = effect.pieces.map(({ piece }) => ({ piece, outcome: { kind: 'stored' } as const }));
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

  #found(ports: readonly number[], incoming = false): void {
    this.#download?.post({ kind: 'peersFound', incoming, peers: ports.map((port) => ({ host: '192.0.2.1', port })) });
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

  accepts(connection: CrowdConnection, dialer: CrowdClient): void {
    this.#accepted.set(connection.number, connection);
    this.acceptedMost = Math.max(this.acceptedMost, this.#accepted.size);
    // Each client has an address of its own.
    this.#uploads.post({ kind: 'accepted', connection: connection.number, host: `${dialer.port}` });
  }

  joined(connection: CrowdConnection, dialer: CrowdClient): void {
    this.#serving.set(connection.number, connection);
    this.#found([dialer.port], true);
  }

  /** What the serving end of a connection reports. */
  reports(report: UploadReport): void {
    this.#uploads.post(report);
  }

  left({ number }: CrowdConnection): void {
    if (this.#accepted.delete(number)) this.#uploads.post({ kind: 'closed', connection: number });
    this.#serving.delete(number);
  }

  #obey(order: UploadOrder): void {
    const connection = this.#accepted.get(order.connection);
    switch (order.kind) {
      case 'admit':
        break;
      case 'refuse':
        this.#serving.delete(order.connection);
        connection?.tell({ kind: 'refused' });
        break;
      case 'violated':
        connection?.tell({ kind: 'faulted', fault: 'protocol', sentence: order.sentence });
        break;
      case 'reject':
        connection?.tell({ kind: 'blockFailed', block: blockOf(order) });
        break;
      case 'send': {
        const { upload } = order;
        this.#uploads.post({ kind: 'read', upload });
        if (connection === undefined) this.#uploads.post({ kind: 'taken', upload, ok: false });
        else connection.upload(order, () => this.#uploads.post({ kind: 'taken', upload, ok: true }));
        break;
      }
    }
  }
}
