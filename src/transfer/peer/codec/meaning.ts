// What two peers say to each other, in BEP 3's words, and what a codec does with it. The machines know this file and no
// codec. Only `hello`, `keepAlive` and `error` go both ways: the dialer requests, the acceptor answers. Pure.

import type { PieceRange } from '../../../foundation/torrent/bitfield.js';
import type { Block } from '../../../foundation/torrent/block.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';

export interface PeerHello {
  readonly kind: 'hello';
  readonly swarm: Uint8Array;
  readonly peerId: PeerId;
  /** 0: does not accept connections. */
  readonly uploadPort: number;
  readonly pieceCount: number;
  /** Sends `ack` for each block. Used when both do. */
  readonly acks: boolean;
  /** Takes a request for several pieces at once. Used when the acceptor does. */
  readonly runs: boolean;
  /** Several connections of one client count as one here. Used when the acceptor says so. */
  readonly parallel: boolean;
  /** Answers `infoWanted`. Used when the acceptor does. */
  readonly metadata: boolean;
}

/** Why a peer ends the connection. */
export type PeerErrorCode = 'unknownSwarm' | 'protocol' | 'busy' | 'self' | 'timeout' | 'failed' | 'notAdmitted';

export type PeerMessage =
  | PeerHello
  /** Parts in order from byte 0, BEP 3's bit order, spare bits zero. */
  | { readonly kind: 'bitfield'; readonly offset: number; readonly part: Uint8Array; readonly last: boolean }
  /** Pieces that the acceptor has got since its bitfield. */
  | { readonly kind: 'have'; readonly ranges: readonly PieceRange[] }
  | { readonly kind: 'interested' | 'notInterested' | 'choke' | 'unchoke' | 'keepAlive' }
  /** Answered exactly once, by `piece` or `reject`, cancelled or not; by parts of it in order, too. */
  | (Block & { readonly kind: 'request' })
  | (Block & { readonly kind: 'cancel' })
  | (Block & { readonly kind: 'reject' })
  /** `length` raw bytes follow. */
  | (Block & { readonly kind: 'piece' })
  /** The oldest `piece` without an ack has arrived whole. */
  | { readonly kind: 'ack' }
  /** The acceptor no longer serves this file. */
  | { readonly kind: 'gone' }
  /** The further lines of a .mtorrent, named by the SHA-256 of its info text, from a byte on. */
  | { readonly kind: 'infoWanted'; readonly info: Uint8Array; readonly offset: number }
  /** Answers each `infoWanted`. An empty part: the acceptor has not got it. */
  | { readonly kind: 'infoPart'; readonly offset: number; readonly part: Uint8Array }
  /** The last message before its sender closes. */
  | { readonly kind: 'error'; readonly code: PeerErrorCode; readonly sentence: string };

export interface PeerCodec {
  /** The bytes that open the stream in both directions. */
  readonly magic: Uint8Array;
  /** Ready for the stream; nobody writes to its memory again. */
  encode(message: PeerMessage): Uint8Array;
  /** The body of one frame, which may be reused afterwards. Throws ProtocolError. */
  decode(frame: Uint8Array): PeerMessage;
}
