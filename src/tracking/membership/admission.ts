// Who becomes a member and who gets a new card: by an invitation that is good, once for each of its uses; by another
// authority; by a key that is known here, however long ago its card ran out; or by a card that is good, at a tracker
// that lost its list. Pure.

import { createHash } from 'node:crypto';
import { command } from '../../foundation/base/shell-line.js';
import type { Member } from '../../foundation/identity/gate.js';
import { type KeyId, keyIdOf, type PublicKey } from '../../foundation/identity/keys.js';
import { hasPower } from '../../foundation/identity/powers.js';
import { isVouchingProof } from '../../foundation/identity/vouching.js';
import { type Decision, decided, refused } from './decision.js';
import type { Issuer } from './issuer.js';
import { CARD_REPEATED_S, JOINS_PER_SECOND, MEMBERS_MAX } from './limits.js';
import { freeName } from './member-name.js';
import type { Membership } from './membership.js';
import { type InvitationHash, type InvitationRecord, type MemberRecord, usedOnce, usesOf } from './records.js';

const HASH_SIZE = 16;
/** As 2026-05-03 14:02. */
const MINUTE = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'short' });

export interface JoinRequest {
  readonly secret: Uint8Array;
  /** What it wants to be called; any text. */
  readonly name: string;
  /** That TLS has proved. */
  readonly key: PublicKey;
  readonly host: string;
}

export interface VouchedRequest {
  /** That joins; nothing has proved it yet. */
  readonly key: PublicKey;
  /** Its word about this connection. */
  readonly proof: Uint8Array;
  /** What it wants to be called, where its certificate names no host. */
  readonly name: string;
  readonly host: string;
  /** Bits of `POWERS` that this tracker gives. */
  readonly powers: number;
  readonly by: { readonly name: string | undefined; readonly exported: Uint8Array };
}

/** When something is asked: by the clock that signs cards, and by the one that nobody sets. */
export interface Moment {
  readonly nowS: number;
  readonly nowMs: number;
}

export function invitationHash(secret: Uint8Array): InvitationHash {
  return createHash('sha256')
    .update(secret)
    .digest('hex')
    .slice(0, HASH_SIZE * 2);
}

export class Admission {
  readonly #membership: Membership;
  readonly #issuer: Issuer;
  /** Joins that may be looked at, and since when that many. */
  #allowance = JOINS_PER_SECOND;
  #allowedMs = 0;

  constructor(membership: Membership, issuer: Issuer) {
    this.#membership = membership;
    this.#issuer = issuer;
  }

