// A closed swarm in memory: its root, trackers and members with good cards, without a file or a process.

import { cardOf, noCard } from '../../src/foundation/identity/card.js';
import { Credentials, type Identity } from '../../src/foundation/identity/credentials.js';
import { SecretKey } from '../../src/foundation/identity/keys.js';
import { ROLES, type Role } from '../../src/foundation/identity/powers.js';
import { signStatement } from '../../src/foundation/identity/statement.js';

const CARD_LIFE_S = 14 * 86_400;

export interface Made {
  readonly role?: Role;
  readonly name?: string;
  /** Seconds since 1970; 0: for ever. */
  readonly goodUntilS?: number;
  /** Seconds since 1970; now, if not said. */
  readonly saidAtS?: number;
  readonly secret?: SecretKey;
}

export class ClosedSwarm {
  readonly name: string;
  readonly root: SecretKey;
  /** The key of the tracker that admits members; `tracker()` has it, too. */
  readonly issuer = SecretKey.generate();
  readonly nowS = Math.floor(Date.now() / 1000);

  constructor(name = 'lab', root = SecretKey.generate()) {
    this.name = name;
    this.root = root;
  }

  /** Of the tracker that admits members; with another key of a second one. */
  trackerIdentity({ name = 'node1', secret = this.issuer }: Made = {}): Identity {
    return this.#identity(secret, cardOf(this.#trackerStatement(secret, name)));
  }

  memberIdentity({ role = 'client', name = 'bob@mill', saidAtS = this.nowS, goodUntilS, secret }: Made = {}): Identity {
    const key = secret ?? SecretKey.generate();
    const said = {
      kind: 'member',
      powers: ROLES[role],
      name,
      key: key.publicKey,
      saidAtS,
      goodUntilS: goodUntilS ?? saidAtS + CARD_LIFE_S,
    } as const;
    const statement = signStatement(said, this.root.publicKey, this.issuer);
    return this.#identity(key, cardOf(this.#trackerStatement(this.issuer, 'node1'), statement));
  }

  /** Each call makes one that knows nothing of the others, as another process would. */
  tracker(made: Made = {}): Credentials {
    return new Credentials(this.trackerIdentity(made));
  }

  member(made: Made = {}): Credentials {
    return new Credentials(this.memberIdentity(made));
  }

  /** Has a key and no card: may ask to join. */
  stranger(): Credentials {
    return new Credentials(this.#identity(SecretKey.generate(), noCard()));
  }

  #identity(secret: SecretKey, card: Uint8Array): Identity {
    return { swarm: this.name, root: this.root.publicKey, secret, card };
  }

  #trackerStatement({ publicKey: key }: SecretKey, name: string): Uint8Array {
    const said = { kind: 'tracker', powers: ROLES.tracker, name, key, saidAtS: this.nowS, goodUntilS: 0 } as const;
    return signStatement(said, this.root.publicKey, this.root);
  }
}
