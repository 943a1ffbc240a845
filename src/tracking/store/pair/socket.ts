// The connection that this tracker dials to its partner: it performs what the pair's machine decides of it, and decides nothing.

import { unreachable } from '../../../foundation/base/assert.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { DialedConnection } from '../../../foundation/wire/dialed.js';
import { TRACKER_MAGIC } from '../../tracker/messages.js';
import { type PairNews, type PairWord, pairNews, pairWords } from './messages.js';
import type { PairEffect, PairInput } from './pair.js';

/** At most one connection to the partner at a time, named by the link number of its dial. */
export class PartnerLinks {
  readonly #own: Address;
  readonly #partner: Address;
  readonly #post: (input: PairInput) => void;
  #open: { readonly link: number; readonly connection: DialedConnection<PairWord, PairNews> } | undefined;

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
        this.#open = { link, connection: this.#dial(link) };
        return;
      }
      case 'hangUpPartner':
        if (this.#open?.link === link) this.close();
        return;
      case 'sendPartner':
        if (this.#open?.link === link) this.#open.connection.send(effect.word);
        return;
      default:
        unreachable(effect);
    }
  }

  close(): void {
    this.#open?.connection.hangUp();
    this.#open = undefined;
  }

  #dial(link: number): DialedConnection<PairWord, PairNews> {
    return new DialedConnection({
      address: this.#partner,
      // The partner knows us by our own address.
      ownHost: this.#own.host,
      magic: TRACKER_MAGIC,
      sent: pairWords,
      heard: pairNews,
      who: 'the partner',
      onConnected: () => this.#post({ kind: 'partnerConnected', link }),
      onMessage: (news) => this.#post({ kind: 'partnerSaid', link, news }),
      onClosed: (reason) => this.#post({ kind: 'partnerLost', link, reason }),
    });
  }
}
