// Clients of a tracker as a load driver plays them: real frames through the real codec on real sockets, replies matched
// to requests by id. Holds what each client may say next (its version) and no opinion on what is measured.

import net from 'node:net';
import { deferred, within } from '../src/foundation/base/deferred.js';
import { FRAME_BYTES_MAX, PIECE_SIZE } from '../src/foundation/base/limits.js';
import type { Address } from '../src/foundation/torrent/address.js';
import { FrameReader } from '../src/foundation/wire/framing.js';
import { MagicGate } from '../src/foundation/wire/magic.js';
import type { Passage } from '../src/foundation/wire/passage.js';
import {
  isUnasked,
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../src/tracking/tracker/messages.js';

/** Connections dialed at the same time: beyond it a burst of SYNs would measure the kernel's queue. */
export const CONNECT_BATCH = 200;
/** Of members: what a tracker's line of handshakes takes in even where the machine is busy with other things. */
const CONNECT_BATCH_CLOSED = 64;
const CONNECT_DEADLINE_MS = 30_000;
/** Where all of them read into, one at a time: whoever loads a tracker should cost the machine little. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);
const ANSWER_DEADLINE_MS = 30_000;
/** Pieces of every file of the benches: 1 GiB, so that `have` has room to grow. */
export const PIECE_COUNT = 2_048;
/**
 * Clients of one source address. The tracker takes at most 11,000 connections from one, but with thousands in use, or
 * still waiting after a former run, the kernel's search for a free port took the driver 2 ms a connection.
 */
const CLIENTS_PER_ADDRESS = 1_000;

export interface SharedFacts {
  readonly name: string;
  readonly size: number;
  readonly pieceCount: number;
}

const BENCH_FILE: SharedFacts = { name: 'bench.bin', size: PIECE_COUNT * PIECE_SIZE, pieceCount: PIECE_COUNT };

/** Any file, told apart by its number. */
export function swarmBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(16, number);
  return bytes;
}

/** @param number from 1: all zero would be a guest. */
export function clientBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

export function clientHost(number: number): string {
  return `127.0.0.${2 + Math.floor(number / CLIENTS_PER_ADDRESS)}`;
}

export function clientPort(number: number): number {
  return 10_000 + (number % CLIENTS_PER_ADDRESS);
}

type Question = Exclude<TrackerRequest, { kind: 'hello' }>;
/** `word` is what the sender gave with the request; NaN when it gave none. */
type OnReply = (reply: TrackerReply, word: number) => void;

export class TrackerClient {
  readonly number: number;
  /** Called for each reply but hello's. */
  onReply: OnReply = () => undefined;
  /** Called once, when the connection ends without having been asked to. */
  onLost: (reason: string) => void = () => undefined;
  readonly #socket: net.Socket;
  readonly #epoch: number;
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  readonly #magic = new MagicGate(TRACKER_MAGIC);
  readonly #greeted = deferred<void>();
  /** id → the sender's word. */
  readonly #open = new Map<number, number>();
  #unsent: Uint8Array[] = [];
  #id = 0;
  #sequence = 0;
  #isClosing = false;

  /**
   * @param number 0 is a guest, which may ask for lists and statistics only. @param passage of a member; in the clear
   * when absent.
   */
  constructor(tracker: Address, number: number, epoch = 1, passage?: Passage) {
    this.number = number;
    this.#epoch = epoch;
    const onread = {
      buffer: READ_BUFFER,
      callback: (count: number, buffer: Uint8Array) => this.#onBytes(buffer.subarray(0, count)),
    };
    const uploadPort = number === 0 ? 0 : clientPort(number);
    const hello = { kind: 'hello', clientId: clientBytes(number), host: '', uploadPort, epoch } as const;
    const begin = (): boolean =>
      this.#socket.write(
        Buffer.concat([TRACKER_MAGIC, trackerRequests.framed({ ...hello, token: new Uint8Array(0) })]),
      );
    const ownHost = clientHost(number);
    if (passage === undefined) {
      this.#socket = net.connect({ ...tracker, localAddress: ownHost, onread });
      this.#socket.setNoDelay(true);
      begin();
    } else {
      const outcome = { opened: begin, refused: (sentence: string) => this.#lost(sentence) };
      this.#socket = passage.dial(tracker, { ownHost, need: 'track', onread }, outcome);
    }
    this.#socket.on('error', (error) => this.#lost(error.message));
    this.#socket.on('close', () => this.#lost('closed by the tracker'));
  }

  /** Requests that have no reply yet. */
  get openCount(): number {
    return this.#open.size;
  }

