// Mini-Torrent's own codec: the table of `messages.ts` for the bytes, and the bits of `features` for what a hello
// offers. Pure.

import { EMPTY_BYTES } from '../../../foundation/base/bytes.js';
import type { PeerCodec, PeerHello, PeerMessage } from './meaning.js';
import { ACKS, PEER_MAGIC, type PeerWire, peerWire, RUNS } from './messages.js';

type WireHello = Extract<PeerWire, { kind: 'hello' }>;

export const mtCodec: PeerCodec = {
  magic: PEER_MAGIC,
  encode: (message) => peerWire.framed(message.kind === 'hello' ? wireHello(message) : message),
  decode(frame): PeerMessage {
    const message = peerWire.decode(frame);
    return message.kind === 'hello' ? meantHello(message) : message;
  },
};

function wireHello({ acks, runs, ...facts }: PeerHello): WireHello {
  return { ...facts, features: (acks ? ACKS : 0) | (runs ? RUNS : 0), token: EMPTY_BYTES };
}

function meantHello({ features, token, ...facts }: WireHello): PeerHello {
  return { ...facts, acks: (features & ACKS) !== 0, runs: (features & RUNS) !== 0 };
}
