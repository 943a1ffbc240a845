// What this process shows of itself in a closed swarm, and what it knows of who is shut out: key, card, bans, clocks.
// Each thread that has sockets holds its own, and is told what changes. The key never leaves it but to TLS and to
// threads of this process.

import { readCard } from './card.js';
import { openEnvelope, pemOf, sealEnvelope } from './envelope.js';
import { judge, type Need, type Verdict } from './gate.js';
import { type KeyId, keyIdOf, type PublicKey, publicKey, SecretKey } from './keys.js';
import { Standing } from './standing.js';
import { type Clocks, TrackerClock } from './swarm-time.js';

/** Of one machine or deployment in one swarm, as its files say. */
export interface Identity {
  /** The swarm's name; for people. */
  readonly swarm: string;
  readonly root: PublicKey;
  readonly secret: SecretKey;
  /** CARD_SIZE bytes; zeros before it has joined. */
  readonly card: Uint8Array;
}

/** The same for another thread of this process; must never reach a log, a disk or a socket. */
export interface IdentityMessage {
  readonly swarm: string;
  readonly root: Uint8Array;
  readonly seed: Uint8Array;
  readonly card: Uint8Array;
}

export class Credentials {
  readonly swarm: string;
  readonly id: KeyId;
  readonly publicKey: PublicKey;
  readonly standing: Standing;
  readonly trackerClock = new TrackerClock();
  readonly #secret: SecretKey;
  #card: Uint8Array;
  #certificate: string | undefined;

  constructor({ swarm, root, secret, card }: Identity) {
    this.swarm = swarm;
    this.publicKey = secret.publicKey;
    this.id = keyIdOf(secret.publicKey);
    this.standing = new Standing(root);
    this.#secret = secret;
    this.#card = card;
  }

  static ofMessage({ swarm, root, seed, card }: IdentityMessage): Credentials {
    return new Credentials({ swarm, root: publicKey(root), secret: SecretKey.ofSeed(seed), card });
  }

  get root(): PublicKey {
    return this.standing.root;
  }

  get card(): Uint8Array {
    return this.#card;
  }

  /** A renewed one: new connections show it, open ones go on. Ignored unless it is a card of this key. */
  set card(card: Uint8Array) {
    const read = readCard(card, this.root);
    if (read === undefined || read.kind === 'none') return;
    const holder = read.kind === 'member' ? read.member.key : read.tracker.key;
    if (keyIdOf(holder) !== this.id) return;
    this.#card = Uint8Array.from(card);
    this.#certificate = undefined;
  }

  /** PEM, made once for each card. */
  get certificate(): string {
    this.#certificate ??= pemOf(sealEnvelope(this.#secret, this.#card));
    return this.#certificate;
  }

  /** PEM: for TLS only. */
  get privateKey(): string {
    return this.#secret.exportPem();
  }

  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array {
    return this.#secret.sign(bytes);
  }

  message(): IdentityMessage {
    return { swarm: this.swarm, root: this.root, seed: this.#secret.exportSeed(), card: this.#card };
  }

  clocks(ownS: number, nowMs: number): Clocks {
    return { ownS, trackerS: this.trackerClock.at(nowMs) };
  }

  /** @param certificate DER of the other side, as TLS proved it. */
  judge(certificate: Uint8Array | undefined, need: Need, clocks: Clocks): Verdict {
    return judge(certificate, need, this.standing, clocks);
  }

  /** Whose a certificate is, whether or not it may come in; undefined: none of ours. */
  static holderOf(certificate: Uint8Array): KeyId | undefined {
    const envelope = openEnvelope(certificate);
    return envelope === undefined ? undefined : keyIdOf(envelope.key);
  }
}
