// This tracker's half of the pair: whom it follows, which connection follows it, and when its own list may be served.
// The directions are independent, and changes are taken at all times. Refuses everybody but the partner. Pure.

import { equalBytes } from '../../../foundation/base/bytes.js';
import { Complaints } from '../../../foundation/base/complaints.js';
import type { Prng } from '../../../foundation/base/prng.js';
import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { Membership } from '../../membership/membership.js';
import type { MembershipRow } from '../../membership/records.js';
import type { Leases } from '../../registry/leases.js';
import type { Registry } from '../../registry/registry.js';
import type { UploadNumbers } from '../../registry/uploads.js';
import type { PairChange } from './changes.js';
import { Follower } from './follower.js';
import type { Arrival, Followed } from './following.js';
import { Leader } from './leader.js';
import { REPLICA_CATCH_UP_MS } from './limits.js';
import { type FollowerMessage, type FollowRequest, type LeaderMessage, PAIR_VERSION } from './messages.js';
import type { ReplicationIndex } from './replication.js';

export type PairInput =
  | { readonly kind: 'partnerConnected'; readonly link: number }
  /** The hosts that the partner's host name stands for, as of its latest dial. */
  | { readonly kind: 'partnerResolved'; readonly hosts: readonly string[] }
  | { readonly kind: 'partnerSaid'; readonly link: number; readonly message: LeaderMessage }
  | { readonly kind: 'partnerLost'; readonly link: number; readonly reason: string }
  /** From the connection on which the partner follows us. */
  | { readonly kind: 'followerSaid'; readonly connection: number; readonly message: FollowerMessage }
  | {
      readonly kind: 'partRead';
      readonly connection: number;
      readonly swarm: SwarmKey;
      readonly offset: number;
      readonly part: Uint8Array;
    };

export type PairEffect =
  | { readonly kind: 'dialPartner'; readonly link: number }
  | { readonly kind: 'hangUpPartner'; readonly link: number }
  | { readonly kind: 'sendPartner'; readonly link: number; readonly message: FollowerMessage }
  | { readonly kind: 'tellFollower'; readonly connection: number; readonly message: LeaderMessage }
  | { readonly kind: 'readPart'; readonly connection: number; readonly swarm: SwarmKey; readonly offset: number };

export interface PairSetting {
  readonly registry: Registry;
  readonly index: ReplicationIndex;
  readonly leases: Leases;
  /** As in `StoreSink`. */
  readonly membership?: Membership | undefined;
  readonly wallS?: ((nowMs: number) => number) | undefined;
  readonly onPartnerClock?: ((seconds: number, nowMs: number) => void) | undefined;
  readonly uploads: UploadNumbers;
  readonly prng: Prng;
  /** Both trackers of a pair have the same one, and no others. */
  readonly cluster: Uint8Array;
  /** Undefined in a closed swarm, where its card says that it is a tracker. */
  readonly partnerHost: string | undefined;
  readonly replicaWaitMs: number;
  readonly emit: (effect: PairEffect) => void;
  readonly hangUp: (connection: number, reason: string) => void;
  readonly commit: (changes: readonly PairChange[], arrival: Arrival) => void;
  readonly log: (level: 'info' | 'warn', fields: object, sentence: string) => void;
  /**
   * An id that no tracker has had: for the case that this list turns out to be an older one than the partner has seen,
   * or a copy of the partner's.
   */
  readonly spareId: Uint8Array;
  /** This tracker has another id from now on, and its list is not to be answered from before `onReady`. */
  readonly onIdentityChanged: (id: Uint8Array) => void;
  /** The list may be answered from. */
  readonly onReady: (nowMs: number) => void;
}

interface FollowerConnection {
  readonly connection: number;
  readonly leader: Leader;
}

