// A TCP proxy that meddles with what passes, one connection in one way, and keeps every byte that both sides said: for
// whether they ever say one that is not TLS.

import net from 'node:net';
import type { TestContext } from 'node:test';
import type { Address } from '../../src/foundation/torrent/address.js';

/** One connection through it. What either side said is kept before the proxy touches it. */
export class Joint {
  readonly near: net.Socket;
  readonly #target: Address;
  readonly #fromNear: Buffer[] = [];
  readonly #fromFar: Buffer[] = [];
  #far: net.Socket | undefined;
  isOver = false;

  constructor(near: net.Socket, target: Address) {
    this.near = near;
    this.#target = target;
    near.on('data', (bytes: Buffer) => this.#fromNear.push(bytes));
    near.on('error', () => undefined);
    near.on('close', () => {
      this.isOver = true;
      this.#far?.destroy();
    });
  }

  /** Dialed when it is first asked for. */
  get far(): net.Socket {
    if (this.#far !== undefined) return this.#far;
    const far = net.connect({ ...this.#target, noDelay: true });
    this.#far = far;
    far.on('data', (bytes: Buffer) => this.#fromFar.push(bytes));
    far.on('error', () => undefined);
    far.on('close', () => this.near.destroy());
    return far;
  }

  /** Of whoever dialed the proxy, so far. */
  get fromNear(): Buffer {
    return Buffer.concat(this.#fromNear);
  }

  /** Of the target. */
  get fromFar(): Buffer {
    return Buffer.concat(this.#fromFar);
  }
}

export type Meddling = (joint: Joint) => void;

/** Passes everything on as it is. */
export const honest: Meddling = ({ near, far }) => {
  near.on('data', (bytes: Buffer) => far.write(bytes));
  far.on('data', (bytes: Buffer) => near.write(bytes));
};

export class MeddlingProxy {
  readonly address: Address;
  readonly joints: Joint[] = [];
  /** Of connections from now on. */
  meddling: Meddling = honest;
  target: Address;
  readonly #server: net.Server;

  private constructor(server: net.Server, address: Address, target: Address) {
    this.#server = server;
    this.address = address;
    this.target = target;
    server.on('connection', (near) => {
      near.setNoDelay(true);
      const joint = new Joint(near, this.target);
      this.joints.push(joint);
      this.meddling(joint);
    });
  }

  /** @param port 0 takes a free one. */
  static async open(t: TestContext, target: Address, port = 0): Promise<MeddlingProxy> {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port }, resolve);
    });
    const bound = server.address();
    const own = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const proxy = new MeddlingProxy(server, { host: '127.0.0.1', port: own }, target);
    t.after(() => proxy.close());
    return proxy;
  }

  close(): void {
    this.#server.close();
    for (const { near } of this.joints) near.destroy();
  }
}

const HEAD_SIZE = 5;
/** RFC 8446, 5.2: a record of ciphertext has at most 256 bytes beside 16 KiB. */
const RECORD_BYTES_MAX = 16_384 + 256;

/** Whole records of TLS at the front of a stream (RFC 8446, 5.1). */
export function recordsIn(bytes: Buffer): { readonly records: readonly Buffer[]; readonly rest: Buffer } {
  const records: Buffer[] = [];
  let at = 0;
  for (;;) {
    const size = HEAD_SIZE + (at + HEAD_SIZE <= bytes.length ? bytes.readUInt16BE(at + 3) : 0);
    if (at + HEAD_SIZE > bytes.length || at + size > bytes.length) break;
    records.push(bytes.subarray(at, at + size));
    at += size;
  }
  return { records, rest: bytes.subarray(at) };
}

/** What of a stream is no TLS; undefined: all of it is. */
export function plainIn(bytes: Buffer): string | undefined {
  const { records, rest } = recordsIn(bytes);
  const heads = rest.length > 0 ? [...records, rest] : records;
  for (const [number, head] of heads.entries()) {
    const isRecord = (head[0] ?? 0) >= 20 && (head[0] ?? 0) <= 23 && (head[1] ?? 3) === 3 && (head[2] ?? 3) <= 4;
    const size = head.length >= HEAD_SIZE ? head.readUInt16BE(3) : 0;
    if (!isRecord || size > RECORD_BYTES_MAX)
      return `record ${number} begins with ${head.subarray(0, 16).toString('hex')}`;
  }
  return undefined;
}

/** Every record of a direction as it comes, in place of pieces of the stream. */
export function onRecords(socket: net.Socket, take: (record: Buffer, number: number) => void): void {
  let waiting: Buffer = Buffer.alloc(0);
  let number = 0;
  socket.on('data', (bytes: Buffer) => {
    const { records, rest } = recordsIn(Buffer.concat([waiting, bytes]));
    waiting = rest;
    for (const record of records) {
      take(record, number);
      number += 1;
    }
  });
}
