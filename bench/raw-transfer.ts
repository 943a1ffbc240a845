// The payload rate of a link by one plain TCP connection, as the yardstick of the same run. A process of its own on
// either host: the words `sink HOST` print LISTENING PORT and later one line of JSON, `source HOST PORT BYTES` sends to
// it, `server HOST PORT BYTES` to who connects.

import { spawn } from 'node:child_process';
import net from 'node:net';
import { createInterface } from 'node:readline';
import type { Cleanup } from './cleanup.js';

const FILE = new URL(import.meta.url).pathname;
const DEADLINE_MS = 120_000;
/** The first part is not counted: slow start, and the bucket that is full at first. */
const LEAD_IN = 0.2;
const READ_BYTES = 256 * 1024;

export interface RawEnds {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly toHost: string;
  readonly bytes: number;
}

/** Bytes a second from one host to the other; both ends are words that run what follows them there. */
export async function rawRate({ from, to, toHost, bytes }: RawEnds, cleanup: Cleanup): Promise<number> {
  const start = (launcher: readonly string[], words: readonly string[]) => {
    const [command = '', ...line] = [...launcher, process.execPath, FILE, ...words];
    const child = spawn(command, line, { stdio: ['ignore', 'pipe', 'inherit'], timeout: DEADLINE_MS });
    cleanup.add(async () => child.kill('SIGKILL'));
    return child;
  };
  const sink = start(to, ['sink', toHost, String(bytes)]);
  for await (const line of createInterface({ input: sink.stdout })) {
    const port = /^LISTENING (\d+)$/.exec(line)?.[1];
    if (port !== undefined) start(from, ['source', toHost, port, String(bytes)]);
    else return (JSON.parse(line) as { bytesPerSecond: number }).bytesPerSecond;
  }
  throw new Error('the raw transfer ended without a result');
}

/**
 * Seconds from the dial until `bytes` have come over one connection. @param port where the sender listens. @param via
 * where it is dialed.
 */
export async function plainSeconds(
  port: number,
  via: { readonly host: string; readonly port: number },
  bytes: number,
  cleanup: Cleanup,
): Promise<number> {
  const words = ['server', '127.0.0.1', String(port), String(bytes)];
  const sender = spawn(process.execPath, [FILE, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.add(async () => sender.kill('SIGKILL'));
  for await (const line of createInterface({ input: sender.stdout })) if (line.startsWith('LISTENING')) break;
  const startedMs = performance.now();
  const socket = net.connect(via);
  let received = 0;
  for await (const part of socket) {
    received += (part as Uint8Array).length;
    if (received >= bytes) break;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  socket.destroy();
  sender.kill('SIGKILL');
  return seconds;
}

function serve(host: string, port: number, bytes: number): void {
  const server = net.createServer((socket) => {
    server.close();
    sendOver(socket, bytes);
  });
  server.listen({ host, port }, () => process.stdout.write(`LISTENING ${port}\n`));
}

function receive(host: string, bytes: number): void {
  let received = 0;
  let counted = 0;
  let startedMs = 0;
  const server = net.createServer((socket) => {
    socket.on('data', (part) => {
      received += part.length;
      if (startedMs === 0) {
        if (received >= bytes * LEAD_IN) startedMs = performance.now();
        return;
      }
      counted += part.length;
      if (received < bytes) return;
      const bytesPerSecond = (counted * 1000) / (performance.now() - startedMs);
      process.stdout.write(`${JSON.stringify({ bytesPerSecond })}\n`);
      socket.destroy();
      server.close();
    });
  });
  server.listen({ host, port: 0 }, () => {
    const address = server.address() as net.AddressInfo;
    process.stdout.write(`LISTENING ${address.port}\n`);
  });
}

function sendOver(socket: net.Socket, bytes: number): void {
  const part = new Uint8Array(READ_BYTES);
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const length = Math.min(left, part.length);
      left -= length;
      if (!socket.write(part.subarray(0, length))) return;
    }
    socket.end();
  };
  socket.on('drain', more).resume();
  if (socket.connecting) socket.on('connect', more);
  else more();
}

const [role, host = '', ...numbers] = process.argv.slice(2);
if (process.argv[1] === FILE) {
  const [first = 0, second = 0] = numbers.map(Number);
  if (role === 'sink') receive(host, first);
  else if (role === 'server') serve(host, first, second);
  else sendOver(net.connect({ host, port: first }), second);
}
