// The receiver of the ceiling, `node ceiling-receiver.js TARGET SIZE MTORRENT PORT...`: what Node can do for a download
// at best. Reads each sender's socket straight into a shared slab, and has a pool of threads verify and write. Prints
// READY, starts on a line of input, and ends with one line of JSON that counts from the first dial to the last write.

import { ftruncateSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { fromHex } from '../src/foundation/base/bytes.js';
import { PIECE_SIZE, SLAB_SLOTS } from '../src/foundation/base/limits.js';
import type { CeilingHashBirth } from './ceiling-hash.js';

const HASH_LINE = 4;
const slab = new SharedArrayBuffer(SLAB_SLOTS * PIECE_SIZE);

class Receiver {
  readonly #size: number;
  readonly #free = Array.from({ length: SLAB_SLOTS }, (_, slot) => slot);
  readonly #starved: (() => void)[] = [];
  readonly #pool: { readonly thread: Worker; waiting: number }[] = [];
  #stored = 0;
  onDone: () => void = () => undefined;

  constructor(size: number) {
    this.#size = size;
  }

  async startPool(birth: CeilingHashBirth): Promise<void> {
    for (let at = 0; at < availableParallelism(); at += 1) {
      const thread = new Worker(new URL('./ceiling-hash.js', import.meta.url), {
        workerData: birth,
        trackUnmanagedFds: false,
      });
      const member = { thread, waiting: 0 };
      await new Promise((resolve) => thread.once('message', resolve));
      thread.on('message', (slot: number) => {
        member.waiting -= 1;
        this.#onStored(slot);
      });
      this.#pool.push(member);
    }
  }

  /** Sender `index` of `count` sends every `count`-th piece. */
  receive(port: number, index: number, count: number): void {
    // Where a read goes while no slot is free: one byte, copied when there is a slot again.
    const spare = new Uint8Array(1);
    let piece = index;
    let slot = this.#free.pop();
    let filled = 0;
    const length = (): number => Math.min(PIECE_SIZE, this.#size - piece * PIECE_SIZE);
    const socket = net.connect({
      host: '127.0.0.1',
      port,
      onread: {
        buffer: () =>
          slot === undefined ? spare : new Uint8Array(slab, slot * PIECE_SIZE + filled, length() - filled),
        callback: (received, into) => {
          if (slot === undefined) throw new Error('read without a slot');
          if (into === spare) new Uint8Array(slab)[slot * PIECE_SIZE] = spare[0] ?? 0;
          filled += received;
          if (filled < length()) return true;
          this.#store(slot, piece);
          piece += count;
          filled = 0;
          if (length() <= 0) {
            slot = undefined;
            socket.destroy();
            return false;
          }
          slot = this.#free.pop();
          if (slot !== undefined) return true;
          this.#starved.push(() => {
            slot = this.#free.pop();
            socket.resume();
          });
          socket.pause();
          return false;
        },
      },
    });
  }

  #store(slot: number, piece: number): void {
    const idlest = this.#pool.reduce((best, member) => (member.waiting < best.waiting ? member : best));
    idlest.waiting += 1;
    idlest.thread.postMessage([slot, piece]);
  }

  #onStored(slot: number): void {
    this.#free.push(slot);
    this.#starved.shift()?.();
    this.#stored += 1;
    if (this.#stored === Math.ceil(this.#size / PIECE_SIZE)) this.onDone();
  }
}

const [target = '', sizeText = '', mtorrent = '', ...ports] = process.argv.slice(2);
const size = Number(sizeText);
const digests = fromHex(readFileSync(mtorrent, 'utf8').split('\n')[HASH_LINE] ?? '');
if (digests === undefined) throw new Error(`${mtorrent} has no hash string`);
const fd = openSync(target, 'wx');
ftruncateSync(fd, size);
const receiver = new Receiver(size);
await receiver.startPool({ slab, digests, fd, size });
process.stdin.once('data', () => {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  receiver.onDone = () => {
    const seconds = (performance.now() - startedMs) / 1000;
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 })}\n`, () => process.exit(0));
  };
  ports.forEach((port, at) => {
    receiver.receive(Number(port), at, ports.length);
  });
});
process.stdout.write('READY\n');
