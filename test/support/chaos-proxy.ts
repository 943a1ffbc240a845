// A TCP proxy that does to a connection what networks do: cuts it, also after so many bytes, stalls it in one direction
// or both. What was sent while it stalled arrives when it flows again, in order.

import net from 'node:net';
import type { TestContext } from 'node:test';
import type { Address } from '../../src/foundation/torrent/address.js';

interface Pair {
  readonly near: net.Socket;
  readonly far: net.Socket;
}

type Stall = 'towards target' | 'from target' | 'both';

export class ChaosProxy {
  readonly address: Address;
  readonly #server: net.Server;
  readonly #pairs = new Set<Pair>();
  #stalled: Stall | 'nothing' = 'nothing';
  #cutAfter = Number.POSITIVE_INFINITY;
  #cuts = 0;
  #joined = 0;

  private constructor(server: net.Server, address: Address, target: Address) {
    this.#server = server;
    this.address = address;
    server.on('connection', (near) => this.#join(near, net.connect({ host: target.host, port: target.port })));
  }

  /** @param port 0 takes a free one. */
  static async open(t: TestContext, target: Address, port = 0): Promise<ChaosProxy> {
    const server = net.createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port }, resolve);
    });
    const bound = server.address();
    const own = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const proxy = new ChaosProxy(server, { host: '127.0.0.1', port: own }, target);
    t.after(() => proxy.close());
    return proxy;
  }

  /** Every connection ends at both sides; new ones are taken. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** From now on each connection ends once the target has sent so many bytes on it. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  /** Connections that `cutAfter` ended. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Connections that there have been. */
  get joined(): number {
    return this.#joined;
  }

  stall(which: Stall): void {
    this.#stalled = which;
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  flow(): void {
    this.#stalled = 'nothing';
    for (const pair of this.#pairs) this.#regulate(pair);
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(near: net.Socket, far: net.Socket): void {
    const pair = { near, far };
    this.#pairs.add(pair);
    this.#joined += 1;
    let fromTarget = 0;
    far.on('data', (bytes) => {
      fromTarget += bytes.length;
      if (fromTarget < this.#cutAfter || near.destroyed) return;
      this.#cuts += 1;
      near.destroy();
      far.destroy();
    });
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    this.#regulate(pair);
  }

  #regulate({ near, far }: Pair): void {
    near.unpipe(far);
    far.unpipe(near);
    if (this.#stalled === 'nothing') {
      near.pipe(far);
      far.pipe(near);
      return;
    }
    if (this.#stalled === 'from target') near.pipe(far);
    else near.pause();
    if (this.#stalled === 'towards target') far.pipe(near);
    else far.pause();
  }
}
