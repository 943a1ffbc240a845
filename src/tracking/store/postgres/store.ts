// The store of a tracker that shares a database with any number of others: groups of changes become durable there, and
// what others wrote comes from its feed. A group whose commit nobody answered is written again until somebody does.
// Pure: `shell.ts` performs its effects.

import { trackerId } from '../../../foundation/torrent/ids.js';
import type { Commit, HashRead, Store, StoreSink } from '../contract.js';
import { CommitQueue, type Group } from '../groups.js';
import { STORE_BACKLOG_REFUSED } from '../limits.js';
import type { DatabaseChange } from './batch.js';
import { Feed } from './feed.js';
import { figuresOf } from './figures.js';
import {
  DATABASE_AWAY_MAX_MS,
  DATABASE_GROUP_MAX,
  DATABASE_RETRY_MS,
  DATABASE_WAIT_MS,
  LEASES_OVERLAP_MS,
  UPLOADS_A_RUN,
} from './limits.js';
import { Looks } from './looks.js';
import type { FedRows, FeedState, PostgresEffect, PostgresInput } from './messages.js';
import { Reach } from './reach.js';
import { Standstill } from './standstill.js';
import { isLate, settle, type Waiting, waitingRules } from './waiting.js';

type Input<K extends PostgresInput['kind']> = Extract<PostgresInput, { kind: K }>;

/** The group that was sent, and of which nobody has said that it is durable. */
interface Sent {
  readonly group: Group<DatabaseChange, Waiting>;
  /** What was left of its changes when they were sent. */
  readonly changes: readonly DatabaseChange[];
  /** It is being written; else it waits for `#retryAtMs`, or for a connection. */
  isUnderWay: boolean;
  /** It may be durable. */
  isUnknown: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;

export class PostgresStore implements Store<PostgresInput> {
  readonly #sink: StoreSink<PostgresEffect>;
  readonly #feed: Feed;
  readonly #queue: CommitQueue<DatabaseChange, Waiting>;
  readonly #fresh: Waiting[] = [];
  #sent: Sent | undefined;
  readonly #reach = new Reach();
  readonly #looks = new Looks();
  readonly #standstill = new Standstill();
  #isLoading = false;
  #isOpen = false;
  #isReady = false;
  #isBroken = false;
  /** Everything up to it is in the registry. */
  #position = 0;
  /** Of groups that were written here and are behind `#position`. */
  #own: number[] = [];
  #state: FeedState | undefined;
  #retryAtMs = NEVER;
  /** When the registry had everything that the database had. */
  #wholeMs = 0;

  constructor(sink: StoreSink<PostgresEffect>, backlogMax = STORE_BACKLOG_REFUSED) {
    this.#sink = sink;
    this.#feed = new Feed(sink.registry, sink.leases);
    this.#queue = new CommitQueue<DatabaseChange, Waiting>(waitingRules, backlogMax, DATABASE_GROUP_MAX);
    sink.leases.collectRenewals(true);
  }

  get backlog(): number {
    return this.#queue.backlog;
  }

  get isOverloaded(): boolean {
    return this.#queue.isOverloaded;
  }

  get isIdle(): boolean {
    return this.#isBroken || this.#queue.isIdle;
  }

  get acknowledged(): number {
    return this.#state?.acknowledged ?? 0;
  }

