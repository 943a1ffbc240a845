// A closed swarm without processes: a root, two trackers, and members whose cards any of them signed. Keys are made
// from numbers, so that the same swarm always has the same ones.

import { cardOf, trackerStatementIn } from '../../src/foundation/identity/card.js';
import { Credentials } from '../../src/foundation/identity/credentials.js';
import { type PublicKey, SecretKey } from '../../src/foundation/identity/keys.js';
import { ROLES, type Role } from '../../src/foundation/identity/powers.js';
import { signStatement } from '../../src/foundation/identity/statement.js';

/** In seconds since 1970: when everything of it is said. */
export const SAID_AT_S = 1_780_000_000;
export const CARD_LIFE_S = 14 * 24 * 3600;

export interface MemberOptions {
  readonly role?: Role;
  readonly powers?: number;
  /** Which tracker signs, 0 or 1. */
  readonly tracker?: number;
  readonly saidAtS?: number;
  readonly goodUntilS?: number;
  /** Distinguishes keys of members of one name. */
  readonly key?: number;
}

export class SmallSwarm {
  readonly root: SecretKey;
  readonly #trackers: readonly { readonly secret: SecretKey; readonly card: Uint8Array }[];

  /** @param number which swarm it is. */
  constructor(number = 1) {
    this.root = keyOf(`root ${number}`);
    this.#trackers = [0, 1].map((index) => {
      const secret = keyOf(`tracker ${number} ${index}`);
      const said = { kind: 'tracker', powers: ROLES.tracker, name: `t${index}`, saidAtS: SAID_AT_S } as const;
      const statement = { ...said, key: secret.publicKey, goodUntilS: 0 };
      return { secret, card: cardOf(signStatement(statement, this.root.publicKey, this.root)) };
    });
  }

  get rootKey(): PublicKey {
    return this.root.publicKey;
  }

  trackerKey(index: number): SecretKey {
    return this.#trackerOf(index).secret;
  }

  tracker(index: number): Credentials {
    const { secret, card } = this.#trackerOf(index);
    return new Credentials({ swarm: 'lab', root: this.rootKey, secret, card });
  }

  member(name: string, options: MemberOptions = {}): Credentials {
    const secret = this.memberKey(name, options.key);
    return new Credentials({ swarm: 'lab', root: this.rootKey, secret, card: this.card(name, options) });
  }

  memberKey(name: string, key = 0): SecretKey {
    return keyOf(`member ${name} ${key}`);
  }

  card(name: string, options: MemberOptions = {}): Uint8Array {
    const { role = 'client', powers = ROLES[role], tracker = 0, saidAtS = SAID_AT_S, key = 0 } = options;
    const { goodUntilS = saidAtS + CARD_LIFE_S } = options;
    const { secret, card } = this.#trackerOf(tracker);
    const about = this.memberKey(name, key).publicKey;
    const statement = { kind: 'member', powers, name, key: about, saidAtS, goodUntilS } as const;
    return cardOf(trackerStatementIn(card), signStatement(statement, this.rootKey, secret));
  }

  /** The root's word that a tracker is none any more. */
  withdrawal(index: number): Uint8Array {
    const key = this.trackerKey(index).publicKey;
    const said = { kind: 'withdrawn', powers: ROLES.tracker, name: `t${index}`, saidAtS: SAID_AT_S } as const;
    return signStatement({ ...said, key, goodUntilS: 0 }, this.rootKey, this.root);
  }

  #trackerOf(index: number): { readonly secret: SecretKey; readonly card: Uint8Array } {
    const found = this.#trackers[index];
    if (found === undefined) throw new Error('a small swarm has two trackers');
    return found;
  }
}

function keyOf(text: string): SecretKey {
  const seed = Buffer.alloc(32);
  seed.write(text);
  return SecretKey.ofSeed(seed);
}
