// Seeders of a file that is on no disk: each has half of it and gets more, and answers requests with the right bytes. A
// process of its own: `node page-crowd.js COUNT PIECES TRACKER MTORRENT`, which makes the .mtorrent.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { parseAddress } from '../src/foundation/torrent/address.js';
import { Bitfield } from '../src/foundation/torrent/bitfield.js';
import { keyBytes } from '../src/foundation/torrent/ids.js';
import { makeMetainfo } from '../src/foundation/torrent/metainfo.js';
import { writeMetainfo } from '../src/transfer/storage/metainfo-file.js';
import { FalsePeer, helloOf } from './false-peer.js';
import { driven } from './faults-stage.js';
import { clientBytes, clientHost, clientPort, TrackerClient } from './tracker-driver.js';

/** Below the lease. */
const PING_MS = 20_000;
/** Between two pieces that a seeder gets. */
const GETS_MS = 500;

const [count = '', pieces = '', trackerText = '', mtorrent = ''] = process.argv.slice(2);
const tracker = parseAddress(trackerText);
if (tracker === undefined) throw new Error(`${trackerText} is no address`);
const pieceCount = Number(pieces);
const bytes = new Uint8Array(PIECE_SIZE);
/** Of zeros, and its number from 1 at its begin. */
function pieceBytes(piece: number): Uint8Array {
  new DataView(bytes.buffer).setUint32(0, piece + 1);
  return bytes;
}
const digests = Buffer.concat(
  Array.from({ length: pieceCount }, (_, piece) => createHash('sha1').update(pieceBytes(piece)).digest()),
);
const name = 'crowd.img';
const size = pieceCount * PIECE_SIZE;
const metainfo = makeMetainfo({
  trackers: [tracker, { ...tracker, port: tracker.port + 1 }],
  name,
  size,
  digests: new Uint8Array(digests),
  sha256: undefined,
});
await writeMetainfo(mtorrent, metainfo, { overwrite: false });
const claimed = { swarm: keyBytes(metainfo.swarm), pieceCount };
let sentPieces = 0;

function serve(socket: net.Socket, number: number): void {
  const has = new Bitfield(pieceCount);
  for (let piece = 0; piece < pieceCount; piece += 1) if (((piece >> 4) * 7 + number * 5) % 11 < 5) has.set(piece);
  let next = number * 97;
  const gets = setInterval(() => {
    next = (next + 1) % pieceCount;
    has.set(next);
    peer.say({ kind: 'have', ranges: [[next, 1]] });
  }, GETS_MS);
  socket.on('close', () => clearInterval(gets));
  const peer = new FalsePeer(socket, (message) => {
    if (message.kind === 'hello')
      peer.say(
        helloOf(claimed, clientBytes(number), clientPort(number)),
        { kind: 'bitfield', offset: 0, part: has.bytes, last: true },
        { kind: 'unchoke' },
      );
    else if (message.kind === 'request') {
      sentPieces += 1;
      peer.sayBlock(message, Uint8Array.from(pieceBytes(message.piece).subarray(message.begin)));
    }
  });
}

for (let number = 1; number <= Number(count); number += 1) {
  const server = net.createServer((socket) => serve(socket, number));
  server.listen({ host: clientHost(number), port: clientPort(number) });
  await once(server, 'listening');
  const client = new TrackerClient(tracker, number);
  await client.greeted();
  await client.seed(claimed.swarm, { name, size, pieceCount });
  setInterval(() => {
    client.ping(Number.NaN);
    client.flush();
  }, PING_MS);
}
driven(() => ({ sentPieces }));
