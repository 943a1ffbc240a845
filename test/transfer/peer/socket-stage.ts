// Both ends of a peer connection on real sockets of the loopback: a listener that serves a file, our own dialer, and
// raw ends that say what a test makes them say. Deadlines run on a clock that the test moves.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync, utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { midPageShared } from '../../../src/foundation/base/bytes.js';
import { deferred } from '../../../src/foundation/base/deferred.js';
import { LINGER_MS, PIECE_SIZE, UPLOAD_MEMORY_BYTES } from '../../../src/foundation/base/limits.js';
import { silentLog } from '../../../src/foundation/base/log.js';
import { Prng } from '../../../src/foundation/base/prng.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { Layout } from '../../../src/foundation/torrent/layout.js';
import { FrameReader, frameBytes } from '../../../src/foundation/wire/framing.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../../src/transfer/peer/codec/messages.js';
import { DialedSocket } from '../../../src/transfer/peer/fetch/socket.js';
import { ACK_DELAY_MS } from '../../../src/transfer/peer/limits.js';
import type { FetchEvent } from '../../../src/transfer/peer/messages.js';
import { Listener } from '../../../src/transfer/peer/serve/listener.js';
import type { ServedMetadata } from '../../../src/transfer/peer/serve/machine.js';
import { remoteDesk, type UploadDecider, UploadDesk } from '../../../src/transfer/peer/upload/desk.js';
import type { UploadOrder } from '../../../src/transfer/peer/upload/messages.js';
import { Uploads } from '../../../src/transfer/peer/upload/reader.js';
import { servedAt } from '../../../src/transfer/storage/messages.js';
import { ServedStorages } from '../../../src/transfer/storage/served/served.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';
import { HELLO, OURS, SWARM, THEIRS } from './stage.js';

export const PIECES = 6;
export const SIZE = (PIECES - 1) * PIECE_SIZE + 77;

export interface Seeder {
  readonly port: number;
  readonly timers: ManualTimers;
  readonly bytes: Uint8Array;
  readonly listener: Listener;
  readonly desk: UploadDesk;
  /** The clock of the upload limit, which no deadline hangs on. */
  readonly turns: ManualTimers;
  readonly path: string;
  readonly crashes: unknown[];
  readonly failed: string[];
}

interface SeederOptions {
  readonly whenRight?: boolean;
  readonly thread?: number;
  readonly metadata?: ServedMetadata;
}

/**
 * A listener that serves one whole file. `whenRight`: as it is now, and not when it was written to since. `thread`: of
 * the listener; what it sends is decided by thread 0, over a link if that is another one.
 */
export async function seeder(
  t: TestContext,
  { whenRight = false, thread = 0, metadata }: SeederOptions = {},
): Promise<Seeder> {
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 1) bytes[at] = (at * 31) >>> 3;
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, bytes);
  // Long ago, so that whatever is written from now on has another time.
  utimesSync(path, 1_000_000_000, 1_000_000_000);
  const have = Bitfield.shared(PIECES);
  have.setAll();
  const timers = new ManualTimers();
  const crashes: unknown[] = [];
  const failed: string[] = [];
  const turns = new ManualTimers();
  const storages = new ServedStorages({ openMax: 1, timers: turns, onFailed: assert.fail });
  storages.open(5, servedAt(path, new Layout(SIZE), whenRight ? statSync(path).mtimeMs : null));
  const listener = new Listener({
    thread,
    peerIdIn: () => THEIRS,
    uploads: new Uploads({
      storages,
      onUploaded: () => undefined,
      onFileFailed: (_, __, errno) => failed.push(errno),
    }),
    log: silentLog,
    timers,
    lookUp: (swarm) =>
      swarm[0] === SWARM[0]
        ? { file: 5, swarm: SWARM, geometry: new Geometry(SIZE), bitfield: have, metadata }
        : undefined,
    onJoined: () => undefined,
    onCrash: (error) => crashes.push(error),
  });
  const desk = openDesk(turns, (order) => listener.obey(order), crashes);
  if (thread === 0) listener.decider = desk.desk;
  else joinDesk(t, desk, listener, thread, crashes);
  const result = await listener.listen({ host: '127.0.0.1', port: 0, shared: false });
  assert.ok('port' in result);
  t.after(() => {
    listener.close();
    timers.advanceTo(timers.nowMs() + 2 * LINGER_MS);
    storages.closeAll();
    assert.deepEqual(crashes, [], 'nothing crashed');
  });
  return { port: result.port, timers, bytes, listener, desk: desk.desk, turns, path, crashes, failed };
}

export interface Desk {
  readonly desk: UploadDesk;
  readonly memory: SharedArrayBuffer;
}

export function openDesk(timers: ManualTimers, obey: (order: UploadOrder) => void, crashes: unknown[]): Desk {
  const memory = midPageShared(UPLOAD_MEMORY_BYTES).buffer;
  const onCrash = (error: unknown): unknown => crashes.push(error);
  return { desk: new UploadDesk({ thread: 0, timers, prng: new Prng(1), obey, onCrash }, memory), memory };
}

