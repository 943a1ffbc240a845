// One accepted connection: handshake, bitfield, then each request is passed to the upload machine or rejected. Decides
// what is sent, but not when a block is. Invariant: every request gets exactly one answer, and no piece is offered or
// sent that is not in the file's verified bitfield. Pure.

import type { Machine, Wake, WakeAt } from '../../../foundation/actor/machine.js';
import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { unreachable } from '../../../foundation/base/assert.js';
import { EMPTY_BYTES, equalBytes, fitting } from '../../../foundation/base/bytes.js';
import { PART_BYTES_MAX } from '../../../foundation/base/limits.js';
import type { Bitfield, PieceRange } from '../../../foundation/torrent/bitfield.js';
import { type Block, blockOf, isAskable, piecesIn } from '../../../foundation/torrent/block.js';
import type { Geometry } from '../../../foundation/torrent/geometry.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';
import type { Fault } from '../../../foundation/wire/accepted.js';
import { SENTENCE_BYTES_MAX } from '../../../foundation/wire/limits.js';
import type { PeerErrorCode, PeerMessage } from '../codec/meaning.js';
import {
  IN_LINE_ALIVE_MS,
  INFO_PARTS_AT_ONCE,
  INFO_TIMES_MAX,
  KEEP_ALIVE_MS,
  PEER_DEAD_MS,
  UPLOAD_STALL_MS,
} from '../limits.js';
import type { UploadReport } from '../upload/messages.js';

/** A file as a connection sees it. */
export interface ServedFile {
  readonly file: number;
  readonly swarm: Uint8Array;
  readonly geometry: Geometry;
  /** Written by the download thread while a download runs, else by main. */
  readonly bitfield: Bitfield;
  /** What stands behind the piece hashes in its .mtorrent; undefined where nothing does. */
  readonly metadata?: ServedMetadata | undefined;
}

export interface ServedMetadata {
  /** A .mtorrent that this client wrote; its last `bytes` are the further lines. */
  readonly path: string;
  /** SHA-256 of its info text. */
  readonly info: Uint8Array;
  readonly bytes: number;
}

export type ServeInput =
  | { readonly kind: 'received'; readonly message: PeerMessage }
  /** The peer broke the protocol or missed a deadline of its frames. */
  | { readonly kind: 'faulted'; readonly fault: Fault; readonly sentence: string }
  /** New pieces of the file this connection is about. */
  | { readonly kind: 'haves'; readonly ranges: readonly PieceRange[] }
  /** Payload was handed to the socket / the socket took it: in between the peer must read. */
  | { readonly kind: 'handed' }
  /** completes: with it a request is served. */
  | { readonly kind: 'taken'; readonly completes: boolean }
  /** The block, or its rest, cannot be read from disk, or was cancelled. */
  | { readonly kind: 'blockFailed'; readonly block: Block }
  /** Answers `readMetadata`; empty when it cannot be read. */
  | { readonly kind: 'metadataRead'; readonly offset: number; readonly part: Uint8Array }
  /** This client has no room for one more connection. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'fileGone' };

export type ServeEffect =
  | { readonly kind: 'send'; readonly message: PeerMessage }
  /** Hello was good: this connection is about `served` from now on. uploadPort 0: the peer accepts no connections. */
  | { readonly kind: 'opened'; readonly served: ServedFile; readonly peerId: PeerId; readonly uploadPort: number }
  /** For the upload machine. */
  | { readonly kind: 'tell'; readonly report: UploadReport }
  /** `length` of the further lines from `offset` on. */
  | {
      readonly kind: 'readMetadata';
      readonly metadata: ServedMetadata;
      readonly offset: number;
      readonly length: number;
    }
  /** Ends the connection once what was sent has gone out. */
  | { readonly kind: 'hangUp'; readonly why: string };

type Phase =
  | { readonly at: 'greeting' }
  | { readonly at: 'open'; readonly served: ServedFile }
  | { readonly at: 'closed' };

export interface ServeOptions {
  /** Its number among the accepted connections of all threads. */
  readonly connection: number;
  /** Ours in that swarm. */
  readonly peerIdIn: (swarm: Uint8Array) => PeerId;
  readonly uploadPort: () => number;
  readonly lookUp: (swarm: Uint8Array) => ServedFile | undefined;
  readonly startedMs: number;
  /** It is a tracker that looks whether this client is here: it hears our hello, and gets nothing else. */
  readonly greetsOnly?: boolean;
}

const CHECK_MS = 1_000;

