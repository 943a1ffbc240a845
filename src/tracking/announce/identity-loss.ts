// When a client's id is of no use any more, because somebody else uses it or has burnt it, its owner is asked for a new
// one: at most once in CLIENT_ID_RENEWAL_MS. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { AnnounceEvent } from './messages.js';
import type { Own } from './own.js';

export class IdentityLoss {
  readonly #own: Own;
  readonly #tell: (event: AnnounceEvent) => void;

  constructor(own: Own, tell: (event: AnnounceEvent) => void) {
    this.#own = own;
    this.#tell = tell;
  }

  /** @param other from where somebody else speaks under it; undefined: not known. */
  shared(tracker: Address, other: Address | undefined, nowMs: number): void {
    if (!this.#own.mayRenew(nowMs)) return;
    this.#tell({ kind: 'identityShared', clientId: this.#own.clientId, tracker, other });
  }

  burnt(tracker: Address, nowMs: number): void {
    if (!this.#own.mayRenew(nowMs)) return;
    this.#tell({ kind: 'identityBurnt', clientId: this.#own.clientId, tracker });
  }

  /** Somebody else's words stand where ours should. */
  clashed(tracker: Address, nowMs: number): void {
    if (this.#own.clashed(nowMs)) this.shared(tracker, undefined, nowMs);
  }
}
