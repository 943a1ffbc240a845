// A guest at a peer: asks for what stands behind the piece hashes in a .mtorrent, in parts, and leaves. It fetches no
// piece and serves none. Invariant: it takes exactly the bytes that it was told of, each once. Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../../../foundation/actor/machine.js';
import { equalBytes } from '../../../foundation/base/bytes.js';
import { HELLO_DEADLINE_MS, PART_BYTES_MAX } from '../../../foundation/base/limits.js';
import type { PeerId } from '../../../foundation/torrent/ids.js';
import type { PeerMessage } from '../codec/meaning.js';
import {
  CONNECT_DEADLINE_MS,
  INFO_DEADLINE_MS,
  INFO_PART_DEADLINE_MS,
  INFO_PARTS_AT_ONCE,
  INFO_RATE_MIN,
} from '../limits.js';

export interface GuestOptions {
  readonly swarm: Uint8Array;
  readonly pieceCount: number;
  /** Of no client: a guest is not to be dialed back. */
  readonly peerId: PeerId;
  /** SHA-256 of the info text. */
  readonly info: Uint8Array;
  /** Bytes of the lines behind the piece hashes, at least 1. */
  readonly listBytes: number;
  readonly startedMs: number;
}

export type GuestInput =
  | { readonly kind: 'connected' }
  | { readonly kind: 'received'; readonly message: PeerMessage }
  | { readonly kind: 'closed'; readonly reason: string };

/** `bytes` are as many as were asked for, and not verified. */
export type ListOutcome =
  | { readonly kind: 'list'; readonly bytes: Uint8Array }
  | { readonly kind: 'none'; readonly reason: string };

export type GuestEffect =
  | { readonly kind: 'send'; readonly message: PeerMessage }
  /** The last one. */
  | { readonly kind: 'done'; readonly outcome: ListOutcome };

export class GuestMachine implements Machine<GuestInput | Wake, GuestEffect | WakeAt> {
  readonly #options: GuestOptions;
  #phase: 'dialing' | 'greeting' | 'fetching' | 'done' = 'dialing';
  #deadlineMs: number;
  #lastMs = Number.POSITIVE_INFINITY;
  readonly #asked = new Set<number>();
  #nextOffset = 0;
  #left: number;
  #bytes = new Uint8Array(0);

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#left = options.listBytes;
    this.#deadlineMs = options.startedMs + CONNECT_DEADLINE_MS;
  }

  receive(input: GuestInput | Wake, nowMs: number): readonly (GuestEffect | WakeAt)[] {
    if (this.#phase === 'done') return NO_EFFECTS;
    switch (input.kind) {
      case 'connected':
        return this.#greet(nowMs);
      case 'received':
        return this.#onReceived(input.message, nowMs);
      case 'closed':
        return this.#end({ kind: 'none', reason: input.reason });
      case 'wake':
        if (nowMs < Math.min(this.#deadlineMs, this.#lastMs)) return [this.#wake()];
        return this.#none(this.#phase === 'fetching' ? 'it gives the list too slowly' : 'it does not answer');
    }
  }

  #greet(nowMs: number): readonly (GuestEffect | WakeAt)[] {
    const { swarm, peerId, pieceCount } = this.#options;
    this.#phase = 'greeting';
    this.#deadlineMs = nowMs + HELLO_DEADLINE_MS;
    const abilities = { acks: false, runs: false, parallel: false, metadata: true };
    return [
      { kind: 'send', message: { kind: 'hello', swarm, peerId, uploadPort: 0, pieceCount, ...abilities } },
      this.#wake(),
    ];
  }

  #onReceived(message: PeerMessage, nowMs: number): readonly (GuestEffect | WakeAt)[] {
    if (message.kind === 'error') return this.#none(`it says: ${message.sentence}`);
    if (message.kind === 'gone') return this.#none('it no longer serves this share');
    if (this.#phase === 'greeting') return this.#onHello(message, nowMs);
    if (message.kind === 'infoPart') return this.#onPart(message.offset, message.part, nowMs);
    // What a peer says of its pieces is nothing to a guest.
    return NO_EFFECTS;
  }

  #onHello(message: PeerMessage, nowMs: number): readonly (GuestEffect | WakeAt)[] {
    const { swarm, pieceCount, listBytes } = this.#options;
    if (message.kind !== 'hello' || !equalBytes(message.swarm, swarm) || message.pieceCount !== pieceCount)
      return this.#none('it answers for another share');
    if (!message.metadata) return this.#none('it runs a release that gives no lists');
    this.#phase = 'fetching';
    this.#lastMs = nowMs + INFO_DEADLINE_MS + (listBytes / INFO_RATE_MIN) * 1_000;
    return [...this.#ask(nowMs), this.#wake()];
  }

  #ask(nowMs: number): readonly GuestEffect[] {
    const { info, listBytes } = this.#options;
    const effects: GuestEffect[] = [];
    this.#deadlineMs = nowMs + INFO_PART_DEADLINE_MS;
    while (this.#asked.size < INFO_PARTS_AT_ONCE && this.#nextOffset < listBytes) {
      this.#asked.add(this.#nextOffset);
      effects.push({ kind: 'send', message: { kind: 'infoWanted', info, offset: this.#nextOffset } });
      this.#nextOffset += PART_BYTES_MAX;
    }
    return effects;
  }

  #onPart(offset: number, part: Uint8Array, nowMs: number): readonly (GuestEffect | WakeAt)[] {
    const { listBytes } = this.#options;
    if (!this.#asked.delete(offset)) return this.#none('it sent a part that was not asked for');
    if (part.length === 0) return this.#none('it has not got the list');
    if (part.length !== Math.min(PART_BYTES_MAX, listBytes - offset))
      return this.#none('it sent a part of a wrong length');
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(listBytes);
    this.#bytes.set(part, offset);
    this.#left -= part.length;
    return this.#left === 0 ? this.#end({ kind: 'list', bytes: this.#bytes }) : this.#ask(nowMs);
  }

  #none(reason: string): readonly GuestEffect[] {
    return this.#end({ kind: 'none', reason });
  }

  #end(outcome: ListOutcome): readonly GuestEffect[] {
    this.#phase = 'done';
    return [{ kind: 'done', outcome }];
  }

  #wake(): WakeAt {
    return { kind: 'wakeAt', atMs: Math.min(this.#deadlineMs, this.#lastMs) };
  }
}
