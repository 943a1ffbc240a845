// A client as it ships: the real announcer's machine, with connections that are paths of the simulated world. Keeps
// book of what was said and acknowledged, by which the trackers' lists are judged.

import type { Wake, WakeAt } from '../../src/foundation/actor/machine.js';
import { type ClientId, clientId, type SwarmKey, swarmKey } from '../../src/foundation/torrent/ids.js';
import type { InfoDigest, InfoFacts } from '../../src/foundation/torrent/info-text.js';
import type { AnnounceEffect, AnnounceInput } from '../../src/tracking/announce/effects.js';
import type { TrackerIndex } from '../../src/tracking/announce/links.js';
import { AnnounceMachine } from '../../src/tracking/announce/machine.js';
import type { AnnounceCommand } from '../../src/tracking/announce/messages.js';
import type { TrackerReply, TrackerRequest } from '../../src/tracking/tracker/messages.js';
import type { Paths, World } from './paths.js';
import type { TrackerNode } from './tracker-node.js';

const PIECES = 100;

/** A connection that was dialed, at both ends. */
interface Connection {
  readonly tracker: TrackerIndex;
  /** The id of its hello: all words on it are this client's. */
  saidAs: ClientId | undefined;
  far: { readonly life: number; readonly connection: number } | undefined;
}

/** What every .mtorrent of this file says. */
export function detailsOf(swarm: SwarmKey): InfoFacts {
  return { info: `${swarm}${swarm.slice(0, 24)}` as InfoDigest, listBytes: 7, files: 3 };
}

export class AnnounceClient {
  readonly name: string;
  readonly port: number;
  id: ClientId;
  /** alive: says what it wants. dead: says nothing, as after a power cut. left: took itself off every list. */
  state: 'alive' | 'dead' | 'leaving' | 'left' = 'alive';
  /** A tracker has acknowledged that it left. One that found no tracker in time ends all the same. */
  #isLeaveHeard = false;
  readonly wanted = new Map<SwarmKey, number>();
  /**
   * Every word: client id, swarm (or '' for leaving), version, kind, have. A client whose state was put back says two
   * words with one version; each was said.
   */
  readonly said = new Set<string>();
  /** Last time that a tracker answered. */
  heardMs = 0;
  /** How often it had to take a new id. */
  renewals = 0;
  readonly #world: World;
  readonly #paths: Paths;
  readonly #trackers: readonly [TrackerNode, TrackerNode];
  readonly #number: number;
  readonly #removing = new Set<SwarmKey>();
  /** What the tracker that is talked to acknowledged on this connection. */
  readonly #told = new Map<SwarmKey, number>();
  readonly #asked = new Map<number, TrackerRequest>();
  readonly #connections = new Map<number, Connection>();
  #machine: AnnounceMachine;
  /** Counts machines: what was meant for a former one is dropped. */
  #life = 0;
  #epoch = 1;
  #wakeToken = 0;
  /** The connection that `#told` is of. */
  #toldLink = 0;

  constructor(world: World, paths: Paths, trackers: readonly [TrackerNode, TrackerNode], number: number) {
    this.#world = world;
    this.#paths = paths;
    this.#number = number;
    // Half of them prefer the other one.
    this.#trackers = number % 2 === 0 ? trackers : [trackers[1], trackers[0]];
    this.name = `client-${number}`;
    this.port = 10_000 + number;
    this.id = this.#idOf(0);
    this.#machine = this.#start();
  }

