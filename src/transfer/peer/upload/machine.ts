// Decides about all uploads of a client, whichever of its threads have the sockets: which connection gets a place,
// which request is served next, when, and in which buffers. Invariant: every limit holds for all connections together,
// and whatever a connection or a thread held is free when it is gone. Pure.

import type { Machine, Wake, WakeAt } from '../../../foundation/actor/machine.js';
import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { Admission } from '../../../foundation/base/admission.js';
import { unreachable } from '../../../foundation/base/assert.js';
import { Bucket, NO_LIMIT } from '../../../foundation/base/bucket.js';
import { toHex } from '../../../foundation/base/bytes.js';
import { RUN_BYTES_MAX, UPLOAD_CONNECTIONS_MAX, UPLOAD_SMALL_BYTES } from '../../../foundation/base/limits.js';
import type { Prng } from '../../../foundation/base/prng.js';
import { type Block, blockOf } from '../../../foundation/torrent/block.js';
import {
  UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  UPLOAD_READS_MAX,
  UPLOADS_IN_FLIGHT_MAX,
  UPLOADS_UNACKED_MAX,
} from '../limits.js';
import { UploadBuffers } from './buffers.js';
import { type UploadClient, UploadClients } from './clients.js';
import { type UploadInFlight, UploadsInFlight } from './in-flight.js';
import { threadOf, type UploadOrder, type UploadReport } from './messages.js';
import { type Upload, UploadScheduler } from './scheduler.js';
import { UploadCounts } from './upload-counts.js';
import { UploadWindow } from './window.js';

export type UploadInput =
  | UploadReport
  /** Bytes a second of all connections together, from now on; NO_LIMIT takes the limit away. */
  | { readonly kind: 'limit'; readonly rate: number }
  /** It has ended with all its connections, and touches no buffer any more. */
  | { readonly kind: 'threadLost'; readonly thread: number };

interface Connection {
  readonly host: string;
  /** Once it said hello. */
  joined: { readonly swarm: Swarm; readonly acks: boolean; readonly client: UploadClient } | undefined;
}

/** The connections that fetch one file, and what was uploaded of it since the first of them joined. */
interface Swarm {
  readonly file: number;
  readonly counts: UploadCounts;
  connections: number;
}

type Effects = readonly (UploadOrder | WakeAt)[];

