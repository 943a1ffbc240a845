// The tracker's decisions: which request changes what, which connection is answered when, whose lease is over, and
// which connection is not read for now. Nothing is answered before the store has committed it. Pure: the daemon
// performs its effects.

import type { Machine, Wake, WakeAt } from '../../../foundation/actor/machine.js';
import { unreachable } from '../../../foundation/base/assert.js';
import { type ClientId, clientId, type TrackerId } from '../../../foundation/torrent/ids.js';
import { Leases } from '../../registry/leases.js';
import { Registry } from '../../registry/registry.js';
import type { GroupResult, OpenStore, Refusal, Store, StoreSink } from '../../store/contract.js';
import { Claims } from '../claims/claims.js';
import type { HeldRequest } from '../claims/held-requests.js';
import { STANDSTILL_MS, STORE_MARK_MS, STORE_READ_WEIGHT } from '../limits.js';
import type { TrackerReply, TrackerRequest } from '../messages.js';
import { notWritten, overloadedReply, type SessionEffect } from '../session/effects.js';
import { helloOf } from '../session/entrant.js';
import { Session, type SessionSetting } from '../session/session.js';
import { sessionSettingOf } from '../session/setting.js';
import { CleanUp, tickMsOf } from './clean-up.js';
import { ClosedSwarm, type SwarmPorts } from './closed-swarm.js';
import { type Connection, Connections, type Pressure } from './connections.js';
import type { Figures, TrackerEffect, TrackerInput, TrackerSetting } from './effects.js';
import { OwnFigures } from './figures.js';
import { HashReads } from './hash-reads.js';
import { HeldLists, isHeld } from './held-lists.js';
import { OwnCommits } from './own-commits.js';

type Effect<Out> = TrackerEffect<Out> | WakeAt;

/** @template In what the store's shell reports. @template Out what it performs. */
export class TrackerMachine<In, Out> implements Machine<TrackerInput<In> | Wake, Effect<Out>> {
  readonly #registry = new Registry();
  readonly #leases: Leases;
  readonly #cleaning: CleanUp;
  readonly #connections = new Connections();
  readonly #claims: Claims;
  /** Undefined: the swarm is open. */
  readonly #swarm: ClosedSwarm | undefined;
  readonly #session: SessionSetting;
  readonly #store: Store<In>;
  readonly #reads = new HashReads((read) => this.#store.readHashes(read));
  readonly #tickMs: number;
  #effects: Effect<Out>[] = [];
  /** Requests for lists that wait until this tracker is ready. */
  readonly #held = new HeldLists();
  #isOpen = false;
  readonly #own = new OwnCommits(this.#registry, (commit) => this.#store.commit(commit));
  #nextTickMs = 0;
  #nextMarkMs = 0;
  #wakeAtMs = 0;
  readonly #figures = new OwnFigures((level, fields, sentence) => this.#log(level, fields, sentence));

  constructor(setting: TrackerSetting, openStore: OpenStore<In, Out>) {
    this.#tickMs = tickMsOf(setting.leaseMs);
    this.#leases = new Leases(this.#registry, { leaseMs: setting.leaseMs, tickMs: this.#tickMs });
    this.#cleaning = new CleanUp(this.#registry, this.#leases);
    this.#claims = new Claims({ ...setting, registry: this.#registry });
    const { closed } = setting;
    this.#swarm = closed === undefined ? undefined : new ClosedSwarm(closed, this.#swarmPorts());
    const { membership } = this.#swarm ?? {};
    this.#session = sessionSettingOf(setting, this.#registry, this.#leases, this.#claims, membership);
    this.#store = openStore(this.#sink());
  }

  /** Nothing waits for the store, or for one that will never answer. */
  get isIdle(): boolean {
    return this.#store.isIdle;
  }

  get registry(): Registry {
    return this.#registry;
  }

