// The frames between two clients on one TCP connection (docs/PROTOCOL.md): both sides send the magic, then frames.
// `meaning.ts` says what a message means.

import {
  FEATURES_BYTES_MAX,
  HAVE_RANGES_MAX,
  LIST_BYTES_MAX,
  PART_BYTES_MAX,
  PIECES_MAX,
  RUN_BYTES_MAX,
} from '../../../foundation/base/limits.js';
import { PEER_ID_SIZE, type PeerId, SWARM_KEY_SIZE } from '../../../foundation/torrent/ids.js';
import { INFO_DIGEST_SIZE } from '../../../foundation/torrent/info-text.js';
import { PEER_HANDSHAKES_MAX, PEER_HANDSHAKES_WAITING_MAX } from '../../../foundation/wire/limits.js';
import type { Wire } from '../../../foundation/wire/passage.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import {
  bytes,
  type Field,
  flag,
  listOf,
  oneOf,
  sentence,
  tuple,
  u16,
  u32,
  whole,
} from '../../../foundation/wire/schema.js';

/** 'MTPEER' and the version of this page, big-endian. */
export const PEER_MAGIC = Uint8Array.from([...Buffer.from('MTPEER', 'latin1'), 0, 1]);

const piece = whole(0, PIECES_MAX - 1);
const begin = whole(0, RUN_BYTES_MAX - 1);
const length = whole(1, RUN_BYTES_MAX);

/** The compiler takes nothing else for it, least of all a client id. */
const peerId = bytes(PEER_ID_SIZE) as Field<PeerId>;

export const peerWire = protocol('peer.wire', {
  /** [1, swarm, peerId, uploadPort, pieceCount, features, token] Upload port 0: does not accept connections. */
  hello: message(1, {
    swarm: bytes(SWARM_KEY_SIZE),
    peerId,
    uploadPort: u16,
    pieceCount: whole(0, PIECES_MAX),
    features: u32,
    /** A list of features (foundation/wire/features.ts) beyond those of `features`. */
    token: bytes(0, FEATURES_BYTES_MAX),
  }),
  /** [2, offset, part, last] Parts in order from offset 0 (bytes), BEP 3 bit order, spare bits zero. */
  bitfield: message(2, { offset: whole(0, PIECES_MAX / 8), part: bytes(0, PART_BYTES_MAX), last: flag }),
  /** [3, [[begin, count], …]] Pieces the acceptor has got since its bitfield. */
  have: message(3, { ranges: listOf(tuple(piece, whole(1, PIECES_MAX)), HAVE_RANGES_MAX) }),
  interested: message(4, {}),
  notInterested: message(5, {}),
  choke: message(6, {}),
  unchoke: message(7, {}),
  request: message(8, { piece, begin, length }),
  cancel: message(9, { piece, begin, length }),
  reject: message(10, { piece, begin, length }),
  /** [11, piece, begin, length] followed by exactly `length` raw bytes, outside any frame. */
  piece: message(11, { piece, begin, length }),
  keepAlive: message(12, {}),
  /** The acceptor no longer serves this file. */
  gone: message(13, {}),
  /** The last frame before its sender closes. */
  error: message(14, {
    code: oneOf('unknownSwarm', 'protocol', 'busy', 'self', 'timeout', 'failed', 'notAdmitted'),
    sentence,
  }),
  /** The oldest `piece` without an ack has arrived whole. */
  ack: message(15, {}),
  /** [16, info, offset] The further lines of the .mtorrent whose info text has this SHA-256, from byte `offset` on. */
  infoWanted: message(16, { info: bytes(INFO_DIGEST_SIZE), offset: whole(0, LIST_BYTES_MAX) }),
  /** [17, offset, part] Answers `infoWanted`. An empty part: the acceptor has not got it. */
  infoPart: message(17, { offset: whole(0, LIST_BYTES_MAX), part: bytes(0, PART_BYTES_MAX) }),
});

/** A bit of `features`: sends `ack`, and takes it. Used when both sides have it. */
export const ACKS = 1;
/** Another: takes a request for a run of pieces. Used when the acceptor has it. */
export const RUNS = 2;
/** A feature of `token`: counts several connections of one client as one. Used when the acceptor has it. */
export const PARALLEL = 1;
/** Another: answers `infoWanted`. Used when the acceptor has it. */
export const METADATA = 2;

export type PeerWire = MessageOf<typeof peerWire>;

/** As TLS and the gate see it. A release that knows no closed swarms takes `failed` for what it is: no use here. */
export const PEER_WIRE: Wire = {
  name: 'peer',
  alpn: 'mt-peer/1',
  magic: PEER_MAGIC,
  accepts: 'peer',
  line: { underWayMax: PEER_HANDSHAKES_MAX, waitingMax: PEER_HANDSHAKES_WAITING_MAX },
  carriesPayload: true,
  refusal: (sentence, isPlain) =>
    peerWire.framed(peerWire.fit({ kind: 'error', code: isPlain ? 'failed' : 'notAdmitted', sentence })),
  sentenceIn(frame) {
    const message = peerWire.decode(frame);
    return message.kind === 'error' ? message.sentence : undefined;
  },
};
