// A card: the root's statement about a tracker, and that tracker's about a member. Whoever has the root's key checks
// it offline. A tracker's own card has zeros in the second place, and that of somebody who wants to join only zeros.
// Pure.

import { createHash } from 'node:crypto';
import type { PublicKey } from './keys.js';
import { MEMBERS_REMEMBERED_MAX, TRACKERS_REMEMBERED_MAX } from './limits.js';
import { isStatementOf, parseStatement, STATEMENT_SIZE, type Statement } from './statement.js';

export const CARD_SIZE = 2 * STATEMENT_SIZE;

export type Card =
  | { readonly kind: 'none' }
  | { readonly kind: 'tracker'; readonly tracker: Statement }
  | { readonly kind: 'member'; readonly tracker: Statement; readonly member: Statement };

const NO_STATEMENT = new Uint8Array(STATEMENT_SIZE);

/** 358 bytes. @param tracker, member statements of STATEMENT_SIZE. */
export function cardOf(tracker: Uint8Array, member: Uint8Array = NO_STATEMENT): Uint8Array {
  return Buffer.concat([tracker, member], CARD_SIZE);
}

export function noCard(): Uint8Array {
  return new Uint8Array(CARD_SIZE);
}

/** The root's statement in a card. A view. */
export function trackerStatementIn(card: Uint8Array): Uint8Array {
  return card.subarray(0, STATEMENT_SIZE);
}

/** Reads cards of one swarm. What it has verified of a tracker or a member it does not verify again. */
export class CardReader {
  readonly #root: PublicKey;
  /** By all bytes of the root's statement, its signature among them, so only what was verified is found. */
  readonly #trackers = new Map<string, Statement>();
  /** Digests of members' statements, signature and signer among what is digested. */
  readonly #members = new Set<string>();

  constructor(root: PublicKey) {
    this.#root = root;
  }

  /**
   * A card whose signatures hold under the root; undefined for any other. Who holds it, and whether it is banned or
   * has run out, is not looked at.
   */
  read(bytes: Uint8Array): Card | undefined {
    if (bytes.length !== CARD_SIZE) return undefined;
    const [first, second] = [trackerStatementIn(bytes), bytes.subarray(STATEMENT_SIZE)];
    if (isBlank(first)) return isBlank(second) ? { kind: 'none' } : undefined;
    const tracker = this.#trackerIn(first);
    if (tracker === undefined) return undefined;
    if (isBlank(second)) return { kind: 'tracker', tracker };
    const member = parseStatement(second);
    if (member?.kind !== 'member' || !this.#isSaidBy(tracker.key, second)) return undefined;
    return { kind: 'member', tracker, member };
  }

  #trackerIn(statement: Uint8Array): Statement | undefined {
    const key = Buffer.from(statement).toString('latin1');
    const known = this.#trackers.get(key);
    if (known !== undefined) return known;
    const tracker = parseStatement(statement);
    if (tracker?.kind !== 'tracker' || !isStatementOf(this.#root, this.#root, statement)) return undefined;
    this.#trackers.set(key, tracker);
    forgetOldest(this.#trackers, TRACKERS_REMEMBERED_MAX);
    return tracker;
  }

  /** A member connects again and again with one card, and only who was admitted can fill this. */
  #isSaidBy(tracker: PublicKey, statement: Uint8Array): boolean {
    const digest = createHash('sha256').update(tracker).update(statement).digest().toString('latin1');
    if (this.#members.has(digest)) return true;
    if (!isStatementOf(tracker, this.#root, statement)) return false;
    this.#members.add(digest);
    forgetOldest(this.#members, MEMBERS_REMEMBERED_MAX);
    return true;
  }
}

/** The same for one card. */
export function readCard(bytes: Uint8Array, root: PublicKey): Card | undefined {
  return new CardReader(root).read(bytes);
}

function forgetOldest(remembered: Map<string, unknown> | Set<string>, max: number): void {
  const [oldest] = remembered.keys();
  if (oldest !== undefined && remembered.size > max) remembered.delete(oldest);
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
