// How bytes travel between two processes: in the clear, or between members of a closed swarm. Decided once, when a
// process starts, and never by anything that a wire says.

import type { GateRefusal, Member, Need, Verdict } from '../identity/gate.js';
import type { HandshakeTally } from './handshake-tally.js';
import type { LineOptions } from './handshakes.js';
import { type DialOptions, dial, type Place, type Socket } from './transport.js';

/** Who has no card, and proved a certificate of the authority that this tracker admits machines by. */
export interface Vouched {
  readonly kind: 'vouched';
  /** The first host that the certificate names; undefined: it names none. */
  readonly name: string | undefined;
  /** What only this connection has, for the proof of the key that joins: VOUCHING_SIZE bytes. */
  readonly exported: Uint8Array;
}

/** Who came in: a member, or somebody who proved a key or a certificate, and may only ask to become one. */
export type Admitted = Extract<Verdict, { kind: 'member' | 'stranger' }> | Vouched;

export type Judged = Verdict | Vouched;

/** Beside the gate's: no TLS, TLS that failed, no time left, no place left, or it went by itself. */
export type RefusalCode = GateRefusal | 'plain' | 'garbage' | 'tls' | 'late' | 'crowded' | 'left';

export interface DialOutcome {
  /** Once, when bytes may be sent: in the clear once TCP stands, with `member` undefined. */
  opened(member: Member | undefined): void;
  /** In place of `opened`, with a sentence for people; the socket's `close` follows. Never in the clear. */
  refused(sentence: string): void;
}

export interface AcceptOutcome {
  /**
   * Once. `socket` is the one to use from now on, not read from yet. `who` is undefined in the clear. `sinceMs`: when
   * its turn came, on the clock of the passage's timers; undefined in the clear.
   */
  opened(socket: Socket, who: Admitted | undefined, sinceMs: number | undefined): void;
  /** In place of `opened`: it was told why, where that is possible, and hung up on. */
  refused(code: RefusalCode, sentence: string): void;
}

export type PassageDialOptions = DialOptions & { readonly need: Need };

export interface Passage {
  readonly isClosed: boolean;
  /** Of those who dialed. Whoever owns a connection adds to it what ends unanswered. Absent in the clear. */
  readonly handshakes?: HandshakeTally;
  /**
   * Begins to connect to a TCP address. Without `onread`, listen for `data` from `opened` on; with it, the first bytes
   * come in a buffer of the passage, which `callback` is given. Its owner keeps the deadlines and hears `connect` when
   * TCP stands, `error` and `close`.
   */
  dial(place: Place, options: PassageDialOptions, on: DialOutcome): Socket;
  /** Of a freshly accepted socket, paused where `isClosed`. Destroying it gives it up. */
  accept(socket: Socket, on: AcceptOutcome): void;
  /** Cuts the open connections of whoever was banned or withdrawn meanwhile; answers how many. */
  recheck(): number;
}

/** What a closed passage has to know of the protocol inside. */
export interface Wire {
  readonly name: 'peer' | 'tracker';
  /** For ALPN (RFC 7301): a connection that is led to another port of ours fails in its handshake. */
  readonly alpn: string;
  readonly magic: Uint8Array;
  /** Of whoever dials. */
  readonly accepts: Need;
  /** Handshakes with whoever dials. */
  readonly line: LineOptions;
  /** Whoever is dialed sends long payload: writes that wait leave one by one, not copied together. */
  readonly carriesPayload: boolean;
  /** The last frame to one that is refused, with its length. `isPlain`: it may be of a release that knows no swarms. */
  refusal(sentence: string, isPlain: boolean): Uint8Array;
  /** What such a frame says; undefined for any other one. May throw ProtocolError. */
  sentenceIn(frame: Uint8Array): string | undefined;
}

/** In the clear: every process without an identity. */
export const plainPassage: Passage = {
  isClosed: false,
  dial(place, options, on) {
    const socket = dial(place, options);
    socket.on('connect', () => on.opened(undefined));
    return socket;
  },
  accept: (socket, on) => on.opened(socket, undefined, undefined),
  recheck: () => 0,
};
