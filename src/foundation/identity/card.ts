// A card: the root's statement about a tracker, and that tracker's about a member. Whoever has the root's key checks
// it offline. A tracker's own card has zeros in the second place, and that of somebody who wants to join only zeros.
// Pure.

import type { PublicKey } from './keys.js';
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

/**
 * A card whose signatures hold under `root`; undefined for any other. Who holds it, and whether it is banned or has
 * run out, is not looked at.
 */
export function readCard(bytes: Uint8Array, root: PublicKey): Card | undefined {
  if (bytes.length !== CARD_SIZE) return undefined;
  const [first, second] = [trackerStatementIn(bytes), bytes.subarray(STATEMENT_SIZE)];
  if (isBlank(first)) return isBlank(second) ? { kind: 'none' } : undefined;
  const tracker = parseStatement(first);
  if (tracker?.kind !== 'tracker' || !isStatementOf(root, root, first)) return undefined;
  if (isBlank(second)) return { kind: 'tracker', tracker };
  const member = parseStatement(second);
  if (member?.kind !== 'member' || !isStatementOf(tracker.key, root, second)) return undefined;
  return { kind: 'member', tracker, member };
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