export class UploadMachine implements Machine<UploadInput | Wake, UploadOrder | WakeAt> {
  readonly #admission = new Admission({
    placesMax: UPLOAD_CONNECTIONS_MAX,
    perAddressMax: UPLOAD_CONNECTIONS_PER_ADDRESS_MAX,
  });
  readonly #inFlight = new UploadsInFlight();
  readonly #scheduler: UploadScheduler;
  readonly #clients = new UploadClients();
  readonly #window = new UploadWindow(this.#inFlight, this.#clients);
  readonly #buffers = new UploadBuffers();
  readonly #bucket: Bucket;
  /** Connections that have a place. */
  readonly #connections = new Map<number, Connection>();
  readonly #swarms = new Map<number, Swarm>();

  constructor(prng: Prng, nowMs: number) {
    this.#scheduler = new UploadScheduler(prng, this.#inFlight);
    this.#bucket = new Bucket(NO_LIMIT, nowMs);
  }

  receive(input: UploadInput | Wake, nowMs: number): Effects {
    const effects = this.#hear(input, nowMs);
    const next = this.#sendNext(nowMs);
    return effects.length === 0 ? next : [...effects, ...next];
  }

  #hear(input: UploadInput | Wake, nowMs: number): readonly UploadOrder[] {
    switch (input.kind) {
      case 'accepted':
        return this.#accept(input.connection, input.host);
      case 'joined':
        return this.#join(input);
      case 'requested':
        return this.#enqueue(input.connection, blockOf(input));
      case 'cancelled':
        return this.#cancel(input.connection, blockOf(input));
      case 'acked':
        return this.#acked(input.connection, nowMs);
      case 'closed':
        this.#leave(input.connection);
        return NO_EFFECTS;
      case 'read':
        return this.#read(input.upload);
      case 'slow':
        this.#inFlight.slow(input.upload);
        return NO_EFFECTS;
      case 'taken':
        return this.#taken(input.upload, input.ok, nowMs);
      case 'failed':
        return this.#failed(input.upload, nowMs);
      case 'limit':
        this.#bucket.setRate(input.rate, nowMs);
        return NO_EFFECTS;
      case 'threadLost':
        this.#loseThread(input.thread);
        return NO_EFFECTS;
      case 'wake':
        return NO_EFFECTS;
      default:
        return unreachable(input);
    }
  }

  #accept(connection: number, host: string): readonly UploadOrder[] {
    const shed = this.#shedFor(host);
    const verdict = this.#admission.admit(connection, host);
    if (verdict.kind === 'refused') return [...shed, { kind: 'refuse', connection }];
    this.#connections.set(connection, { host, joined: undefined });
    if (verdict.kind === 'admitted') return [...shed, { kind: 'admit', connection }];
    return [...shed, ...this.#refuse(verdict.connection), { kind: 'admit', connection }];
  }

  /** One of several connections of a client makes way before anybody's only one does. */
  #shedFor(host: string): readonly UploadOrder[] {
    const room = this.#admission.roomFor(host);
    if (room === 'free') return NO_EFFECTS;
    const extra = this.#clients.toShed(room === 'addressFull' ? host : undefined);
    return extra === undefined ? NO_EFFECTS : this.#refuse(extra);
  }

  /** Nothing more is read for it, even if it stays connected for a while. */
  #refuse(connection: number): readonly UploadOrder[] {
    this.#leave(connection);
    return [{ kind: 'refuse', connection }];
  }

  /** Does nothing for a connection that lost its place meanwhile. */
  #join({ connection, file, acks, peer }: Extract<UploadReport, { kind: 'joined' }>): readonly UploadOrder[] {
    const known = this.#connections.get(connection);
    if (known === undefined) return NO_EFFECTS;
    // One that names no feature for it has several connections only by mistake: each is a client of its own.
    const id = peer.length === 0 ? connection : toHex(peer);
    const key = `${file} ${known.host} ${id}`;
    const client = this.#clients.join(connection, key, known.host, this.#admission.count);
    if (client === undefined) return this.#refuse(connection);
    const swarm = this.#swarms.get(file) ?? { file, counts: new UploadCounts(), connections: 0 };
    this.#swarms.set(file, swarm);
    swarm.connections += 1;
    known.joined = { swarm, acks, client };
    this.#scheduler.add(connection, swarm.counts, client.account);
    return NO_EFFECTS;
  }

  #enqueue(connection: number, block: Block): readonly UploadOrder[] {
    if (!this.#hasJoined(connection) || this.#scheduler.enqueue(connection, block)) return NO_EFFECTS;
    return violated(connection, 'too many requests are queued');
  }

  #cancel(connection: number, block: Block): readonly UploadOrder[] {
    return this.#hasJoined(connection) ? reject(connection, this.#scheduler.cancel(connection, block)) : NO_EFFECTS;
  }

  #hasJoined(connection: number): boolean {
    return this.#connections.get(connection)?.joined !== undefined;
  }

  /** What it has in flight ends later, with `taken` or `failed`. */
  #leave(connection: number): void {
    const known = this.#connections.get(connection);
    if (known === undefined) return;
    this.#connections.delete(connection);
    this.#admission.leave(connection, known.host);
    this.#inFlight.forget(connection);
    this.#window.forget(connection);
    if (known.joined === undefined) return;
    const { swarm, client } = known.joined;
    this.#clients.leave(connection, client);
    swarm.connections -= 1;
    if (swarm.connections === 0) this.#swarms.delete(swarm.file);
    this.#scheduler.remove(connection);
  }

  #loseThread(thread: number): void {
    for (const connection of [...this.#connections.keys()])
      if (threadOf(connection) === thread) this.#leave(connection);
    for (const { upload, connection } of this.#inFlight.untaken())
      if (threadOf(connection) === thread) this.#buffers.give(this.#inFlight.failed(upload).buffers);
  }

  #read(upload: number): readonly UploadOrder[] {
    const { connection } = this.#inFlight.read(upload);
    const joined = this.#connections.get(connection)?.joined;
    if (joined?.acks !== true || this.#inFlight.heldBy(connection).unarrived <= UPLOADS_UNACKED_MAX) return NO_EFFECTS;
    return violated(connection, 'does not ack what it gets');
  }

  #acked(connection: number, nowMs: number): readonly UploadOrder[] {
    if (!this.#hasJoined(connection)) return NO_EFFECTS;
    const upload = this.#inFlight.oldestUnacked(connection);
    if (upload === undefined) return violated(connection, 'acks what was not sent');
    this.#arrived(upload, nowMs);
    return NO_EFFECTS;
  }

  #arrived(upload: UploadInFlight, nowMs: number): void {
    this.#inFlight.arrived(upload);
    this.#window.arrived(upload.connection, nowMs - upload.sinceMs);
  }

  #taken(number: number, ok: boolean, nowMs: number): readonly UploadOrder[] {
    const upload = this.#inFlight.taken(number);
    this.#buffers.give(upload.buffers);
    const { connection } = upload;
    const known = this.#connections.get(connection);
    if (known?.joined === undefined) return NO_EFFECTS;
    if (!known.joined.acks) this.#arrived(upload, nowMs);
    const rest = this.#scheduler.ended(connection);
    if (!ok) return NO_EFFECTS;
    this.#admission.served(connection, known.host);
    return reject(connection, rest);
  }

  /** With the bytes that cannot be read goes what is left of their request. */
  #failed(number: number, nowMs: number): readonly UploadOrder[] {
    const { connection, block, buffers } = this.#inFlight.failed(number);
    this.#buffers.give(buffers);
    this.#bucket.gaveBack(block.length, nowMs);
    if (!this.#hasJoined(connection)) return NO_EFFECTS;
    const rest = this.#scheduler.ended(connection, true);
    return reject(connection, { ...block, length: block.length + (rest?.length ?? 0) });
  }

  /** Every upload that may begin now, or when to look again. */
  #sendNext(nowMs: number): Effects {
    const effects: (UploadOrder | WakeAt)[] = [];
    while (this.#inFlight.readingCount < UPLOAD_READS_MAX && this.#buffers.hasAny && this.#scheduler.hasQueued) {
      const readyMs = Math.max(this.#bucket.readyMs(nowMs), this.#windowReadyMs(nowMs));
      if (readyMs > nowMs) {
        effects.push({ kind: 'wakeAt', atMs: readyMs });
        break;
      }
      const upload = this.#nextUpload();
      if (upload === undefined) break;
      this.#bucket.passed(upload.block.length, nowMs);
      effects.push(this.#send(upload, nowMs));
    }
    return effects.length === 0 ? NO_EFFECTS : effects;
  }

  /** The kernels bound what is on its way over each connection of a client that is alone. */
  #windowReadyMs(nowMs: number): number {
    const isAlone = this.#clients.extra > 0 && this.#inFlight.unarrived.length < UPLOADS_IN_FLIGHT_MAX;
    return isAlone && this.#scheduler.isForOneFarClient ? nowMs : this.#window.readyMs(nowMs);
  }

  #nextUpload(): Upload | undefined {
    const bytesMax = this.#bucket.isLimited ? this.#bucket.blockBytes : RUN_BYTES_MAX;
    const { largeBytes } = this.#buffers;
    return largeBytes > 0
      ? this.#scheduler.next(Math.min(bytesMax, largeBytes))
      : this.#scheduler.next(Math.min(bytesMax, UPLOAD_SMALL_BYTES), true);
  }

  #send({ connection, block, completes }: Upload, nowMs: number): UploadOrder {
    const buffers = this.#buffers.take(block.length);
    const { upload } = this.#inFlight.begin(connection, block, buffers, nowMs);
    return { kind: 'send', connection, upload, ...block, completes: completes !== undefined, buffers };
  }
}

function violated(connection: number, sentence: string): readonly UploadOrder[] {
  return [{ kind: 'violated', connection, sentence }];
}

function reject(connection: number, block: Block | undefined): readonly UploadOrder[] {
  return block === undefined ? NO_EFFECTS : [{ kind: 'reject', connection, ...block }];
}
