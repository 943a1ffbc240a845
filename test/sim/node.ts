// One simulated client: a real DownloadMachine and a real UploadMachine over a slab, a disk and a hash pool that are
// books. The book of right bytes decides what the hash pool says; checkers look at every effect as it is performed.

import { Host } from '../../src/foundation/actor/host.js';
import { Prng } from '../../src/foundation/base/prng.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import { blockOf } from '../../src/foundation/torrent/block.js';
import { type PeerId, peerId } from '../../src/foundation/torrent/ids.js';
import type { DownloadEffect, DownloadInput, Ending, StoreOutcome } from '../../src/transfer/download/effects.js';
import { DownloadMachine } from '../../src/transfer/download/machine.js';
import { OwnPieces, type PartialChoice } from '../../src/transfer/download/requests/own-pieces.js';
import { Pacer } from '../../src/transfer/download/requests/pacer.js';
import { SlotPool } from '../../src/transfer/download/requests/slots.js';
import type { FetchEvent } from '../../src/transfer/peer/messages.js';
import { type UploadInput, UploadMachine } from '../../src/transfer/peer/upload/machine.js';
import type { UploadOrder, UploadReport } from '../../src/transfer/peer/upload/messages.js';
import { Connection } from './connection.js';
import type { Manner, NodeOptions } from './options.js';
import { SlabBook, Violation } from './slab-book.js';
import type { Swarm } from './swarm.js';

const FILE = 1;

export class SimNode {
  readonly swarm: Swarm;
  readonly port: number;
  readonly peerId: PeerId;
  /** What peers are offered. */
  readonly have: Bitfield;
  readonly #choice: PartialChoice | undefined;
  /** What is done, offered or not. */
  readonly #done: Bitfield;
  readonly #accepted = new Map<number, Connection>();
  readonly #options: NodeOptions;
  /** Pieces of which everything that this node chose is on its disk, and right. */
  readonly #disk = new Set<number>();
  readonly #uploads: Host<UploadInput, UploadOrder>;
  readonly #dialed = new Map<number, Connection>();
  slab = new SlabBook();
  #slots: SlotPool;
  #download: Host<DownloadInput, DownloadEffect> | undefined;
  #storeCount = 0;
  #runs = 0;
  endings: Ending[] = [];