export class Pair {
  readonly #setting: PairSetting;
  #ownId: Uint8Array;
  /** Of a partner that is known by a host name. */
  #partnerHosts: readonly string[] = [];
  readonly #follower: Follower;
  #startedMs: number;
  #head: number;
  /** The highest position that anybody can have heard of: of the list as it was opened, or told to a follower since. */
  #told: number;
  /** Of the partner's last connection. */
  #acknowledged = 0;
  #followerConnection: FollowerConnection | undefined;
  #readyAtMs: number | undefined;
  /** Ready without the partner's word: the list may be out of date. */
  #isAlone = false;
  /** It lacks what this tracker told it since its list was copied, and does not know. */
  #isPartnerRestored = false;
  #refusedCount = 0;
  readonly #refusals = new Complaints();
  #lastRefusal = '';

  constructor(setting: PairSetting, ownId: Uint8Array, followed: Followed, head: number, nowMs: number) {
    this.#setting = setting;
    this.#ownId = ownId;
    this.#head = head;
    this.#told = head;
    this.#startedMs = nowMs;
    this.#readyAtMs = nowMs + setting.replicaWaitMs;
    const { registry, index, uploads, prng, cluster, emit, commit, membership, onPartnerClock } = setting;
    this.#follower = new Follower(
      {
        ...{ registry, index, uploads, prng, cluster, commit, membership, onPartnerClock },
        dial: (link) => emit({ kind: 'dialPartner', link }),
        hangUp: (link) => emit({ kind: 'hangUpPartner', link }),
        send: (link, message) => emit({ kind: 'sendPartner', link, message }),
        acknowledged: () => this.acknowledged,
        onCaughtUp: (atMs) => this.#caughtUp(atMs),
        onRestored: () => this.#partnerRestored(),
        onLost: (reason, wasFollowing, atMs) => this.#lost(reason, wasFollowing, atMs),
      },
      ownId,
      followed,
      nowMs,
    );
  }

  nextAtMs(): number {
    return Math.min(
      this.#follower.nextAtMs(),
      this.#followerConnection?.leader.nextAtMs() ?? Number.POSITIVE_INFINITY,
      this.#readyAtMs ?? Number.POSITIVE_INFINITY,
    );
  }

  onTimer(nowMs: number): void {
    this.#follower.onTimer(nowMs);
    this.#followerConnection?.leader.onTimer(nowMs);
    if (this.#readyAtMs === undefined || nowMs < this.#readyAtMs) return;
    this.#isAlone = true;
    this.#setting.log(
      'warn',
      {},
      'the partner does not answer; this tracker serves its list as it was when it stopped',
    );
    this.#ready(nowMs);
  }

  receive(input: PairInput, nowMs: number): void {
    switch (input.kind) {
      case 'partnerConnected':
        this.#follower.connected(input.link);
        return;
      case 'partnerResolved':
        this.#partnerHosts = input.hosts;
        return;
      case 'partnerSaid':
        this.#follower.received(input.link, input.message, nowMs);
        // One that the follower did not believe is none.
        if (input.message.kind === 'welcome' && this.#follower.figures.following) this.#welcomed(nowMs);
        return;
      case 'partnerLost':
        this.#follower.lost(input.link, input.reason, nowMs);
        return;
      case 'followerSaid':
        if (this.#followerConnection?.connection === input.connection)
          this.#followerConnection.leader.received(input.message, nowMs);
        return;
      case 'partRead': {
        const { connection, swarm, offset, part } = input;
        if (this.#followerConnection?.connection !== connection) return;
        const key = Buffer.from(swarm, 'hex');
        this.#setting.emit({ kind: 'tellFollower', connection, message: { kind: 'part', swarm: key, offset, part } });
        return;
      }
    }
  }

  /** Somebody wants to follow us on `connection`. */
  followAsked(connection: number, host: string, request: FollowRequest, nowMs: number): void {
    const { emit, registry, index, leases, membership, wallS } = this.#setting;
    if (this.#isTwin(host, request)) {
      const sentence = "this tracker's list and its partner's are copies of one; this tracker takes a new identity";
      this.#setting.log('warn', { host }, sentence);
      this.#renew(nowMs);
    }
    const refusal = this.#whatIsWrong(host, request);
    if (refusal !== undefined) {
      this.#refusedCount += 1;
      const attempts = this.#refusals.note(host, nowMs);
      if (attempts > 0) this.#setting.log('warn', { host, attempts }, `refused to be followed: ${refusal}`);
      emit({ kind: 'tellFollower', connection, message: { kind: 'refused', sentence: refusal } });
      this.#setting.hangUp(connection, refusal);
      return;
    }
    // A half-open one of before: its end would be noticed later.
    if (this.#followerConnection !== undefined)
      this.#dismiss(this.#followerConnection.connection, 'the partner connected anew');
    // The welcome tells every lease; from then on those that are renewed.
    leases.collectRenewals(true);
    const { position } = request;
    // Position 0 is no place in the order: a follower whose full transfer broke off is there, whatever it was told.
    const isOurs = equalBytes(request.originId, this.#ownId) && !this.#isPartnerRestored;
    if (isOurs && position > this.#told) this.#renew(nowMs);
    const isKnown = isOurs && position > 0 && position <= this.#told;
    this.#isPartnerRestored = false;
    const setting = {
      ...{ registry, index, leases, membership, wallS },
      tell: (message: LeaderMessage) => emit({ kind: 'tellFollower', connection, message }),
      readPart: (swarm: SwarmKey, offset: number) => emit({ kind: 'readPart', connection, swarm, offset }),
      hangUp: (reason: string) => this.#dismiss(connection, reason),
    };
    const leader = new Leader(setting, this.#ownId, isKnown ? position : undefined, this.#head, nowMs);
    this.#followerConnection = { connection, leader };
    this.#setting.log('info', { position, isFullSync: !isKnown }, 'the partner follows this tracker');
    this.#follower.reconnectNow(nowMs);
  }

  closed(connection: number): void {
    if (this.#followerConnection?.connection !== connection) return;
    this.#acknowledged = this.#followerConnection.leader.acked;
    this.#followerConnection = undefined;
    this.#setting.leases.collectRenewals(false);
  }

  /** The partner has all changes that were made here up to this position, as far as it said since this start. */
  get acknowledged(): number {
    return this.#followerConnection?.leader.acked ?? this.#acknowledged;
  }

  /** As `Store.isPartnerTold`. */
  get isMembershipTold(): boolean | undefined {
    return this.#followerConnection?.leader.isMembershipTold;
  }

  /** What was committed here about members. */
  memberNews(row: MembershipRow): void {
    this.#followerConnection?.leader.memberNews(row);
  }

  /** Everything up to `head` is in the registry. */
  pump(head: number, nowMs: number): void {
    this.#head = head;
    if (this.#followerConnection !== undefined) this.#told = head;
    this.#followerConnection?.leader.pump(head, nowMs);
  }

  settled(arrival: Arrival, nowMs: number): void {
    this.#follower.settled(arrival, nowMs);
  }

  failed(arrival: Arrival, nowMs: number): void {
    this.#follower.failed(arrival, nowMs);
  }

  figures(nowMs: number) {
    return {
      ...this.#follower.figures,
      connected: this.#follower.figures.following && this.#followerConnection !== undefined,
      followedBy: this.#followerConnection !== undefined,
      lagChanges: this.#followerConnection?.leader.lagChanges ?? null,
      lagMs: this.#followerConnection === undefined ? null : Math.round(this.#followerConnection.leader.lagMs(nowMs)),
      isReady: this.#readyAtMs === undefined,
      isAlone: this.#isAlone,
      refused: this.#refusedCount,
      refusedBy: this.#lastRefusal,
    };
  }

  /**
   * The partner has our id, so one list was made from a copy of the other. A tracker that still meets its own id after
   * it has taken a new one was dialed by itself.
   */
  #isTwin(host: string, { version, cluster, followerId }: FollowRequest): boolean {
    const { partnerHost, spareId } = this.#setting;
    const isPartner =
      (partnerHost === undefined || host === partnerHost) &&
      version === PAIR_VERSION &&
      equalBytes(cluster, this.#setting.cluster);
    return isPartner && equalBytes(followerId, this.#ownId) && !equalBytes(this.#ownId, spareId);
  }

  #whatIsWrong(host: string, { version, cluster, followerId }: FollowRequest): string | undefined {
    const { partnerHost } = this.#setting;
    const partnerHosts = [partnerHost, ...this.#partnerHosts];
    if (partnerHost !== undefined && !partnerHosts.includes(host))
      return `${host} is not the address of this tracker's partner, which is ${partnerHosts.join(' or ')}; start both trackers with the same two addresses`;
    if (version !== PAIR_VERSION)
      return `this tracker speaks version ${PAIR_VERSION} of the pair's protocol, not ${version}; until both run the same release nothing is replicated`;
    if (equalBytes(followerId, this.#ownId))
      return "the partner's address leads back to this tracker itself; start both with the addresses of the same pair";
    if (this.#isAnother(followerId))
      return "another tracker than this one's partner runs on the partner's host; give it a partner of its own";
    if (!equalBytes(cluster, this.#setting.cluster))
      return 'this tracker belongs to another pair; start both with the same two addresses, or both with the same --cluster name';
    return undefined;
  }

  /** The partner that this tracker follows has another id, so who asks is a third one. */
  #isAnother(followerId: Uint8Array): boolean {
    const partnerId = this.#follower.leaderId;
    return partnerId !== undefined && !equalBytes(followerId, partnerId);
  }

  /**
   * This list is an older one, restored, or a copy of the partner's: its next positions would name other changes than
   * the partner has. So this tracker begins anew as another one, and both tell each other everything.
   */
  #renew(nowMs: number): void {
    this.#ownId = this.#setting.spareId;
    this.#setting.onIdentityChanged(this.#ownId);
    this.#isAlone = false;
    this.#startedMs = nowMs;
    this.#readyAtMs = nowMs + this.#setting.replicaWaitMs;
    this.#follower.startOver(this.#ownId, nowMs);
  }

  #dismiss(connection: number, reason: string): void {
    this.#setting.hangUp(connection, reason);
    this.closed(connection);
  }

  /** It is there, so it is worth waiting for what it knows. */
  #welcomed(nowMs: number): void {
    this.#lastRefusal = '';
    if (this.#readyAtMs !== undefined) this.#readyAtMs = Math.max(nowMs, this.#startedMs + REPLICA_CATCH_UP_MS);
  }

  #caughtUp(nowMs: number): void {
    this.#isAlone = false;
    this.#setting.log('info', { ...this.#follower.figures.lastCatchUp }, 'caught up with the partner');
    this.#ready(nowMs);
  }

  #lost(reason: string, wasFollowing: boolean, nowMs: number): void {
    this.#lastRefusal = reason.startsWith('the partner refuses') ? reason : '';
    if (this.#readyAtMs !== undefined)
      this.#readyAtMs = Math.min(this.#readyAtMs, Math.max(nowMs, this.#startedMs + this.#setting.replicaWaitMs));
    if (!wasFollowing) return;
    this.#setting.log('warn', { reason }, 'the connection to the partner ended');
    this.#setting.leases.graceAfterOutage(nowMs);
  }

  #partnerRestored(): void {
    this.#setting.log('warn', {}, "the partner's list was restored from an older copy; it is sent everything again");
    if (this.#followerConnection === undefined) this.#isPartnerRestored = true;
    else this.#followerConnection.leader.resendAll();
  }

  #ready(nowMs: number): void {
    if (this.#readyAtMs === undefined) return;
    this.#readyAtMs = undefined;
    this.#setting.onReady(nowMs);
  }
}
