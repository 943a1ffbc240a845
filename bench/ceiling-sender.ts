// One sender of the ceiling: `node ceiling-sender.js FILE SIZE INDEX COUNT`. Whoever connects gets every COUNT-th piece
// of the file from INDEX on, in order, nothing else. Reads from the file as a seeder must; a few buffers, so reading
// and sending overlap.

import { openSync, readSync } from 'node:fs';
import net from 'node:net';
import { midPage } from '../src/foundation/base/bytes.js';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';

const BUFFERS = 4;

const [path = '', ...numbers] = process.argv.slice(2);
const [size = 0, index = 0, count = 1] = numbers.map(Number);
const fd = openSync(path, 'r');

const server = net.createServer((socket) => {
  const free = Array.from({ length: BUFFERS }, () => midPage(PIECE_SIZE));
  let at = index * PIECE_SIZE;
  const more = (): void => {
    while (at < size && !socket.destroyed) {
      const buffer = free.pop();
      if (buffer === undefined) return;
      const length = readSync(fd, buffer, 0, Math.min(PIECE_SIZE, size - at), at);
      at += count * PIECE_SIZE;
      socket.write(buffer.subarray(0, length), () => {
        free.push(buffer);
        more();
      });
    }
  };
  // The receiver hangs up when it has enough; that ends this connection and no more.
  socket.on('error', () => socket.destroy());
  more();
});
server.listen({ host: '127.0.0.1', port: 0 }, () => {
  process.stdout.write(`LISTENING ${(server.address() as net.AddressInfo).port}\n`);
});
