// Once an hour, at a random moment, a client of a closed swarm visits a tracker that it does not talk to: it hears
// that one's bans and withdrawals, and has its card renewed there when that is due. So a tracker that keeps news back
// is found out. Pure.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import type { Prng } from '../../foundation/base/prng.js';
import { CLIENT_ID_SIZE, SWARM_KEY_SIZE } from '../../foundation/torrent/ids.js';
import type { TrackerReply, TrackerRequest } from '../tracker/messages.js';
import type { AnnounceEffect, AnnounceInput } from './effects.js';
import { VISIT_DEADLINE_MS, VISIT_MS } from './limits.js';
import type { TrackerIndex } from './links.js';
import type { Renewal } from './renewal.js';

/** Asks nothing that a client with files asks: it is listed nowhere. */
const GUEST: TrackerRequest = {
  kind: 'hello',
  clientId: new Uint8Array(CLIENT_ID_SIZE),
  host: '',
  uploadPort: 0,
  epoch: 0,
  token: EMPTY_BYTES,
};
const RENEWAL_ID = 1;
/** About no file. Answered behind all that a tracker has to tell of who is shut out, which may be nothing. */
const LAST_WORD = { kind: 'seeders', id: 2, swarm: new Uint8Array(SWARM_KEY_SIZE), want: 0 } satisfies TrackerRequest;

/** What a visit is for. */
export interface VisitPart {
  knownBans(): TrackerRequest;
  hear(reply: Extract<TrackerReply, { readonly kind: 'bans' | 'withdrawn' }>, nowMs: number): void;
  readonly renewal: Renewal;
}

export class Visits {
  readonly #part: VisitPart;
  readonly #prng: Prng;
  readonly #emit: (effect: AnnounceEffect) => void;
  #nextMs: number | undefined;
  #open: { readonly link: number; readonly untilMs: number } | undefined;
  /** It has asked for a new card. */
  #isAsking = false;
  /** The tracker has told all that it knows. */
  #hasHeardAll = false;
  /** Below zero, where no other link is. */
  #lastLink = 0;

  constructor(part: VisitPart, prng: Prng, emit: (effect: AnnounceEffect) => void) {
    this.#part = part;
    this.#prng = prng;
    this.#emit = emit;
  }

  /** Whether a link is one of a visit. */
  static isVisit(link: number): boolean {
    return link < 0;
  }

  /** @param others the trackers that are neither talked to nor dialed anyhow; they are visited in turn. */
  goOn(others: readonly TrackerIndex[], nowMs: number): void {
    // The first one comes within the first hour.
    this.#nextMs ??= nowMs + this.#prng.next() * VISIT_MS;
    if (this.#open !== undefined && nowMs >= this.#open.untilMs) this.#end();
    if (this.#open !== undefined || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + (0.5 + this.#prng.next()) * VISIT_MS;
    const other = others[-this.#lastLink % Math.max(1, others.length)];
    if (other === undefined) return;
    this.#lastLink -= 1;
    this.#open = { link: this.#lastLink, untilMs: nowMs + VISIT_DEADLINE_MS };
    this.#emit({ kind: 'dial', tracker: other, link: this.#lastLink });
  }

  nextAtMs(): number {
    return this.#open?.untilMs ?? this.#nextMs ?? 0;
  }

  /** Of a link that `isVisit`. */
  heard(input: Extract<AnnounceInput, { readonly link: number }>, nowMs: number): void {
    const { link } = input;
    if (link !== this.#open?.link) return;
    if (input.kind === 'disconnected') this.#over();
    else if (input.kind === 'replied') this.#replied(link, input.reply, nowMs);
    else if (input.kind === 'connected') {
      this.#emit({ kind: 'send', link, request: GUEST });
      this.#emit({ kind: 'send', link, request: this.#part.knownBans() });
      this.#emit({ kind: 'send', link, request: LAST_WORD });
    }
  }

  stop(): void {
    this.#end();
    this.#nextMs = Number.POSITIVE_INFINITY;
  }

  #replied(link: number, reply: TrackerReply, nowMs: number): void {
    if (reply.kind === 'helloReply') return;
    if (reply.kind === 'bans' || reply.kind === 'withdrawn') {
      this.#part.hear(reply, nowMs);
      if (this.#isAsking || !this.#part.renewal.isWanted(nowMs)) return;
      this.#part.renewal.asked();
      this.#isAsking = true;
      this.#emit({ kind: 'send', link, request: { kind: 'renew', id: RENEWAL_ID } });
      return;
    }
    const id = 'id' in reply ? reply.id : null;
    if (this.#isAsking && id === RENEWAL_ID) {
      this.#isAsking = false;
      this.#part.renewal.answered(reply, nowMs);
    } else if (id === LAST_WORD.id) this.#hasHeardAll = true;
    else this.#end();
    if (this.#hasHeardAll && !this.#isAsking) this.#end();
  }

  #end(): void {
    if (this.#open !== undefined) this.#emit({ kind: 'hangUp', link: this.#open.link });
    this.#over();
  }

  #over(): void {
    if (this.#isAsking) this.#part.renewal.lost();
    this.#isAsking = false;
    this.#hasHeardAll = false;
    this.#open = undefined;
  }
}