  /** It is gone and told nobody: it stays listed until its leases are over, at each tracker in its own time. */
  get isGoneUnheard(): boolean {
    return this.state === 'dead' || (this.state === 'left' && !this.#isLeaveHeard);
  }

  /** Nothing is left to be told. */
  get isSettled(): boolean {
    if (this.state === 'dead' || this.state === 'left') return true;
    if (this.state === 'leaving' || this.#removing.size > 0) return false;
    return (
      [...this.wanted].every(([swarm, have]) => this.#told.get(swarm) === have) && this.#told.size === this.wanted.size
    );
  }

  share(swarm: SwarmKey, have: number): void {
    if (this.state !== 'alive') return;
    const isNew = !this.wanted.has(swarm);
    this.wanted.set(swarm, have);
    this.#removing.delete(swarm);
    if (isNew) this.#register(swarm, have);
    else this.#command({ kind: 'progress', swarm, have });
  }

  /** Whether it wants its shares of this file to be found. */
  lists(swarm: SwarmKey): boolean {
    return (this.#number + Number.parseInt(swarm.slice(0, 2), 16)) % 2 === 0;
  }

  remove(swarm: SwarmKey): void {
    if (this.state !== 'alive' || !this.wanted.delete(swarm)) return;
    this.#removing.add(swarm);
    this.#command({ kind: 'withdraw', swarm });
  }

  leave(): void {
    if (this.state !== 'alive') return;
    this.state = 'leaving';
    this.#isLeaveHeard = false;
    this.#command({ kind: 'leave' });
  }

  die(): void {
    if (this.state !== 'alive') return;
    this.state = 'dead';
    this.#stop();
  }

  /** A new start of the same client, whose state directory may be an older copy. */
  comeBack(isRestored = false): void {
    if (this.state !== 'dead' && this.state !== 'left') return;
    if (this.state === 'left') this.wanted.clear();
    this.state = 'alive';
    this.#epoch = isRestored ? 1 : this.#epoch + 1;
    this.#removing.clear();
    this.#machine = this.#start();
    for (const [swarm, have] of this.wanted) this.#register(swarm, have);
  }

  #idOf(renewals: number): ClientId {
    return (renewals * 0x1000 + this.#number).toString(16).padStart(32, '0') as ClientId;
  }

  #start(): AnnounceMachine {
    this.#life += 1;
    this.#machine = new AnnounceMachine({
      trackers: [
        { host: this.#trackers[0].name, port: 1 },
        { host: this.#trackers[1].name, port: 1 },
      ],
      clientId: this.id,
      epoch: this.#epoch,
      upload: { host: '', port: this.port },
      seed: this.#number * 97 + this.#life,
    });
    const life = this.#life;
    this.#world.after(this.#world.between(0, 200), () => life === this.#life && this.#put({ kind: 'wake' }));
    return this.#machine;
  }

  #stop(): void {
    this.#life += 1;
    this.#wakeToken += 1;
    for (const link of [...this.#connections.keys()]) this.#hangUp(link);
    this.#forgetTold();
  }

  #forgetTold(): void {
    this.#told.clear();
    this.#asked.clear();
  }

  #register(swarm: SwarmKey, have: number): void {
    const facts = { name: 'a.bin', size: PIECES * 524_288, pieceCount: PIECES };
    const isListed = this.lists(swarm);
    this.#command({ kind: 'register', swarm, ...facts, have, details: detailsOf(swarm), isListed });
  }

  #command(command: AnnounceCommand): void {
    this.#put({ kind: 'command', command });
  }

  #put(input: AnnounceInput | Wake): void {
    const life = this.#life;
    for (const effect of this.#machine.receive(input, this.#world.nowMs)) {
      // One of the effects may have ended it.
      if (life !== this.#life) return;
      this.#perform(effect);
    }
  }

  #perform(effect: AnnounceEffect | WakeAt): void {
    switch (effect.kind) {
      case 'wakeAt': {
        this.#wakeToken += 1;
        const token = this.#wakeToken;
        this.#world.at(effect.atMs, () => token === this.#wakeToken && this.#put({ kind: 'wake' }));
        return;
      }
      case 'dial':
        this.#dial(effect.tracker, effect.link);
        return;
      case 'hangUp':
        this.#hangUp(effect.link);
        return;
      case 'send':
        this.#send(effect.link, effect.request);
        return;
      case 'sendPart': {
        const { id } = effect;
        this.#later(() => this.#put({ kind: 'partMissing', id }));
        return;
      }
      case 'tell':
        this.#heard(effect.event);
        return;
      case 'log':
        return;
    }
  }

