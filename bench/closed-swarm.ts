// A closed swarm for a bench: each of its machines has an identity directory, as people's machines do. Processes of the
// product find theirs by their environment; processes of the bench take part as one of the members.

import { join } from 'node:path';
import {
  keyFor,
  loadIdentity,
  makeIdentityDirectory,
  type Part,
  writeCard,
  writeSwarmFile,
} from '../src/app/identity/identity-directory.js';
import { cardOf } from '../src/foundation/identity/card.js';
import { Credentials } from '../src/foundation/identity/credentials.js';
import { SecretKey } from '../src/foundation/identity/keys.js';
import { ROLES, type Role } from '../src/foundation/identity/powers.js';
import { signStatement } from '../src/foundation/identity/statement.js';
import type { NamedPair } from '../src/foundation/torrent/tracker-pair.js';
import type { Passage } from '../src/foundation/wire/passage.js';
import { closedPassage } from '../src/foundation/wire/tls.js';
import { TRACKER_WIRE } from '../src/tracking/tracker/messages.js';

const NAME = 'bench';
/** Members that processes share in turn: of ten thousand connections, as many as a member's devices would be. */
const MEMBERS = 32;
const CARD_LIFE_S = 14 * 86_400;

export class ClosedSwarm {
  readonly directory: string;
  readonly #root = SecretKey.generate();
  readonly #trackers: NamedPair;
  #issuer = SecretKey.generate();
  #issuerStatement: Uint8Array = new Uint8Array(0);
  #turn = 0;

  private constructor(directory: string, trackers: NamedPair) {
    this.directory = directory;
    this.#trackers = trackers;
  }

  /** Two trackers and so many members. @param directory of its own, made here. */
  static async make(directory: string, trackers: NamedPair, members = MEMBERS): Promise<ClosedSwarm> {
    const swarm = new ClosedSwarm(directory, trackers);
    await makeIdentityDirectory(directory);
    await swarm.#makeTracker('tracker-2');
    await swarm.#makeTracker('tracker-1');
    for (let at = 0; at < members; at += 1) await swarm.makeMember(`member-${at}`, 'client');
    return swarm;
  }

  /** What a process of that name needs: one of the trackers, or the next of the members. */
  environment(process: string): Readonly<Record<string, string>> {
    const isTracker = /^tracker-[12]$/.test(process);
    if (!isTracker) this.#turn = (this.#turn + 1) % MEMBERS;
    return this.environmentOf(isTracker ? process : `member-${this.#turn}`);
  }

  environmentOf(identity: string): Readonly<Record<string, string>> {
    return { MTORRENT_SWARM: 'closed', MTORRENT_IDENTITY: join(this.directory, identity) };
  }

  async makeMember(name: string, role: Role): Promise<string> {
    const directory = join(this.directory, name);
    const key = await this.#keyIn(directory, 'client');
    const nowS = Math.floor(Date.now() / 1000);
    const said = { kind: 'member', powers: ROLES[role], name, key: key.publicKey, saidAtS: nowS } as const;
    const statement = { ...said, goodUntilS: nowS + CARD_LIFE_S };
    const signed = signStatement(statement, this.#root.publicKey, this.#issuer);
    await this.#finish(directory, 'client', cardOf(this.#issuerStatement, signed));
    return directory;
  }

  async #makeTracker(name: string): Promise<void> {
    const directory = join(this.directory, name);
    const key = await this.#keyIn(directory, 'tracker');
    const saidAtS = Math.floor(Date.now() / 1000);
    const said = { kind: 'tracker', powers: ROLES.tracker, name, key: key.publicKey, saidAtS, goodUntilS: 0 } as const;
    this.#issuer = key;
    this.#issuerStatement = signStatement(said, this.#root.publicKey, this.#root);
    await this.#finish(directory, 'tracker', cardOf(this.#issuerStatement));
  }

  async #keyIn(directory: string, part: Part): Promise<SecretKey> {
    await makeIdentityDirectory(directory);
    return keyFor(directory, part, () => SecretKey.generate());
  }

  async #finish(directory: string, part: Part, card: Uint8Array): Promise<void> {
    await writeCard(directory, part, card);
    await writeSwarmFile(directory, { name: NAME, root: this.#root.publicKey, trackers: this.#trackers });
  }
}

/** What the members of `directory` know, in turn. */
export async function membersOf(directory: string, count = MEMBERS): Promise<readonly Credentials[]> {
  const names = Array.from({ length: Math.min(count, MEMBERS) }, (_, at) => `member-${at}`);
  return Promise.all(names.map((name) => memberOf(directory, name)));
}

/** Each call knows nothing of what the others hear. */
export async function memberOf(directory: string, name: string): Promise<Credentials> {
  return new Credentials(await loadIdentity(join(directory, name), 'client'));
}

/** For connections to a tracker, each as the next of the members. */
export async function passagesOf(directory: string, count = MEMBERS): Promise<readonly Passage[]> {
  return (await membersOf(directory, count)).map((credentials) => closedPassage(credentials, TRACKER_WIRE));
}
