// Mini-Torrent's own codec: the table of `messages.ts` for the bytes, and for what a hello offers the bits of
// `features` and the list in `token`. Pure.

import { commonFeatures, encodeFeatures } from '../../../foundation/wire/features.js';
import type { PeerCodec, PeerHello, PeerMessage } from './meaning.js';
import { ACKS, METADATA, PARALLEL, PEER_MAGIC, type PeerWire, peerWire, RUNS } from './messages.js';

type WireHello = Extract<PeerWire, { kind: 'hello' }>;

export const mtCodec: PeerCodec = {
  magic: PEER_MAGIC,
  encode: (message) => peerWire.framed(message.kind === 'hello' ? wireHello(message) : message),
  decode(frame): PeerMessage {
    const message = peerWire.decode(frame);
    return message.kind === 'hello' ? meantHello(message) : message;
  },
};

function wireHello({ acks, runs, parallel, metadata, ...facts }: PeerHello): WireHello {
  const token = encodeFeatures([...(parallel ? [PARALLEL] : []), ...(metadata ? [METADATA] : [])]);
  return { ...facts, features: (acks ? ACKS : 0) | (runs ? RUNS : 0), token };
}

function meantHello({ features, token, ...facts }: WireHello): PeerHello {
  const named = commonFeatures(token, [PARALLEL, METADATA]);
  const [parallel, metadata] = [named.has(PARALLEL), named.has(METADATA)];
  return { ...facts, acks: (features & ACKS) !== 0, runs: (features & RUNS) !== 0, parallel, metadata };
}
