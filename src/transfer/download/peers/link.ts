// All connections to one peer, and how many of them it is worth. A connection carries in a round trip what the kernels
// buffer for it and what losses leave; a distant peer is asked over several while each is full, or while twice as many
// bring more (docs/decisions/039). Pure.

import { PIECE_SIZE } from '../../../foundation/base/limits.js';
import type { Address } from '../../../foundation/torrent/address.js';
import {
  FAR_LINK_MS,
  LINE_ROOM_SHARE,
  PARALLEL_BYTES_MIN,
  PARALLEL_FEWER_TRIALS,
  PARALLEL_FIRST_MS,
  PARALLEL_GAIN,
  PARALLEL_PAUSE_MAX_MS,
  PARALLEL_PAUSE_MIN_MS,
  PARALLEL_TRIAL_MS,
  PARALLEL_TRIAL_ROUNDS,
} from '../limits.js';
import type { ConnectedPeer } from '../messages.js';
import type { Line, Peer } from './peer.js';

/** Twice or half as many connections for a while, to see what they bring. */
interface Trial {
  readonly sinceMs: number;
  /** What there was before, in connections and in bytes a millisecond. */
  readonly fromCount: number;
  readonly fromRate: number;
}

export class PeerLink implements Line {
  readonly address: Address;
  /** In the order they were dialed. */
  readonly #peers = new Set<Peer>();
  /** Milliseconds of a round trip: the least that a hello or a piece took. */
  #lengthMs = Number.POSITIVE_INFINITY;
  /** The same, or what setting up a connection took, if less. */
  #leastMs = Number.POSITIVE_INFINITY;
  #target = 1;
  #trial: Trial | undefined;
  /** When a trial may begin; undefined before the first one is there. */
  #trialDueMs: number | undefined;
  #pauseMs = PARALLEL_PAUSE_MIN_MS;
  #endedBytes = 0;
  /** When payload was seen first, and how much; undefined before. */
  #first: { readonly atMs: number; readonly bytes: number } | undefined;
  /** The highest mean rate from then to any moment, in bytes a millisecond: what the line is known to carry. */
  #bestMean = 0;