export class ServeMachine implements Machine<ServeInput | Wake, ServeEffect | WakeAt> {
  readonly #options: ServeOptions;
  #phase: Phase;
  #openRequests = 0;
  /** Parts of the list that are being read. */
  #openParts = 0;
  /** Bytes of the list that were asked for. */
  #listBytes = 0;
  /** Writes of payload that the socket has not taken. */
  #untaken = 0;
  #heardMs: number;
  #sentMs: number;
  #takenMs: number;
  /** When it last got payload, or a keep-alive for its queued requests. Haves count as neither. */
  #aliveMs: number;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#heardMs = options.startedMs;
    this.#sentMs = options.startedMs;
    this.#takenMs = options.startedMs;
    this.#aliveMs = options.startedMs;
    this.#phase = { at: 'greeting' };
  }

  receive(input: ServeInput | Wake, nowMs: number): readonly (ServeEffect | WakeAt)[] {
    if (this.#phase.at === 'closed') return NO_EFFECTS;
    switch (input.kind) {
      case 'received':
        return this.#onReceived(input.message, nowMs);
      case 'handed':
        if (this.#untaken === 0) this.#takenMs = nowMs;
        this.#untaken += 1;
        return NO_EFFECTS;
      case 'taken':
        this.#untaken -= 1;
        this.#takenMs = nowMs;
        this.#sentMs = nowMs;
        this.#aliveMs = nowMs;
        if (input.completes) this.#openRequests -= 1;
        return NO_EFFECTS;
      case 'blockFailed':
        this.#openRequests -= 1;
        return [this.#reject(input.block)];
      case 'metadataRead':
        this.#openParts -= 1;
        this.#sentMs = nowMs;
        return [{ kind: 'send', message: { kind: 'infoPart', offset: input.offset, part: input.part } }];
      case 'haves':
        this.#sentMs = nowMs;
        return this.#phase.at === 'open'
          ? [{ kind: 'send', message: { kind: 'have', ranges: input.ranges } }]
          : NO_EFFECTS;
      case 'faulted':
        return this.#refuse(input.fault, input.sentence);
      case 'refused':
        return this.#refuse('busy', 'no room for one more connection, try again later');
      case 'fileGone':
        return this.#end([{ kind: 'send', message: { kind: 'gone' } }], 'the file is no longer served');
      case 'wake':
        return this.#onWake(nowMs);
      default:
        return unreachable(input);
    }
  }

  #onReceived(message: PeerMessage, nowMs: number): readonly (ServeEffect | WakeAt)[] {
    this.#heardMs = nowMs;
    if (this.#phase.at === 'greeting') return this.#onHello(message, nowMs);
    if (this.#phase.at !== 'open') return NO_EFFECTS;
    const { served } = this.#phase;
    const { connection } = this.#options;
    switch (message.kind) {
      case 'ack':
        return this.#tell({ kind: 'acked', connection });
      case 'request':
        return this.#onRequest(served, message);
      case 'cancel':
        return this.#tell({ ...blockOf(message), kind: 'cancelled', connection });
      case 'infoWanted':
        return this.#onInfoWanted(served, message.info, message.offset);
      case 'interested':
      case 'notInterested':
      case 'keepAlive':
        return NO_EFFECTS;
      case 'error':
        return this.#end([], `peer says ${message.code}`);
      case 'hello':
      case 'bitfield':
      case 'have':
      case 'choke':
      case 'unchoke':
      case 'reject':
      case 'piece':
      case 'gone':
      case 'infoPart':
        return this.#refuse('protocol', `${message.kind} may not be sent by a dialer`);
      default:
        return unreachable(message);
    }
  }

  #onHello(message: PeerMessage, nowMs: number): readonly (ServeEffect | WakeAt)[] {
    if (message.kind === 'error') return this.#end([], `peer says ${message.code}`);
    if (message.kind !== 'hello') return this.#refuse('protocol', `${message.kind} before hello`);
    const { connection, peerIdIn, uploadPort, lookUp, greetsOnly } = this.#options;
    const peerId = peerIdIn(message.swarm);
    if (equalBytes(message.peerId, peerId)) return this.#refuse('self', 'this is yourself');
    const served = lookUp(message.swarm);
    if (served === undefined) return this.#refuse('unknownSwarm', 'this file is not served here');
    if (message.pieceCount !== served.geometry.pieceCount) return this.#refuse('protocol', 'hello for another file');
    const { pieceCount } = served.geometry;
    const hello: ServeEffect = {
      kind: 'send',
      message: {
        kind: 'hello',
        swarm: served.swarm,
        peerId,
        uploadPort: uploadPort(),
        pieceCount,
        acks: true,
        runs: true,
        parallel: true,
        metadata: true,
      },
    };
    if (greetsOnly === true) return this.#end([hello], 'a tracker looked whether this client is here');
    const { acks } = message;
    const peer = message.parallel ? message.peerId : EMPTY_BYTES;
    this.#phase = { at: 'open', served };
    this.#sentMs = nowMs;
    return [
      { kind: 'opened', served, peerId: message.peerId, uploadPort: message.uploadPort },
      { kind: 'tell', report: { kind: 'joined', connection, file: served.file, acks, peer } },
      hello,
      ...bitfieldParts(served.bitfield),
      { kind: 'send', message: { kind: 'unchoke' } },
    ];
  }

  #onRequest(served: ServedFile, block: Block): readonly (ServeEffect | WakeAt)[] {
    const { piece } = block;
    if (!isAskable(block, served.geometry))
      return this.#refuse('protocol', 'request for neither bytes of a piece nor whole pieces');
    for (let at = piece; at < piece + piecesIn(block); at += 1)
      if (!served.bitfield.has(at)) return [this.#reject(block)];
    this.#openRequests += 1;
    return this.#tell({ ...blockOf(block), kind: 'requested', connection: this.#options.connection });
  }

  #onInfoWanted({ metadata }: ServedFile, info: Uint8Array, offset: number): readonly (ServeEffect | WakeAt)[] {
    if (metadata === undefined || offset >= metadata.bytes || !equalBytes(info, metadata.info))
      return [{ kind: 'send', message: { kind: 'infoPart', offset, part: EMPTY_BYTES } }];
    const length = Math.min(PART_BYTES_MAX, metadata.bytes - offset);
    this.#openParts += 1;
    this.#listBytes += length;
    if (this.#openParts > INFO_PARTS_AT_ONCE) return this.#refuse('protocol', 'asks for too many parts at once');
    if (this.#listBytes > metadata.bytes * INFO_TIMES_MAX)
      return this.#refuse('protocol', 'asks for the same list again and again');
    return [{ kind: 'readMetadata', metadata, offset, length }];
  }

  #onWake(nowMs: number): readonly (ServeEffect | WakeAt)[] {
    const next: WakeAt = { kind: 'wakeAt', atMs: nowMs + CHECK_MS };
    if (this.#phase.at === 'greeting') return [next];
    // Requests that are queued here, however long, are not the peer's fault.
    if (this.#untaken > 0 && nowMs - this.#takenMs >= UPLOAD_STALL_MS) {
      return this.#end([], 'requests blocks and does not read them');
    }
    if (nowMs - this.#heardMs >= PEER_DEAD_MS && this.#untaken === 0)
      return this.#refuse('timeout', 'silent for too long');
    const isQueued = this.#openRequests > 0 && this.#untaken === 0;
    if (nowMs - this.#sentMs >= KEEP_ALIVE_MS || (isQueued && nowMs - this.#aliveMs >= IN_LINE_ALIVE_MS)) {
      this.#sentMs = nowMs;
      this.#aliveMs = nowMs;
      return [{ kind: 'send', message: { kind: 'keepAlive' } }, next];
    }
    return [next];
  }

  #tell(report: UploadReport): readonly ServeEffect[] {
    return [{ kind: 'tell', report }];
  }

  #reject(block: Block): ServeEffect {
    return { kind: 'send', message: { kind: 'reject', ...blockOf(block) } };
  }

  #refuse(code: PeerErrorCode, sentence: string): readonly (ServeEffect | WakeAt)[] {
    return this.#end(
      [{ kind: 'send', message: { kind: 'error', code, sentence: fitting(sentence, SENTENCE_BYTES_MAX) } }],
      sentence,
    );
  }

  #end(last: readonly ServeEffect[], why: string): readonly (ServeEffect | WakeAt)[] {
    this.#phase = { at: 'closed' };
    return [...last, { kind: 'hangUp', why }];
  }
}

/** A snapshot in parts; later pieces are announced by `have`. A file without pieces has one empty last part. */
function bitfieldParts(bitfield: Bitfield): ServeEffect[] {
  const parts: ServeEffect[] = [];
  // Copied at once, so that all parts show one moment while the download thread goes on setting bits.
  const bytes = new Uint8Array(bitfield.bytes);
  let offset = 0;
  do {
    const part = bytes.subarray(offset, offset + PART_BYTES_MAX);
    const last = offset + part.length === bytes.length;
    parts.push({ kind: 'send', message: { kind: 'bitfield', offset, part, last } });
    offset += part.length;
  } while (offset < bytes.length);
  return parts;
}
