// The tracker's decisions: which request changes what, what is committed together, who is answered when, whose lease is over
// and which connection stops being read. Nothing is applied or answered before the store has it. Pure: the daemon performs
// its effects; two of these on one thread with a virtual clock are a pair.

import type { Machine, Wake, WakeAt } from '../../foundation/actor/machine.js';
import { assert, unreachable } from '../../foundation/base/assert.js';
import { REPLICA_WAIT_MS } from '../../foundation/base/limits.js';
import { type ClientId, clientId } from '../../foundation/torrent/ids.js';
import type { Change } from '../registry/changes.js';
import { Leases } from '../registry/leases.js';
import { Registry } from '../registry/registry.js';
import { Pair, type PairSetting } from '../store/pair/pair.js';
import { applyLoaded } from '../store/sqlite/rows.js';
import { Claims, type HeldRequest } from './claims.js';
import { CleanUp, tickMsOf } from './clean-up.js';
import { type Commit, CommitQueue, type Group, uploadsOf } from './commits.js';
import { type Connection, Connections, type Pressure } from './connections.js';
import type { Figures, TrackerEffect, TrackerInput, TrackerSetting } from './effects.js';
import { OwnFigures } from './figures.js';
import { HeldLists } from './held-lists.js';
import { STORE_MARK_MS } from './limits.js';
import type { RefusalCode, TrackerReply, TrackerRequest } from './messages.js';
import { Positions } from './positions.js';
import { overloadedReply, Session, type SessionEffect, type SessionSetting } from './session.js';
import { sessionSettingOf } from './session-setting.js';

export class TrackerMachine implements Machine<TrackerInput | Wake, TrackerEffect | WakeAt> {
  readonly #setting: TrackerSetting;
  readonly #registry = new Registry();
  readonly #leases: Leases;
  readonly #cleaning: CleanUp;
  readonly #commits: CommitQueue;
  readonly #connections = new Connections();
  readonly #claims: Claims;
  readonly #session: SessionSetting;
  readonly #tickMs: number;
  #pair: Pair | undefined;
  #effects: (TrackerEffect | WakeAt)[] = [];
  /** Requests for lists that wait until this tracker is ready. */
  readonly #held = new HeldLists();
  #ownWaiting = 0;
  readonly #positions = new Positions();
  #nextTickMs = 0;
  #nextMarkMs = 0;
  #wakeAtMs = 0;
  #isBroken = false;
  #nowMs = 0;
  readonly #figures = new OwnFigures((level, fields, sentence) => this.#log(level, fields, sentence));

  constructor(setting: TrackerSetting) {
    this.#setting = setting;
    this.#tickMs = tickMsOf(setting.leaseMs);
    this.#leases = new Leases(this.#registry, { leaseMs: setting.leaseMs, tickMs: this.#tickMs });
    this.#cleaning = new CleanUp(this.#registry, this.#leases);
    this.#claims = new Claims({ ...setting, registry: this.#registry });
    this.#commits = new CommitQueue(setting.bounds?.backlog);
    this.#session = sessionSettingOf(setting, this.#registry, this.#leases, this.#claims);
  }

  /** Nothing waits for the store, or for one that will never answer. */
  get isIdle(): boolean {
    return this.#isBroken || this.#commits.isIdle;
  }

  get registry(): Registry {
    return this.#registry;
  }

  receive(input: TrackerInput | Wake, nowMs: number): readonly (TrackerEffect | WakeAt)[] {
    this.#effects = [];
    this.#nowMs = nowMs;
    this.#apply(input, nowMs);
    this.#settleAddresses(nowMs);
    const group = this.#isBroken ? undefined : this.#commits.next(nowMs);
    if (group !== undefined) this.#send(group);
    this.#pair?.pump(this.#positions.settled, nowMs);
    this.#planWake(input, nowMs);
    return this.#effects;
  }