  /** @param tracker that counts the use: the id of its list, in hex. */
  join({ secret, name, key, host }: JoinRequest, tracker: string, { nowS, nowMs }: Moment): Decision<Uint8Array> {
    const { members, invitations } = this.#membership;
    const id = keyIdOf(key);
    if (this.#isBanned(id)) return BANNED_KEY;
    if (!this.#mayLook(nowMs)) return CROWDED;
    const hash = invitationHash(secret);
    const known = members.get(id);
    // The answer to the same request was lost.
    if (known?.invitation === hash) return this.#cardAgain(known, nowS);
    const invitation = invitations.get(hash);
    const wrong = invitation === undefined ? UNKNOWN_INVITATION : this.#whatIsWrong(invitation, nowS);
    if (invitation === undefined || wrong !== undefined) return refused('notAdmitted', wrong ?? UNKNOWN_INVITATION);
    if (known === undefined && members.size >= MEMBERS_MAX) return FULL;
    const record: MemberRecord = {
      ...{ id, key, host, invitation: hash, powers: invitation.powers },
      name: freeName(name, (wanted) => members.isTaken(wanted, id)),
      by: this.#issuer.id,
      version: (known?.version ?? 0) + 1,
      atS: nowS,
    };
    const card = this.#firstCard(record, nowS);
    if (card === undefined) return NO_ROOT;
    return decided(card, { is: 'member', ...record }, { is: 'invitation', ...usedOnce(invitation, tracker) });
  }

  /** By a certificate of another authority that TLS has proved on this connection. The same key gets a card again. */
  joinByCa(request: VouchedRequest, { nowS, nowMs }: Moment): Decision<Uint8Array> {
    const { members, standing } = this.#membership;
    const { key, proof, by, host, powers } = request;
    const id = keyIdOf(key);
    if (!this.#mayLook(nowMs)) return CROWDED;
    if (!isVouchingProof(standing.root, by.exported, key, proof))
      return refused('notAdmitted', 'nothing proves that this certificate and the key that wants to join are of one');
    if (this.#isBanned(id)) return BANNED_KEY;
    const known = members.get(id);
    if (hasPower(known?.powers ?? 0, 'track')) return refused('forbidden', 'this key is the one of a tracker');
    if (known !== undefined) return decided(this.#issuer.card(known, nowS));
    if (members.size >= MEMBERS_MAX) return FULL;
    const record: MemberRecord = {
      ...{ id, key, host, powers, invitation: '', version: 1, atS: nowS },
      name: freeName(by.name ?? request.name, (wanted) => members.isTaken(wanted, id)),
      by: this.#issuer.id,
    };
    return decided(this.#issuer.card(record, nowS), { is: 'member', ...record });
  }

  /** @param member whose key TLS has proved; its card may have run out. */
  renew(member: Member, hasRunOut: boolean, { nowS }: Moment): Decision<Uint8Array> {
    if (member.kind === 'tracker') return refused('forbidden', "a tracker's card never runs out");
    if (this.#isBanned(member.id))
      return refused('notAdmitted', `${member.name} is banned from this swarm; ask its administrator`);
    const known = this.#membership.members.get(member.id);
    if (known !== undefined) return decided(this.#issuer.card(known, nowS));
    const learned = hasRunOut ? undefined : this.learned(member);
    if (learned === undefined) {
      const sentence = `this tracker does not know ${member.name}, and the card is good no more; ask an administrator for an invitation, then ${command('join')}`;
      return refused('notAdmitted', sentence);
    }
    return decided(this.#issuer.card(learned, nowS), { is: 'member', ...learned });
  }

  /** The record of somebody with a good card, when this tracker has none. */
  learned({ kind, id, key, name, powers, by }: Member): MemberRecord | undefined {
    const { members } = this.#membership;
    if (kind !== 'member' || members.get(id) !== undefined || members.size >= MEMBERS_MAX) return undefined;
    return { id, key, name, powers, by, version: 0, invitation: '', host: '', atS: 0 };
  }

  #cardAgain(known: MemberRecord, nowS: number): Decision<Uint8Array> {
    const isRecent = Math.abs(nowS - known.atS) <= CARD_REPEATED_S;
    const card = this.#firstCard(known, isRecent ? known.atS : nowS);
    return card === undefined ? NO_ROOT : decided(card);
  }

  /** Undefined: it is to be a tracker, which the root alone can say. */
  #firstCard(record: MemberRecord, saidAtS: number): Uint8Array | undefined {
    const isTracker = hasPower(record.powers, 'track');
    return isTracker ? this.#issuer.trackerCard(record, saidAtS) : this.#issuer.card(record, saidAtS);
  }

  #whatIsWrong(invitation: InvitationRecord, nowS: number): string | undefined {
    if (invitation.isVoid || this.#isBanned(invitation.by))
      return 'whoever made this invitation was banned; ask an administrator for a new one';
    if (nowS > invitation.endS)
      return `this invitation ended at ${MINUTE.format(invitation.endS * 1000)} UTC; ask an administrator for a new one`;
    if (usesOf(invitation) < invitation.uses) return undefined;
    const last = this.#membership.members.lastBy(invitation.hash);
    if (last === undefined) return 'this invitation was used already; ask an administrator for a new one';
    const often = invitation.uses === 1 ? 'was used' : `was used ${invitation.uses} times, the last time`;
    return `this invitation ${often} by ${last.name} from ${last.host} at ${MINUTE.format(last.atS * 1000)} UTC; if that was not you: ${command('swarm', 'ban', last.name)}`;
  }

  #isBanned(id: KeyId): boolean {
    return this.#membership.standing.bans.isBanned(id);
  }

  #mayLook(nowMs: number): boolean {
    const back = ((nowMs - this.#allowedMs) * JOINS_PER_SECOND) / 1000;
    this.#allowance = Math.min(JOINS_PER_SECOND, this.#allowance + Math.max(0, back));
    this.#allowedMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
  }
}

const BANNED_KEY = refused('notAdmitted', 'this key is banned from this swarm; ask its administrator');
const CROWDED = refused('limit', 'too many machines join at this tracker now; try again in a second');
const FULL = refused('limit', `this swarm has ${MEMBERS_MAX} members, as many as it may have`);
const NO_ROOT = refused(
  'unknown',
  `the root key of this swarm is not on the machine of this tracker, so it cannot let a tracker in; the root has to sign the request of the new one: ${command('swarm', 'root', 'sign')}`,
);
const UNKNOWN_INVITATION =
  'this tracker knows no such invitation; if it is new, the other tracker may not have told of it yet: try again in a moment, or ask for a new one';
