// Follows the partner: turns its records into changes, requests again what is missing, and dials it again by itself.
// Its position is kept in the transaction of the records that it counts, so it resumes from what is on this disk. Pure.

import { equalBytes } from '../../../foundation/base/bytes.js';
import { clientId, swarmKey } from '../../../foundation/torrent/ids.js';
import type { Change } from '../../registry/changes.js';
import type { Client } from '../../registry/records.js';
import type { PairChange } from './changes.js';
import { Comparison } from './digests.js';
import type { Arrival, CatchUp, Followed, FollowerSetting } from './following.js';
import { PAIR_BEAT_MS, PAIR_DEAD_MS, PAIR_FRAME_CLIENTS_MAX, PAIR_RETRY_MAX_MS, PAIR_RETRY_MIN_MS } from './limits.js';
import { MemberArrivals } from './member-arrivals.js';
import { changesOf, factsOfFiles, unknownClientsOf } from './merge.js';
import {
  type FollowerMessage,
  featureMark,
  type LeaderMessage,
  PAIR_FEATURES,
  PAIR_VERSION,
  type Records,
} from './messages.js';
import { PieceHashes } from './piece-hashes.js';

const OPEN_MARK = featureMark([PAIR_FEATURES.readsDetails]);
const CLOSED_MARK = featureMark(Object.values(PAIR_FEATURES));

type State =
  | { readonly at: 'down'; readonly retryAtMs: number }
  /** Dialed, or waiting for `welcome`. */
  | { readonly at: 'dialing'; readonly link: number; readonly sinceMs: number }
  | {
      readonly at: 'following';
      readonly link: number;
      readonly sinceMs: number;
      readonly isFullSync: boolean;
      /** The partner's highest position when the connection began. */
      readonly goal: number;
      isCaughtUp: boolean;
      heardMs: number;
      /** The partner's highest position as it said last. */
      leaderPosition: number;
      records: number;
    };

export class Follower {
  readonly #setting: FollowerSetting;
  readonly #pieceHashes: PieceHashes;
  readonly #members: MemberArrivals | undefined;
  #ownId: Uint8Array;
  #followed: Followed;
  #comparison = new Comparison();
  /** Frames of records that came on this connection, and those of them that are on the disk. */
  #lastFrame = 0;
  #settledFrame = 0;
  /** The partner's digests, to be compared once the frames that came before them are on the disk. */
  #pendingComparison:
    | { readonly frame: number; readonly digests: Uint8Array; readonly acknowledged: number }
    | undefined;
  #state: State;
  /** Of frames that tell progress and are on their way to the disk. */
  readonly #progress = new Map<number, readonly Change[]>();
  /** Clients that live with a part of their entries only, and were asked for on this connection. */
  readonly #reRequested = new Set<Client>();
  #failures = 0;
  #lastLink = 0;
  #nextBeatMs = 0;
  #lastCatchUp: CatchUp | undefined;
  #fullSyncCount = 0;
  #repairCount = 0;

  constructor(setting: FollowerSetting, ownId: Uint8Array, followed: Followed, nowMs: number) {
    this.#setting = setting;
    this.#ownId = ownId;
    this.#followed = followed;
    this.#pieceHashes = new PieceHashes(setting.registry, setting.uploads);
    this.#members = setting.membership === undefined ? undefined : new MemberArrivals(setting.membership);
    this.#state = { at: 'down', retryAtMs: nowMs };
  }

