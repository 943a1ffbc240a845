// Decides who is let in: from the certificate that TLS has proved, what is needed of its holder, who is shut out, and
// the clocks. Six checks in a fixed order; every one of them can refuse. Pure.

import { command } from '../base/shell-line.js';
import type { Card } from './card.js';
import { openEnvelope } from './envelope.js';
import { type KeyId, keyIdOf, type PublicKey, shortName } from './keys.js';
import { hasPower } from './powers.js';
import type { Standing } from './standing.js';
import { type Clocks, hasRunOut } from './swarm-time.js';

/**
 * What is needed of the other side. `track`: of a tracker that we dial. `fetch`: of a peer that we dial. `peer`: of
 * whoever dials a peer, a tracker too, which is served no file. `ask`: of whoever dials a tracker; a card that ran out
 * and none at all pass, for renewing and joining only.
 */
export type Need = 'track' | 'fetch' | 'peer' | 'ask';

export interface Member {
  readonly kind: 'member' | 'tracker';
  readonly id: KeyId;
  readonly key: PublicKey;
  readonly name: string;
  /** Bits of `POWERS`. */
  readonly powers: number;
  /** Of the tracker that admitted it, or its own. */
  readonly by: KeyId;
  /** Seconds since 1970; 0: for ever. */
  readonly goodUntilS: number;
}

export type GateRefusal =
  | 'noCertificate'
  | 'notOurs'
  | 'noCard'
  | 'otherSwarm'
  | 'wrongKey'
  | 'withdrawn'
  | 'banned'
  | 'ranOut'
  | 'noPower';

export type Verdict =
  | { readonly kind: 'member'; readonly member: Member; readonly hasRunOut: boolean }
  /** Proved its key, and has no card yet. */
  | { readonly kind: 'stranger'; readonly id: KeyId; readonly key: PublicKey }
  | {
      readonly kind: 'refused';
      readonly code: GateRefusal;
      /** For whoever refuses and for whoever is refused: what is wrong with "its" certificate and what to do. */
      readonly sentence: string;
    };

/** As 2026-05-03. */
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'UTC', dateStyle: 'short' });

/** @param certificate DER as TLS proved it; undefined: the other side showed none. */
export function judge(certificate: Uint8Array | undefined, need: Need, standing: Standing, clocks: Clocks): Verdict {
  if (certificate === undefined) return refused('noCertificate', 'it showed no certificate, so it is of no swarm');
  const envelope = openEnvelope(certificate);
  if (envelope === undefined) return refused('notOurs', 'its certificate is none of mtorrent');
  const { key } = envelope;
  const card = standing.cards.read(envelope.card);
  if (card === undefined) {
    const own = shortName(keyIdOf(standing.root));
    return refused('otherSwarm', `it is of another swarm than this one, whose root is ${own}`);
  }
  if (card.kind === 'none') {
    if (need === 'ask') return { kind: 'stranger', id: keyIdOf(key), key };
    return refused('noCard', `it is no member yet; ask an administrator for an invitation, then ${command('join')}`);
  }
  const member = memberOf(card);
  if (Buffer.compare(member.key, key) !== 0) return refused('wrongKey', 'it shows the card of somebody else');
  return judgeMember(member, need, standing, clocks);
}

function judgeMember(member: Member, need: Need, standing: Standing, clocks: Clocks): Verdict {
  const { id, kind, name } = member;
  if (standing.isWithdrawn(member.by)) {
    // A tracker knows the keys of those whom a withdrawn one admitted, and gives them a card of its own.
    if (kind === 'member' && need === 'ask' && !standing.bans.isBanned(id))
      return { kind: 'member', member, hasRunOut: true };
    const who =
      kind === 'tracker' ? `the tracker ${name} was withdrawn` : `the tracker that admitted ${name} was withdrawn`;
    return refused('withdrawn', `${who} from this swarm; a tracker that remains renews the card by itself`);
  }
  if (standing.bans.isBanned(id)) return refused('banned', `${name} is banned from this swarm; ask its administrator`);
  const ranOut = hasRunOut(member.goodUntilS, clocks);
  if (ranOut && need !== 'ask') {
    return refused(
      'ranOut',
      `the card of ${name} ran out on ${DAY.format(member.goodUntilS * 1000)}; a tracker renews it as soon as one is reached`,
    );
  }
  const lacks = powerMissing(member, need);
  if (lacks !== undefined) return refused('noPower', lacks);
  return { kind: 'member', member, hasRunOut: ranOut };
}

function powerMissing({ kind, name, powers }: Member, need: Need): string | undefined {
  if (need === 'track') {
    const isTracker = kind === 'tracker' && hasPower(powers, 'track');
    return isTracker ? undefined : `${name} is a member of this swarm, but no tracker of it`;
  }
  if (kind === 'tracker') return need === 'fetch' ? `${name} is a tracker, which has no files` : undefined;
  return need === 'ask' || hasPower(powers, 'fetch') ? undefined : `${name} may not fetch in this swarm`;
}

function memberOf(card: Exclude<Card, { kind: 'none' }>): Member {
  const { tracker } = card;
  const said = card.kind === 'member' ? card.member : tracker;
  const { key, name, powers, goodUntilS } = said;
  return {
    kind: card.kind,
    id: keyIdOf(key),
    key,
    name,
    powers,
    by: keyIdOf(tracker.key),
    goodUntilS,
  };
}

function refused(code: GateRefusal, sentence: string): Verdict {
  return { kind: 'refused', code, sentence };
}
