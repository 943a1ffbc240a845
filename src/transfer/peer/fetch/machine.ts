// One dialed connection: handshake, bitfield, requests, payload. Decides what is sent and what the download is told;
// never which piece to request. Invariant: the slots of a request come back exactly once, with blockReceived,
// blockRejected or disconnected, and no payload is accepted that was not requested. Pure.

import type { Machine, Wake, WakeAt } from '../../../foundation/actor/machine.js';
import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { assert, unreachable } from '../../../foundation/base/assert.js';
import { equalBytes, fitting } from '../../../foundation/base/bytes.js';
import {
  FRAME_DEADLINE_MS,
  HELLO_DEADLINE_MS,
  PROGRESS_MS,
  REQUEST_PATIENCE_MAX_MS,
} from '../../../foundation/base/limits.js';
import type { PieceRange } from '../../../foundation/torrent/bitfield.js';
import { type Block, blockOf } from '../../../foundation/torrent/block.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';
import { SENTENCE_BYTES_MAX } from '../../../foundation/wire/limits.js';
import type { PeerMessage } from '../codec/meaning.js';
import { CONNECT_DEADLINE_MS, KEEP_ALIVE_MS, PEER_DEAD_MS, REQUEST_DEADLINE_MS } from '../limits.js';
import type { FetchEvent, HangUpReason, MemberTag } from '../messages.js';
import { Acks } from './acks.js';
import { OutstandingRequests } from './outstanding.js';

/** `slots`: one for each piece of the block. */
type RequestInput = Block & { readonly kind: 'request'; readonly slots: readonly number[] };

export type FetchInput =
  /** TCP stands, and a handshake of TLS follows. */
  | { readonly kind: 'tcpReached' }
  /** Bytes may be sent. `member`: in a closed swarm. */
  | { readonly kind: 'tcpConnected'; readonly member?: MemberTag }
  | { readonly kind: 'received'; readonly message: PeerMessage }
  | { readonly kind: 'payloadBytes'; readonly count: number }
  | { readonly kind: 'payloadDone' }
  /** The peer broke the protocol: bad magic or a bad frame. */
  | { readonly kind: 'violated'; readonly sentence: string }
  /** A frame has begun to arrive / has arrived whole. */
  | { readonly kind: 'frameBegun' }
  | { readonly kind: 'frameEnded' }
  | { readonly kind: 'tcpClosed'; readonly reason: HangUpReason; readonly sentence: string }
  | RequestInput
  /** Every block that was requested and is still outstanding within this range. */
  | (Block & { readonly kind: 'cancel' })
  | { readonly kind: 'hangUp' };

export type FetchEffect =
  | { readonly kind: 'send'; readonly message: PeerMessage }
  /** The next `length` raw bytes go to the pieces in `slots`, from byte `begin` of the first on. */
  | {
      readonly kind: 'receivePayload';
      readonly slots: readonly number[];
      readonly begin: number;
      readonly length: number;
    }
  | { readonly kind: 'tell'; readonly event: FetchEvent }
  /** Ends the socket; `tcpClosed` follows. */
  | { readonly kind: 'closeTcp' };

export interface FetchOptions {
  readonly connection: number;
  readonly swarm: Uint8Array;
  /** Ours in this swarm. */
  readonly peerId: PeerId;
  readonly uploadPort: number;
  readonly pieceCount: number;
  readonly startedMs: number;
}

type Phase =
  | { readonly at: 'dialing'; readonly deadlineMs: number }
  | { readonly at: 'greeting'; readonly deadlineMs: number; readonly sentMs: number }
  | { readonly at: 'open' }
  /** We asked the socket to end, and wait for `tcpClosed`. */
  | { readonly at: 'closing'; readonly reason: HangUpReason; readonly sentence: string }
  | { readonly at: 'closed' };

/** How often an open connection checks its deadlines. */
const CHECK_MS = 1_000;

