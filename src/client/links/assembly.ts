// Turns a link into what its .mtorrent says: piece hashes from one tracker at a time, the lines behind them from one
// peer at a time. Invariant: nothing counts but what has the SHA-1 and the SHA-256 of the link, so that whoever lies is
// known, costs itself, and is not asked again while another source is there. Pure.

import { createHash, type Hash } from 'node:crypto';
import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../../foundation/actor/machine.js';
import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { DIGEST_SIZE } from '../../foundation/base/limits.js';
import type { Address } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { Link } from '../../foundation/torrent/link.js';
import { HashStringFetch } from './hash-string.js';
import { LINK_PATIENCE_MS, LINK_ROUND_MS, LINK_TRACKER_DEADLINE_MS, LINK_UNLISTED_MS } from './limits.js';
import { ListSources } from './list-sources.js';
import type { AssemblyEffect, AssemblyInput, TrackerFault, TrackerState } from './messages.js';
import { infoBeginning } from './mtorrent-text.js';
import { whyNoHashes, whyNoList, wrongLink } from './sentences.js';

const NEVER = Number.POSITIVE_INFINITY;

type Effects = readonly (AssemblyEffect | WakeAt)[];

export class AssemblyMachine implements Machine<AssemblyInput | Wake, AssemblyEffect | WakeAt> {
  readonly #link: Link;
  readonly #hashBytes: number;
  readonly #trackers: readonly TrackerState[];
  readonly #sources = new ListSources();
  #beganMs = 0;
  /** The tracker that gives the piece hashes now. */
  #giver: number | undefined;
  #fetch: HashStringFetch | undefined;
  #digests: Uint8Array | undefined;
  /** Of the info text up to the list, once the piece hashes are there. */
  #beginning: Hash | undefined;
  #isFetchingList = false;
  #roundMs = 0;
  #isOver = false;

  /** @param trackers whom to ask. */
  constructor(link: Link, trackers: readonly Address[] = link.trackers) {
    this.#link = link;
    this.#hashBytes = new Geometry(link.size).pieceCount * DIGEST_SIZE;
    this.#trackers = trackers.map((address) => ({ address, at: 'new', fault: undefined, reason: '', dueMs: 0 }));
  }

  receive(input: AssemblyInput | Wake, nowMs: number): Effects {
    if (this.#isOver) return NO_EFFECTS;
    const effects = [...this.#apply(input, nowMs)];
    if (!this.#isOver) effects.push(...this.#goOn(nowMs));
    if (!this.#isOver) effects.push({ kind: 'wakeAt', atMs: this.#nextMs(nowMs) });
    return effects;
  }

  #apply(input: AssemblyInput | Wake, nowMs: number): Effects {
    switch (input.kind) {
      case 'begin':
        this.#beganMs = nowMs;
        return NO_EFFECTS;
      case 'trackerReady':
        return this.#onReady(input.tracker, nowMs);
      case 'trackerFailed':
        return this.#fail(input.tracker, input.why, input.reason, nowMs);
      case 'hashPart':
        return this.#onHashPart(input, nowMs);
      case 'seeders':
        this.#answered(input.tracker);
        this.#sources.named(input.tracker, input.peers);
        return NO_EFFECTS;
      case 'listFetched':
        return this.#onList(input.peer, input.bytes);
      case 'listFailed':
        this.#isFetchingList = false;
        this.#sources.failed(input.peer, input.reason);
        return NO_EFFECTS;
      case 'wake':
        return this.#onWake(nowMs);
    }
  }

  #onWake(nowMs: number): Effects {
    const late = [...this.#trackers.entries()].filter(
      ([, { at, dueMs }]) => (at === 'dialing' || at === 'ready') && nowMs >= dueMs,
    );
    return late.flatMap(([tracker]) => this.#fail(tracker, 'away', 'it does not answer', nowMs));
  }

  #onReady(tracker: number, nowMs: number): Effects {
    const state = this.#trackers[tracker];
    if (state?.at !== 'dialing') return NO_EFFECTS;
    state.at = 'ready';
    state.dueMs = NEVER;
    return this.#link.listBytes > 0 ? this.#askSeeders(tracker, nowMs) : NO_EFFECTS;
  }

  #askSeeders(tracker: number, nowMs: number): Effects {
    this.#expectFrom(tracker, nowMs);
    return [{ kind: 'askSeeders', tracker }];
  }

  #onHashPart({ tracker, offset, part }: Extract<AssemblyInput, { kind: 'hashPart' }>, nowMs: number): Effects {
    if (tracker !== this.#giver || this.#fetch === undefined) return NO_EFFECTS;
    const fetch = this.#fetch;
    const rest = fetch.took(offset, part);
    if (rest === 'wrong') return this.#fail(tracker, 'liar', 'it gave piece hashes of a wrong length', nowMs);
    if (!fetch.isWhole) {
      this.#expectFrom(tracker, nowMs);
      return [...(rest === undefined ? [] : [rest]), ...fetch.ask()].map((asked) => ({
        kind: 'askHash',
        tracker,
        ...asked,
      }));
    }
    if (!fetch.isRight) return this.#fail(tracker, 'liar', 'it gave other piece hashes', nowMs);
    this.#answered(tracker);
    this.#hashesAre(fetch.digests);
    return NO_EFFECTS;
  }

  #hashesAre(digests: Uint8Array): void {
    this.#giver = undefined;
    this.#fetch = undefined;
    this.#digests = digests;
    this.#beginning = createHash('sha256');
    for (const part of infoBeginning(this.#link, digests)) this.#beginning.update(part);
  }

  #onList(peer: Address, list: Uint8Array): Effects {
    this.#isFetchingList = false;
    if (this.#isInfo(list)) return this.#done(list);
    this.#sources.lied(peer);
    return NO_EFFECTS;
  }

  #isInfo(list: Uint8Array): boolean {
    return this.#beginning?.copy().update(list).digest('hex') === this.#link.info;
  }

  #done(list: Uint8Array): Effects {
    return this.#end({ kind: 'done', digests: this.#digests ?? EMPTY_BYTES, list });
  }