  receive(input: TrackerInput<In> | Wake, nowMs: number): readonly Effect<Out>[] {
    this.#effects = [];
    if (this.#isOpen && nowMs - this.#nextTickMs > STANDSTILL_MS) this.#store.stoodStill?.(nowMs);
    this.#apply(input, nowMs);
    this.#settleAddresses(nowMs);
    this.#swarm?.settle(nowMs);
    this.#store.flush(nowMs);
    this.#planWake(input, nowMs);
    return this.#effects;
  }

  #apply(input: TrackerInput<In> | Wake, nowMs: number): void {
    switch (input.kind) {
      case 'store':
        this.#store.receive(input.input, nowMs);
        return;
      case 'opened':
        this.#opened(input, nowMs);
        return;
      case 'clock':
        this.#swarm?.clocks.own(input.seconds, nowMs);
        return;
      case 'received':
        this.#received(input.connection, input.request, nowMs);
        return;
      case 'handedOver': {
        const host = this.#connections.close(input.connection)?.host;
        if (host !== undefined) this.#store.adopt(input.connection, host);
        return;
      }
      case 'closed':
        this.#store.closed(input.connection);
        this.#closed(input.connection);
        return;
      case 'dialedBack':
        this.#again(this.#claims.answered(input.number, input.answer, nowMs), nowMs);
        return;
      case 'stoodStill':
        this.#stoodStill(input.forMs, nowMs);
        return;
      case 'wake':
        if (nowMs >= this.#nextTickMs) this.#tick(nowMs);
        else if (nowMs >= this.#cleaning.nextMs) this.#cleanUp(nowMs);
        this.#store.onTimer(nowMs);
        return;
      default:
        unreachable(input);
    }
  }

  #sink(): StoreSink<Out> {
    const { uploads, prng } = this.#session;
    return {
      ...{ registry: this.#registry, leases: this.#leases, membership: this.#swarm?.membership, uploads, prng },
      emit: (effect) => void this.#effects.push({ kind: 'store', effect }),
      opened: (id, movedFrom, nowMs) => this.#loaded(id, movedFrom, nowMs),
      wallS: (nowMs) => this.#swarm?.clocks.ownS(nowMs) ?? 0,
      partnerClock: (seconds, nowMs) => this.#swarm?.clocks.partner(seconds, nowMs),
      identityChanged: (id) => this.#identityChanged(id),
      notReady: () => {
        this.#session.self.isReady = false;
      },
      ready: (nowMs) => this.#ready(nowMs),
      hashesRead: (read, part) => this.#hashesRead(read, part),
      groupSettled: (result, nowMs) => this.#groupSettled(result, nowMs),
      hangUp: (connection, reason) => void this.#effects.push({ kind: 'hangUp', connection, reason }),
      log: (level, fields, sentence) => this.#log(level, fields, sentence),
    };
  }

  #swarmPorts(): SwarmPorts {
    return {
      ...{ connections: this.#connections, registry: this.#registry },
      reply: (connection, message) => void this.#effects.push({ kind: 'reply', connection, message }),
      replyAll: (connections, message) => void this.#effects.push({ kind: 'replyAll', connections, message }),
      hangUp: (connection, reason) => this.#hangUp(connection, reason),
      commit: (commit) => this.#store.commit(commit),
      recheck: () => void this.#effects.push({ kind: 'recheck' }),
      log: (level, fields, sentence) => this.#log(level, fields, sentence),
      isPartnerTold: () => this.#store.isPartnerTold,
      listId: () => this.#session.self.id,
    };
  }

  #opened({ connection: number, host, who }: Extract<TrackerInput<In>, { kind: 'opened' }>, nowMs: number): void {
    this.#connections.open(number, host, new Session(this.#session, host, number, who), nowMs);
    const connection = this.#connections.get(number);
    if (connection !== undefined && this.#swarm?.opened(connection) === false) this.#hangUp(number, 'no place left');
  }

  #loaded(id: TrackerId, movedFrom: string, nowMs: number): void {
    this.#isOpen = true;
    this.#session.self.id = id;
    this.#nextMarkMs = nowMs + STORE_MARK_MS;
    this.#leases.grace(nowMs);
    this.#figures.moved(movedFrom);
    this.#swarm?.loaded();
    this.#tick(nowMs);
  }

  #identityChanged(id: TrackerId): void {
    this.#figures.restored();
    this.#session.self.id = id;
    this.#session.self.isReady = false;
  }

