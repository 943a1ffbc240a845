// The store of a tracker that has a list on its own disk and a partner with another one. Clients' changes and the
// partner's go to the disk in shared groups, and into the registry once they are durable. Pure: `paired-shell.ts`
// performs its effects.

import { REPLICA_WAIT_MS } from '../../foundation/base/limits.js';
import { type TrackerId, trackerId } from '../../foundation/torrent/ids.js';
import { isShuttingOut, type MembershipRow } from '../membership/records.js';
import { freesRoom as registryFreesRoom } from '../registry/changes.js';
import type { Commit, HashRead, Refusal, Store, StoreSink } from './contract.js';
import { CommitQueue, type Group, type Queued } from './groups.js';
import { isOfRegistry, type PairChange } from './pair/changes.js';
import type { Arrival, Followed } from './pair/following.js';
import { Pair, type PairEffect, type PairInput } from './pair/pair.js';
import { Positions } from './pair/positions.js';
import { ReplicationIndex } from './pair/replication.js';
import type { StoreEvent } from './sqlite/messages.js';
import { applyLoaded, type LoadedRows } from './sqlite/rows.js';

export interface PairedStoreSetting {
  /** See PairSetting. */
  readonly partnerHost: string | undefined;
  /** See PairSetting. */
  readonly cluster: Uint8Array;
  /** See PairSetting. */
  readonly spareId: Uint8Array;
  readonly replicaWaitMs?: number | undefined;
  /** Smaller than in limits.ts, where a test has to reach it. */
  readonly backlogMax?: number | undefined;
}

export type PairedStoreInput =
  | { readonly kind: 'loadedRows'; readonly loaded: LoadedRows }
  | { readonly kind: 'loadedMembership'; readonly rows: readonly MembershipRow[] }
  /** Every row was loaded. */
  | {
      readonly kind: 'started';
      readonly lastUpload: number;
      readonly trackerId: Uint8Array;
      /** Highest position ever given out. */
      readonly position: number;
      readonly followed: Followed;
      /** Where this list was used before, if elsewhere: the id is a new one then. Empty: here. */
      readonly movedFrom?: string;
    }
  | {
      readonly kind: 'committed';
      readonly group: number;
      readonly tookMs: number;
      /** Of the log beside the list. */
      readonly logBytes?: number;
    }
  | {
      readonly kind: 'failed';
      readonly group: number;
      readonly outcome: Refusal;
      readonly sentence: string;
    }
  | { readonly kind: 'hashesRead'; readonly read: number; readonly part: Uint8Array }
  | PairInput;

export type PairedStoreEffect =
  /** The changes have the positions `position`, `position` + 1, … */
  | {
      readonly kind: 'commit';
      readonly group: number;
      readonly changes: readonly PairChange[];
      readonly position: number;
    }
  | ({ readonly kind: 'readHashes' } & HashRead)
  | PairEffect;

type Input<K extends PairedStoreInput['kind']> = Extract<PairedStoreInput, { kind: K }>;

interface PairedCommit extends Queued<PairChange> {
  /** Of the connection to the partner that it came on. */
  readonly link?: number;
  readonly settled: Commit['settled'];
}

export class PairedStore implements Store<PairedStoreInput> {
  readonly index = new ReplicationIndex();
  readonly #setting: PairedStoreSetting;
  readonly #sink: StoreSink<PairedStoreEffect>;
  readonly #queue: CommitQueue<PairChange, PairedCommit>;
  readonly #positions = new Positions();
  /** Connections of other trackers that have not been answered → their hosts. */
  readonly #adopted = new Map<number, string>();
  #pair: Pair | undefined;
  #isBroken = false;
  #nowMs = 0;

