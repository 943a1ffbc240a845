// One accepted connection of a tracker: a client's requests and its replies, or a follower's frames. The first frame
// says which; what a request means is not known here.

import { fitting } from '../../foundation/base/bytes.js';
import { ProtocolError } from '../../foundation/base/errors.js';
import type { Timers } from '../../foundation/base/timers.js';
import { hasPower } from '../../foundation/identity/powers.js';
import { AcceptedConnection, type Fault } from '../../foundation/wire/accepted.js';
import { SENTENCE_BYTES_MAX } from '../../foundation/wire/limits.js';
import type { Admitted } from '../../foundation/wire/passage.js';
import type { Socket } from '../../foundation/wire/transport.js';
import type { FollowerWire } from '../store/contract.js';
import { TRACKER_UNREAD_BYTES_MAX } from './limits.js';
import { TRACKER_MAGIC, type TrackerReply, type TrackerRequest, trackerReplies, trackerRequests } from './messages.js';

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly timers: Timers;
  /** Who dialed, in a closed swarm. */
  readonly who?: Admitted | undefined;
  readonly sinceMs?: number | undefined;
  readonly onRequest: (request: TrackerRequest) => void;
  readonly follower: FollowerWire;
  /** Another tracker speaks here: its first frame and those that follow. May throw ProtocolError. */
  readonly onFollowerFrame: (frame: Uint8Array, isFirst: boolean) => void;
  /** Once, with what ended it; undefined when the other side closed it. */
  readonly onClosed: (reason: string | undefined) => void;
}

export class ClientConnection {
  readonly #options: ConnectionOptions;
  readonly #connection: AcceptedConnection;
  /** Not known before the first frame. */
  #speaker: 'client' | 'follower' | undefined;
  #isAnswered = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#connection = new AcceptedConnection({
      socket: options.socket,
      timers: options.timers,
      magic: TRACKER_MAGIC,
      isClosed: options.who !== undefined,
      sinceMs: options.sinceMs,
      unreadBytesMax: TRACKER_UNREAD_BYTES_MAX,
      onFrame: (frame) => this.#take(frame),
      onFault: (fault, sentence) => this.#refuse(fault, sentence),
      onClosed: options.onClosed,
    });
  }

  /** Anything at all. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  reply(message: TrackerReply): void {
    this.send(trackerReplies.framed(message));
  }

  /** @param frame with its length, as it goes onto the stream. */
  send(frame: Uint8Array): void {
    this.#isAnswered = true;
    this.#connection.send(frame);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  hangUp(reason: string): void {
    this.#connection.hangUp(reason);
  }

  drop(reason: string): void {
    this.#connection.drop(reason);
  }

  #take(frame: Uint8Array): void {
    const isFirst = this.#speaker === undefined;
    if (isFirst) {
      this.#speaker = this.#options.follower.isFirst(frame) ? 'follower' : 'client';
      if (this.#speaker === 'follower' && !mayFollow(this.#options.who))
        throw new ProtocolError('only a tracker of this swarm may follow; its card has to say so');
      this.#connection.greeted();
    }
    if (this.#speaker === 'follower') this.#options.onFollowerFrame(frame, isFirst);
    else this.#options.onRequest(trackerRequests.decode(frame));
  }

  #refuse(fault: Fault, reason: string): void {
    const sentence = fitting(reason, SENTENCE_BYTES_MAX);
    if (this.#speaker === 'follower') this.send(this.#options.follower.refusal(sentence));
    else this.reply({ kind: 'error', id: null, code: fault === 'protocol' ? 'protocol' : 'limit', sentence });
  }
}

/** In the clear the pair looks where it comes from. */
function mayFollow(who: Admitted | undefined): boolean {
  if (who === undefined) return true;
  return who.kind === 'member' && who.member.kind === 'tracker' && hasPower(who.member.powers, 'track');
}
