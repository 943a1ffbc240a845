// Who of a swarm is shut out: banned members and withdrawn trackers, as the trackers tell and the state directory
// remembers. Grows only, whatever the order of the news. Pure.

import { Bans } from './bans.js';
import { CardReader } from './card.js';
import { type KeyId, keyIdOf, type PublicKey } from './keys.js';
import { WITHDRAWALS_MAX } from './limits.js';
import { isStatementOf, parseStatement } from './statement.js';

export class Standing {
  readonly root: PublicKey;
  readonly cards: CardReader;
  readonly bans = new Bans();
  /** By the tracker's key: the root's statement, which is passed on as it is. */
  readonly #withdrawals = new Map<KeyId, Uint8Array>();

  constructor(root: PublicKey) {
    this.root = root;
    this.cards = new CardReader(root);
  }

  get withdrawals(): readonly Uint8Array[] {
    return [...this.#withdrawals.values()];
  }

  isWithdrawn(tracker: KeyId): boolean {
    return this.#withdrawals.has(tracker);
  }

  /**
   * Takes the root's word that a tracker is none any more. Answers whose, when it is news; undefined for anything that
   * the root did not sign.
   */
  withdraw(statement: Uint8Array): KeyId | undefined {
    const said = parseStatement(statement);
    if (said?.kind !== 'withdrawn' || !isStatementOf(this.root, this.root, statement)) return undefined;
    const tracker = keyIdOf(said.key);
    if (this.#withdrawals.has(tracker) || this.#withdrawals.size >= WITHDRAWALS_MAX) return undefined;
    this.#withdrawals.set(tracker, Uint8Array.from(statement));
    return tracker;
  }
}