  constructor(setting: PairedStoreSetting, sink: StoreSink<PairedStoreEffect>) {
    this.#setting = setting;
    this.#sink = sink;
    this.#queue = new CommitQueue<PairChange, PairedCommit>({ freesRoom, streamsOf }, setting.backlogMax);
    sink.registry.observe(this.index);
    // What came from the partner is no news to it.
    sink.membership?.observe((row, isPartners) => {
      if (!isPartners) this.#pair?.memberNews(row);
    });
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
    return this.#pair?.acknowledged ?? 0;
  }

  get isPartnerTold(): boolean | undefined {
    return this.#pair?.isMembershipTold;
  }

  commit(commit: Commit): void {
    this.#queue.push(commit);
  }

  readHashes(read: HashRead): void {
    this.#sink.emit({ kind: 'readHashes', ...read });
  }

  receive(input: PairedStoreInput, nowMs: number): void {
    this.#nowMs = nowMs;
    switch (input.kind) {
      case 'loadedRows':
        applyLoaded(this.#sink.registry, input.loaded, nowMs, this.#sink.leases.endsMs(nowMs));
        return;
      case 'loadedMembership':
        for (const row of input.rows) this.#sink.membership?.apply(row);
        return;
      case 'started':
        this.#started(input, nowMs);
        return;
      case 'committed':
        this.#committed(input, nowMs);
        return;
      case 'failed':
        this.#refused(input, nowMs);
        return;
      case 'hashesRead':
        this.#sink.hashesRead(input.read, input.part);
        return;
      case 'followerSaid': {
        const { connection, message } = input;
        const host = message.kind === 'follow' ? this.#adopted.get(connection) : undefined;
        if (message.kind !== 'follow' || host === undefined) this.#pair?.receive(input, nowMs);
        else this.#pair?.followAsked(connection, host, message, nowMs);
        this.#adopted.delete(connection);
        return;
      }
      default:
        this.#pair?.receive(input, nowMs);
    }
  }

  adopt(connection: number, host: string): void {
    this.#adopted.set(connection, host);
  }

  closed(connection: number): void {
    this.#adopted.delete(connection);
    this.#pair?.closed(connection);
  }

  onTimer(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#pair?.onTimer(nowMs);
  }

  nextAtMs(): number {
    const never = Number.POSITIVE_INFINITY;
    return Math.min(this.#isBroken ? never : this.#queue.nextAtMs(), this.#pair?.nextAtMs() ?? never);
  }

  flush(nowMs: number): void {
    const group = this.#isBroken ? undefined : this.#queue.next(nowMs);
    if (group !== undefined) this.#send(group);
    this.#pair?.pump(this.#positions.settled, nowMs);
  }

  figures(nowMs: number): object {
    return this.#pair?.figures(nowMs) ?? {};
  }

  #started(input: Input<'started'>, nowMs: number): void {
    const { registry, leases, membership, uploads, prng } = this.#sink;
    const { partnerHost, cluster, spareId, replicaWaitMs = REPLICA_WAIT_MS } = this.#setting;
    const { position, followed, movedFrom = '' } = input;
    uploads.last = input.lastUpload;
    this.#positions.goOnFrom(position);
    this.index.loaded(position);
    this.#sink.opened(trackerId(input.trackerId), movedFrom, nowMs);
    const setting = {
      ...{
        registry,
        leases,
        membership,
        uploads,
        prng,
        index: this.index,
        partnerHost,
        cluster,
        spareId,
        replicaWaitMs,
      },
      wallS: (atMs: number) => this.#sink.wallS?.(atMs) ?? 0,
      onPartnerClock: (seconds: number, atMs: number) => this.#sink.partnerClock?.(seconds, atMs),
      emit: (effect: PairEffect) => this.#sink.emit(effect),
      hangUp: (connection: number, reason: string) => this.#sink.hangUp(connection, reason),
      commit: (changes: readonly PairChange[], arrival: Arrival) => this.#commitArrival(changes, arrival),
      log: (level: 'info' | 'warn', fields: object, sentence: string) => this.#sink.log(level, fields, sentence),
      onReady: (atMs: number) => this.#sink.ready(atMs),
      onIdentityChanged: (id: Uint8Array) => this.#identityChanged(trackerId(id)),
    };
    this.#pair = new Pair(setting, input.trackerId, followed, position, nowMs);
    this.#pair.onTimer(nowMs);
  }

  /** What the partner sent. */
  #commitArrival(changes: readonly PairChange[], arrival: Arrival): void {
    const settled = (refusal: Refusal | undefined, nowMs: number): void => {
      if (refusal === undefined) this.#pair?.settled(arrival, nowMs);
      else this.#pair?.failed(arrival, nowMs);
    };
    if (this.isOverloaded) settled('busy', this.#nowMs);
    else this.#queue.push({ changes, weight: Math.max(1, changes.length), link: arrival.link, settled });
  }

  #identityChanged(id: TrackerId): void {
    this.#sink.identityChanged(id);
    this.#queue.push({ changes: [{ kind: 'identity', tracker: id }], weight: 1, settled: () => undefined });
  }

