// A closed swarm on a table: a root, trackers and members with real keys and cards, from seeds that tests choose.

import { noCard, readCard } from '../../../src/foundation/identity/card.js';
import { sealEnvelope } from '../../../src/foundation/identity/envelope.js';
import { judge, type Member, type Verdict } from '../../../src/foundation/identity/gate.js';
import { keyIdOf, SecretKey } from '../../../src/foundation/identity/keys.js';
import { ROLES, type Role } from '../../../src/foundation/identity/powers.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import { signStatement } from '../../../src/foundation/identity/statement.js';
import { Administration } from '../../../src/tracking/membership/administration.js';
import { Admission } from '../../../src/tracking/membership/admission.js';
import { Issuer } from '../../../src/tracking/membership/issuer.js';
import { Membership } from '../../../src/tracking/membership/membership.js';

export function secretOf(seed: number): SecretKey {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, seed);
  return SecretKey.ofSeed(bytes);
}

export const ROOT = secretOf(1);
/** Seconds since 1970, in 2026. */
export const NOW_S = 1_780_000_000;

export function trackerStatement(tracker: SecretKey, name = 'tracker'): Uint8Array {
  const said = { kind: 'tracker', powers: ROLES.tracker, name, key: tracker.publicKey } as const;
  return signStatement({ ...said, saidAtS: NOW_S, goodUntilS: 0 }, ROOT.publicKey, ROOT);
}

export function withdrawalOf(tracker: SecretKey, saidAtS = NOW_S, root = ROOT): Uint8Array {
  const said = { kind: 'withdrawn', powers: ROLES.tracker, name: 'tracker', key: tracker.publicKey } as const;
  return signStatement({ ...said, saidAtS, goodUntilS: 0 }, root.publicKey, root);
}

/** One tracker's half of a pair, with its rows written at once. */
export class Half {
  readonly secret: SecretKey;
  readonly standing = new Standing(ROOT.publicKey);
  readonly membership = new Membership(this.standing);
  readonly issuer: Issuer;
  readonly admission: Admission;
  readonly administration: Administration;
  #secrets = 0;

  /** @param openRoot the root, where it lies beside this tracker. */
  constructor(seed: number, openRoot?: () => SecretKey | undefined) {
    this.secret = secretOf(seed);
    const { secret: signer } = this;
    const id = keyIdOf(signer.publicKey);
    const statement = trackerStatement(signer);
    this.issuer = new Issuer({ root: ROOT.publicKey, id, signer, statement, openRoot });
    this.admission = new Admission(this.membership, this.issuer);
    const randomSecret = (): Uint8Array => {
      this.#secrets += 1;
      return new Uint8Array(16).fill(seed * 16 + this.#secrets);
    };
    this.administration = new Administration(this.membership, new Set([id]), randomSecret, this.issuer);
  }

  /** A member with a card by this tracker, whom the tracker does not know. */
  stranger(seed: number, role: Role = 'client', name = `member-${seed}`, goodUntilS = NOW_S + 1_000_000): Member {
    const { publicKey: key } = secretOf(seed);
    const by = keyIdOf(this.secret.publicKey);
    return { kind: 'member', id: keyIdOf(key), key, name, powers: ROLES[role], by, goodUntilS };
  }

  /** The same, known to this tracker. */
  member(seed: number, role: Role = 'client', name?: string): Member {
    const member = this.stranger(seed, role, name);
    const { id, key, powers, by } = member;
    const record = {
      id,
      key,
      name: member.name,
      powers,
      by,
      version: 1,
      invitation: '',
      host: '',
      atS: NOW_S,
    } as const;
    this.membership.apply({ is: 'member', ...record });
    return member;
  }

  /** What the gate says of whoever shows that card with that key. */
  judge(secret: SecretKey, card: Uint8Array = noCard(), nowS = NOW_S): Verdict {
    return judge(sealEnvelope(secret, card), 'ask', this.standing, { ownS: nowS, trackerS: nowS });
  }

  hears(other: Half): void {
    for (const table of ['member', 'ban', 'invitation', 'withdrawal'] as const)
      for (const row of other.membership.rows(table)) this.membership.apply(row, true);
  }
}

export function nameIn(card: Uint8Array): string | undefined {
  const read = readCard(card, ROOT.publicKey);
  return read?.kind === 'member' ? read.member.name : undefined;
}
