// One socket that a closed passage accepted, from its first byte to the gate: looked at, shaken hands with, judged, or
// told why not. Whoever hung up while it waited is not shaken hands with.

import { errnoOf } from '../base/errors.js';
import type { Timer, Timers } from '../base/timers.js';
import type { HandshakeTally } from './handshake-tally.js';
import { HANDSHAKE_DEADLINE_MS, REFUSAL_LINGER_MS } from './limits.js';
import type { AcceptOutcome, Judged, RefusalCode, Wire } from './passage.js';
import { acceptRefusal, isTlsError, PLAIN_REFUSAL } from './refusals.js';
import type { Socket } from './transport.js';

/** The first byte of a TLS record with a ClientHello (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;

/** `waited`: in the line, unread, so that the end of its bytes was not heard. */
export type Turn = 'at once' | 'waited';

export interface ArrivalOptions {
  readonly wire: Wire;
  readonly timers: Timers;
  readonly tally: HandshakeTally;
}

export interface Steps {
  /** Begins the handshake. `judge`: of whoever has proved a key in it. */
  readonly shake: () => { readonly secured: Socket; readonly judge: () => Judged };
}

/** Exactly one outcome is told. */
export class Arrival {
  readonly #raw: Socket;
  readonly #wire: Wire;
  readonly #timers: Timers;
  readonly #tally: HandshakeTally;
  readonly #on: AcceptOutcome;
  #sinceMs = 0;
  #deadline: Timer | undefined;
  #isShaking = false;
  #isOver = false;
  readonly #onLost = (): void => this.#hungUp('left');

  constructor(raw: Socket, { wire, timers, tally }: ArrivalOptions, on: AcceptOutcome) {
    this.#raw = raw;
    this.#wire = wire;
    this.#timers = timers;
    this.#tally = tally;
    this.#on = on;
    raw.on('error', this.#onLost);
    raw.on('close', this.#onLost);
  }

  /** There is no place in the line for it: nothing of it was read. */
  turnAway(): void {
    this.#lost('crowded', 'too many handshakes wait, or too many from there failed');
  }

  /** Its turn has come. */
  begin(turn: Turn, steps: Steps): void {
    if (this.#isOver) return;
    const raw = this.#raw;
    this.#sinceMs = this.#timers.nowMs();
    this.#deadline = this.#timers.at(this.#sinceMs + HANDSHAKE_DEADLINE_MS, () =>
      this.#lost('late', 'its handshake took too long'),
    );
    const look = (): void => {
      const first: Buffer | null = raw.read();
      if (first === null) return;
      raw.off('readable', look);
      if (first[0] === TLS_HANDSHAKE) {
        if (turn === 'waited') this.#listenFirst(first, steps);
        else this.#shake(first, steps);
      } else if (first[0] === this.#wire.magic[0]) this.#answerPlain();
      else this.#lost('garbage', 'it speaks neither TLS nor this protocol');
    };
    raw.on('readable', look);
  }

  /** Bytes and their end are read in two turns of the event loop. */
  #listenFirst(first: Buffer, steps: Steps): void {
    const raw = this.#raw;
    const hear = (): void => {
      if (raw.readableLength === 0) raw.read();
    };
    raw.on('readable', hear).on('end', this.#onLost);
    setImmediate(() =>
      setImmediate(() => {
        raw.off('readable', hear).off('end', this.#onLost);
        if (!this.#isOver) this.#shake(first, steps);
      }),
    );
  }

  #shake(first: Buffer, { shake }: Steps): void {
    this.#raw.unshift(first);
    this.#tally.begun += 1;
    this.#isShaking = true;
    const { secured, judge } = shake();
    const onError = (error: Error): void => {
      const code = errnoOf(error);
      if (isTlsError(code)) this.#lost('tls', acceptRefusal(code, this.#wire));
      else this.#hungUp('tls');
    };
    secured.on('error', onError);
    const onSecure = (): void => {
      if (this.#isOver) return;
      this.#tally.finished += 1;
      this.#isShaking = false;
      secured.setNoDelay(true);
      const verdict = judge();
      if (verdict.kind === 'refused') {
        this.#tell(secured, this.#wire.refusal(verdict.sentence, false), verdict.code, verdict.sentence);
        return;
      }
      this.#end();
      this.#on.opened(secured, verdict, this.#sinceMs);
      // Ten thousand connections idle: none of them keeps what its handshake needed. Its owner listens to it by now.
      this.#raw.off('error', this.#onLost).on('error', ignore).off('close', this.#onLost);
      secured.off('error', onError).on('error', ignore).off('secure', onSecure);
    };
    secured.on('secure', onSecure);
  }

  /** As whoever speaks in the clear understands it; nothing else is ever said without TLS. */
  #answerPlain(): void {
    this.#tell(this.#raw, this.#wire.refusal(PLAIN_REFUSAL, true), 'plain', 'it speaks in the clear');
  }

  #tell(socket: Socket, last: Uint8Array, code: RefusalCode, sentence: string): void {
    this.#end();
    socket.write(this.#wire.magic);
    socket.end(last);
    // Bytes that nobody reads would make the kernel reset the connection before the sentence is through.
    socket.resume();
    const linger = this.#timers.at(this.#timers.nowMs() + REFUSAL_LINGER_MS, () => socket.destroy());
    socket.on('close', () => linger.cancel());
    this.#on.refused(code, sentence);
  }

  #hungUp(code: RefusalCode): void {
    if (this.#isShaking && !this.#isOver) this.#tally.forNobody += 1;
    this.#lost(code, 'it hung up');
  }

  #lost(code: RefusalCode, sentence: string): void {
    if (this.#isOver) return;
    this.#end();
    this.#raw.destroy();
    this.#on.refused(code, sentence);
  }

  #end(): void {
    this.#isOver = true;
    this.#deadline?.cancel();
  }
}

/** What TLS failed of is told by its socket, and of that by the connection's owner. */
function ignore(): void {}