  #send({ number, commits }: Group<PairChange, PairedCommit>): void {
    const changes = commits.flatMap((commit) => commit.changes);
    this.#sink.emit({ kind: 'commit', group: number, changes, position: this.#positions.give(changes.length) });
  }

  #committed({ group, tookMs, logBytes = 0 }: Input<'committed'>, nowMs: number): void {
    const commits = this.#queue.committed(group);
    this.#positions.settleLast(commits.reduce((sum, { changes }) => sum + changes.length, 0));
    for (const { changes, link, settled } of commits) {
      this.#apply(changes, link !== undefined, nowMs);
      settled(undefined, nowMs);
    }
    const hasRoom = commits.some(({ changes }) => changes.some(({ kind }) => kind === 'put'));
    this.#sink.groupSettled({ refusal: undefined, tookMs, hasRoom, logBytes }, nowMs);
  }

  #refused({ group, outcome: refusal, sentence }: Input<'failed'>, nowMs: number): void {
    const { failed, retry } = this.#queue.refused(group, refusal === 'full');
    for (const { settled } of failed) settled(refusal, nowMs);
    this.#isBroken = refusal === 'broken' || refusal === 'fenced';
    if (retry !== undefined) this.#send(retry);
    this.#sink.groupSettled({ refusal, sentence }, nowMs);
  }

  #apply(changes: readonly PairChange[], isPartners: boolean, nowMs: number): void {
    const { registry, leases, membership } = this.#sink;
    const leaseEndsMs = leases.endsMs(nowMs);
    for (const change of changes) {
      const position = this.#positions.next();
      if (isOfRegistry(change)) registry.apply(change, nowMs, leaseEndsMs, position);
      else if (change.kind === 'membership') membership?.apply(change.row, isPartners);
    }
  }
}

/** The rows were loaded, as the list's thread reports it. */
export function startedOf(event: Extract<StoreEvent, { kind: 'loaded' }>): PairedStoreInput {
  const { lastUpload, trackerId, position, origin, followed, movedFrom } = event;
  const names = { lastUpload, trackerId, position, movedFrom };
  const whose = origin ?? new Uint8Array(trackerId.length);
  return { kind: 'started', ...names, followed: { origin: whose, position: followed } };
}

function freesRoom(change: PairChange): boolean {
  if (change.kind === 'membership') return isShuttingOut(change);
  return isOfRegistry(change) ? registryFreesRoom(change) : change.kind === 'identity';
}

/**
 * Uploads, since one with a hole is never completed; and the partner's frames, since a position counts those before it.
 */
function streamsOf({ link, changes }: PairedCommit): readonly string[] {
  const uploads = changes.flatMap((change) => (change.kind === 'part' ? [`upload ${change.upload}`] : []));
  return link === undefined ? uploads : [...uploads, `link ${link}`];
}
