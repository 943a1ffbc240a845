// The connection that this tracker dials to its partner. Performs what the pair decides of it, and decides nothing.

import { unreachable } from '../../../foundation/base/assert.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { DialedConnection } from '../../../foundation/wire/dialed.js';
import type { Passage } from '../../../foundation/wire/passage.js';
import { type FollowerMessage, followerMessages, type LeaderMessage, leaderMessages } from './messages.js';
import type { PairEffect, PairInput } from './pair.js';

export interface PartnerLinksOptions {
  /** From where the partner knows us; a wildcard or a name leaves it to the kernel. */
  readonly ownHost: string;
  readonly partner: Address;
  /** What both sides of the partner's port send first. */
  readonly magic: Uint8Array;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
  readonly post: (input: PairInput) => void;
}

/** At most one connection to the partner at a time, named by the link number of its dial. */
export class PartnerLinks {
  readonly #options: PartnerLinksOptions;
  #open: { readonly link: number; readonly connection: DialedConnection<FollowerMessage, LeaderMessage> } | undefined;

  constructor(options: PartnerLinksOptions) {
    this.#options = options;
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
        if (this.#open?.link === link) this.#open.connection.send(effect.message);
        return;
      default:
        unreachable(effect);
    }
  }

  close(): void {
    this.#open?.connection.hangUp();
    this.#open = undefined;
  }

  #dial(link: number): DialedConnection<FollowerMessage, LeaderMessage> {
    const { ownHost, partner, magic, passage, post } = this.#options;
    return new DialedConnection({
      address: partner,
      ownHost,
      passage,
      need: 'track',
      onResolved: (hosts) => post({ kind: 'partnerResolved', hosts }),
      magic,
      sent: followerMessages,
      heard: leaderMessages,
      who: 'the partner',
      onConnected: () => post({ kind: 'partnerConnected', link }),
      onMessage: (message) => post({ kind: 'partnerSaid', link, message }),
      onClosed: (reason) => post({ kind: 'partnerLost', link, reason }),
    });
  }
}
