// A long link between two programs of this machine, as a process of its own: a relay that delays bytes, lets so many
// pass a second, and keeps no more of a connection on its way than kernels buffer, beginning with little, as TCP does.
// `node far-relay.js HOST PORT RTT_MS MBIT BUFFER_BYTES` prints LISTENING PORT.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import type { Address } from '../src/foundation/torrent/address.js';

const FILE = new URL(import.meta.url).pathname;
/** Bytes that a connection begins with: ten segments of TCP. */
const FIRST_BYTES = 14_480;
/** Bytes read at once: a chunk takes half a millisecond at 1 Gbit/s. */
const CHUNK_BYTES = 64 * 1024;

export interface FarLink {
  /** Milliseconds of a round trip. */
  readonly rttMs: number;
  readonly mbit: number;
  /** Bytes of one connection that may be on their way. */
  readonly bufferBytes: number;
}

export interface RunningRelay {
  readonly address: Address;
  /** Connections through it: now, and at the most at one time. */
  connections(): Promise<{ readonly now: number; readonly most: number }>;
  end(): Promise<void>;
}

/** @param target whom it connects to, once somebody connects to it. */
export async function startRelay(target: Address, { rttMs, mbit, bufferBytes }: FarLink): Promise<RunningRelay> {
  const words = [FILE, target.host, target.port, rttMs, mbit, bufferBytes].map(String);
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const numbers = async (): Promise<readonly number[]> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the relay has ended');
    return String(value).split(' ').slice(1).map(Number);
  };
  const [port = 0] = await numbers();
  return {
    address: { host: '127.0.0.1', port },
    connections: async () => {
      child.stdin.write('count\n');
      const [now = 0, most = 0] = await numbers();
      return { now, most };
    },
    end: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/** Runs what is due, in the order in which it was told, which is also that of the times. */
class Schedule {
  readonly #waiting: Due[] = [];
  #isSet = false;

  at(atMs: number, run: () => void): void {
    this.#waiting.push({ atMs, run });
    this.#set();
  }

  #set(): void {
    const [first] = this.#waiting;
    if (this.#isSet || first === undefined) return;
    this.#isSet = true;
    setTimeout(
      () => {
        this.#isSet = false;
        const nowMs = performance.now();
        let count = 0;
        while ((this.#waiting[count]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) count += 1;
        for (const { run } of this.#waiting.splice(0, count)) run();
        this.#set();
      },
      Math.max(1, first.atMs - performance.now()),
    );
  }
}

/** One direction of the link: all connections share its rate. */
class Line {
  readonly #delayMs: number;
  readonly #bytesPerMs: number;
  readonly #arrivals = new Schedule();
  readonly #acks = new Schedule();
  #freeMs = 0;

  constructor(rttMs: number, mbit: number) {
    this.#delayMs = rttMs / 2;
    this.#bytesPerMs = mbit * 125;
  }

  /** `arrive` is called at the other end; what it is given is to be called once the bytes are taken there. */
  send(bytes: number, arrive: (taken: () => void) => void, acked: () => void): void {
    this.#freeMs = Math.max(this.#freeMs, performance.now()) + bytes / this.#bytesPerMs;
    this.#arrivals.at(this.#freeMs + this.#delayMs, () =>
      arrive(() => this.#acks.at(performance.now() + this.#delayMs, acked)),
    );
  }
}

/** One direction of one connection. */
class Stream {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #line: Line;
  readonly #bufferBytes: number;
  #mayBytes = FIRST_BYTES;
  #awayBytes = 0;

  constructor(from: net.Socket, to: net.Socket, line: Line, bufferBytes: number) {
    this.#from = from;
    this.#to = to;
    this.#line = line;
    this.#bufferBytes = bufferBytes;
    this.#mayBytes = Math.min(FIRST_BYTES, bufferBytes);
    from.on('readable', () => this.#read());
    from.on('error', () => undefined);
    from.on('close', () =>
      line.send(
        0,
        () => to.destroy(),
        () => undefined,
      ),
    );
  }

  #read(): void {
    for (;;) {
      const { readableLength } = this.#from;
      const bytes = Math.min(CHUNK_BYTES, readableLength, this.#mayBytes - this.#awayBytes);
      // With nothing to read, asking once more makes the socket read on.
      if (bytes <= 0 && readableLength > 0) return;
      const part = this.#from.read(bytes > 0 ? bytes : undefined) as Uint8Array | null;
      if (part === null) return;
      this.#send(part);
    }
  }

  #send(part: Uint8Array): void {
    const { length } = part;
    this.#awayBytes += length;
    this.#line.send(
      length,
      (taken) => {
        if (!this.#to.destroyed) this.#to.write(part, taken);
      },
      () => {
        this.#awayBytes -= length;
        this.#mayBytes = Math.min(this.#bufferBytes, this.#mayBytes + length);
        this.#read();
      },
    );
  }
}

function relay(target: Address, { rttMs, mbit, bufferBytes }: FarLink): void {
  const there = new Line(rttMs, mbit);
  const back = new Line(rttMs, mbit);
  let now = 0;
  let most = 0;
  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ ...target, noDelay: true });
    now += 1;
    most = Math.max(most, now);
    near.on('close', () => {
      now -= 1;
    });
    new Stream(near, far, there, bufferBytes);
    new Stream(far, near, back, bufferBytes);
  });
  createInterface({ input: process.stdin }).on('line', () => process.stdout.write(`CONNECTIONS ${now} ${most}\n`));
  server.listen({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = server.address() as net.AddressInfo;
    process.stdout.write(`LISTENING ${port}\n`);
  });
}

const [host = '', ...numbers] = process.argv.slice(2);
if (process.argv[1] === FILE) {
  const [port = 0, rttMs = 0, mbit = 1, bufferBytes = FIRST_BYTES] = numbers.map(Number);
  relay({ host, port }, { rttMs, mbit, bufferBytes });
}
