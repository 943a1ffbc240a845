// Whoever means harm to a seeder, a process of its own: `node attacks.js ATTACK SEEDER TRACKER MTORRENT`. Each attack
// is a number of connections that come back as soon as they are hung up on; goes on until its input ends, and then
// tells how many there were and how much they sent.

import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { type Address, parseAddress } from '../src/foundation/torrent/address.js';
import { keyBytes } from '../src/foundation/torrent/ids.js';
import { PEER_MAGIC, type PeerWire } from '../src/transfer/peer/codec/messages.js';
import { readMetainfo } from '../src/transfer/storage/metainfo-file.js';
import { anyBlock, type Claimed, FalsePeer, framed, helloOf, wholeBitfield } from './false-peer.js';
import { driven } from './faults-stage.js';
import { clientBytes, clientHost, clientPort, TrackerClient } from './tracker-driver.js';

/** Before a connection that was hung up on comes back. */
const REDIAL_MS = 2;
/** Addresses that they come from, so that the bound for one address is not all that stops them. */
const ADDRESSES = 8;
const DRIP_MS = 100;
const WRITE_BYTES = 64 * 1024;
/** Client ids and ports apart from those of other drivers. */
const FIRST_NUMBER = 101;

interface Attack {
  readonly connections: number;
  /** What each of them does once it is connected. */
  readonly begin: (socket: net.Socket, number: number) => void;
  /** Seeders of its own, in the tracker's list: what each says after hello. */
  readonly seeders?: readonly ((peer: FalsePeer) => void)[];
}

const [name = '', seederText = '', trackerText = '', mtorrent = ''] = process.argv.slice(2);
const metainfo = await readMetainfo(mtorrent);
const { pieceCount } = metainfo.geometry;
const claimed: Claimed = { swarm: keyBytes(metainfo.swarm), pieceCount };
const bitfield = wholeBitfield(claimed);

const hello = (number: number): Uint8Array =>
  Buffer.concat([PEER_MAGIC, framed(helloOf(claimed, clientBytes(FIRST_NUMBER + number), 0))]);
const requests = (count: number): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, at) => framed({ kind: 'request', ...anyBlock(claimed, at) })));
const lies = (message: PeerWire): ((socket: net.Socket, number: number) => void) => {
  const frames = Buffer.concat(Array.from({ length: 64 }, () => framed(message)));
  return (socket, number) => {
    socket.write(hello(number));
    endless(socket, frames);
  };
};

const ATTACKS: Readonly<Record<string, Attack>> = {
  nothing: { connections: 0, begin: () => undefined },
  garbage: { connections: 32, begin: (socket) => endless(socket, randomFillSync(Buffer.alloc(WRITE_BYTES))) },
  'request floods': {
    connections: 16,
    begin: (socket, number) => {
      socket.write(hello(number));
      endless(socket, requests(1_024));
    },
  },
  'unread requests': {
    connections: 32,
    begin: (socket, number) => {
      socket.pause();
      socket.write(Buffer.concat([hello(number), requests(32)]));
    },
  },
  'many connections': {
    connections: 500,
    begin: (socket, number) => {
      if (number % 2 === 0) socket.write(hello(number));
    },
  },
  'lying bitfields': {
    connections: 16,
    begin: (socket, number) =>
      (number % 2 === 0 ? lies(bitfield) : lies({ kind: 'have', ranges: [[0, 1]] }))(socket, number),
    seeders: [
      (peer) => peer.say({ kind: 'bitfield', offset: 0, part: new Uint8Array(1), last: true }),
      (peer) => peer.say({ kind: 'bitfield', offset: 0, part: new Uint8Array(4_096).fill(255), last: true }),
      // Spare bits set.
      (peer) => peer.say({ kind: 'bitfield', offset: 0, part: bytesOf(bitfield).fill(255), last: true }),
      (peer) => {
        peer.say(bitfield, { kind: 'unchoke' });
        endless(peer.socket, framed({ kind: 'have', ranges: [[0, 1]] }));
      },
      // Has everything, and refuses whatever is asked for.
      (peer) => peer.say(bitfield, { kind: 'unchoke' }),
    ],
  },
  '4 GiB prefixes': {
    connections: 16,
    begin: (socket) => {
      socket.write(Buffer.concat([PEER_MAGIC, Buffer.from('ffffffff', 'hex')]));
      endless(socket, Buffer.alloc(WRITE_BYTES));
    },
  },
  'slow drip': {
    connections: 150,
    begin: (socket, number) => {
      const bytes = hello(number);
      let at = 0;
      const timer = setInterval(() => {
        socket.write(bytes.subarray(at, at + 1));
        at += 1;
      }, DRIP_MS);
      socket.on('close', () => clearInterval(timer));
    },
  },
};

let dialed = 0;
let sentBytes = 0;

/** Writes as fast as the other side takes it. */
function endless(socket: net.Socket, bytes: Uint8Array): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
}

function bytesOf(message: PeerWire): Uint8Array {
  return message.kind === 'bitfield' ? Uint8Array.from(message.part) : new Uint8Array(0);
}

function attack({ host, port }: Address, begin: Attack['begin'], number: number): void {
  dialed += 1;
  const socket = net.connect({ host, port, localAddress: `127.0.0.${20 + (number % ADDRESSES)}` });
  socket.on('connect', () => begin(socket, number));
  // A reset is what it deserves.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    sentBytes += socket.bytesWritten;
    setTimeout(() => attack({ host, port }, begin, number), REDIAL_MS);
  });
  // What is answered is not looked at.
  socket.resume();
}

async function seed(tracker: Address, number: number, lie: (peer: FalsePeer) => void): Promise<void> {
  const server = net.createServer((socket) => {
    new FalsePeer(socket, (message, peer) => {
      if (message.kind === 'hello') {
        peer.say(helloOf(claimed, clientBytes(number), clientPort(number)));
        lie(peer);
      } else if (message.kind === 'request') {
        const { piece, begin, length } = message;
        peer.say({ kind: 'reject', piece, begin, length });
      }
    });
  });
  server.listen({ host: clientHost(number), port: clientPort(number) });
  await once(server, 'listening');
  const client = new TrackerClient(tracker, number);
  await client.greeted();
  await client.seed(claimed.swarm, { name: metainfo.name, size: metainfo.geometry.size, pieceCount });
}

const chosen = ATTACKS[name];
const [seeder, tracker] = [parseAddress(seederText), parseAddress(trackerText)];
if (chosen === undefined || seeder === undefined || tracker === undefined)
  throw new Error(
    `${name} ${seederText} ${trackerText}: no attack of ${Object.keys(ATTACKS).join(', ')}, or no address`,
  );
for (const [at, lie] of (chosen.seeders ?? []).entries()) await seed(tracker, FIRST_NUMBER + at, lie);
for (let number = 0; number < chosen.connections; number += 1) attack(seeder, chosen.begin, number);
driven(() => ({ dialed, sentBytes }));