export class FetchMachine implements Machine<FetchInput | Wake, FetchEffect | WakeAt> {
  readonly #options: FetchOptions;
  #phase: Phase;
  /** When TCP stood, which shows how far the peer is; a handshake of TLS would not. */
  #reachedMs: number | undefined;
  #member: MemberTag | undefined;
  readonly #outstanding = new OutstandingRequests();
  /** The peer takes acks. */
  #acks = false;
  readonly #unacked = new Acks();
  #checkMs = Number.POSITIVE_INFINITY;
  #bitfieldNext = 0;
  #bitfieldDone = false;
  /** Pieces announced by `have`: each once, so no more than the file has. */
  #announcedCount = 0;
  #heardMs: number;
  #sentMs: number;
  /** When payload last arrived, or the first request after an idle time was sent. */
  #payloadMs: number;
  /** The same, or the last keep-alive: our requests may be queued at the peer. */
  #progressMs: number;
  /** Payload bytes not yet reported to the download. */
  #unreported = 0;
  #reportedMs: number;
  #frameSinceMs: number | undefined;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#heardMs = options.startedMs;
    this.#sentMs = options.startedMs;
    this.#payloadMs = options.startedMs;
    this.#progressMs = options.startedMs;
    this.#reportedMs = options.startedMs;
    this.#phase = { at: 'dialing', deadlineMs: options.startedMs + CONNECT_DEADLINE_MS };
  }

  receive(input: FetchInput | Wake, nowMs: number): readonly (FetchEffect | WakeAt)[] {
    if (this.#phase.at === 'closed') return this.#afterClose(input);
    switch (input.kind) {
      case 'payloadBytes':
        this.#payloadMoved(nowMs);
        this.#unreported += input.count;
        return nowMs - this.#reportedMs < PROGRESS_MS ? NO_EFFECTS : this.#tellProgress(nowMs);
      case 'payloadDone':
        return this.#onPayloadDone(nowMs);
      case 'received':
        return this.#onReceived(input.message, nowMs);
      case 'request':
        return this.#onRequest(input, nowMs);
      case 'cancel':
        return this.#outstanding.within(input).flatMap((block) => this.#send({ kind: 'cancel', ...block }, nowMs));
      case 'frameBegun':
        this.#frameSinceMs ??= nowMs;
        return NO_EFFECTS;
      case 'frameEnded':
        this.#frameSinceMs = undefined;
        return NO_EFFECTS;
      case 'tcpReached':
        this.#reachedMs = nowMs;
        return NO_EFFECTS;
      case 'tcpConnected':
        return this.#onConnected(input.member, nowMs);
      case 'tcpClosed':
        return this.#onClosed(input.reason, input.sentence);
      case 'violated':
        return this.#close('protocol', input.sentence);
      case 'hangUp':
        return this.#close('asked', 'no longer needed');
      case 'wake':
        return this.#onWake(nowMs);
      default:
        return unreachable(input);
    }
  }

  #onConnected(member: MemberTag | undefined, nowMs: number): readonly (FetchEffect | WakeAt)[] {
    if (this.#phase.at !== 'dialing') return NO_EFFECTS;
    const { swarm, peerId, uploadPort, pieceCount } = this.#options;
    this.#member = member;
    this.#phase = { at: 'greeting', deadlineMs: nowMs + HELLO_DEADLINE_MS, sentMs: nowMs };
    return [
      {
        kind: 'send',
        message: {
          kind: 'hello',
          swarm,
          peerId,
          uploadPort,
          pieceCount,
          acks: true,
          runs: true,
          parallel: true,
          metadata: true,
        },
      },
      { kind: 'send', message: { kind: 'interested' } },
      this.#wakeNext(nowMs),
    ];
  }

  #payloadMoved(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#payloadMs = nowMs;
    this.#progressMs = nowMs;
  }

  #onReceived(message: PeerMessage, nowMs: number): readonly FetchEffect[] {
    this.#heardMs = nowMs;
    this.#frameSinceMs = undefined;
    if (this.#phase.at === 'closing') return NO_EFFECTS;
    if (message.kind === 'error') return this.#close(message.code, message.sentence);
    if (this.#phase.at === 'greeting') return this.#onHello(message, this.#phase.sentMs, nowMs);
    if (this.#phase.at !== 'open') return this.#close('protocol', 'spoke before the connection was open');
    const { connection } = this.#options;
    switch (message.kind) {
      case 'piece':
        return this.#onPiece(message);
      case 'have':
        return this.#onHave(message.ranges);
      case 'bitfield':
        return this.#onBitfield(message.offset, message.part, message.last);
      case 'reject':
        return this.#onReject(message);
      case 'choke':
        return [{ kind: 'tell', event: { kind: 'choked', connection } }];
      case 'unchoke':
        return [{ kind: 'tell', event: { kind: 'unchoked', connection } }];
      case 'gone':
        return this.#close('gone', 'the peer no longer serves this file');
      case 'keepAlive':
        // Bounded, because a peer that sends keep-alives and no payload would keep its slots for ever.
        if (nowMs - this.#payloadMs < REQUEST_PATIENCE_MAX_MS) this.#progressMs = nowMs;
        return NO_EFFECTS;
      case 'hello':
      case 'interested':
      case 'notInterested':
      case 'request':
      case 'cancel':
      case 'ack':
      case 'infoWanted':
      case 'infoPart':
        return this.#close('protocol', `${message.kind} may not be sent by an acceptor`);
      default:
        return unreachable(message);
    }
  }

  #onHello(message: PeerMessage, sentMs: number, nowMs: number): readonly FetchEffect[] {
    const { connection, swarm, peerId, pieceCount, startedMs } = this.#options;
    if (message.kind !== 'hello') return this.#close('protocol', `${message.kind} before hello`);
    if (!equalBytes(message.swarm, swarm) || message.pieceCount !== pieceCount) {
      return this.#close('protocol', 'hello for another file');
    }
    if (equalBytes(message.peerId, peerId)) return this.#close('self', 'this is ourselves');
    this.#phase = { at: 'open' };
    this.#acks = message.acks;
    const { runs, parallel } = message;
    const connectMs = (this.#reachedMs ?? sentMs) - startedMs;
    const rttMs = nowMs - sentMs;
    const member = this.#member;
    const connected = { kind: 'connected', connection, connectMs, rttMs, runs, parallel } as const;
    return [{ kind: 'tell', event: { ...connected, ...(member === undefined ? {} : { member }) } }];
  }

  #onBitfield(offset: number, part: Uint8Array, last: boolean): readonly FetchEffect[] {
    const size = Math.ceil(this.#options.pieceCount / 8);
    const end = offset + part.length;
    const isEmpty = part.length === 0 && size > 0;
    if (this.#bitfieldDone || isEmpty || offset !== this.#bitfieldNext || end > size || last !== (end === size)) {
      return this.#close('protocol', 'bitfield part out of order or of the wrong size');
    }
    this.#bitfieldNext = end;
    this.#bitfieldDone = last;
    return [
      { kind: 'tell', event: { kind: 'bitfieldPart', connection: this.#options.connection, offset, part, last } },
    ];
  }

  #onHave(ranges: readonly PieceRange[]): readonly FetchEffect[] {
    const { connection, pieceCount } = this.#options;
    let isWithinFile = this.#bitfieldDone;
    for (const [first, count] of ranges) {
      isWithinFile &&= first + count <= pieceCount;
      this.#announcedCount += count;
    }
    if (!isWithinFile) return this.#close('protocol', 'have before its bitfield or beyond the file');
    // Each announced piece costs us work, so announcing it repeatedly would be a cheap attack.
    if (this.#announcedCount > pieceCount) return this.#close('protocol', 'announces more pieces than the file has');
    return [{ kind: 'tell', event: { kind: 'havesReceived', connection, ranges } }];
  }

  #onPiece(part: Block): readonly FetchEffect[] {
    const asked = this.#outstanding.partBegins(part);
    if (asked === undefined) return this.#close('protocol', `sent block ${blockText(part)}, which was not requested`);
    return [{ kind: 'receivePayload', slots: asked.slots, begin: part.begin, length: part.length }];
  }

  #onPayloadDone(nowMs: number): readonly (FetchEffect | WakeAt)[] {
    const block = this.#outstanding.partArrived();
    this.#payloadMoved(nowMs);
    const isDue = this.#acks && this.#unacked.arrived(nowMs);
    const ackWake: readonly WakeAt[] = isDue ? [{ kind: 'wakeAt', atMs: this.#unacked.dueMs }] : [];
    if (block === undefined) return ackWake;
    this.#unreported = 0;
    this.#reportedMs = nowMs;
    const { connection } = this.#options;
    return [...ackWake, { kind: 'tell', event: { kind: 'blockReceived', connection, ...block } }];
  }

  #onReject(rest: Block): readonly FetchEffect[] {
    const block = this.#outstanding.rejected(rest);
    if (block === undefined)
      return this.#close('protocol', `rejected block ${blockText(rest)}, which was not requested`);
    const { connection } = this.#options;
    return [{ kind: 'tell', event: { kind: 'blockRejected', connection, ...block } }];
  }

  #onRequest(input: RequestInput, nowMs: number): readonly FetchEffect[] {
    // A request that crosses our closing keeps its slots until `disconnected` returns all slots at once.
    if (this.#phase.at !== 'open') return NO_EFFECTS;
    if (this.#outstanding.isEmpty) {
      this.#payloadMs = nowMs;
      this.#progressMs = nowMs;
    }
    const block = blockOf(input);
    this.#outstanding.add(block, input.slots);
    return this.#send({ kind: 'request', ...block }, nowMs);
  }

  #onWake(nowMs: number): readonly (FetchEffect | WakeAt)[] {
    const effects: FetchEffect[] = nowMs >= this.#unacked.dueMs ? [...this.#ack()] : [];
    if (nowMs >= this.#checkMs) {
      this.#checkMs = Number.POSITIVE_INFINITY;
      const late = this.#overdue(nowMs);
      if (late !== undefined) effects.push(...this.#close(late[0], late[1]));
      else if (this.#phase.at === 'open' && nowMs - this.#sentMs >= KEEP_ALIVE_MS)
        effects.push(...this.#send({ kind: 'keepAlive' }, nowMs));
    }
    return [...effects, this.#wakeNext(nowMs)];
  }

  #wakeNext(nowMs: number): WakeAt {
    if (this.#checkMs === Number.POSITIVE_INFINITY) this.#checkMs = nowMs + CHECK_MS;
    return { kind: 'wakeAt', atMs: Math.min(this.#checkMs, this.#unacked.dueMs) };
  }

  #ack(): readonly FetchEffect[] {
    const count = this.#unacked.take();
    if (this.#phase.at !== 'open') return NO_EFFECTS;
    return Array.from({ length: count }, () => ({ kind: 'send', message: { kind: 'ack' } }) as const);
  }

  /** A slow block is reported while it arrives, so that a slow peer has a rate. */
  #tellProgress(nowMs: number): readonly FetchEffect[] {
    const bytes = this.#unreported;
    this.#unreported = 0;
    this.#reportedMs = nowMs;
    return [{ kind: 'tell', event: { kind: 'blockProgress', connection: this.#options.connection, bytes } }];
  }

  /** The deadline that has passed, if any. */
  #overdue(nowMs: number): readonly [HangUpReason, string] | undefined {
    if (this.#phase.at === 'dialing' || this.#phase.at === 'greeting') {
      return nowMs >= this.#phase.deadlineMs ? ['timeout', `no answer to our ${this.#phase.at}`] : undefined;
    }
    if (this.#phase.at !== 'open') return undefined;
    if (!this.#outstanding.isEmpty && nowMs - this.#progressMs >= REQUEST_DEADLINE_MS)
      return ['snubbed', 'has outstanding requests and sends nothing'];
    if (this.#frameSinceMs !== undefined && nowMs - this.#frameSinceMs >= FRAME_DEADLINE_MS) {
      return ['timeout', 'left a frame unfinished'];
    }
    return nowMs - this.#heardMs >= PEER_DEAD_MS ? ['timeout', 'silent for too long'] : undefined;
  }

  #send(message: PeerMessage, nowMs: number): readonly FetchEffect[] {
    if (this.#phase.at !== 'open') return NO_EFFECTS;
    this.#sentMs = nowMs;
    return this.#unacked.isEmpty ? [{ kind: 'send', message }] : [...this.#ack(), { kind: 'send', message }];
  }

  #close(reason: HangUpReason, sentence: string): readonly FetchEffect[] {
    if (this.#phase.at === 'closing') return NO_EFFECTS;
    this.#phase = { at: 'closing', reason, sentence };
    return [{ kind: 'closeTcp' }];
  }

  #onClosed(reason: HangUpReason, sentence: string): readonly FetchEffect[] {
    const why = this.#phase.at === 'closing' ? this.#phase : { reason, sentence };
    this.#phase = { at: 'closed' };
    const { connection } = this.#options;
    return [
      {
        kind: 'tell',
        event: {
          kind: 'disconnected',
          connection,
          reason: why.reason,
          sentence: fitting(why.sentence, SENTENCE_BYTES_MAX),
        },
      },
    ];
  }

  #afterClose(input: FetchInput | Wake): readonly FetchEffect[] {
    assert(input.kind !== 'payloadDone' && input.kind !== 'payloadBytes', 'a closed socket brings no payload');
    return NO_EFFECTS;
  }
}

function blockText(block: Block): string {
  return `${block.piece}+${block.begin}:${block.length}`;
}
