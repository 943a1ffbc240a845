// A closed tracker's machine on a table: connections come with the verdict of the gate, as it is asked at that moment.

import { cardOf, noCard, readCard } from '../../../src/foundation/identity/card.js';
import { sealEnvelope } from '../../../src/foundation/identity/envelope.js';
import { judge, type Verdict } from '../../../src/foundation/identity/gate.js';
import { type KeyId, keyIdOf } from '../../../src/foundation/identity/keys.js';
import { ROLES, type Role } from '../../../src/foundation/identity/powers.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import { signStatement } from '../../../src/foundation/identity/statement.js';
import { TrackerClock } from '../../../src/foundation/identity/swarm-time.js';
import type { ClosedSetting } from '../../../src/tracking/tracker/machine/closed-swarm.js';
import type { TrackerReply } from '../../../src/tracking/tracker/messages.js';
import { NOW_S, ROOT, secretOf, trackerStatement } from '../membership/closed-pair.js';
import type { PairedSetting } from './paired-tracker.js';
import { type Connection, clientBytes, Stage } from './stage.js';

/** Seeds of the two trackers' keys. */
export const TRACKER_1 = 2;
export const TRACKER_2 = 3;

export function closedSetting(seed: number, standing = new Standing(ROOT.publicKey)): ClosedSetting {
  const signer = secretOf(seed);
  let secrets = 0;
  return {
    ...{ standing, signer, id: keyIdOf(signer.publicKey), statement: trackerStatement(signer), swarm: 'lab' },
    trackers: ['192.0.2.11:7001', '192.0.2.12:7001'],
    partnerClock: new TrackerClock(),
    randomSecret: () => {
      secrets += 1;
      return new Uint8Array(16).fill(seed * 16 + secrets);
    },
  };
}

export function memberId(seed: number): KeyId {
  return keyIdOf(secretOf(seed).publicKey);
}

export function cardFor(
  seed: number,
  role: Role = 'client',
  goodUntilS = NOW_S + 1_000_000,
  by = TRACKER_1,
): Uint8Array {
  const said = { kind: 'member', powers: ROLES[role], name: `m-${seed}`, key: secretOf(seed).publicKey } as const;
  const statement = signStatement({ ...said, saidAtS: NOW_S, goodUntilS }, ROOT.publicKey, secretOf(by));
  return cardOf(trackerStatement(secretOf(by)), statement);
}

export class ClosedStage extends Stage {
  readonly standing: Standing;

  constructor(setting: Partial<PairedSetting> = {}, standing = new Standing(ROOT.publicKey)) {
    super({ closed: closedSetting(TRACKER_1, standing), ...setting });
    this.standing = standing;
    this.put({ kind: 'clock', seconds: NOW_S });
  }

  verdict(seed: number, card: Uint8Array, aheadS = 0): Verdict {
    const ownS = NOW_S + Math.floor(this.nowMs / 1000) + aheadS;
    return judge(sealEnvelope(secretOf(seed), card), 'ask', this.standing, { ownS, trackerS: ownS });
  }

  /** Undefined: the gate refuses it. */
  enter(seed: number, card: Uint8Array = noCard(), aheadS = 0, host = '10.0.0.1'): Connection | undefined {
    const who = this.verdict(seed, card, aheadS);
    return who.kind === 'refused' ? undefined : this.connect(host, who);
  }

  /** With a good card, and greeted; answers what the greeting brought. */
  member(seed: number, role: Role = 'client', host?: string): { connection: Connection; greeting: TrackerReply[] } {
    const connection = this.enter(seed, cardFor(seed, role), 0, host);
    if (connection === undefined) throw new Error(`the gate refuses member ${seed}`);
    return { connection, greeting: greet(connection, seed) };
  }

  stranger(seed: number): Connection {
    const connection = this.enter(seed);
    if (connection === undefined) throw new Error('the gate refuses a stranger');
    greet(connection, 0, 0);
    return connection;
  }

  /** What was said on it since `from` of the effects. */
  heard(connection: Connection, from: number): TrackerReply[] {
    return this.effects.slice(from).flatMap((effect) => {
      if (effect.kind === 'replyAll') return effect.connections.includes(connection.number) ? [effect.message] : [];
      return effect.kind === 'reply' && effect.connection === connection.number ? [effect.message] : [];
    });
  }

  isCut(connection: Connection): boolean {
    return this.effects.some((effect) => effect.kind === 'hangUp' && effect.connection === connection.number);
  }
}

export function greet(connection: Connection, client: number, uploadPort = 6_000 + client): TrackerReply[] {
  const clientId = client === 0 ? new Uint8Array(16) : clientBytes(client);
  return connection.send({ kind: 'hello', clientId, host: '', uploadPort, epoch: 1, token: new Uint8Array(0) });
}

export function isGoodCard(card: Uint8Array): boolean {
  return readCard(card, ROOT.publicKey)?.kind === 'member';
}