  async greeted(): Promise<void> {
    await within(this.#greeted.promise, CONNECT_DEADLINE_MS, () => {
      throw new Error(`client ${this.number} had no hello within ${CONNECT_DEADLINE_MS / 1000} s`);
    });
  }

  share(swarm: Uint8Array, have: number, word: number): void {
    this.#ask({ kind: 'share', id: this.#nextId(word), swarm, ...BENCH_FILE, have, ...this.#version() });
  }

  announce(swarm: Uint8Array, word: number): void {
    const version = this.#version();
    const have = version.sequence % PIECE_COUNT;
    this.#ask({ kind: 'announce', id: this.#nextId(word), swarm, have, ...version });
  }

  list(swarm: Uint8Array, word: number): void {
    this.#ask({ kind: 'seeders', id: this.#nextId(word), swarm, want: 50 });
  }

  ping(word: number): void {
    this.#ask({ kind: 'ping', id: this.#nextId(word) });
  }

  /** Statistics of the tracker, through the front door. */
  async stats(): Promise<Readonly<Record<string, number>>> {
    const reply = await this.#answerTo({ kind: 'stats', id: this.#nextId(Number.NaN) }, 'stats');
    return JSON.parse(reply.json);
  }

  /** Lists the caller with all of a file, and waits until that is committed. */
  async seed(swarm: Uint8Array, facts: SharedFacts): Promise<void> {
    const { pieceCount } = facts;
    const id = this.#nextId(Number.NaN);
    await this.#answerTo({ kind: 'share', id, swarm, ...facts, have: pieceCount, ...this.#version() }, 'shared');
  }

  /** One page of the listed files. */
  page(after: Uint8Array, filter: string): Promise<Extract<TrackerReply, { kind: 'listing' }>> {
    return this.#answerTo({ kind: 'list', id: this.#nextId(Number.NaN), after, filter, want: 64 }, 'listing');
  }

  /** Says that it holds so much of a file, and waits until that is committed. */
  async announced(swarm: Uint8Array): Promise<void> {
    const version = this.#version();
    const have = version.sequence % PIECE_COUNT;
    await this.#answerTo({ kind: 'announce', id: this.#nextId(Number.NaN), swarm, have, ...version }, 'announced');
  }

  /** How many seeders the tracker lists, the caller not among them. */
  async seederCount(swarm: Uint8Array): Promise<number> {
    const reply = await this.#answerTo(
      { kind: 'seeders', id: this.#nextId(Number.NaN), swarm, want: 50 },
      'seederList',
    );
    return reply.total;
  }

  async #answerTo<K extends TrackerReply['kind']>(
    question: Question,
    kind: K,
  ): Promise<Extract<TrackerReply, { kind: K }>> {
    const answer = deferred<Extract<TrackerReply, { kind: K }>>();
    const { onReply: former, onLost } = this;
    this.onLost = (reason) => answer.reject(new Error(`client ${this.number} has lost its tracker: ${reason}`));
    this.onReply = (reply, word) => {
      if (reply.kind === kind) answer.resolve(reply as Extract<TrackerReply, { kind: K }>);
      else if (reply.kind === 'error' && 'id' in question && reply.id === question.id)
        answer.reject(new Error(reply.sentence));
      else former(reply, word);
    };
    this.#ask(question);
    this.flush();
    const reply = await within(answer.promise, ANSWER_DEADLINE_MS, () => {
      throw new Error(`the tracker gave no ${kind} in time`);
    });
    this.onReply = former;
    this.onLost = onLost;
    return reply;
  }

  /** What was asked since the last call leaves in one write. */
  flush(): void {
    const [first, ...more] = this.#unsent;
    if (first === undefined) return;
    this.#socket.write(more.length === 0 ? first : Buffer.concat(this.#unsent));
    this.#unsent = [];
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #ask(question: Question): void {
    this.#unsent.push(trackerRequests.framed(question));
  }

  #nextId(word: number): number {
    this.#id += 1;
    this.#open.set(this.#id, word);
    return this.#id;
  }

  #version(): { readonly epoch: number; readonly sequence: number } {
    this.#sequence += 1;
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  /** True: go on reading. */
  #onBytes(bytes: Uint8Array): boolean {
    this.#reader.feed(this.#magic.pass(bytes));
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      const reply = trackerReplies.decode(frame);
      if (reply.kind === 'helloReply') this.#greeted.resolve();
      else if (reply.kind === 'error' && reply.id === null) this.#lost(reply.sentence);
      else if (!isUnasked(reply)) {
        const id = reply.id ?? 0;
        const word = this.#open.get(id) ?? Number.NaN;
        this.#open.delete(id);
        this.onReply(reply, word);
      }
    }
    // Whoever answers a reply with the next request lets those of one read leave together.
    this.flush();
    return true;
  }

  #lost(reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#greeted.reject(new Error(`client ${this.number}: ${reason}`));
    // Awaited only while the fleet connects; a loss later is told by `onLost`.
    this.#greeted.promise.catch(() => undefined);
    this.onLost(reason);
    this.#socket.destroy();
  }
}

/**
 * Clients `first … first + count - 1`, connected and greeted, CONNECT_BATCH at a time. @param passages of members, used
 * in turn; none: in the clear.
 */
export async function connectFleet(
  tracker: Address,
  first: number,
  count: number,
  passages: readonly Passage[] = [],
): Promise<TrackerClient[]> {
  const fleet: TrackerClient[] = [];
  const together = passages.length === 0 ? CONNECT_BATCH : CONNECT_BATCH_CLOSED;
  while (fleet.length < count) {
    const batch = Array.from({ length: Math.min(together, count - fleet.length) }, (_, at) => {
      const number = first + fleet.length + at;
      return new TrackerClient(tracker, number, 1, passages[number % Math.max(1, passages.length)]);
    });
    await Promise.all(batch.map((client) => client.greeted()));
    fleet.push(...batch);
  }
  return fleet;
}