  #apply(input: TrackerInput | Wake, nowMs: number): void {
    switch (input.kind) {
      case 'loadedRows':
        applyLoaded(this.#registry, input.loaded, nowMs, this.#leases.endsMs(nowMs));
        return;
      case 'started':
        this.#started(input, nowMs);
        return;
      case 'opened':
        this.#connections.open(input.connection, input.host, new Session(this.#session, input.host), nowMs);
        return;
      case 'received':
        this.#received(input.connection, input.request, nowMs);
        return;
      case 'closed':
        this.#pair?.closed(input.connection);
        this.#closed(input.connection);
        return;
      case 'dialedBack':
        this.#again(this.#claims.answered(input.number, input.answer, nowMs), nowMs);
        return;
      case 'committed':
        this.#committed(input, nowMs);
        return;
      case 'failed':
        this.#failed(input, nowMs);
        return;
      case 'followerSaid': {
        const { connection, message } = input;
        const host = message.kind === 'follow' ? this.#connections.close(connection)?.host : undefined;
        if (message.kind !== 'follow' || host === undefined) this.#pair?.receive(input, nowMs);
        else this.#pair?.followAsked(connection, host, message, nowMs);
        return;
      }
      case 'stoodStill':
        this.#stoodStill(input.forMs, nowMs);
        return;
      case 'wake':
        if (nowMs >= this.#nextTickMs) this.#tick(nowMs);
        else if (nowMs >= this.#cleaning.nextMs) this.#cleanUp(nowMs);
        this.#pair?.onTimer(nowMs);
        return;
      default:
        this.#pair?.receive(input, nowMs);
    }
  }

  #started(input: Extract<TrackerInput, { kind: 'started' }>, nowMs: number): void {
    this.#session.uploads.last = input.lastUpload;
    this.#session.self.id = input.trackerId;
    this.#positions.goOnFrom(input.position);
    this.#registry.order.sort();
    this.#registry.digests.changedAll(input.position);
    this.#nextMarkMs = nowMs + STORE_MARK_MS;
    this.#leases.grace(nowMs);
    const { prng, uploads } = this.#session;
    const setting: PairSetting = {
      ...{ registry: this.#registry, leases: this.#leases, uploads, prng, cluster: this.#setting.cluster },
      partnerHost: this.#setting.partner.host,
      replicaWaitMs: this.#setting.replicaWaitMs ?? REPLICA_WAIT_MS,
      emit: (effect) => void this.#effects.push(effect),
      commit: (changes, arrival) => {
        if (this.#commits.isOverloaded) this.#pair?.failed(arrival, this.#nowMs);
        else this.#commits.push({ changes, weight: Math.max(1, changes.length), asker: undefined, arrival });
      },
      log: (level, fields, sentence) => this.#log(level, fields, sentence),
      onReady: (atMs) => this.#ready(atMs),
      spareId: this.#setting.spareId,
      onRenewed: (tracker) => this.#renewed(tracker),
    };
    this.#figures.moved(input.movedFrom);
    this.#pair = new Pair(setting, input.trackerId, input.followed, input.position, nowMs);
    this.#tick(nowMs);
    this.#pair.onTimer(nowMs);
  }

  #renewed(tracker: Uint8Array): void {
    this.#figures.restored();
    this.#session.self.id = tracker;
    this.#session.self.isReady = false;
    this.#pushOwn([{ kind: 'identity', tracker }]);
  }

  #ready(nowMs: number): void {
    this.#session.self.isReady = true;
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
    const refusal = this.#commits.isOverloaded ? overloadedReply(request) : undefined;
    if (refusal !== undefined) {
      this.#effects.push({ kind: 'reply', connection: number, message: refusal });
      return;
    }
    if (request.kind === 'hello') this.#expireDoubted(clientId(request.clientId));
    else if (connection.session.client !== undefined) this.#cleaning.doubts.heard(connection.session.client, nowMs);
    if (request.kind === 'seeders' && !this.#session.self.isReady && connection.session.hasGreeted) {
      this.#held.hold(number, request);
      this.#wait(connection, 1);
      return;
    }
    for (const effect of connection.session.receive(request, nowMs)) this.#perform(connection, effect, nowMs);
  }

  #perform(connection: Connection, effect: SessionEffect, nowMs: number): void {
    const { number } = connection;
    switch (effect.kind) {
      case 'reply':
        this.#effects.push({ kind: 'reply', connection: number, message: effect.message });
        return;
      case 'giveStats':
        this.#effects.push({ kind: 'giveStats', connection: number, id: effect.id, figures: this.#allFigures(nowMs) });
        return;
      case 'hangUp':
        this.#hangUp(number, effect.reason);
        return;
      case 'commit': {
        const { changes, weight, id, reply } = effect;
        this.#commits.push({ changes, weight, asker: { connection: number, id, reply } });
        this.#wait(connection, weight);
        return;
      }
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

  get #pressure(): Pressure {
    return { backlog: this.#commits.backlog, held: this.#held.count };
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
    this.#held.drop(number);
    this.#expireDoubted(connection.session.client);
    this.#pushOwn(connection.session.closed());
  }

  /** Who goes leaves at its own last word, so that both trackers agree, and its next word counts. */
  #settleAddresses(nowMs: number): void {
    for (const place of this.#registry.addresses.takeCrowded()) this.#claims.crowded(place, nowMs);
    for (const dial of this.#claims.takeDials()) this.#effects.push({ kind: 'dialBack', ...dial });
    for (const client of this.#claims.takeUnlisted())
      this.#pushOwn([{ kind: 'leave', client, ...this.#registry.highestVersion(client) }]);
  }

  #pushOwn(changes: readonly Change[], weight = changes.length): void {
    if (changes.length === 0) return;
    this.#ownWaiting += 1;
    this.#commits.push({ changes, weight, asker: undefined });
  }

  #send(group: Group): void {
    const changes = group.commits.flatMap((commit) => commit.changes);
    const position = this.#positions.give(changes.length);
    this.#effects.push({ kind: 'commit', group: group.number, changes, position });
  }

  #committed(input: Extract<TrackerInput, { kind: 'committed' }>, nowMs: number): void {
    const commits = this.#commits.committed(input.group);
    this.#positions.settleLast(commits.reduce((sum, { changes }) => sum + changes.length, 0));
    for (const commit of commits) {
      this.#applyChanges(commit.changes, nowMs);
      if (commit.arrival !== undefined) this.#pair?.settled(commit.arrival, nowMs);
      else if (commit.asker === undefined) this.#ownWaiting -= 1;
      else this.#answer(commit, commit.asker.reply());
    }
    const hasRoom = commits.some(({ changes }) => changes.some(({ kind }) => kind === 'put'));
    this.#figures.committed(input, hasRoom, nowMs);
    this.#resumeThose();
  }

  #failed(input: Extract<TrackerInput, { kind: 'failed' }>, nowMs: number): void {
    this.#figures.failed(input, nowMs);
    const { failed, retry } = this.#commits.refused(input.group, input.outcome === 'full');
    const code: RefusalCode = input.outcome === 'full' ? 'diskFull' : 'ioError';
    for (const commit of failed) this.#refuse(commit, code, nowMs);
    if (input.outcome === 'broken') {
      this.#isBroken = true;
      this.#effects.push({ kind: 'giveUp', sentence: input.sentence });
      return;
    }
    if (retry !== undefined) this.#send(retry);
    this.#resumeThose();
  }

