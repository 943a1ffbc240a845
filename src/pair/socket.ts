// The connection that this tracker dials to its partner: words to bytes, bytes to news. Garbage, another protocol or a frame
// that is too large ends it with a reason. Decides nothing.

import net, { isIP } from 'node:net';
import { unreachable } from '../base/assert.js';
import { ProtocolError } from '../base/errors.js';
import { FRAME_BYTES_MAX } from '../base/limits.js';
import type { Address } from '../torrent/address.js';
import { TRACKER_MAGIC } from '../tracker/messages.js';
import { FrameReader, frameBytes } from '../wire/framing.js';
import { MagicGate } from '../wire/magic.js';
import { type PairNews, type PairWord, pairNews, pairWords } from './messages.js';
import type { PairEffect, PairInput } from './pair.js';

/** At most one connection to the partner at a time, named by the link number of its dial. */
export class PartnerLinks {
  readonly #own: Address;
  readonly #partner: Address;
  readonly #post: (input: PairInput) => void;
  #open: { readonly link: number; readonly socket: PartnerSocket } | undefined;

  constructor(own: Address, partner: Address, post: (input: PairInput) => void) {
    this.#own = own;
    this.#partner = partner;
    this.#post = post;
  }

  perform(effect: Extract<PairEffect, { kind: 'dialPartner' | 'hangUpPartner' | 'sendPartner' }>): void {
    const { link } = effect;
    switch (effect.kind) {
      case 'dialPartner': {
        this.close();
        const socket = new PartnerSocket(this.#own, this.#partner, {
          onConnected: () => this.#post({ kind: 'partnerConnected', link }),
          onNews: (news) => this.#post({ kind: 'partnerSaid', link, news }),
          onClosed: (reason) => this.#post({ kind: 'partnerLost', link, reason }),
        });
        this.#open = { link, socket };
        return;
      }
      case 'hangUpPartner':
        if (this.#open?.link === link) this.close();
        return;
      case 'sendPartner':
        if (this.#open?.link === link) this.#open.socket.send(effect.word);
        return;
      default:
        unreachable(effect);
    }
  }

  close(): void {
    this.#open?.socket.hangUp();
    this.#open = undefined;
  }
}

interface PartnerSocketEvents {
  readonly onConnected: () => void;
  readonly onNews: (news: PairNews) => void;
  /** Once, unless `hangUp` came first. */
  readonly onClosed: (reason: string) => void;
}

class PartnerSocket {
  readonly #events: PartnerSocketEvents;
  readonly #socket: net.Socket;
  readonly #magic = new MagicGate(TRACKER_MAGIC);
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  #isOver = false;
  #reason = 'the partner closed the connection';

  constructor(own: Address, partner: Address, events: PartnerSocketEvents) {
    this.#events = events;
    // From our own address, by which the partner knows us; from any, where we listen on all.
    const isConcrete = isIP(own.host) !== 0 && own.host !== '0.0.0.0' && own.host !== '::';
    const local = isConcrete ? { localAddress: own.host } : {};
    this.#socket = net.connect({ host: partner.host, port: partner.port, noDelay: true, ...local });
    this.#socket.on('connect', () => {
      if (this.#isOver) return;
      this.#socket.write(TRACKER_MAGIC);
      events.onConnected();
    });
    this.#socket.on('data', (received: Buffer) => this.#onBytes(received));
    this.#socket.on('error', (error) => {
      this.#reason = error.message;
    });
    this.#socket.on('close', () => this.#over(this.#reason));
  }

  send(word: PairWord): void {
    if (!this.#isOver) this.#socket.write(frameBytes(pairWords.encode(word)));
  }

  /** Without a further word to its owner. */
  hangUp(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #onBytes(received: Uint8Array): void {
    try {
      this.#reader.feed(this.#magic.pass(received));
      while (!this.#isOver) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        this.#events.onNews(pairNews.decode(frame));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket.destroy();
      this.#over(`the partner broke the protocol: ${error.message}`);
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onClosed(reason);
  }
}
