// When a member of a closed swarm asks for a new card, and which of two it keeps: long before the end, at a random
// moment, and at once when the tracker that signed it was withdrawn. Pure.

import { equalBytes } from '../../foundation/base/bytes.js';
import type { Prng } from '../../foundation/base/prng.js';
import { readCard } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type KeyId, keyIdOf } from '../../foundation/identity/keys.js';
import type { TrackerReply } from '../tracker/messages.js';
import { CARD_PARTS, RENEWAL_RETRY_MAX_MS, RENEWAL_RETRY_MIN_MS, RENEWAL_SPREAD_MS } from './limits.js';
import type { AnnounceEvent } from './messages.js';

/** What a card says of its own life. */
interface CardLife {
  readonly by: KeyId;
  /** Seconds since 1970. */
  readonly goodUntilS: number;
  /** Seconds. */
  readonly partS: number;
}

export class Renewal {
  /** Of the whole client: other pairs' announcers change it as well. */
  readonly #credentials: Credentials;
  readonly #prng: Prng;
  readonly #emit: (event: AnnounceEvent) => void;
  /** When a new card is asked for; undefined: not known yet, or never. */
  #dueMs: number | undefined;
  /** The card that `#dueMs` is about. */
  #planned: Uint8Array | undefined;
  #wasVoid = false;
  /** Signatures take a while to check. */
  #known: { readonly bytes: Uint8Array; readonly life: CardLife | undefined } | undefined;
  #isAsked = false;
  /** No try before that. */
  #notBeforeMs = 0;
  #failures = 0;

  constructor(credentials: Credentials, prng: Prng, emit: (event: AnnounceEvent) => void) {
    this.#credentials = credentials;
    this.#prng = prng;
    this.#emit = emit;
  }

  /** A tracker said what time it is, or who is shut out. */
  toldNews(nowMs: number): void {
    const { card } = this.#credentials;
    const isVoid = this.#isVoid(this.#lifeOf(card));
    // Nobody but the other tracker lets it in with such a card: no waiting for what an earlier try brought.
    if (isVoid && !this.#wasVoid) this.#notBeforeMs = 0;
    if (this.#dueMs === undefined || isVoid !== this.#wasVoid || this.#planned !== card) this.#plan(nowMs);
  }

  /** The own card is good for renewing only: its tracker was withdrawn, or it has ended. */
  isSpent(nowMs: number): boolean {
    const { card, trackerClock } = this.#credentials;
    const life = this.#lifeOf(card);
    return this.#isVoid(life) || (trackerClock.at(nowMs) ?? 0) > (life?.goodUntilS ?? Number.POSITIVE_INFINITY);
  }

  /** A tracker takes the own card for renewing only, whatever the clocks here say. */
  turnedAway(nowMs: number): void {
    this.#dueMs = nowMs;
    this.#planned = this.#credentials.card;
    this.#notBeforeMs = 0;
  }

  /** The tracker that was asked is left; the next one is asked at once, and how often one is dialed is bounded. */
  refused(): void {
    this.#isAsked = false;
    this.#notBeforeMs = 0;
  }

  /** The connection on which a card was asked for is no more. */
  lost(): void {
    this.#isAsked = false;
    // The withdrawn tracker may have been the one that was asked.
    if (this.#wasVoid) this.#notBeforeMs = 0;
  }

  /** A visit may bring it, whatever the tracker that is talked to has refused. */
  isWanted(nowMs: number): boolean {
    return !this.#isAsked && this.#dueMs !== undefined && nowMs >= this.#dueMs;
  }

  isDue(nowMs: number): boolean {
    return !this.#isAsked && nowMs >= this.nextAtMs(nowMs);
  }

  /** When `isDue` changes; a card that another announcer got counts. */
  nextAtMs(nowMs: number): number {
    if (this.#isAsked) return Number.POSITIVE_INFINITY;
    if (this.#planned !== undefined && this.#planned !== this.#credentials.card) this.#plan(nowMs);
    return this.#dueMs === undefined ? Number.POSITIVE_INFINITY : Math.max(this.#dueMs, this.#notBeforeMs);
  }

  asked(): void {
    this.#isAsked = true;
  }

  /** True when it brought a better card. */
  answered(reply: TrackerReply, nowMs: number): boolean {
    this.#isAsked = false;
    const isBetter = reply.kind === 'renewed' && this.#isBetter(reply.card);
    if (isBetter) {
      this.#credentials.card = reply.card;
      this.#failures = 0;
      if (equalBytes(this.#credentials.card, reply.card)) this.#emit({ kind: 'cardRenewed', card: reply.card });
    } else {
      this.#failures += 1;
      if (reply.kind === 'error') this.#emit({ kind: 'cardRefused', sentence: reply.sentence });
    }
    const waitMs = Math.min(RENEWAL_RETRY_MAX_MS, RENEWAL_RETRY_MIN_MS * 2 ** this.#failures);
    this.#notBeforeMs = nowMs + waitMs * (0.5 + this.#prng.next() / 2);
    this.#plan(nowMs);
    return isBetter;
  }

  #isBetter(card: Uint8Array): boolean {
    const [offered, own] = [this.#lifeOf(card), this.#lifeOf(this.#credentials.card)];
    if (offered === undefined || this.#isVoid(offered)) return false;
    return own === undefined || this.#isVoid(own) || offered.goodUntilS > own.goodUntilS;
  }

  #plan(nowMs: number): void {
    const { card, trackerClock } = this.#credentials;
    const life = this.#lifeOf(card);
    this.#planned = card;
    this.#wasVoid = this.#isVoid(life);
    this.#dueMs = undefined;
    if (life === undefined) return;
    if (this.#wasVoid) {
      this.#dueMs = nowMs;
      return;
    }
    const trackerS = trackerClock.at(nowMs);
    if (trackerS === undefined) return;
    const dueS = life.goodUntilS - (CARD_PARTS - 1) * life.partS;
    const isLate = trackerS > dueS + life.partS;
    const spreadMs = isLate ? 0 : trackerS >= dueS ? RENEWAL_SPREAD_MS : life.partS * 1_000;
    this.#dueMs = nowMs + Math.max(0, dueS - trackerS) * 1_000 + this.#prng.next() * spreadMs;
  }

  #isVoid(life: CardLife | undefined): boolean {
    return life !== undefined && this.#credentials.standing.isWithdrawn(life.by);
  }

  /** Undefined for a card that never ends, or is none of ours. */
  #lifeOf(bytes: Uint8Array): CardLife | undefined {
    if (this.#known?.bytes === bytes) return this.#known.life;
    const life = this.#read(bytes);
    this.#known = { bytes, life };
    return life;
  }

  #read(bytes: Uint8Array): CardLife | undefined {
    const card = readCard(bytes, this.#credentials.root);
    if (card?.kind !== 'member' || card.member.goodUntilS === 0) return undefined;
    if (keyIdOf(card.member.key) !== this.#credentials.id) return undefined;
    const { goodUntilS, saidAtS } = card.member;
    return { by: keyIdOf(card.tracker.key), goodUntilS, partS: Math.max(1, (goodUntilS - saidAtS) / CARD_PARTS) };
  }
}