  #refuse(commit: Commit, code: RefusalCode, nowMs: number): void {
    const { asker, arrival } = commit;
    if (arrival !== undefined) {
      this.#pair?.failed(arrival, nowMs);
      return;
    }
    if (asker === undefined) {
      this.#ownWaiting -= 1;
      // A client that is gone is not listed for want of disk space; the file follows when its next change is written.
      for (const change of commit.changes) if (change.kind === 'expire') this.#registry.apply(change, nowMs, nowMs, 0);
      return;
    }
    const sentence = code === 'diskFull' ? 'the disk of this tracker is full' : 'the seeder list could not be written';
    this.#answer(commit, { kind: 'error', id: asker.id, code, sentence });
    for (const upload of uploadsOf(commit)) {
      this.#pushOwn(this.#connections.get(asker.connection)?.session.uploadFailed(upload) ?? []);
    }
  }

  #applyChanges(changes: readonly Change[], nowMs: number): void {
    const leaseEndsMs = this.#leases.endsMs(nowMs);
    for (const change of changes) {
      this.#registry.apply(change, nowMs, leaseEndsMs, this.#positions.next());
    }
  }

  #answer({ asker, weight }: Commit, message: TrackerReply): void {
    assert(asker !== undefined, 'an answer has an asker');
    const connection = this.#connections.get(asker.connection);
    if (connection === undefined) return;
    connection.waiting -= weight;
    this.#effects.push({ kind: 'reply', connection: asker.connection, message });
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
    if (nowMs >= this.#nextMarkMs) {
      this.#nextMarkMs = nowMs + STORE_MARK_MS;
      this.#ownWaiting += 1;
      this.#commits.push({ changes: [], weight: 1, asker: undefined });
    }
    for (const upload of this.#session.uploads.overdue(this.#registry, nowMs))
      this.#pushOwn([{ kind: 'dropParts', upload }]);
    for (const { number } of this.#connections.silent(nowMs)) this.#hangUp(number, 'silent for too long');
    this.#effects.push({ kind: 'sweep' });
  }

  #stoodStill(forMs: number, nowMs: number): void {
    if (!this.#cleaning.stoodStill(forMs, this.#connections.clients(), nowMs)) return;
    this.#log('warn', { forMs }, 'this tracker stood still for long: who is listed has to be heard again');
    this.#cleanUp(nowMs);
  }

  /** The client connected anew or its connection ended. */
  #expireDoubted(client: ClientId | undefined): void {
    if (client !== undefined && this.#cleaning.doubts.ended(client)) this.#pushOwn([{ kind: 'expire', client }]);
  }

  /** One step: however many clients fell silent at once, requests wait for no more than half of a commit. */
  #cleanUp(nowMs: number): void {
    const acknowledged = this.#pair?.acknowledged ?? 0;
    const { clients, changes, weight } = this.#cleaning.step(this.#ownWaiting > 0, acknowledged, nowMs);
    this.#figures.expired(clients);
    this.#pushOwn(changes, weight);
  }

  /** A wake-up that is set stays until it rang, unless the pair has moved its own. */
  #planWake(input: TrackerInput | Wake, nowMs: number): void {
    if (this.#pair === undefined) return;
    const ownMs = Math.min(this.#nextTickMs, this.#cleaning.nextMs, this.#commits.nextAtMs());
    const atMs = Math.max(nowMs, Math.min(ownMs, this.#pair.nextAtMs()));
    if (input.kind !== 'wake' && atMs === this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    this.#effects.push({ kind: 'wakeAt', atMs });
  }

  #allFigures(nowMs: number): Figures {
    return {
      ...this.#registry.counts,
      ...this.#figures.all,
      ...this.#connections.counts,
      dialBacks: this.#claims.dialCount,
      storeBacklog: this.#commits.backlog,
      partner: this.#pair?.figures(nowMs) ?? {},
    };
  }

  #log(level: 'info' | 'warn' | 'error', fields: object, sentence: string): void {
    this.#effects.push({ kind: 'log', level, fields, sentence });
  }
}
