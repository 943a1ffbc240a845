// Keys, statements and cards of a small swarm, the same at every run.

import { cardOf } from '../../src/foundation/identity/card.js';
import { sealEnvelope } from '../../src/foundation/identity/envelope.js';
import { SecretKey } from '../../src/foundation/identity/keys.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { type Statement, signStatement } from '../../src/foundation/identity/statement.js';

/** @param number makes the key. */
export function keyOf(number: number): SecretKey {
  return SecretKey.ofSeed(new Uint8Array(32).fill(number));
}

export const ROOT = keyOf(1);
export const TRACKER = keyOf(2);
export const MEMBER = keyOf(3);
export const OTHER_ROOT = keyOf(11);
export const OTHER_TRACKER = keyOf(12);

const SAID_AT_S = 1_800_000_000;

export function trackerStatement(tracker = TRACKER, root = ROOT, said: Partial<Statement> = {}): Uint8Array {
  const powers = ROLES.tracker;
  const { publicKey: key } = tracker;
  const statement = { kind: 'tracker', powers, name: 'node1', key, saidAtS: SAID_AT_S, goodUntilS: 0 } as const;
  return signStatement({ ...statement, ...said }, root.publicKey, root);
}

export function memberStatement(said: Partial<Statement> = {}, tracker = TRACKER, root = ROOT): Uint8Array {
  const key = MEMBER.publicKey;
  const until = SAID_AT_S + 14 * 86_400;
  const statement = { kind: 'member', powers: ROLES.client, name: 'bob@mill', key, saidAtS: SAID_AT_S } as const;
  return signStatement({ ...statement, goodUntilS: until, ...said }, root.publicKey, tracker);
}

export function withdrawal(tracker = TRACKER, root = ROOT): Uint8Array {
  return trackerStatement(tracker, root, { kind: 'withdrawn', powers: 0 });
}

export const TRACKER_CARD = cardOf(trackerStatement());
export const MEMBER_CARD = cardOf(trackerStatement(), memberStatement());
/** When these cards are good. */
export const THEN_S = SAID_AT_S + 3_600;
export const UNTIL_S = SAID_AT_S + 14 * 86_400;

export function certificateOf(secret: SecretKey, card: Uint8Array): Uint8Array {
  return sealEnvelope(secret, card);
}
