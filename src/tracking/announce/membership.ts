// Keeps a client of a closed swarm a member: says to each tracker which bans it knows, hears news of who is shut out,
// and has its card renewed. A tracker that keeps news back is found out by visits at the others. Pure.

import type { Prng } from '../../foundation/base/prng.js';
import type { Ban } from '../../foundation/identity/bans.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { keyId } from '../../foundation/identity/keys.js';
import type { TrackerReply, TrackerRequest } from '../tracker/messages.js';
import type { AnnounceEffect, AnnounceInput } from './effects.js';
import type { TrackerIndex } from './links.js';
import type { AnnounceEvent } from './messages.js';
import { Renewal } from './renewal.js';
import { Visits } from './visit.js';

export class Membership {
  /** Of the whole client: announcers of other pairs change it as well. */
  readonly #credentials: Credentials;
  readonly #emit: (effect: AnnounceEffect) => void;
  readonly renewal: Renewal;
  readonly #visits: Visits;
  /** The tracker that is asked takes the own card for renewing only. */
  #isTurnedAway = false;
  /** The card for which a tracker gave no new one, because it takes its holder for no member. */
  #refusedCard: Uint8Array | undefined;

  /** Undefined in an open swarm. */
  static of(credentials: Credentials | undefined, prng: Prng, emit: (effect: AnnounceEffect) => void) {
    return credentials === undefined ? undefined : new Membership(credentials, prng, emit);
  }

  private constructor(credentials: Credentials, prng: Prng, emit: (effect: AnnounceEffect) => void) {
    this.#credentials = credentials;
    this.#emit = emit;
    this.renewal = new Renewal(credentials, prng, (event) => this.#tell(event));
    this.#visits = new Visits(this, prng, emit);
  }

  /** Right behind the hello on each connection. */
  greet(link: number): void {
    this.#emit({ kind: 'send', link, request: this.knownBans() });
  }

  knownBans(): TrackerRequest {
    return { kind: 'knownBans', digest: this.#credentials.standing.bans.digest() };
  }

  /** Whether an input is of a visit, and dealt with. */
  takes(input: AnnounceInput | { readonly kind: 'wake' }, nowMs: number): boolean {
    if (!('link' in input) || !Visits.isVisit(input.link)) return false;
    this.#visits.heard(input, nowMs);
    return true;
  }

  /** What a tracker says unasked; `beside` and hellos are none of ours. */
  hear(reply: TrackerReply, nowMs: number): void {
    const { standing, trackerClock } = this.#credentials;
    if (reply.kind === 'withdrawn') {
      if (standing.withdraw(reply.statement) === undefined) return;
      this.#tell({ kind: 'shutOut', bans: [], withdrawals: [reply.statement] });
    } else if (reply.kind === 'bans') {
      trackerClock.heard(reply.seconds, nowMs);
      this.#tell({ kind: 'trackerTime', seconds: reply.seconds });
      const rows = reply.rows.map((row): Ban => ({ ...row, member: keyId(row.member) }));
      const bans = rows.filter((row) => standing.bans.add(row));
      if (bans.length > 0) this.#tell({ kind: 'shutOut', bans, withdrawals: [] });
    }
    this.renewal.toldNews(nowMs);
  }

  /** Nothing but a new card is asked for: everything else would be refused. */
  get isOutside(): boolean {
    return this.#isTurnedAway;
  }

  /** Whether a request was refused because the card is good for renewing only. It is said again on a new connection. */
  turnedAway(reply: TrackerReply, nowMs: number): boolean {
    if (!isShutOut(reply)) return false;
    if (!this.#isTurnedAway) this.renewal.turnedAway(nowMs);
    this.#isTurnedAway = true;
    return true;
  }

  /** A tracker refused this member, and no card has come since: whoever says hello may only say no once more. */
  get isDoubted(): boolean {
    return this.#refusedCard === this.#credentials.card;
  }

  /**
   * `opens`: the new card opens what the old one did not, so the trackers are to be dialed with it. `refused`: this
   * tracker takes its holder for no member.
   */
  cardAnswered(reply: TrackerReply, nowMs: number): 'opens' | 'refused' | undefined {
    const wasOutside = this.#isTurnedAway || this.renewal.isSpent(nowMs);
    if (isShutOut(reply)) {
      this.#refusedCard = this.#credentials.card;
      this.renewal.refused();
      return 'refused';
    }
    return this.renewal.answered(reply, nowMs) && wasOutside ? 'opens' : undefined;
  }

  /** The connection to the tracker that was asked is no more. */
  lost(): void {
    this.#isTurnedAway = false;
    this.renewal.lost();
  }

  /** Asks the tracker that is up for a card when it is time. @param newId of a request. */
  ask(link: number, newId: () => number, nowMs: number): void {
    if (!this.renewal.isDue(nowMs)) return;
    this.renewal.asked();
    this.#emit({ kind: 'send', link, request: { kind: 'renew', id: newId() } });
  }

  /** @param idle the trackers that nobody dials now. */
  visit(idle: readonly TrackerIndex[], nowMs: number): void {
    this.#visits.goOn(idle, nowMs);
  }

  /** When `ask` or `visit` has something to do. @param canAsk a tracker is up and has room for a request. */
  nextAtMs(canAsk: boolean, nowMs: number): number {
    const renewalMs = canAsk ? this.renewal.nextAtMs(nowMs) : Number.POSITIVE_INFINITY;
    return Math.min(this.#visits.nextAtMs(), renewalMs);
  }

  stop(): void {
    this.#visits.stop();
  }

  #tell(event: AnnounceEvent): void {
    this.#emit({ kind: 'tell', event });
  }
}

/** What a request is answered with where its sender is no member, or his card is good no more. */
export function isShutOut(reply: TrackerReply): reply is Extract<TrackerReply, { kind: 'error' }> {
  return reply.kind === 'error' && reply.code === 'notAdmitted';
}
