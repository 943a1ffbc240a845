// What administrators decide: whom to invite, whom to ban, and which trackers the root has withdrawn. Every decision
// needs the power in the card, and that this tracker knows of no later word that took it away. Pure.

import { command } from '../../foundation/base/shell-line.js';
import type { Member } from '../../foundation/identity/gate.js';
import { type KeyId, keyIdOf, shortName } from '../../foundation/identity/keys.js';
import { hasPower, POWERS, ROLES } from '../../foundation/identity/powers.js';
import { parseStatement } from '../../foundation/identity/statement.js';
import { isTrackerProof } from '../../foundation/identity/tracker-proof.js';
import { invitationHash, type Moment } from './admission.js';
import { type Decision, decided, type MembershipRefusal, type Refused, refused } from './decision.js';
import type { Issuer } from './issuer.js';
import {
  BANS_MADE_MAX,
  INVITATION_LIFE_MAX_S,
  INVITATION_LIFE_MIN_S,
  INVITATION_USES_MAX,
  INVITATIONS_MAX,
} from './limits.js';
import type { Membership } from './membership.js';

export interface InviteRequest {
  /** Bits of `POWERS`. */
  readonly powers: number;
  readonly uses: number;
  readonly seconds: number;
  /** The root's, for a tracker. */
  readonly proof?: Uint8Array | undefined;
}

export class Administration {
  readonly #membership: Membership;
  readonly #issuer: Pick<Issuer, 'mayAdmitTrackers'>;
  readonly #randomSecret: () => Uint8Array;
  /** Keys that are trackers, as they have shown. */
  readonly #trackers: ReadonlySet<KeyId>;

  /** @param randomSecret INVITATION_SECRET_SIZE bytes that nobody can guess. */
  constructor(
    membership: Membership,
    trackers: ReadonlySet<KeyId>,
    randomSecret: () => Uint8Array,
    issuer: Pick<Issuer, 'mayAdmitTrackers'>,
  ) {
    this.#membership = membership;
    this.#issuer = issuer;
    this.#trackers = trackers;
    this.#randomSecret = randomSecret;
  }

  /** Undefined: it may invite, ban, and see the members. */
  whyNot(member: Member): MembershipRefusal | undefined {
    if (hasPower(this.#membership.powersOf(member), 'administer')) return undefined;
    const sentence = `${member.name} may not administer this swarm; ask one of its administrators`;
    return { code: 'forbidden', sentence };
  }

  /** Answers the secret, which is kept nowhere here. */
  invite(member: Member, { powers, uses, seconds, proof }: InviteRequest, { nowS }: Moment): Decision<Uint8Array> {
    const whyNot = this.whyNot(member);
    if (whyNot !== undefined) return { refused: whyNot };
    const wrong = powers === ROLES.tracker ? this.#whyNoTracker(member, proof) : whyNoRole(powers);
    if (wrong !== undefined) return wrong;
    if (uses < 1 || uses > INVITATION_USES_MAX)
      return refused('invalid', `an invitation is good for 1 to ${INVITATION_USES_MAX} uses`);
    if (seconds < INVITATION_LIFE_MIN_S || seconds > INVITATION_LIFE_MAX_S)
      return refused('invalid', 'an invitation is good for a minute at least and for 30 days at most');
    if (this.#membership.invitations.openCount(nowS) >= INVITATIONS_MAX)
      return refused(
        'limit',
        `this swarm has ${INVITATIONS_MAX} invitations that have not ended, as many as it may have`,
      );
    const secret = this.#randomSecret();
    const terms = { powers, by: member.id, uses, endS: nowS + seconds, isVoid: false, used: [] };
    return decided(secret, { is: 'invitation', hash: invitationHash(secret), ...terms });
  }

  #whyNoTracker({ id }: Member, proof: Uint8Array | undefined): Refused | undefined {
    const { root } = this.#membership.standing;
    if (proof === undefined || !isTrackerProof(root, id, proof))
      return refused('forbidden', 'only the root of this swarm lets a tracker in; invite it where the root key is');
    if (this.#issuer.mayAdmitTrackers) return undefined;
    return refused('unknown', 'the root key of this swarm is not on the machine of this tracker, which has to use it');
  }

  /** Nothing is written when it is so already. */
  ban(member: Member, whom: KeyId, isBanned: boolean): Decision<undefined> {
    const whyNot = this.whyNot(member);
    if (whyNot !== undefined) return { refused: whyNot };
    if (whom === member.id) return refused('invalid', 'an administrator bans others, not himself');
    const isTracker = hasPower(this.#membership.members.get(whom)?.powers ?? 0, 'track');
    if (isTracker || this.#trackers.has(whom))
      return refused(
        'forbidden',
        `a tracker is withdrawn by the root: ${command('swarm', 'root', 'withdraw')}, where the root key is`,
      );
    const { bans } = this.#membership.standing;
    const known = bans.of(whom);
    if ((known?.isBanned ?? false) === isBanned) return decided(undefined);
    if (known === undefined && bans.size >= BANS_MADE_MAX)
      return refused('limit', `this swarm has ${BANS_MADE_MAX} bans, as many as it may have`);
    return decided(undefined, { is: 'ban', member: whom, version: (known?.version ?? 0) + 1, isBanned });
  }

  withdraw(member: Member, statement: Uint8Array): Decision<undefined> {
    const whyNot = this.whyNot(member);
    if (whyNot !== undefined) return { refused: whyNot };
    const said = parseStatement(statement);
    if (said?.kind === 'withdrawn' && this.#membership.standing.isWithdrawn(keyIdOf(said.key)))
      return decided(undefined);
    const row = { is: 'withdrawal', statement: Uint8Array.from(statement) } as const;
    if (this.#membership.isNews(row)) return decided(undefined, row);
    const root = shortName(keyIdOf(this.#membership.standing.root));
    return refused('invalid', `this is no withdrawal that the root of this swarm, ${root}, has signed`);
  }
}

function whyNoRole(powers: number): Refused | undefined {
  const isMember = (powers & POWERS.fetch) !== 0 && (powers & ~ROLES.admin) === 0;
  if (isMember) return undefined;
  return refused('invalid', 'an invitation is for a reader, a client, a publisher, an admin or a tracker');
}