/** As a thread does that is told to serve as another one decides. Answers its end of the link. */
export function joinDesk(
  t: TestContext,
  { desk, memory }: Desk,
  listener: Listener,
  thread: number,
  crashes: unknown[],
): UploadDecider {
  const { port1, port2 } = new MessageChannel();
  const decider = remoteDesk({
    port: port2,
    memory,
    obey: (order) => listener.obey(order),
    onDrain: () => listener.deciderDrained(),
    onCrash: (error) => crashes.push(error),
  });
  desk.attach(thread, port1);
  listener.decider = decider;
  t.after(() => {
    desk.close();
    decider.close();
  });
  return decider;
}

/** A raw client: what it heard, and whether it was cut. */
export class Raw {
  readonly socket: net.Socket;
  readonly heard: PeerWire[] = [];
  readonly closed: Promise<void>;
  readonly #reader = new FrameReader(1 << 20);
  #magicLeft = PEER_MAGIC.length;
  /** Of the block whose frame came last; not looked at. */
  #payloadLeft = 0;
  #waiting: { readonly kind: string; readonly seen: () => void } | undefined;

  /** @param localAddress where it seems to come from. */
  constructor(t: TestContext, port: number, localAddress = '127.0.0.1') {
    this.socket = net.connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    const closed = deferred<void>();
    this.closed = closed.promise;
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => closed.resolve());
    this.socket.on('data', (bytes) => this.#onData(bytes));
    t.after(() => this.socket.destroy());
  }

  send(message: PeerWire): void {
    this.socket.write(frameBytes(peerWire.encode(message)));
  }

  /** Settles when a message of this kind was heard. */
  async hears(kind: string): Promise<void> {
    if (this.heard.some((message) => message.kind === kind)) return;
    const seen = deferred<void>();
    this.#waiting = { kind, seen: () => seen.resolve() };
    await seen.promise;
  }

  #onData(bytes: Uint8Array): void {
    const skipped = Math.min(this.#magicLeft, bytes.length);
    this.#magicLeft -= skipped;
    this.#reader.feed(bytes.subarray(skipped));
    for (;;) {
      if (this.#payloadLeft > 0) this.#payloadLeft -= this.#reader.takeRaw(new Uint8Array(this.#payloadLeft));
      const frame = this.#payloadLeft > 0 ? undefined : this.#reader.next();
      if (frame === undefined) return;
      const message = peerWire.decode(frame);
      if (message.kind === 'piece') this.#payloadLeft = message.length;
      this.heard.push(message);
      if (message.kind === this.#waiting?.kind) this.#waiting.seen();
    }
  }
}

export const hello: Extract<PeerWire, { kind: 'hello' }> = {
  kind: 'hello',
  swarm: SWARM,
  peerId: OURS,
  uploadPort: HELLO.uploadPort,
  pieceCount: PIECES,
  features: 0,
  token: new Uint8Array(0),
};

export interface Dialed {
  readonly socket: DialedSocket;
  readonly slab: SharedArrayBuffer;
  readonly events: FetchEvent[];
  readonly timers: ManualTimers;
  /** Settles when such an event has come, that many times. */
  readonly hears: (kind: FetchEvent['kind'], times?: number) => Promise<void>;
}

export function dial(t: TestContext, port: number, timers = new ManualTimers()): Dialed {
  const slab = new SharedArrayBuffer(PIECES * PIECE_SIZE);
  const events: FetchEvent[] = [];
  let check: () => void = () => undefined;
  const socket = new DialedSocket({
    connection: 1,
    swarm: SWARM,
    peerId: OURS,
    uploadPort: 0,
    pieceCount: PIECES,
    address: { host: '127.0.0.1', port },
    ownHost: '0.0.0.0',
    slab,
    timers,
    tell: (event) => {
      events.push(event);
      check();
      // So that the seeder hears what has come: with nothing more to ask, that takes a moment of the clock.
      if (event.kind === 'blockReceived') setImmediate(() => timers.advanceTo(timers.nowMs() + ACK_DELAY_MS));
    },
    onCrash: (error) => assert.fail(String(error)),
  });
  t.after(() => socket.post({ kind: 'hangUp' }));
  const hears = async (kind: FetchEvent['kind'], times = 1): Promise<void> => {
    const done = deferred<void>();
    check = () => {
      if (events.filter((event) => event.kind === kind).length >= times) done.resolve();
    };
    check();
    await done.promise;
  };
  return { socket, slab, events, timers, hears };
}

/** A server that answers each connection with these bytes, and then does as it is told. */
export async function liar(
  t: TestContext,
  ...sends: readonly Uint8Array[]
): Promise<{ port: number; sockets: net.Socket[] }> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    for (const bytes of sends) socket.write(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as net.AddressInfo).port, sockets };
}

/** Moves the clock of the upload limit on until `done`. */
export async function letTimePass(turns: ManualTimers, done: Promise<unknown>): Promise<void> {
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  while (!isDone) {
    turns.advanceTo(turns.nowMs() + 20);
    await aTurn();
  }
}

/** Of the event loop: what has arrived is read. */
export function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
