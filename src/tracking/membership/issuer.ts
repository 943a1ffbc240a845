// Signs cards for members: this tracker's word about a key, behind the root's word about this tracker; and, where the
// root's key is, for trackers. The same facts and times make the same card. Pure.

import { cardOf } from '../../foundation/identity/card.js';
import type { KeyId, PublicKey } from '../../foundation/identity/keys.js';
import { ROLES } from '../../foundation/identity/powers.js';
import { type Signer, signStatement } from '../../foundation/identity/statement.js';
import { CARD_LIFE_S } from './limits.js';
import type { MemberRecord } from './records.js';

/** The tracker that admits, and what it tells a new member. */
export interface IssuerSetting {
  readonly root: PublicKey;
  /** Of this tracker's key. */
  readonly id: KeyId;
  readonly signer: Signer;
  /** The root's about this tracker. */
  readonly statement: Uint8Array;
  /** The root itself, for one signature; undefined, or answering undefined: it is not on this machine. */
  readonly openRoot?: (() => Signer | undefined) | undefined;
  /** Seconds that the cards of members are good. Default: CARD_LIFE_S. */
  readonly cardLifeS?: number | undefined;
}

export class Issuer {
  readonly id: KeyId;
  readonly #setting: IssuerSetting;

  constructor(setting: IssuerSetting) {
    this.#setting = setting;
    this.id = setting.id;
  }

  /** CARD_SIZE bytes. @param saidAtS seconds since 1970. */
  card({ key, name, powers }: MemberRecord, saidAtS: number): Uint8Array {
    const { root, signer, statement, cardLifeS = CARD_LIFE_S } = this.#setting;
    const goodUntilS = saidAtS + cardLifeS;
    return cardOf(statement, signStatement({ kind: 'member', powers, name, key, saidAtS, goodUntilS }, root, signer));
  }

  get mayAdmitTrackers(): boolean {
    return this.#setting.openRoot?.() !== undefined;
  }

  /** Of a new tracker, by the root's own word; undefined where the root is not. It never runs out. */
  trackerCard({ key, name }: Pick<MemberRecord, 'key' | 'name'>, saidAtS: number): Uint8Array | undefined {
    const { root, openRoot } = this.#setting;
    const signer = openRoot?.();
    if (signer === undefined) return undefined;
    const said = { kind: 'tracker', powers: ROLES.tracker, name, key, saidAtS, goodUntilS: 0 } as const;
    return cardOf(signStatement(said, root, signer));
  }
}
