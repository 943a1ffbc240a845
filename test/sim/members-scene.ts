// A closed swarm in virtual time: two real trackers with real gates, an administrator, and members with real announcers
// that join, share, ask for new cards and are banned, through crashes, partitions, standstills and full disks. What is
// promised holds at every moment; after the faults both trackers know the same.

import assert from 'node:assert/strict';
import { cardOf, noCard, readCard } from '../../src/foundation/identity/card.js';
import { Credentials } from '../../src/foundation/identity/credentials.js';
import { sealEnvelope } from '../../src/foundation/identity/envelope.js';
import { judge } from '../../src/foundation/identity/gate.js';
import { type KeyId, keyIdBytes, keyIdOf, type SecretKey } from '../../src/foundation/identity/keys.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import type { ClientId, SwarmKey } from '../../src/foundation/torrent/ids.js';
import { MEMBERSHIP_TABLES } from '../../src/tracking/membership/membership.js';
import type { MembershipRow } from '../../src/tracking/membership/records.js';
import type { MembershipRequest, TrackerReply } from '../../src/tracking/tracker/messages.js';
import { NOW_S, ROOT, secretOf, trackerStatement, withdrawalOf } from '../tracking/membership/closed-pair.js';
import { cardFor, closedSetting, TRACKER_1, TRACKER_2 } from '../tracking/tracker/closed-stage.js';
import { AnnouncingClient } from './announcing-client.js';
import { Paths, World } from './paths.js';
import { type ClosedNode, TrackerNode } from './tracker-node.js';

const MEMBERS = 14;
const SWARMS = 6;
const ADMIN = 100;
const FIRST_MEMBER = 200;
/** Keys of trackers that the root withdraws, and that nobody runs. */
const FORMER_TRACKERS = [77, 78] as const;
const FAULTS_MS = 40_000;
const SETTLED_MS = 150_000;

type Pair = readonly [TrackerNode, TrackerNode];
type Asked = MembershipRequest extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

/** Who asks one question of one tracker, as commands of people do. */
function ask(
  world: World,
  tracker: TrackerNode,
  credentials: Credentials,
  asked: Asked,
  answered: (reply: TrackerReply | undefined) => void,
): void {
  let isOver = false;
  const end = (reply: TrackerReply | undefined): void => {
    if (isOver) return;
    isOver = true;
    answered(reply);
    if (accepted !== undefined) world.after(1, () => tracker.connectionLost(accepted.life, accepted.connection));
  };
  const name = `q-${credentials.id.slice(0, 8)}`;
  const certificate = certificateOf(credentials);
  const heard = (reply: TrackerReply): void => {
    if (reply.kind === 'helloReply' && accepted !== undefined)
      tracker.request(accepted.life, accepted.connection, { ...asked, id: 5 } as MembershipRequest);
    else if (('id' in reply && reply.id === 5) || reply.kind === 'error') end(reply);
  };
  const accepted = tracker.admit({ name, answered: heard, closed: () => end(undefined) }, certificate);
  if (accepted === undefined) {
    end(undefined);
    return;
  }
  const [clientId, token] = [new Uint8Array(16), new Uint8Array(0)];
  tracker.request(accepted.life, accepted.connection, {
    ...{ kind: 'hello', clientId, host: '', uploadPort: 0, epoch: 0, token },
  });
}

function certificateOf({ id, card }: Credentials): Uint8Array {
  const made = MADE.get(card);
  if (made !== undefined) return made;
  const secret = SECRETS.get(id);
  assert.ok(secret !== undefined);
  const certificate = sealEnvelope(secret, card);
  MADE.set(card, certificate);
  return certificate;
}

/** Card → certificate: a signature each. */
const MADE = new WeakMap<Uint8Array, Uint8Array>();

const SECRETS = new Map<KeyId, SecretKey>(
  [ADMIN, ...Array.from({ length: MEMBERS }, (_, at) => FIRST_MEMBER + at)].map((seed) => {
    const secret = secretOf(seed);
    return [keyIdOf(secret.publicKey), secret];
  }),
);