  /** Whatever was committed is there for every tracker. */
  get isPartnerTold(): boolean | undefined {
    if (this.#sink.membership === undefined) return undefined;
    return this.#reach.isConnected ? true : undefined;
  }

  commit(commit: Commit): void {
    const waiting = { ...commit, pushedMs: undefined, isSettled: false };
    this.#queue.push(waiting);
    this.#fresh.push(waiting);
  }

  readHashes(read: HashRead): void {
    if (this.#reach.isConnected) this.#sink.emit({ kind: 'readHashes', ...read });
    else this.#sink.hashesRead(read.read, new Uint8Array(0));
  }

  adopt(): void {
    // Its first message is answered by a refusal.
  }

  closed(): void {
    // Nobody follows this tracker.
  }

  receive(input: PostgresInput, nowMs: number): void {
    switch (input.kind) {
      case 'connected':
        this.#connected(input, nowMs);
        return;
      case 'notConnected':
        this.#tellTrouble(input.sentence);
        this.#reach.failed(input.sentence, nowMs);
        return;
      case 'lost':
        this.#lost(input.sentence, nowMs);
        return;
      case 'fenced':
        this.#stop('fenced', input.sentence, nowMs);
        return;
      case 'loaded':
        this.#apply(input.rows, nowMs);
        return;
      case 'loadEnded':
        this.#loadEnded(input, nowMs);
        return;
      case 'written':
        this.#written(input, nowMs);
        return;
      case 'notWritten':
        this.#notWritten(input, nowMs);
        return;
      case 'notified':
        this.#looks.isNotified = true;
        return;
      case 'fed':
        this.#apply(input.rows, nowMs);
        this.#reached(input.upTo);
        return;
      case 'missed':
        this.#load();
        return;
      case 'polled':
        this.#polled(input, nowMs);
        return;
      case 'hashesRead':
        this.#sink.hashesRead(input.read, input.part);
        return;
      case 'followerSaid':
        this.#sink.emit({ kind: 'refuseFollower', connection: input.connection });
        this.#sink.hangUp(input.connection, 'a tracker on a shared database has no partner that follows it');
        return;
    }
  }

  onTimer(nowMs: number): void {
    if (this.#isBroken) return;
    this.#giveUpWaiting(nowMs);
    if (nowMs >= this.#standstill.nextAtMs()) this.#answerFromMemory(nowMs);
    if (this.#reach.takeAttempt(nowMs)) this.#sink.emit({ kind: 'connect', seen: this.#reach.seen });
    if (this.#isOpen) this.#reach.grace(this.#sink.leases, nowMs);
    if (this.#reach.isConnected && nowMs >= this.#retryAtMs) this.#sendAgain();
    if (this.#mayPoll() && nowMs >= this.#looks.nextAtMs()) this.#poll(nowMs);
  }

  nextAtMs(): number {
    if (this.#isBroken) return NEVER;
    return Math.min(
      this.#mayPoll() && this.#sent === undefined ? this.#queue.nextAtMs() : NEVER,
      this.#reach.isConnected ? this.#retryAtMs : NEVER,
      this.#mayPoll() ? this.#looks.nextAtMs() : NEVER,
      this.#reach.nextAtMs(this.#sink.leases, this.#isOpen),
      this.#oldestMs() + DATABASE_WAIT_MS,
      this.#standstill.nextAtMs(),
    );
  }

  stoodStill(nowMs: number): void {
    // Whoever was heard before it is not told as heard now.
    this.#sink.leases.takeRenewed();
    this.#standstill.ended(nowMs);
    this.#looks.isNotified = true;
    if (!this.#reach.isConnected) return;
    this.#isReady = false;
    this.#sink.notReady();
  }

  flush(nowMs: number): void {
    for (const commit of this.#fresh.splice(0)) commit.pushedMs ??= nowMs;
    if (this.#isBroken || !this.#mayPoll() || this.#sent !== undefined) return;
    for (let group = this.#queue.next(nowMs); group !== undefined; group = this.#queue.next(nowMs)) {
      this.#send(group, nowMs);
      if (this.#sent !== undefined) return;
    }
  }

  figures(nowMs: number): object {
    const isReady = this.#isReady;
    const at = { position: this.#position, wholeMs: this.#wholeMs, lagChanges: this.#queue.backlog, isReady };
    return figuresOf(at, { reach: this.#reach, state: this.#state }, nowMs);
  }

  #connected({ server, identity, position, run }: Input<'connected'>, nowMs: number): void {
    const { leases, uploads } = this.#sink;
    const awayMs = this.#reach.connected(server, identity, nowMs);
    if (this.#isOpen && awayMs > DATABASE_AWAY_MAX_MS) {
      const sentence = 'the database was away for longer than removals are remembered; start this tracker again';
      this.#stop('broken', sentence, nowMs);
      return;
    }
    this.#sink.log('info', { server, timeline: identity.timeline }, 'the database is connected');
    if (!this.#isOpen) uploads.last = run * UPLOADS_A_RUN;
    else if (awayMs > leases.endsMs(0) / 4) leases.grace(nowMs);
    // A standby that took over without the last changes begins behind what is known here.
    if (!this.#isOpen || position < this.#position) this.#load();
    this.#looks.isNotified = true;
    if (this.#sent !== undefined) this.#sendAgain();
  }

  #load(): void {
    this.#isLoading = true;
    this.#looks.isUnderWay = false;
    this.#sink.emit({ kind: 'load' });
  }

  #tellTrouble(sentence: string): void {
    const isNew = sentence !== this.#reach.trouble;
    if (isNew) this.#sink.log('warn', { cause: sentence }, 'the database is away; lists are answered from memory');
  }

  #lost(sentence: string, nowMs: number): void {
    if (!this.#reach.isConnected) return;
    this.#tellTrouble(sentence);
    this.#reach.lost(sentence, nowMs);
    this.#looks.isUnderWay = false;
    this.#isLoading = false;
    this.#retryAtMs = NEVER;
    if (this.#sent?.isUnderWay) this.#sent = { ...this.#sent, isUnderWay: false, isUnknown: true };
    // Everything was loaded, and who is asked for a list must not wait for a database that is away.
    if (this.#isOpen) this.#answerFromMemory(nowMs);
  }

  #loadEnded({ position, trackerId: id }: Input<'loadEnded'>, nowMs: number): void {
    this.#isLoading = false;
    this.#position = position;
    this.#own = this.#own.filter((own) => own > position);
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#wholeMs = nowMs;
    this.#sink.opened(trackerId(id), '', nowMs);
  }

  #apply(rows: FedRows, nowMs: number): void {
    const back = this.#feed.apply(rows, nowMs, this.#isDoubtful(nowMs));
    for (const row of rows.membership) this.#sink.membership?.apply(row, true);
    for (const change of back)
      if (!this.isOverloaded) this.commit({ changes: [change], weight: 1, settled: () => undefined });
  }

  #reached(position: number): void {
    this.#position = Math.max(this.#position, position);
    this.#own = this.#own.filter((own) => own > this.#position);
  }

  #mayPoll(): boolean {
    return this.#reach.isConnected && this.#isOpen && !this.#isLoading;
  }

  #poll(nowMs: number): void {
    const { leases } = this.#sink;
    const sinceMs = this.#looks.begin(nowMs);
    this.#standstill.lookBegins();
    if (this.#isDoubtful(nowMs)) leases.takeRenewed();
    const renewed = sinceMs === undefined ? [] : [...leases.takeRenewed()].map(({ id }) => id);
    // Whoever was heard before the last lease counts no more.
    const upkeep =
      sinceMs === undefined ? undefined : { renewed, sinceMs: Math.min(leases.endsMs(0), sinceMs + LEASES_OVERLAP_MS) };
    this.#sink.emit({ kind: 'poll', after: this.#position, ownCount: this.#own.length, upkeep });
  }

  #polled({ position, state }: Input<'polled'>, nowMs: number): void {
    const { registry } = this.#sink;
    this.#looks.isUnderWay = false;
    this.#reached(position);
    this.#wholeMs = nowMs;
    if (state !== undefined) {
      this.#state = state;
      for (const [id, agoMs] of state.heard) this.#feed.heard(registry.client(id), agoMs, nowMs);
      this.#sink.partnerClock?.(state.clockS, nowMs);
    }
    if (!this.#standstill.lookEnds()) this.#beReady(nowMs);
  }

  #isDoubtful(nowMs: number): boolean {
    return this.#standstill.isDoubtful(nowMs, this.#sink.leases.endsMs(0));
  }

  #answerFromMemory(nowMs: number): void {
    this.#standstill.giveUp();
    this.#beReady(nowMs);
  }

  /** Lists are answered from now on. */
  #beReady(nowMs: number): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#sink.ready(nowMs);
  }

  #send(group: Group<DatabaseChange, Waiting>, nowMs: number): void {
    const changes = group.commits.flatMap((commit) => commit.changes).filter((change) => this.#isNeeded(change, nowMs));
    this.#sent = { group, changes, isUnderWay: false, isUnknown: false };
    this.#sendAgain();
  }

  /** Nobody expires who was heard again, or whose lease became longer while the database was away. */
  #isNeeded(change: DatabaseChange, nowMs: number): boolean {
    if (change.kind !== 'expire') return true;
    return (this.#sink.registry.client(change.client)?.leaseEndsMs ?? NEVER) < nowMs;
  }

  #sendAgain(): void {
    this.#retryAtMs = NEVER;
    if (this.#sent === undefined || this.#sent.isUnderWay) return;
    this.#sent.isUnderWay = true;
    const { group, changes } = this.#sent;
    this.#sink.emit({ kind: 'write', group: group.number, changes, leaseMs: this.#sink.leases.endsMs(0) });
  }

  #written({ group, position, expired, tookMs }: Input<'written'>, nowMs: number): void {
    const { registry, leases, membership } = this.#sink;
    if (this.#sent?.group.number !== group) return;
    const { changes } = this.#sent;
    this.#sent = undefined;
    this.#own.push(position);
    const isExpired = new Set(expired);
    const leaseEndsMs = leases.endsMs(nowMs);
    for (const change of changes) {
      if (change.kind === 'membership') membership?.apply(change.row);
      else if (change.kind !== 'expire' || isExpired.has(change.client))
        registry.apply(change, nowMs, leaseEndsMs, position);
    }
    for (const commit of this.#queue.committed(group)) settle(commit, undefined, nowMs);
    const hasRoom = changes.some(({ kind }) => kind === 'put');
    this.#sink.groupSettled({ refusal: undefined, tookMs, hasRoom, logBytes: 0 }, nowMs);
  }

  #notWritten({ group, outcome, sentence }: Input<'notWritten'>, nowMs: number): void {
    if (this.#sent?.group.number !== group) return;
    this.#sent.isUnderWay = false;
    if (outcome === 'broken' || outcome === 'fenced') this.#stop(outcome, sentence, nowMs);
    else if (outcome === 'full' && !this.#sent.isUnknown) this.#refuse('full', sentence, nowMs);
    else {
      if (outcome === 'unknown') this.#sent.isUnknown = true;
      this.#sink.log('warn', { cause: sentence, outcome }, 'a group of changes was not written; it is written again');
      this.#retryAtMs = nowMs + DATABASE_RETRY_MS;
    }
  }

  /** Nothing of the group that was sent is durable. */
  #refuse(refusal: 'full' | 'busy', sentence: string, nowMs: number): void {
    const { group } = this.#sent ?? {};
    if (group === undefined) return;
    this.#sent = undefined;
    this.#retryAtMs = NEVER;
    const { failed, retry } = this.#queue.refused(group.number, refusal === 'full');
    for (const commit of failed) settle(commit, refusal, nowMs);
    this.#sink.groupSettled({ refusal, sentence }, nowMs);
    if (retry !== undefined) this.#send(retry, nowMs);
  }

  #stop(refusal: 'broken' | 'fenced', sentence: string, nowMs: number): void {
    this.#isBroken = true;
    for (const commit of this.#sent?.group.commits ?? []) settle(commit, refusal, nowMs);
    this.#sink.groupSettled({ refusal, sentence }, nowMs);
  }

  /** Requests are refused that have waited too long; a group that may be durable is nevertheless written again. */
  #giveUpWaiting(nowMs: number): void {
    const isOver = (commit: Waiting): boolean => isLate(commit, nowMs);
    const sent = this.#sent;
    const first = sent?.group.commits[0] ?? this.#queue.first;
    if (first === undefined || !isOver(first)) return;
    if (sent?.group.commits.every(isOver) && !sent.isUnknown && !sent.isUnderWay)
      this.#refuse('busy', this.#reach.trouble || 'the database does not take it', nowMs);
    for (const commit of this.#sent?.group.commits ?? []) if (isOver(commit)) settle(commit, 'busy', nowMs);
    for (const commit of this.#queue.dropWhere(isOver)) settle(commit, 'busy', nowMs);
  }

  /** Of those who have no answer yet: all wait in the order in which they asked. */
  #oldestMs(): number {
    const first = this.#sent?.group.commits.find(({ isSettled }) => !isSettled) ?? this.#queue.first;
    return first === undefined || first.isSettled ? NEVER : (first.pushedMs ?? NEVER);
  }
}