  constructor(swarm: Swarm, index: number, options: NodeOptions) {
    this.swarm = swarm;
    this.port = 1_000 + index;
    this.peerId = peerId(new Uint8Array(16).fill(index + 1));
    this.#options = options;
    this.#uploads = new Host<UploadInput, UploadOrder>({
      name: `uploads ${this.port}`,
      machine: new UploadMachine(new Prng(swarm.options.seed ^ (this.port << 16)), swarm.world.nowMs()),
      perform: (order) => this.#obey(order),
      onCrash: (error) => swarm.crashed(error),
      timers: swarm.world,
    });
    this.#uploads.post({ kind: 'limit', rate: options.uploadLimit });
    const { pieceCount } = swarm.geometry;
    this.have = new Bitfield(pieceCount);
    this.#choice = options.choice && { ...options.choice(pieceCount), done: new Bitfield(pieceCount) };
    this.#done = this.#choice?.done ?? this.have;
    for (const piece of options.has) {
      if (this.#choice?.wanted.has(piece) === false) continue;
      this.#done.set(piece);
      if (this.#mayOffer(piece)) this.have.set(piece);
      this.#disk.add(piece);
    }
    this.#slots = new SlotPool(swarm.options.slots);
    if (options.stopAtMs !== undefined) swarm.world.at(options.stopAtMs, () => this.#download?.post({ kind: 'stop' }));
  }

  get manner(): Manner {
    return this.#options.manner;
  }

  get rate(): number {
    return this.#options.rate;
  }

  get leeches(): boolean {
    return this.#options.leeches;
  }

  get isReachable(): boolean {
    return this.manner !== 'dead';
  }

  get isComplete(): boolean {
    return this.endings.at(-1)?.kind === 'completed';
  }

  start(): void {
    this.#runs += 1;
    this.slab = new SlabBook();
    this.#slots = new SlotPool(this.swarm.options.slots);
    const { world, geometry, options } = this.swarm;
    this.#download = new Host<DownloadInput, DownloadEffect>({
      name: `download ${this.port}`,
      machine: new DownloadMachine({
        file: FILE,
        geometry,
        pieces: new OwnPieces(this.have, this.#choice),
        slots: this.#slots,
        prng: new Prng(options.seed + this.port + this.#runs),
        nextConnection: () => this.swarm.nextConnection(),
        pacer: new Pacer(this.#options.downloadLimit, world.nowMs()),
      }),
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.swarm.crashed(error),
      timers: world,
    });
    this.#download.post({ kind: 'wake' });
  }

  // --- as a downloader ---

  found(ports: readonly number[]): void {
    this.#download?.post({
      kind: 'peersFound',
      incoming: false,
      peers: ports.map((port) => ({ host: '192.0.2.1', port })),
    });
  }

  /** What one of our connections reports. */
  heard(event: FetchEvent): void {
    if (event.kind === 'blockReceived') this.slab.answered(event, true);
    else if (event.kind === 'blockRejected') this.slab.answered(event, false);
    else if (event.kind === 'disconnected') {
      this.slab.disconnected(event.connection);
      this.#dialed.delete(event.connection);
    }
    this.swarm.world.note(event.kind, event.connection);
    this.#download?.post(event);
  }

  #perform(effect: DownloadEffect): void {
    const { world } = this.swarm;
    world.note(effect.kind, this.port);
    switch (effect.kind) {
      case 'dial': {
        const acceptor = this.swarm.failsNow() ? undefined : this.swarm.nodeAt(effect.address.port);
        this.#dialed.set(effect.connection, new Connection(effect.connection, this, acceptor, this));
        break;
      }
      case 'request': {
        const { connection, slots } = effect;
        this.#checkRequest(effect);
        this.slab.asked(effect, this.swarm.geometry);
        if (slots.length > 1) this.swarm.askedForRun();
        const dialed = this.#dialed.get(connection);
        dialed?.command(effect);
        // Not at once: the machine that asks is still performing.
        if (this.swarm.failsNow()) world.after(0, () => dialed?.cut());
        break;
      }
      case 'cancel':
        this.slab.cancelled(effect);
        this.#dialed.get(effect.connection)?.command(effect);
        break;
      case 'hangUp':
        this.#dialed.get(effect.connection)?.command(effect);
        break;
      case 'store':
        this.#store(effect);
        break;
      case 'tellHaves':
        for (const connection of this.#accepted.values()) connection.haves(effect.ranges);
        break;
      case 'finish':
        world.after(1 + this.swarm.prng.next() * 50, () => this.#finish(this.swarm.failsNow()));
        break;
      case 'peersNeeded':
        world.after(20, () => this.found(this.swarm.seederList()));
        break;
      case 'ended':
        this.#ended(effect.ending);
        break;
      case 'saveResume':
      case 'syncPart':
      case 'progressed':
      case 'banned':
        break;
    }
  }

  /** Outside the endgame a piece is asked of one peer, and never one that is had or on its way to the disk. */
  #checkRequest({ piece, begin, slots }: Extract<DownloadEffect, { kind: 'request' }>): void {
    for (let at = piece; at < piece + slots.length; at += 1) this.#checkPiece(at, begin);
  }

  #checkPiece(piece: number, begin: number): void {
    if (this.#done.has(piece)) throw new Violation(`piece ${piece} is had and asked for`);
    if (!this.#wants(piece)) throw new Violation(`piece ${piece} is asked for and not wanted`);
    if (this.slab.isBeingStored(piece)) throw new Violation(`piece ${piece} is being stored and asked for`);
    if (begin > 0 || this.slab.askedFor(piece) === 0) return;
    for (let other = 0; other < this.have.pieceCount; other += 1) {
      const known =
        this.#done.has(other) || !this.#wants(other) || this.slab.askedFor(other) > 0 || this.slab.isBeingStored(other);
      if (!known) throw new Violation(`piece ${piece} is asked for twice while ${other} is not asked for at all`);
    }
  }

  #store({ pieces }: Extract<DownloadEffect, { kind: 'store' }>): void {
    for (const { piece, slot } of pieces) this.slab.storing(slot, piece);
    this.#storeCount += 1;
    const fails = this.swarm.failsNow() || this.#storeCount === this.#options.failsAtStore;
    this.swarm.world.after(this.swarm.prng.next() * this.swarm.options.hashMs, () => {
      const stored = pieces.map(({ piece, slot }) => ({ piece, outcome: this.#outcomeOf(piece, slot, fails) }));
      this.#download?.post({ kind: 'stored', pieces: stored });
      this.checkHave();
    });
  }

  #outcomeOf(piece: number, slot: number, fails: boolean): StoreOutcome {
    const content = this.slab.read(slot);
    this.slab.stored(slot);
    if (fails) return { kind: 'failed', code: 'DISK_FULL', sentence: 'no room' };
    if (content?.right !== true || content.piece !== piece) return { kind: 'mismatch' };
    this.#disk.add(piece);
    return { kind: 'stored' };
  }

  checkHave(): void {
    const done = this.#done.count;
    if (done !== this.#disk.size)
      throw new Violation(`${this.port} has ${done} pieces, ${this.#disk.size} of them right`);
    for (const piece of this.#disk) {
      if (!this.#done.has(piece)) throw new Violation(`${this.port} lost piece ${piece}`);
      if (this.have.has(piece) !== this.#mayOffer(piece)) throw new Violation(`${this.port} offers ${piece} wrongly`);
    }
    if (this.have.hasBeyond(this.#done)) throw new Violation(`${this.port} offers what is not there`);
  }

  #wants(piece: number): boolean {
    return this.#choice?.wanted.has(piece) ?? true;
  }

  #mayOffer(piece: number): boolean {
    return this.#choice?.whole.has(piece) ?? true;
  }

  #finish(fails: boolean): void {
    if (this.#disk.size !== (this.#choice === undefined ? this.have.pieceCount : this.#choice.wanted.count))
      throw new Violation(`${this.port} is finished without all right bytes`);
    if (fails) this.#download?.post({ kind: 'finishFailed', code: 'IO_ERROR', sentence: 'the disk fails' });
    else this.#download?.post({ kind: 'finished' });
  }

  #ended(ending: Ending): void {
    this.endings.push(ending);
    this.#download?.stop();
    this.#download = undefined;
    // Another download may have every slot now.
    this.#slots.join(FILE + 1);
    if (this.#slots.room(FILE + 1) !== this.#slots.capacity) throw new Violation(`${this.port} ended and holds slots`);
    if (this.slab.lentCount > 0) throw new Violation(`${this.port} ended while slots are lent`);
    if (this.#dialed.size > 0) throw new Violation(`${this.port} ended with open connections`);
    if (ending.kind !== 'completed') this.swarm.world.after(this.swarm.prng.next() * 10_000, () => this.start());
  }

  // --- as an uploader ---

  accepts(connection: Connection, dialer: SimNode): void {
    this.#accepted.set(connection.number, connection);
    this.#uploads.post({ kind: 'accepted', connection: connection.number, host: `${dialer.port}` });
  }

  joined(dialer: SimNode): void {
    // As the client does: whoever says hello to us is a peer of ours, too.
    if (dialer.isReachable) this.found([dialer.port]);
  }

  /** What the serving end of a connection reports. */
  reports(report: UploadReport): void {
    this.#uploads.post(report);
  }

  left({ number }: Connection): void {
    if (this.#accepted.delete(number)) this.#uploads.post({ kind: 'closed', connection: number });
  }

  #obey(order: UploadOrder): void {
    const connection = this.#accepted.get(order.connection);
    switch (order.kind) {
      case 'admit':
        break;
      case 'refuse':
        connection?.tell({ kind: 'refused' });
        break;
      case 'violated':
        connection?.tell({ kind: 'faulted', fault: 'protocol', sentence: order.sentence });
        break;
      case 'reject':
        connection?.tell({ kind: 'blockFailed', block: blockOf(order) });
        break;
      case 'send':
        this.#send(order, connection);
        break;
    }
  }

  #send(order: Extract<UploadOrder, { kind: 'send' }>, connection: Connection | undefined): void {
    const { piece, upload } = order;
    if (!this.#disk.has(piece)) throw new Violation(`${this.port} uploads piece ${piece} unverified`);
    if (!this.#mayOffer(piece)) throw new Violation(`${this.port} uploads piece ${piece}, of which it has a part`);
    this.#uploads.post({ kind: 'read', upload });
    if (connection === undefined) this.#uploads.post({ kind: 'taken', upload, ok: false });
    else connection.upload(order, () => this.#uploads.post({ kind: 'taken', upload, ok: true }));
  }
}
