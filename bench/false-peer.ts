// One end of a peer connection that is ours: real frames through the real codec on a real socket, and whatever its
// owner wants to say. Keeps to the protocol only as far as its owner does; payload that comes is not understood, so an
// end that asks for some must not read on.

import type net from 'node:net';
import { ProtocolError } from '../src/foundation/base/errors.js';
import { FRAME_BYTES_MAX, PIECE_SIZE } from '../src/foundation/base/limits.js';
import { Bitfield } from '../src/foundation/torrent/bitfield.js';
import type { Block } from '../src/foundation/torrent/block.js';
import { peerId } from '../src/foundation/torrent/ids.js';
import { FrameReader, frameBytes } from '../src/foundation/wire/framing.js';
import { MagicGate } from '../src/foundation/wire/magic.js';
import { ACKS, PEER_MAGIC, type PeerWire, peerWire } from '../src/transfer/peer/codec/messages.js';

/** The file that it is about. */
export interface Claimed {
  readonly swarm: Uint8Array;
  readonly pieceCount: number;
}

export function framed(message: PeerWire): Uint8Array {
  return frameBytes(peerWire.encode(message));
}

export function helloOf({ swarm, pieceCount }: Claimed, id: Uint8Array, uploadPort: number): PeerWire {
  const token = new Uint8Array(0);
  return { kind: 'hello', swarm, peerId: peerId(id), uploadPort, pieceCount, features: ACKS, token };
}

/** "I have everything": one part is enough for the files of the benches. */
export function wholeBitfield({ pieceCount }: Claimed): PeerWire {
  const bitfield = new Bitfield(pieceCount);
  bitfield.setAll();
  return { kind: 'bitfield', offset: 0, part: bitfield.bytes, last: true };
}

/** Any piece, whole. */
export function anyBlock({ pieceCount }: Claimed, number: number): Block {
  // The last piece may be shorter.
  return { piece: number % Math.max(1, pieceCount - 1), begin: 0, length: PIECE_SIZE };
}

export class FalsePeer {
  readonly socket: net.Socket;
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  readonly #gate = new MagicGate(PEER_MAGIC);

  /** Says the magic, and tells `onMessage` what comes. */
  constructor(socket: net.Socket, onMessage: (message: PeerWire, peer: FalsePeer) => void) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      try {
        this.#reader.feed(this.#gate.pass(bytes));
        for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next())
          onMessage(peerWire.decode(frame), this);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        socket.destroy();
      }
    });
    socket.write(PEER_MAGIC);
  }

  say(...messages: readonly PeerWire[]): boolean {
    return this.socket.write(Buffer.concat(messages.map(framed)));
  }

  /** @param payload stays untouched until it is sent: the same bytes may be sent again. */
  sayBlock({ piece, begin, length }: Block, payload: Uint8Array): void {
    this.socket.write(framed({ kind: 'piece', piece, begin, length }));
    this.socket.write(payload.subarray(0, length));
  }
}
