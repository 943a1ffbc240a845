// Who of a swarm is shut out, cut into pages that fit a message between two threads. Pure.

import { type KeyId, keyId, keyIdBytes } from './keys.js';
import { SHUT_OUT_PAGE_MAX } from './limits.js';
import type { Standing } from './standing.js';

export interface ShutOutPage {
  /** Member, version, banned. */
  readonly bans: readonly (readonly [Uint8Array, number, boolean])[];
  /** The root's statements about trackers. */
  readonly withdrawals: readonly Uint8Array[];
}

/** All that is known, for somebody who knows nothing yet; no page when nobody is shut out. */
export function* shutOutPages({ bans, withdrawals }: Standing): Generator<ShutOutPage> {
  const rows = [...bans].map(({ member, version, isBanned }) => [keyIdBytes(member), version, isBanned] as const);
  if (rows.length === 0 && withdrawals.length > 0) yield { bans: [], withdrawals };
  for (let at = 0; at < rows.length; at += SHUT_OUT_PAGE_MAX)
    yield { bans: rows.slice(at, at + SHUT_OUT_PAGE_MAX), withdrawals: at === 0 ? withdrawals : [] };
}

/** Answers who is shut out since, members and trackers. */
export function learnShutOut(standing: Standing, { bans, withdrawals }: ShutOutPage): readonly KeyId[] {
  const members = bans.flatMap(([bytes, version, isBanned]) => {
    const member = keyId(bytes);
    return standing.bans.add({ member, version, isBanned }) && isBanned ? [member] : [];
  });
  const trackers = withdrawals.flatMap((statement) => standing.withdraw(statement) ?? []);
  return [...members, ...trackers];
}