function closedNode(seed: number): ClosedNode {
  const secret = secretOf(seed);
  // Over all its lives: no secret comes twice.
  let secrets = 0;
  const randomSecret = (): Uint8Array => {
    secrets += 1;
    return Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? seed : (secrets >> (8 * (at % 4))) & 255));
  };
  return {
    setting: (standing) => ({ ...closedSetting(seed, standing), randomSecret }),
    judge: (certificate, standing) => judge(certificate, 'ask', standing, { ownS: NOW_S, trackerS: NOW_S }),
    certificate: sealEnvelope(secret, cardOf(trackerStatement(secret))),
    nowS: NOW_S,
  };
}

/** One machine: its key, and what lies on its disk. */
class Machine {
  readonly seed: number;
  readonly secret: SecretKey;
  readonly id: KeyId;
  credentials: Credentials;
  client: AnnouncingClient | undefined;
  /** Undefined: it has none yet. */
  invitation: Uint8Array | undefined;
  isAsking = false;
  lives = 0;

  constructor(seed: number, card = noCard()) {
    this.seed = seed;
    this.secret = secretOf(seed);
    this.id = keyIdOf(this.secret.publicKey);
    this.credentials = new Credentials({ swarm: 'lab', root: ROOT.publicKey, secret: this.secret, card });
  }

  get isMember(): boolean {
    return readCard(this.credentials.card, ROOT.publicKey)?.kind === 'member';
  }

  /** As a new process that reads the disk. */
  restart(): void {
    this.client?.kill();
    this.client = undefined;
    const { card, standing } = this.credentials;
    this.credentials = new Credentials({ swarm: 'lab', root: ROOT.publicKey, secret: this.secret, card });
    for (const ban of standing.bans) this.credentials.standing.bans.add(ban);
    for (const statement of standing.withdrawals) this.credentials.standing.withdraw(statement);
  }
}

export class MembersScene {
  readonly world: World;
  readonly trackers: Pair;
  readonly machines: readonly Machine[];
  readonly #paths: Paths;
  readonly #admin = new Machine(ADMIN, cardFor(ADMIN, 'admin'));
  /** [secret, uses] of what a tracker acknowledged. */
  readonly #invitations: (readonly [Uint8Array, number])[] = [];
  /** Secret in hex → whom it let in. */
  readonly #admitted = new Map<string, Set<KeyId>>();
  /** Somebody asked for it, at whichever tracker. */
  readonly #wanted = new Set<KeyId>();
  /** Acknowledged at that tracker. */
  readonly #acknowledged = new Map<TrackerNode, Set<KeyId>>();
  readonly #withdrawn = new Set<number>();
  /** Whom each process was seen to refuse: a signature takes a while to check. */
  readonly #looked = new WeakMap<Credentials, Set<KeyId>>();
  isCalm = false;
  /** How often each thing happened, so that a test can see that it did. */
  readonly counts = { invited: 0, admitted: 0, banned: 0, renewed: 0, withdrawn: 0 };

  constructor(seed: number) {
    this.world = new World(seed);
    this.#paths = new Paths(this.world);
    const node = (name: string, at: number) => new TrackerNode(this.world, this.#paths, name, seed * 1_000 + at);
    this.trackers = [node('10.0.0.1', 0), node('10.0.0.2', 500)];
    const [first, second] = this.trackers;
    first.partner = second;
    second.partner = first;
    first.closed = closedNode(TRACKER_1);
    second.closed = closedNode(TRACKER_2);
    for (const tracker of this.trackers) {
      tracker.isOnWire = seed % 5 === 0;
      tracker.start();
      this.#acknowledged.set(tracker, new Set());
    }
    this.machines = Array.from({ length: MEMBERS }, (_, at) => new Machine(FIRST_MEMBER + at));
    for (const machine of this.machines) this.#repeat(200, 2_000, () => this.isCalm || this.#act(machine));
    this.#repeat(300, 2_500, () => this.isCalm || this.#administer());
    this.#repeat(100, 300, () => this.#checkTrackers());
    this.#repeat(1_000, 2_000, () => this.#checkMembers());
  }

  #repeat(lowestMs: number, highestMs: number, run: () => unknown): void {
    const again = (): void => {
      run();
      this.world.after(this.world.between(lowestMs, highestMs), again);
    };
    this.world.after(this.world.between(0, highestMs), again);
  }