  get figures() {
    const state = this.#state;
    const differing = this.#comparison.differing;
    return {
      following: state.at === 'following',
      behindChanges: state.at === 'following' ? Math.max(0, state.leaderPosition - this.#followed.position) : null,
      lastCatchUp: this.#lastCatchUp ?? null,
      snapshots: this.#fullSyncCount,
      repairs: this.#repairCount,
      digestEqual: state.at !== 'following' || differing === undefined ? null : differing === 0,
    };
  }

  nextAtMs(): number {
    const state = this.#state;
    if (state.at === 'down') return state.retryAtMs;
    if (state.at === 'dialing') return state.sinceMs + PAIR_DEAD_MS;
    return Math.min(this.#nextBeatMs, state.heardMs + PAIR_DEAD_MS);
  }

  /** Of the tracker that is followed now. */
  get leaderId(): Uint8Array | undefined {
    return this.#state.at === 'following' ? this.#followed.origin : undefined;
  }

  /** This tracker is another one from now on: nothing of the partner's counts as here. */
  startOver(ownId: Uint8Array, nowMs: number): void {
    this.#ownId = ownId;
    this.#followed = { origin: new Uint8Array(ownId.length), position: 0 };
    const state = this.#state;
    if (state.at === 'down') return;
    this.#setting.hangUp(state.link);
    this.lost(state.link, 'this tracker has a new identity', nowMs);
  }

  /** The partner dialed us, so it is there. */
  reconnectNow(nowMs: number): void {
    if (this.#state.at === 'down') this.#state = { at: 'down', retryAtMs: nowMs };
  }

  onTimer(nowMs: number): void {
    const state = this.#state;
    if (state.at === 'down') {
      if (nowMs < state.retryAtMs) return;
      this.#lastLink += 1;
      this.#state = { at: 'dialing', link: this.#lastLink, sinceMs: nowMs };
      this.#setting.dial(this.#lastLink);
      return;
    }
    const sinceMs = state.at === 'dialing' ? state.sinceMs : state.heardMs;
    if (nowMs >= sinceMs + PAIR_DEAD_MS) {
      this.#setting.hangUp(state.link);
      this.lost(state.link, 'the partner is silent', nowMs);
    } else if (state.at === 'following' && nowMs >= this.#nextBeatMs) {
      this.#nextBeatMs = nowMs + PAIR_BEAT_MS;
      this.#setting.send(state.link, { kind: 'beat' });
    }
  }

  connected(link: number): void {
    if (this.#state.at !== 'dialing' || this.#state.link !== link) return;
    const { origin, position } = this.#followed;
    // Whose full transfer broke off has nobody's changes: a leader of release 0.1 takes position 0 for a place in its
    // order.
    const originId = position > 0 ? origin : new Uint8Array(origin.length);
    const { cluster } = this.#setting;
    const names = { version: PAIR_VERSION, cluster, followerId: this.#ownId, originId };
    this.#setting.send(link, { kind: 'follow', ...names, position });
    this.#setting.send(link, {
      kind: 'resendClients',
      clients: [this.#members === undefined ? OPEN_MARK : CLOSED_MARK],
    });
  }

  lost(link: number, reason: string, nowMs: number): void {
    const state = this.#state;
    if (state.at === 'down' || state.link !== link) return;
    const boundMs = Math.min(PAIR_RETRY_MAX_MS, PAIR_RETRY_MIN_MS * 2 ** this.#failures);
    // A connection that lasted was no failure, so the next try comes soon.
    this.#failures = state.at === 'following' && nowMs - state.sinceMs > PAIR_DEAD_MS ? 0 : this.#failures + 1;
    this.#state = { at: 'down', retryAtMs: nowMs + boundMs * (0.5 + this.#setting.prng.next() / 2) };
    const dropped = this.#pieceHashes.abandon();
    if (dropped.length > 0) this.#commit(dropped, { link, frame: undefined, position: undefined });
    this.#setting.onLost(reason, state.at === 'following', nowMs);
  }

  received(link: number, news: LeaderMessage, nowMs: number): void {
    const state = this.#state;
    if (state.at === 'down' || state.link !== link) return;
    if (news.kind === 'refused') {
      this.#setting.hangUp(link);
      this.#failures = PAIR_RETRY_MAX_MS / PAIR_RETRY_MIN_MS;
      this.lost(link, `the partner refuses this tracker: ${news.sentence}`, nowMs);
      return;
    }
    if (news.kind === 'welcome') {
      this.#welcomed(news, nowMs);
      return;
    }
    if (state.at !== 'following') {
      this.#setting.hangUp(link);
      this.lost(link, 'the partner sent records before its welcome', nowMs);
      return;
    }
    state.heardMs = nowMs;
    switch (news.kind) {
      case 'records':
        this.#records(news, nowMs);
        return;
      case 'leases':
        this.#leases(news.leases, nowMs);
        return;
      case 'beat':
        state.leaderPosition = news.position;
        return;
      case 'digests':
        this.#pendingComparison ??= {
          frame: this.#lastFrame,
          digests: news.digests,
          acknowledged: this.#setting.acknowledged(),
        };
        this.#compare(nowMs);
        return;
      case 'membership':
        this.#lastFrame = news.frame;
        this.#commit(this.#members?.newsIn(news) ?? [], { link, frame: news.frame, position: undefined });
        return;
      case 'membershipDigest':
        this.#setting.onPartnerClock?.(news.seconds, nowMs);
        this.#members?.digestCame(this.#lastFrame, news.digest);
        this.#compareMembers(nowMs);
        return;
      case 'part': {
        const changes = this.#pieceHashes.came(swarmKey(news.swarm), news.offset, news.part);
        this.#commit(changes, { link, frame: undefined, position: undefined });
        return;
      }
    }
  }

  /** What came was written. */
  settled({ link, frame, position }: Arrival, nowMs: number): void {
    const state = this.#state;
    // A position of a former connection may be one of another tracker's.
    if (state.at !== 'following' || state.link !== link) return;
    if (position !== undefined) this.#followed = { origin: this.#followed.origin, position };
    if (frame === undefined) {
      this.#requestPart(this.#pieceHashes.fetching);
      return;
    }
    this.#setting.send(link, { kind: 'applied', frame });
    this.#settledFrame = frame;
    this.#compare(nowMs);
    this.#compareMembers(nowMs);
    const strangers = unknownClientsOf(this.#progress.get(frame) ?? [], this.#setting.registry);
    this.#progress.delete(frame);
    if (strangers.length > 0) this.#send({ kind: 'resendClients', clients: strangers });
    this.#requestPart(undefined);
    if (state.isCaughtUp || position === undefined || position < state.goal) return;
    state.isCaughtUp = true;
    const { isFullSync: isWhole, records } = state;
    this.#lastCatchUp = { isWhole, records, tookMs: Math.round(nowMs - state.sinceMs) };
    this.#setting.onCaughtUp(nowMs);
  }

  /** What came could not be written: it has to come again. */
  failed({ link }: Arrival, nowMs: number): void {
    const state = this.#state;
    if (state.at === 'down' || state.link !== link) return;
    this.#setting.hangUp(link);
    this.lost(link, "the partner's changes could not be written", nowMs);
  }

  #welcomed({ leaderId, isFullSync, position }: Extract<LeaderMessage, { kind: 'welcome' }>, nowMs: number): void {
    const state = this.#state;
    if (state.at === 'down') return;
    const isKnown = equalBytes(leaderId, this.#followed.origin);
    if (state.at !== 'dialing' || equalBytes(leaderId, this.#ownId) || (!isKnown && !isFullSync)) {
      this.#setting.hangUp(state.link);
      this.lost(state.link, 'the partner sent an invalid welcome', nowMs);
      return;
    }
    if (isFullSync && this.#followed.position > 0) this.#setting.onRestored();
    this.#followed = { origin: leaderId, position: isFullSync ? 0 : this.#followed.position };
    this.#failures = 0;
    if (isFullSync) this.#fullSyncCount += 1;
    this.#comparison = new Comparison();
    this.#lastFrame = 0;
    this.#settledFrame = 0;
    this.#pendingComparison = undefined;
    this.#nextBeatMs = nowMs + PAIR_BEAT_MS;
    const fresh = { isCaughtUp: false, heardMs: nowMs, leaderPosition: position, records: 0 };
    this.#state = { at: 'following', link: state.link, sinceMs: nowMs, isFullSync, goal: position, ...fresh };
    this.#progress.clear();
    this.#reRequested.clear();
    this.#members?.startOver();
    this.#pieceHashes.startOver();
    this.#requestPart(undefined);
  }

  #records(news: Records, nowMs: number): void {
    const state = this.#state;
    if (state.at !== 'following') return;
    this.#lastFrame = news.frame;
    state.records += news.entries.length + news.leaves.length + news.progress.length;
    const merged = changesOf(news, this.#setting.registry, nowMs);
    if (news.progress.length > 0) this.#progress.set(news.frame, merged);
    const changes: PairChange[] = merged.slice();
    const position = news.position ?? undefined;
    // Until everything is here, the disk must not say that we are somewhere.
    if (state.isFullSync && news.frame === 1)
      changes.push({ kind: 'followed', origin: this.#followed.origin, position: 0 });
    if (position !== undefined) {
      state.leaderPosition = Math.max(state.leaderPosition, position);
      changes.push({ kind: 'followed', origin: this.#followed.origin, position });
    }
    for (const { swarm, proven, ...facts } of factsOfFiles(news)) {
      if (proven && this.#setting.registry.swarm(swarm)?.complete !== true) this.#pieceHashes.want(swarm, facts);
    }
    this.#commit(changes, { link: state.link, frame: news.frame, position });
  }

  #leases(leases: readonly (readonly [Uint8Array, number])[], nowMs: number): void {
    const ended: Uint8Array[] = [];
    for (const [id, ms] of leases) {
      const client = this.#setting.registry.client(clientId(id));
      if (client === undefined) continue;
      client.leaseEndsMs = Math.max(client.leaseEndsMs, nowMs + ms);
      if (ms > 0 && this.#lacksEntries(client) && ended.length < PAIR_FRAME_CLIENTS_MAX) ended.push(id);
    }
    // It lapsed here and is there: what exactly it holds, the partner knows.
    if (ended.length > 0) this.#send({ kind: 'resendClients', clients: ended });
  }

  /**
   * A client of whom some entries live and some lapsed: perhaps we died, or the connection did, in the midst of what
   * the partner told of it again, and its other entries are behind no position. Once a connection, since it may have
   * let go of some files.
   */
  #lacksEntries(client: Client): boolean {
    if (client.liveCount === 0) return true;
    if (this.#reRequested.has(client)) return false;
    for (const { state } of client.entries.values()) {
      if (state !== 'lapsed') continue;
      this.#reRequested.add(client);
      return true;
    }
    return false;
  }

  /**
   * The digests count what the partner had when it sent them, which is here once the frames before them are. What we
   * changed and it had not acknowledged by then it may not have counted: such buckets are left for the next look.
   */
  #compare(nowMs: number): void {
    const look = this.#pendingComparison;
    if (look === undefined || this.#settledFrame < look.frame) return;
    this.#pendingComparison = undefined;
    const { digests } = this.#setting.index;
    const isComparable = (bucket: number): boolean => digests.isWithin(bucket, look.acknowledged);
    const buckets = this.#comparison.compare(digests.bytes(), look.digests, isComparable, nowMs);
    if (buckets.length === 0) return;
    this.#repairCount += buckets.length;
    this.#send({ kind: 'resendBuckets', buckets: Uint8Array.from(buckets) });
  }

  #compareMembers(nowMs: number): void {
    const tables = this.#members?.compare(this.#settledFrame, nowMs);
    if (tables !== undefined && tables.length > 0) this.#send({ kind: 'againMembership', tables });
  }

  #requestPart(wish: { readonly swarm: string; readonly offset: number } | undefined): void {
    const asked = wish ?? this.#pieceHashes.next();
    if (asked === undefined) return;
    this.#send({ kind: 'wantPart', swarm: Buffer.from(asked.swarm, 'hex'), offset: asked.offset });
  }

  #commit(changes: readonly PairChange[], arrival: Arrival): void {
    this.#setting.commit(changes, arrival);
  }

  #send(word: FollowerMessage): void {
    if (this.#state.at === 'following') this.#setting.send(this.#state.link, word);
  }
}
