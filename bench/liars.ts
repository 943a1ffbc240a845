// Seeders that lie: listed by the tracker as any, they speak the protocol to the letter, offer every piece, and answer
// each request at once with wrong bytes. A process of its own: `node liars.js COUNT TRACKER MTORRENT`.

import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { PIECE_SIZE } from '../src/foundation/base/limits.js';
import { parseAddress } from '../src/foundation/torrent/address.js';
import { keyBytes } from '../src/foundation/torrent/ids.js';
import { readMetainfo } from '../src/transfer/storage/metainfo-file.js';
import { FalsePeer, helloOf, wholeBitfield } from './false-peer.js';
import { driven } from './faults-stage.js';
import { clientBytes, clientHost, clientPort, TrackerClient } from './tracker-driver.js';

/** Below the lease. */
const PING_MS = 20_000;

const [count = '', trackerText = '', mtorrent = ''] = process.argv.slice(2);
const tracker = parseAddress(trackerText);
if (tracker === undefined) throw new Error(`${trackerText} is no address`);
const { swarm, geometry, name } = await readMetainfo(mtorrent);
const claimed = { swarm: keyBytes(swarm), pieceCount: geometry.pieceCount };
const facts = { name, size: geometry.size, pieceCount: geometry.pieceCount };
const wrong = randomFillSync(new Uint8Array(PIECE_SIZE));
let sentPieces = 0;
let connections = 0;

for (let number = 1; number <= Number(count); number += 1) {
  const server = net.createServer((socket) => {
    connections += 1;
    new FalsePeer(socket, (message, peer) => {
      if (message.kind === 'hello') {
        const hello = helloOf(claimed, clientBytes(number), clientPort(number));
        peer.say(hello, wholeBitfield(claimed), { kind: 'unchoke' });
      } else if (message.kind === 'request') {
        sentPieces += 1;
        peer.sayBlock(message, wrong);
      }
    });
  });
  server.listen({ host: clientHost(number), port: clientPort(number) });
  await once(server, 'listening');
  const client = new TrackerClient(tracker, number);
  await client.greeted();
  await client.seed(claimed.swarm, facts);
  setInterval(() => {
    client.ping(Number.NaN);
    client.flush();
  }, PING_MS);
}
driven(() => ({ sentPieces, connections }));