  #either(): TrackerNode {
    return this.trackers[this.world.prng.below(2) as 0 | 1];
  }

  #act(machine: Machine): void {
    const { world } = this;
    if (!machine.isMember) {
      this.#join(machine);
      return;
    }
    const draw = world.prng.next();
    if (draw < 0.2) machine.restart();
    if (machine.client === undefined) this.#start(machine);
    else if (draw < 0.5) machine.client.share(swarmOf(world.prng.below(SWARMS)));
    else if (draw < 0.7) this.#renew(machine);
  }

  #start(machine: Machine): void {
    const { seed, credentials } = machine;
    machine.lives += 1;
    const id = seed.toString(16).padStart(32, '0') as ClientId;
    const upload = { host: `10.1.0.${seed - FIRST_MEMBER + 1}`, port: 6_881 };
    const trackers = seed % 2 === 0 ? this.trackers : ([this.trackers[1], this.trackers[0]] as const);
    machine.client = new AnnouncingClient(this.world, {
      ...{ id, upload, trackers, credentials, seed: seed * 100 + machine.lives },
      refused: (tracker) => this.#refused(machine, tracker.name),
    });
    machine.client.share(swarmOf(seed % SWARMS));
  }

  /** Nobody is refused but whom somebody has banned. */
  #refused({ id, seed }: Machine, where: string): void {
    assert.ok(this.#wanted.has(id), `member ${seed} was refused at ${where}, and nobody has banned it`);
  }

  #join(machine: Machine): void {
    const { world } = this;
    machine.invitation ??= this.#invitations[world.prng.below(Math.max(1, this.#invitations.length))]?.[0];
    const { invitation: secret, credentials, seed, id } = machine;
    if (secret === undefined || machine.isAsking) return;
    machine.isAsking = true;
    ask(world, this.#either(), credentials, { kind: 'join', secret, name: `m-${seed}` }, (reply) => {
      machine.isAsking = false;
      if (reply?.kind === 'admitted') {
        this.counts.admitted += 1;
        credentials.card = reply.card;
        assert.ok(machine.isMember, 'a card that was given opens the swarm');
        const hex = Buffer.from(secret).toString('hex');
        this.#admitted.set(hex, (this.#admitted.get(hex) ?? new Set()).add(id));
      } else if (reply?.kind === 'error' && reply.code === 'forbidden') machine.invitation = undefined;
    });
  }

  #renew(machine: Machine): void {
    const { world } = this;
    const tracker = this.#either();
    if (machine.isAsking || tracker.knock(certificateOf(machine.credentials))?.kind !== 'member') return;
    machine.isAsking = true;
    const { credentials } = machine;
    ask(world, tracker, credentials, { kind: 'renew' }, (reply) => {
      machine.isAsking = false;
      if (reply?.kind === 'renewed') this.counts.renewed += 1;
      else if (reply?.kind === 'error' && (reply.code === 'notAdmitted' || reply.code === 'forbidden'))
        this.#refused(machine, `${tracker.name} when it asked for a card (${reply.sentence})`);
    });
  }

  #administer(): void {
    const { world } = this;
    const draw = world.prng.next();
    const tracker = this.#either();
    const { credentials } = this.#admin;
    if (draw < 0.5) {
      const uses = 1 + world.prng.below(2);
      ask(world, tracker, credentials, { kind: 'invite', powers: ROLES.client, uses, seconds: 3_600 }, (reply) => {
        if (reply?.kind !== 'invited') return;
        this.counts.invited += 1;
        this.#invitations.push([reply.secret, uses]);
      });
    } else if (draw < 0.85) this.#ban(world.prng.next() < 0.6 ? this.trackers : [tracker]);
    else this.#withdraw(tracker);
  }

  #ban(trackers: readonly TrackerNode[]): void {
    const { world } = this;
    const victim = this.machines[world.prng.below(MEMBERS)];
    // Some stay, so that there is a swarm.
    if (victim === undefined || !victim.isMember || victim.seed % 2 === 0) return;
    this.#wanted.add(victim.id);
    const member = keyIdBytes(victim.id);
    for (const tracker of trackers)
      ask(world, tracker, this.#admin.credentials, { kind: 'ban', member, isBanned: true }, (reply) => {
        if (reply?.kind !== 'banned') return;
        this.counts.banned += 1;
        this.#acknowledged.get(tracker)?.add(victim.id);
        assert.ok(isDurable(tracker, victim.id), `${tracker.name} acknowledged a ban that is not on its disk`);
      });
  }

  #withdraw(tracker: TrackerNode): void {
    const former = FORMER_TRACKERS[this.world.prng.below(FORMER_TRACKERS.length)] ?? FORMER_TRACKERS[0];
    const statement = withdrawalOf(secretOf(former));
    ask(this.world, tracker, this.#admin.credentials, { kind: 'withdraw', statement }, (reply) => {
      if (reply?.kind !== 'banned') return;
      this.counts.withdrawn += 1;
      this.#withdrawn.add(former);
    });
  }

  /** One thing that goes wrong, and its end. */
  fault(): void {
    const { world } = this;
    const paths = this.#paths;
    const tracker = this.#either();
    const [a, b] = world.chance(0.5) ? this.trackers : ([this.trackers[1], this.trackers[0]] as const);
    const forMs = world.between(0, world.chance(0.5) ? 3_000 : 20_000);
    const draw = world.prng.next();
    if (draw < 0.4) {
      tracker.crash();
      world.after(forMs, () => tracker.isUp || tracker.start());
    } else if (draw < 0.55) {
      tracker.freeze();
      world.after(forMs, () => tracker.thaw());
    } else if (draw < 0.9) {
      const ways = draw < 0.65 ? [[a, b] as const] : ([[a, b] as const, [b, a] as const] as const);
      for (const [from, to] of ways) paths.cut(from.name, to.name);
      world.after(forMs, () => {
        for (const [from, to] of ways) paths.heal(from.name, to.name);
      });
    } else {
      tracker.refuses = 0.5;
      world.after(forMs, () => {
        tracker.refuses = 0;
      });
    }
  }

  heal(): void {
    this.#paths.healAll();
    for (const tracker of this.trackers) {
      tracker.refuses = 0;
      tracker.thaw();
      if (!tracker.isUp) tracker.start();
    }
  }

  /** What holds at every moment. */
  #checkTrackers(): void {
    for (const [tracker, banned] of this.#acknowledged) {
      for (const id of banned)
        assert.ok(isDurable(tracker, id), `an acknowledged ban is no more on the disk of ${tracker.name}`);
      if (!tracker.isUp || tracker.isFrozen) continue;
      for (const certificate of tracker.shown()) {
        const holder = Credentials.holderOf(certificate);
        const isOut = holder !== undefined && tracker.standing.bans.isBanned(holder);
        assert.ok(!isOut, `${tracker.name} serves somebody who is shut out`);
      }
    }
  }

  /** Nobody is served by a client that was told of his ban, whatever became of that client since. */
  #checkMembers(): void {
    for (const { credentials, seed } of this.machines) {
      const looked = this.#looked.get(credentials) ?? new Set();
      this.#looked.set(credentials, looked);
      for (const { member, isBanned } of credentials.standing.bans) {
        assert.ok(isBanned && this.#wanted.has(member), `member ${seed} was told of a ban that nobody wanted`);
        const shown = this.machines.find(({ id }) => id === member);
        if (shown === undefined || looked.has(member)) continue;
        looked.add(member);
        const verdict = credentials.judge(certificateOf(shown.credentials), 'peer', { ownS: NOW_S, trackerS: NOW_S });
        assert.equal(verdict.kind, 'refused', `member ${seed} lets in whose ban it was told of`);
      }
    }
  }

  /** What holds once everything has come to rest. */
  checkSettled(): void {
    const [first, second] = this.trackers;
    assert.deepEqual(linesOf(first.durableMembership), linesOf(second.durableMembership));
    const banned = [...this.#acknowledged.values()].flatMap((ids) => [...ids]);
    for (const tracker of this.trackers) {
      for (const id of banned) assert.ok(isDurable(tracker, id), `${tracker.name} has lost an acknowledged ban`);
      for (const former of this.#withdrawn) {
        const id = keyIdOf(secretOf(former).publicKey);
        assert.ok(tracker.standing.isWithdrawn(id), `${tracker.name} has lost a withdrawal`);
      }
      const rows = tracker.durableMembership;
      const known = new Set(rows.flatMap((row) => (row.is === 'member' ? [keyIdOf(row.key)] : [])));
      for (const { id, isMember, seed } of this.machines)
        assert.ok(!isMember || known.has(id), `${tracker.name} does not know member ${seed}, who has a card`);
      for (const { id } of tracker.machine?.registry.clients() ?? [])
        for (const each of banned)
          assert.ok(!id.startsWith(each.slice(0, 22)) || !this.#isListed(tracker, id), `${id} is banned and listed`);
    }
    for (const [hex, ids] of this.#admitted) {
      const [, uses = 0] = this.#invitations.find(([secret]) => Buffer.from(secret).toString('hex') === hex) ?? [];
      assert.ok(ids.size <= uses * 2, `an invitation for ${uses} let in ${ids.size}: more than once a tracker`);
    }
    for (const { credentials, client, id, seed } of this.machines)
      if (client !== undefined && !this.#wanted.has(id))
        for (const each of banned)
          assert.ok(credentials.standing.bans.isBanned(each), `member ${seed} was not told of a ban`);
  }

  #isListed(tracker: TrackerNode, id: ClientId): boolean {
    const clients = [...(tracker.machine?.registry.clients() ?? [])];
    const entries = clients.find((client) => client.id === id)?.entries.values() ?? [];
    return [...entries].some(({ state }) => state === 'live');
  }
}

function isDurable(tracker: TrackerNode, id: KeyId): boolean {
  return tracker.durableMembership.some((row) => row.is === 'ban' && row.member === id && row.isBanned);
}

function linesOf(rows: readonly MembershipRow[]): readonly string[] {
  const plain = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  const textOf = (row: MembershipRow): string =>
    JSON.stringify(
      Object.entries(row)
        .map(([name, value]) => [name, plain(value)])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
  return MEMBERSHIP_TABLES.flatMap((table) =>
    rows
      .filter(({ is }) => is === table)
      .map(textOf)
      .sort(),
  );
}

function swarmOf(number: number): SwarmKey {
  return (number * 37 + 11).toString(16).padStart(2, '0').padEnd(40, '5') as SwarmKey;
}

/** Through its faults to rest. */
export function runMembers(seed: number): MembersScene {
  const scene = new MembersScene(seed);
  const { world } = scene;
  world.runUntil(2_000);
  while (world.nowMs < FAULTS_MS) {
    scene.fault();
    world.runUntil(world.nowMs + world.between(1_000, 6_000));
  }
  scene.heal();
  world.runUntil(world.nowMs + 10_000);
  scene.isCalm = true;
  world.runUntil(world.nowMs + SETTLED_MS);
  scene.checkSettled();
  return scene;
}
