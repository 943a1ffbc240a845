// Performs dial-backs: says a peer's hello at an address and reports the first answer, once, within its deadline.
// Decides nothing; `claims.ts` decides which address is dialed.

import { randomBytes } from 'node:crypto';
import type { Timer, Timers } from '../../../foundation/base/timers.js';
import type { KeyId } from '../../../foundation/identity/keys.js';
import { keyBytes, PEER_ID_SIZE, peerId } from '../../../foundation/torrent/ids.js';
import { DialedConnection } from '../../../foundation/wire/dialed.js';
import type { Passage } from '../../../foundation/wire/passage.js';
import { PEER_MAGIC, type PeerWire, peerWire } from '../../../transfer/peer/codec/messages.js';
import { DIAL_BACK_DEADLINE_MS } from '../limits.js';
import type { DialBack, DialBackAnswer } from './claim.js';

export interface DialBacksOptions {
  readonly ownHost: string;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage;
  readonly timers: Timers;
  readonly onAnswered: (number: number, answer: DialBackAnswer) => void;
}

interface Open {
  readonly connection: DialedConnection<PeerWire, PeerWire>;
  readonly deadline: Timer;
}

export class DialBacks {
  readonly #options: DialBacksOptions;
  readonly #open = new Map<number, Open>();

  constructor(options: DialBacksOptions) {
    this.#options = options;
  }

  dial({ number, host, port, swarm, pieceCount }: DialBack): void {
    const { ownHost, timers, passage } = this.#options;
    let whose: KeyId | undefined;
    const connection: DialedConnection<PeerWire, PeerWire> = new DialedConnection({
      address: { host, port },
      ownHost,
      passage,
      need: 'fetch',
      magic: PEER_MAGIC,
      sent: peerWire,
      heard: peerWire,
      who: 'the client',
      onConnected: (member) => {
        whose = member?.id;
        // One that nobody knows, and no port: a guest that only wants to hear the answer.
        const names = { swarm: keyBytes(swarm), peerId: peerId(randomBytes(PEER_ID_SIZE)), uploadPort: 0, pieceCount };
        connection.send({ kind: 'hello', ...names, features: 0, token: new Uint8Array(0) });
      },
      onMessage: (message) => this.#answer(number, answerOf(message, whose)),
      onClosed: () => this.#answer(number, { kind: 'nothing' }),
    });
    const deadline = timers.at(timers.nowMs() + DIAL_BACK_DEADLINE_MS, () => this.#answer(number, { kind: 'nothing' }));
    this.#open.set(number, { connection, deadline });
  }

  /** Nobody is told of those that are under way. */
  close(): void {
    for (const number of [...this.#open.keys()]) this.#end(number);
  }

  #answer(number: number, answer: DialBackAnswer): void {
    if (this.#end(number)) this.#options.onAnswered(number, answer);
  }

  /** False: it is over already. */
  #end(number: number): boolean {
    const open = this.#open.get(number);
    if (open === undefined) return false;
    this.#open.delete(number);
    open.deadline.cancel();
    open.connection.hangUp();
    return true;
  }
}

function answerOf(message: PeerWire, member: KeyId | undefined): DialBackAnswer {
  if (message.kind === 'hello') return { kind: 'hello', peerId: message.peerId, member };
  if (message.kind === 'error' && message.code === 'unknownSwarm') return { kind: 'unknownSwarm' };
  return { kind: 'nothing' };
}
