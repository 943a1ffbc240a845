// Signs cards for members: this tracker's word about a key, behind the root's word about this tracker. Ed25519 signs
// the same bytes alike, so the same facts and times make the same card. Pure.

import { cardOf } from '../../foundation/identity/card.js';
import type { KeyId, PublicKey } from '../../foundation/identity/keys.js';
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
    const { root, signer, statement } = this.#setting;
    const goodUntilS = saidAtS + CARD_LIFE_S;
    return cardOf(statement, signStatement({ kind: 'member', powers, name, key, saidAtS, goodUntilS }, root, signer));
  }
}