  #ready(nowMs: number): void {
    this.#session.self.isReady = true;
    this.#swarm?.ready();
    this.#again(this.#held.release(), nowMs);
  }

  #again(held: readonly HeldRequest[], nowMs: number): void {
    for (const { connection: number, request } of held) {
      const connection = this.#connections.get(number);
      if (connection === undefined) continue;
      connection.waiting -= 1;
      for (const effect of connection.session.receive(request, nowMs)) this.#perform(connection, effect, nowMs);
    }
    this.#resumeThose();
  }

  #received(number: number, request: TrackerRequest, nowMs: number): void {
    const connection = this.#connections.get(number);
    // Its end was decided here and has not reached the socket yet.
    if (connection === undefined) return;
    connection.lastRequestMs = nowMs;
    const refusal = this.#store.isOverloaded ? overloadedReply(request) : undefined;
    if (refusal !== undefined) {
      this.#effects.push({ kind: 'reply', connection: number, message: refusal });
      return;
    }
    const isHello = request.kind === 'hello';
    if (request.kind === 'hello') this.#expireDoubted(clientId(helloOf(request, connection.session.who).clientId));
    else if (connection.session.client !== undefined) this.#cleaning.doubts.heard(connection.session.client, nowMs);
    if (isHeld(request) && !this.#session.self.isReady && connection.session.hasGreeted) {
      this.#held.hold(number, request);
      this.#wait(connection, 1);
      return;
    }
    for (const effect of connection.session.receive(request, nowMs)) this.#perform(connection, effect, nowMs);
    if (isHello) this.#swarm?.greeted(connection, this.#session.self.isReady, nowMs);
  }

  #perform(connection: Connection, effect: SessionEffect, nowMs: number): void {
    const { number } = connection;
    switch (effect.kind) {
      case 'reply':
        this.#effects.push({ kind: 'reply', connection: number, message: effect.message });
        return;
      case 'giveStats':
        this.#effects.push({ kind: 'giveStats', connection: number, id: effect.id, figures: this.figures(nowMs) });
        return;
      case 'readHashes':
        if (this.#reads.ask(number, effect)) this.#wait(connection, STORE_READ_WEIGHT);
        else this.#effects.push({ kind: 'reply', connection: number, message: HashReads.refusal(effect.id) });
        return;
      case 'hangUp':
        this.#hangUp(number, effect.reason);
        return;
      case 'commit': {
        this.#commit(number, effect);
        this.#wait(connection, effect.weight);
        return;
      }
      case 'membership':
        this.#swarm?.received(connection, effect.request, nowMs);
        return;
      case 'hold':
        this.#claims.hold(effect.claim, { connection: number, request: effect.request });
        this.#wait(connection, 1);
        return;
      default:
        unreachable(effect);
    }
  }

  #wait(connection: Connection, weight: number): void {
    if (this.#connections.asked(connection, weight, this.#pressure))
      this.#effects.push({ kind: 'pauseReading', connection: connection.number });
  }

  #hashesRead(read: number, part: Uint8Array): void {
    const asked = this.#reads.done(read);
    if (asked === undefined) return;
    this.#answer(asked.connection, STORE_READ_WEIGHT, { kind: 'hashStringPart', id: asked.id, part });
    this.#resumeThose();
  }

  get #pressure(): Pressure {
    return { backlog: this.#store.backlog, held: this.#held.count };
  }

  #resumeThose(): void {
    for (const { number } of this.#connections.resumed(this.#pressure))
      this.#effects.push({ kind: 'resumeReading', connection: number });
  }

  #hangUp(number: number, reason: string): void {
    this.#effects.push({ kind: 'hangUp', connection: number, reason });
    this.#closed(number);
  }

  #closed(number: number): void {
    const connection = this.#connections.close(number);
    this.#claims.dropped(number);
    if (connection === undefined) return;
    this.#swarm?.closed(connection);
    this.#held.drop(number);
    this.#reads.dropped(number);
    this.#expireDoubted(connection.session.client);
    this.#own.push(connection.session.closed());
  }

  /** Who goes leaves at its own last word, so that both trackers agree, and its next word counts. */
  #settleAddresses(nowMs: number): void {
    for (const place of this.#registry.addresses.takeCrowded()) this.#claims.crowded(place, nowMs);
    for (const dial of this.#claims.takeDials()) this.#effects.push({ kind: 'dialBack', ...dial });
    for (const { connection, message, hangsUp } of this.#claims.presences.takeTold()) {
      if (message !== undefined) this.#effects.push({ kind: 'reply', connection, message });
      if (hangsUp) this.#hangUp(connection, 'a copy of another client');
    }
    for (const client of this.#claims.takeUnlisted())
      this.#own.push([{ kind: 'leave', client, ...this.#registry.highestVersion(client) }]);
  }

  /** Answers the connection once the changes are durable and in the registry. */
  #commit(connection: number, { changes, weight, id, reply }: Extract<SessionEffect, { kind: 'commit' }>): void {
    const settled = (refusal: Refusal | undefined): void => {
      this.#answer(connection, weight, refusal === undefined ? reply() : notWritten(id, refusal));
      if (refusal === undefined) return;
      for (const change of changes) {
        if (change.kind !== 'part') continue;
        this.#own.push(this.#connections.get(connection)?.session.uploadFailed(change.upload) ?? []);
      }
    };
    this.#store.commit({ changes, weight, asker: connection, settled });
  }

  #answer(number: number, weight: number, message: TrackerReply): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    connection.waiting -= weight;
    this.#effects.push({ kind: 'reply', connection: number, message });
  }

  #groupSettled(result: GroupResult, nowMs: number): void {
    this.#figures.groupSettled(result, nowMs);
    if (result.refusal === 'broken' || result.refusal === 'fenced')
      this.#effects.push({ kind: 'giveUp', sentence: result.sentence });
    else this.#resumeThose();
  }

  #tick(nowMs: number): void {
    this.#nextTickMs = nowMs + this.#tickMs;
    const frozenMs = this.#leases.tick(nowMs);
    if (frozenMs > 0) {
      this.#figures.froze(frozenMs);
      this.#connections.forgiveSilence(nowMs);
      this.#stoodStill(frozenMs, nowMs);
    }
    this.#cleanUp(nowMs);
    this.#claims.review(nowMs);
    this.#swarm?.tick(nowMs);
    if (nowMs >= this.#nextMarkMs) {
      this.#nextMarkMs = nowMs + STORE_MARK_MS;
      this.#own.mark();
    }
    for (const upload of this.#session.uploads.overdue(this.#registry, nowMs))
      this.#own.push([{ kind: 'dropParts', upload }]);
    for (const { number } of this.#connections.silent(nowMs)) this.#hangUp(number, 'silent for too long');
    this.#effects.push({ kind: 'sweep' });
  }

  #stoodStill(forMs: number, nowMs: number): void {
    if (!this.#cleaning.stoodStill(forMs, this.#connections.clients(), nowMs)) return;
    this.#log(
      'warn',
      { forMs },
      'this tracker was frozen for longer than a day; clients stay listed once they are heard again',
    );
    this.#cleanUp(nowMs);
  }

  /** The client connected anew or its connection ended. */
  #expireDoubted(client: ClientId | undefined): void {
    if (client !== undefined && this.#cleaning.doubts.ended(client)) this.#own.push([{ kind: 'expire', client }]);
  }

  /** One step: however many clients fell silent at once, requests wait for no more than half of a commit. */
  #cleanUp(nowMs: number): void {
    const { acknowledged } = this.#store;
    const { clients, changes, weight } = this.#cleaning.step(this.#own.areWaiting, acknowledged, nowMs);
    this.#figures.expired(clients);
    this.#own.push(changes, weight);
  }

  /** A wake-up that is set stays until it rang, unless the next one has moved. */
  #planWake(input: TrackerInput<In> | Wake, nowMs: number): void {
    if (!this.#isOpen) return;
    const swarmMs = this.#swarm?.nextAtMs() ?? Number.POSITIVE_INFINITY;
    const nextMs = Math.min(this.#nextTickMs, this.#cleaning.nextMs, this.#store.nextAtMs(), swarmMs);
    const atMs = Math.max(nowMs, nextMs);
    if (input.kind !== 'wake' && atMs === this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#effects.push({ kind: 'wakeAt', atMs });
  }

  figures(nowMs: number): Figures {
    return {
      ...this.#registry.counts,
      ...this.#figures.all,
      ...this.#connections.counts,
      dialBacks: this.#claims.dialCount,
      storeBacklog: this.#store.backlog,
      partner: this.#store.figures(nowMs),
      swarm: this.#swarm?.figures,
    };
  }

  #log(level: 'info' | 'warn' | 'error', fields: object, sentence: string): void {
    this.#effects.push({ kind: 'log', level, fields, sentence });
  }
}