  #end(last: AssemblyEffect): Effects {
    this.#isOver = true;
    const left = [...this.#trackers.entries()].filter(([, { at }]) => at === 'dialing' || at === 'ready');
    return [...left.map(([tracker]) => ({ kind: 'leaveTracker', tracker }) as const), last];
  }

  /** What is begun now: dials, the piece hashes, the list, or the end. */
  #goOn(nowMs: number): Effects {
    if (this.#hashBytes === 0 && this.#digests === undefined) this.#hashesAre(EMPTY_BYTES);
    if (this.#digests === undefined) return [...this.#dial(nowMs), ...this.#askHashes(nowMs)];
    if (this.#link.listBytes > 0) return [...this.#dial(nowMs), ...this.#askPeers(nowMs)];
    return this.#isInfo(EMPTY_BYTES) ? this.#done(EMPTY_BYTES) : this.#end(wrongLink(this.#link));
  }

  #dial(nowMs: number): Effects {
    const effects: AssemblyEffect[] = [];
    for (const [tracker, state] of this.#trackers.entries()) {
      const isDue =
        state.at === 'new' || (state.at === 'failed' && nowMs >= state.dueMs && this.#mayHelp(state, nowMs));
      if (!isDue) continue;
      state.at = 'dialing';
      this.#expectFrom(tracker, nowMs);
      effects.push({ kind: 'dialTracker', tracker });
    }
    return effects;
  }

  /** Whether a tracker that failed is worth another try. */
  #mayHelp({ fault }: TrackerState, nowMs: number): boolean {
    if (fault === 'away') return nowMs < this.#beganMs + LINK_PATIENCE_MS;
    return fault === 'unlisted' && nowMs < this.#beganMs + LINK_UNLISTED_MS;
  }

  #askHashes(nowMs: number): Effects {
    if (this.#giver !== undefined) return NO_EFFECTS;
    const tracker = this.#trackers.findIndex(({ at }) => at === 'ready');
    if (tracker >= 0) {
      const fetch = new HashStringFetch(this.#link.swarm, this.#hashBytes);
      [this.#giver, this.#fetch] = [tracker, fetch];
      this.#expectFrom(tracker, nowMs);
      return [...fetch.ask()].map((asked) => ({ kind: 'askHash', tracker, ...asked }));
    }
    const isOpen = this.#trackers.some((state) => state.at !== 'failed' || this.#mayHelp(state, nowMs));
    return isOpen ? NO_EFFECTS : this.#end(whyNoHashes(this.#trackers));
  }

  #askPeers(nowMs: number): Effects {
    if (this.#isFetchingList) return NO_EFFECTS;
    const peer = this.#sources.next();
    if (peer !== undefined) {
      this.#isFetchingList = true;
      return [{ kind: 'fetchList', peer }];
    }
    const isAnswerDue = this.#trackers.some(({ at, dueMs }) => at === 'dialing' || (at === 'ready' && dueMs < NEVER));
    if (this.#roundMs === 0) this.#roundMs = nowMs + LINK_ROUND_MS;
    if (isAnswerDue || nowMs < this.#roundMs) return NO_EFFECTS;
    if (nowMs >= this.#beganMs + LINK_PATIENCE_MS)
      return this.#end(whyNoList(this.#link, this.#sources, this.#trackers));
    // The last round brought nothing: trackers are asked again, and then the peers.
    this.#roundMs = nowMs + LINK_ROUND_MS;
    this.#sources.beginRound();
    return [...this.#trackers.entries()].flatMap(([tracker, { at }]) =>
      at === 'ready' ? this.#askSeeders(tracker, nowMs) : NO_EFFECTS,
    );
  }

  #fail(tracker: number, fault: TrackerFault, reason: string, nowMs: number): Effects {
    const state = this.#trackers[tracker];
    if (state === undefined || state.at === 'failed') return NO_EFFECTS;
    Object.assign(state, { at: 'failed', fault, reason, dueMs: nowMs + LINK_ROUND_MS });
    if (this.#giver === tracker) [this.#giver, this.#fetch] = [undefined, undefined];
    return [{ kind: 'leaveTracker', tracker }];
  }

  #expectFrom(tracker: number, nowMs: number): void {
    const state = this.#trackers[tracker];
    if (state !== undefined) state.dueMs = nowMs + LINK_TRACKER_DEADLINE_MS;
  }

  #answered(tracker: number): void {
    const state = this.#trackers[tracker];
    if (state !== undefined && tracker !== this.#giver) state.dueMs = NEVER;
  }

  #nextMs(nowMs: number): number {
    const dues = this.#trackers.map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs);
    return Math.min(nowMs + LINK_ROUND_MS, ...dues);
  }
}