  #later(run: () => void): void {
    const life = this.#life;
    this.#world.after(0, () => life === this.#life && run());
  }

  #heard(event: Extract<AnnounceEffect, { kind: 'tell' }>['event']): void {
    if (event.kind === 'withdrawn') this.#removing.delete(event.swarm);
    else if (event.kind === 'epochRaised') this.#epoch = event.epoch;
    else if (event.kind === 'left') {
      this.state = 'left';
      this.#later(() => this.#stop());
    } else if (event.kind === 'identityShared' || event.kind === 'identityBurnt') {
      this.renewals += 1;
      this.id = this.#idOf(this.renewals);
      this.#epoch = 1;
      this.#removing.clear();
      this.#later(() => this.#command({ kind: 'identify', clientId: this.id, epoch: 1 }));
    }
  }

  #dial(index: TrackerIndex, link: number): void {
    const tracker = this.#trackers[index as 0 | 1];
    const life = this.#life;
    const isCurrent = (): boolean => life === this.#life && this.#connections.has(link);
    this.#connections.set(link, { tracker: index, saidAs: undefined, far: undefined });
    const lost = (reason: string): void => {
      if (!isCurrent()) return;
      this.#connections.delete(link);
      if (link === this.#toldLink) this.#forgetTold();
      this.#put({ kind: 'disconnected', tracker: index, link, reason });
    };
    this.#paths.send(this.name, tracker.name, () => {
      const far = tracker.accept({
        name: this.name,
        answered: (reply) => isCurrent() && this.#answered(index, link, reply),
        closed: () => lost('closed'),
      });
      this.#paths.send(tracker.name, this.name, () => {
        const connection = this.#connections.get(link);
        if (far !== undefined && (connection === undefined || life !== this.#life)) {
          this.#paths.send(this.name, tracker.name, () => tracker.connectionLost(far.life, far.connection));
          return;
        }
        if (far === undefined || connection === undefined) {
          lost('refused');
          return;
        }
        connection.far = far;
        this.#put({ kind: 'connected', tracker: index, link });
      });
    });
  }

  #hangUp(link: number): void {
    const connection = this.#connections.get(link);
    this.#connections.delete(link);
    if (link === this.#toldLink) this.#forgetTold();
    const far = connection?.far;
    if (connection === undefined || far === undefined) return;
    const tracker = this.#trackers[connection.tracker as 0 | 1];
    this.#paths.send(this.name, tracker.name, () => tracker.connectionLost(far.life, far.connection));
  }

  #send(link: number, request: TrackerRequest): void {
    const connection = this.#connections.get(link);
    const far = connection?.far;
    if (connection === undefined || far === undefined) return;
    if (request.kind === 'hello') connection.saidAs = clientId(request.clientId);
    else this.#note(link, connection, request);
    const tracker = this.#trackers[connection.tracker as 0 | 1];
    this.#paths.send(this.name, tracker.name, () => tracker.request(far.life, far.connection, request));
  }

  #note(link: number, { saidAs }: Connection, request: TrackerRequest): void {
    if (link !== this.#toldLink) this.#forgetTold();
    this.#toldLink = link;
    if (request.kind === 'hello' || !('epoch' in request)) return;
    this.#asked.set(request.id, request);
    const swarm = request.kind === 'leave' ? '' : swarmKey(request.swarm);
    const kinds = { share: 'live', announce: 'live', remove: 'removed', leave: 'left' } as const;
    const have = 'have' in request ? request.have : 0;
    this.said.add(`${saidAs} ${swarm} ${request.epoch}.${request.sequence} ${kinds[request.kind]} ${have}`);
    // Off every list, to be listed anew.
    if (request.kind === 'leave') this.#told.clear();
  }

  #answered(tracker: TrackerIndex, link: number, reply: TrackerReply): void {
    if (reply.kind === 'left') this.#isLeaveHeard = true;
    this.heardMs = this.#world.nowMs;
    const request = 'id' in reply ? this.#asked.get(reply.id ?? -1) : undefined;
    if (request !== undefined && 'swarm' in request && (request.kind === 'share' || request.kind === 'announce')) {
      const swarm = swarmKey(request.swarm);
      if (reply.kind === 'shared' || reply.kind === 'announced') {
        if (this.wanted.has(swarm)) this.#told.set(swarm, request.have);
      } else this.#told.delete(swarm);
    } else if (request?.kind === 'remove' && reply.kind === 'removed') this.#told.delete(swarmKey(request.swarm));
    this.#put({ kind: 'replied', tracker, link, reply });
  }
}