  constructor(address: Address) {
    this.address = address;
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  /** It brought payload. */
  get wasUseful(): boolean {
    return this.#receivedBytes > 0;
  }

  /** It has, or may have, what we miss. */
  get helps(): boolean {
    for (const peer of this.#peers)
      if (peer.mayBeAsked && (peer.wantedCount > 0 || peer.requests.size > 0)) return true;
    return false;
  }

  /** Connections that have nothing to bring leave room, unless the others take it all. */
  hasRoom(nowMs: number): boolean {
    return this.#rate(nowMs) < LINE_ROOM_SHARE * this.#bestMean;
  }

  opened(peer: Peer): void {
    peer.isExtra = this.#peers.size > 0;
    this.#peers.add(peer);
  }

  /** One of its connections has ended; another one stands for the peer if it was the first. */
  ended(peer: Peer, nowMs: number): void {
    this.#peers.delete(peer);
    this.#endedBytes += peer.receivedBytes;
    const [first] = this.#peers;
    if (first !== undefined && !peer.isExtra) first.isExtra = false;
    // One that we gave up ourselves says nothing about the peer.
    if (first !== undefined && !peer.hangingUp) this.#settleFor(this.#peers.size, nowMs);
  }

  /** Connections that it is worth now: 1 to `most`. Asked a few times a second. @param wanted as of `widen`. */
  worth(most: number, wanted: number, nowMs: number): number {
    const isFar = this.#measure();
    this.#average(nowMs);
    if (!isFar || most === 1) this.#backToOne();
    else this.#consider(wanted, nowMs);
    this.#target = Math.min(this.#target, most);
    return this.#target;
  }

  #average(nowMs: number): void {
    const received = this.#receivedBytes;
    if (received === 0) return;
    this.#first ??= { atMs: nowMs, bytes: received };
    const { atMs, bytes } = this.#first;
    // What came in a shorter time may have been a burst.
    if (nowMs - atMs >= PARALLEL_TRIAL_MS)
      this.#bestMean = Math.max(this.#bestMean, (received - bytes) / (nowMs - atMs));
  }

  /** One row, whatever the number of its connections. */
  describe(nowMs: number): ConnectedPeer {
    const { host, port } = this.address;
    const pieces = Math.max(0, ...[...this.#peers].map(({ offered }) => offered.count));
    const member = [...this.#peers].find((peer) => peer.member !== null)?.member ?? null;
    return { host, port, bytes: this.#receivedBytes, rate: this.#rate(nowMs) * 1000, pieces, member };
  }

  get #receivedBytes(): number {
    let bytes = this.#endedBytes;
    for (const peer of this.#peers) bytes += peer.receivedBytes;
    return bytes;
  }

  /** Bytes a millisecond. */
  #rate(nowMs: number): number {
    let rate = 0;
    for (const peer of this.#peers) rate += peer.window.rate(nowMs);
    return rate;
  }

  /** Is it far away, and does it take several connections? */
  #measure(): boolean {
    let takesMore = false;
    for (const { connectMs, rttMs, pieceMs, takesParallel } of this.#peers) {
      // A busy peer is slow to say hello; a piece that came sooner shows that the link is shorter.
      this.#lengthMs = Math.min(this.#lengthMs, rttMs, pieceMs ?? rttMs);
      this.#leastMs = Math.min(this.#leastMs, connectMs, this.#lengthMs);
      takesMore ||= takesParallel;
    }
    return takesMore && Number.isFinite(this.#lengthMs) && this.#lengthMs >= FAR_LINK_MS;
  }

  #consider(wanted: number, nowMs: number): void {
    const rate = this.#rate(nowMs);
    const full = Math.ceil((rate * this.#lengthMs) / PARALLEL_BYTES_MIN);
    // Even its kernel is far away, so a peer that is merely busy is not taken for one: no need to wait for payload.
    const isSure = this.#leastMs >= FAR_LINK_MS;
    if (this.#trialDueMs === undefined) {
      // TCP begins slowly, the more so the longer the link: several that begin together get there sooner.
      if (isSure || rate > 0) this.#grow(Math.floor(this.#lengthMs / PARALLEL_FIRST_MS), nowMs);
    } else if (full > this.#target) this.#grow(full, nowMs);
    else if (this.#trial !== undefined)
      this.#judge(this.#trial, rate, Math.max(full, this.#fewest(wanted, rate)), nowMs);
    else if (nowMs >= this.#trialDueMs && rate > 0) this.#try(this.#target * 2, rate, nowMs);
  }

  #grow(count: number, nowMs: number): void {
    this.#target = Math.max(1, count);
    this.#trial = undefined;
    this.#trialDueMs = nowMs + this.#settleMs;
  }

  #try(count: number, fromRate: number, nowMs: number): void {
    this.#trial = { sinceMs: nowMs, fromCount: this.#target, fromRate };
    this.#target = count;
  }

  /** Connections that a trial may leave: those given up are not had again soon, which the end has no time for. */
  #fewest(wanted: number, rate: number): number {
    return wanted * PIECE_SIZE < PARALLEL_FEWER_TRIALS * this.#settleMs * rate ? this.#target : 1;
  }

  #judge({ sinceMs, fromCount, fromRate }: Trial, rate: number, least: number, nowMs: number): void {
    if (nowMs - sinceMs < this.#settleMs) return;
    this.#trial = undefined;
    if (this.#target > fromCount) {
      if (rate >= PARALLEL_GAIN * fromRate) {
        this.#pauseMs = PARALLEL_PAUSE_MIN_MS;
        this.#trialDueMs = nowMs;
        return;
      }
      this.#settleFor(fromCount, nowMs);
      // More bring nothing: do half as many bring as much?
      const fewer = Math.max(least, Math.ceil(fromCount / 2));
      if (fewer < fromCount) this.#try(fewer, rate, nowMs);
    } else if (rate * PARALLEL_GAIN < fromRate) this.#target = fromCount;
  }

  /** No more than so many for a while; longer each time. */
  #settleFor(count: number, nowMs: number): void {
    this.#target = Math.max(1, count);
    this.#trial = undefined;
    this.#trialDueMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(PARALLEL_PAUSE_MAX_MS, this.#pauseMs * 2);
  }

  #backToOne(): void {
    this.#target = 1;
    this.#trial = undefined;
    this.#trialDueMs = undefined;
  }

  /** Milliseconds until new connections show what they bring: TCP begins slowly. */
  get #settleMs(): number {
    return Math.max(PARALLEL_TRIAL_MS, PARALLEL_TRIAL_ROUNDS * this.#lengthMs);
  }
}
