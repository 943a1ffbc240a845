// What should be true at the trackers and what the active one was told; answers what to ask next. A new connection was
// told nothing, so everything is told again, and every request may be repeated safely. Pure.

import { DIGEST_SIZE, PART_BYTES_MAX, TOMBSTONE_MS } from '../../foundation/base/limits.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import {
  ANNOUNCE_PARTS_MAX,
  ANNOUNCE_PROGRESS_MS,
  ANNOUNCE_REFUSED_RETRY_MS,
  ANNOUNCE_REMOVALS_KEPT_MAX,
} from './limits.js';
import type { Sharing, Told } from './messages.js';
import { Summaries } from './summaries.js';

/** What the tracker knows of one shared file. */
type Telling =
  | { readonly at: 'untold' }
  | { readonly at: 'asked' }
  | { readonly at: 'told'; readonly have: number; readonly atMs: number }
  /** Refused; asked again at `untilMs` (never, when that is infinite). */
  | { readonly at: 'refused'; readonly untilMs: number };

interface Registration {
  sharing: Sharing;
  telling: Telling;
  /** The client was told of this registration. */
  isReported: boolean;
}

interface Upload {
  readonly swarm: SwarmKey;
  readonly size: number;
  sent: number;
}

/** What to ask a tracker. `part` names bytes of piece hashes, which its owner reads then. */
export type Question =
  | { readonly kind: 'share'; readonly sharing: Sharing }
  | { readonly kind: 'announce'; readonly swarm: SwarmKey; readonly have: number }
  | { readonly kind: 'remove'; readonly swarm: SwarmKey }
  | { readonly kind: 'seeders'; readonly swarm: SwarmKey }
  | ({ readonly kind: 'summary' } & Told)
  | { readonly kind: 'part'; readonly swarm: SwarmKey; readonly offset: number; readonly length: number };

export class Wanted {
  readonly #registrations = new Map<SwarmKey, Registration>();
  readonly #untold = new Set<SwarmKey>();
  /** Told, and out of date since. Only downloads are here, so it is short. */
  readonly #outdated = new Set<SwarmKey>();
  readonly #refused = new Set<SwarmKey>();
  /** Registered without all pieces: they are fetched, and want to hear of seeders. */
  readonly #unfinished = new Set<SwarmKey>();
  /** Swarm → when it may be asked. Asked ones wait for their answer in `#asked`. */
  readonly #removals = new Map<SwarmKey, number>();
  readonly #finds = new Set<SwarmKey>();
  readonly #askedRemovals = new Set<SwarmKey>();
  /**
   * Removals that a tracker confirmed, oldest first, and when: its disk may be lost before its partner hears of them.
   */
  readonly #removed = new Map<SwarmKey, number>();
  /** Those of them that this tracker is still to be told. */
  readonly #repeats = new Set<SwarmKey>();
  readonly #askedRepeats = new Set<SwarmKey>();
  readonly #askedFinds = new Set<SwarmKey>();
  /** In the order in which they are sent, one after the other. */
  readonly #uploads = new Map<SwarmKey, Upload>();
  readonly summaries = new Summaries();
  #partsAsked = 0;
  #toldCount = 0;
  #askedCount = 0;
  #changeCount = 0;

  /** Registrations that the tracker confirmed in this connection's life. */
  get toldCount(): number {
    return this.#toldCount;
  }

  /** Counts whatever may change on how many lists we are. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Nothing is under way that changes on how many lists we are. */
  get isSettled(): boolean {
    // What was refused for now may be listed as it was before.
    for (const swarm of this.#refused) {
      const telling = this.#registrations.get(swarm)?.telling;
      if (telling?.at === 'refused' && telling.untilMs < Number.POSITIVE_INFINITY) return false;
    }
    const removals = this.#removals.size + this.#askedRemovals.size + this.#repeats.size + this.#askedRepeats.size;
    return this.#untold.size + this.#askedCount + removals === 0;
  }

  get hasUnfinished(): boolean {
    return this.#unfinished.size > 0;
  }

  /** True when a removal of this swarm was given up by it: the client hears that it is off the list. */
  register(sharing: Sharing): boolean {
    const { swarm } = sharing;
    const former = this.#registrations.get(swarm);
    if (former !== undefined) this.#setTelling(swarm, former, { at: 'untold' });
    this.#registrations.set(swarm, { sharing, telling: { at: 'untold' }, isReported: false });
    this.#untold.add(swarm);
    this.#noteHave(sharing);
    this.#removed.delete(swarm);
    this.#repeats.delete(swarm);
    return this.#removals.delete(swarm);
  }

  progressed(swarm: SwarmKey, have: number): void {
    const registration = this.#registrations.get(swarm);
    if (registration === undefined) return;
    registration.sharing = { ...registration.sharing, have };
    this.#noteHave(registration.sharing);
    if (registration.telling.at === 'told' && registration.telling.have !== have) this.#outdated.add(swarm);
  }

  withdraw(swarm: SwarmKey): void {
    const registration = this.#registrations.get(swarm);
    if (registration !== undefined) {
      this.#setTelling(swarm, registration, { at: 'untold' });
      this.#untold.delete(swarm);
      this.#registrations.delete(swarm);
    }
    this.#unfinished.delete(swarm);
    this.#uploads.delete(swarm);
    this.summaries.forget(swarm);
    this.#removals.set(swarm, 0);
    this.#changeCount += 1;
  }

  find(swarm: SwarmKey): void {
    this.#finds.add(swarm);
  }

  /** The tracker that we talk to has been told nothing yet, or lost what it was told. */
  startOver(): void {
    for (const swarm of this.#askedRemovals) if (!this.#registrations.has(swarm)) this.#removals.set(swarm, 0);
    for (const swarm of this.#askedFinds) this.#finds.add(swarm);
    this.#askedRemovals.clear();
    this.#askedFinds.clear();
    this.#askedRepeats.clear();
    for (const swarm of this.#removed.keys()) this.#repeats.add(swarm);
    this.#uploads.clear();
    this.summaries.startOver();
    this.#partsAsked = 0;
    this.tellAllAgain();
  }

  /**
   * Registrations only: the tracker let them expire. What it refused for good is tried too: it may be another tracker.
   */
  tellAllAgain(): void {
    for (const [swarm, registration] of this.#registrations) this.#setTelling(swarm, registration, { at: 'untold' });
  }

  /** We are another client from now on: what the former one removed is not ours. */
  forgetRemovals(): void {
    this.#removed.clear();
    this.#repeats.clear();
  }

  /** The tracker took this question for one that is out of date: it is asked again. */
  sayAgain(question: Question): void {
    const { swarm } = question.kind === 'share' ? question.sharing : question;
    const registration = this.#registrations.get(swarm);
    if (question.kind === 'remove') {
      if (this.#askedRepeats.delete(swarm)) this.#repeats.add(swarm);
      else if (this.#askedRemovals.delete(swarm) && registration === undefined) this.#removals.set(swarm, 0);
    } else if (registration !== undefined && registration.telling.at !== 'refused')
      this.#setTelling(swarm, registration, { at: 'untold' });
  }

  /**
   * The next question, marked as asked; undefined when there is none now. Short ones that someone waits for come first.
   */
  next(nowMs: number): Question | undefined {
    for (const [swarm, notBeforeMs] of this.#removals) {
      if (notBeforeMs > nowMs) continue;
      this.#removals.delete(swarm);
      this.#askedRemovals.add(swarm);
      return { kind: 'remove', swarm };
    }
    for (const swarm of this.#finds) {
      this.#finds.delete(swarm);
      this.#askedFinds.add(swarm);
      return { kind: 'seeders', swarm };
    }
    const word = this.#nextProgress(nowMs) ?? this.#nextShare() ?? this.#nextRepeat(nowMs);
    const told = word === undefined ? this.summaries.next(nowMs) : undefined;
    return word ?? (told === undefined ? this.#nextPart() : { kind: 'summary', ...told });
  }

  /** When `next` may have something that it has not now. */
  nextAtMs(): number {
    let atMs = this.summaries.nextAtMs();
    for (const notBeforeMs of this.#removals.values()) atMs = Math.min(atMs, notBeforeMs);
    for (const swarm of this.#outdated) atMs = Math.min(atMs, this.#progressAtMs(swarm));
    // Oldest first, all after the same pause: the first one that is tried again at all is the next.
    for (const swarm of this.#refused) {
      const telling = this.#registrations.get(swarm)?.telling;
      if (telling?.at !== 'refused' || telling.untilMs === Number.POSITIVE_INFINITY) continue;
      return Math.min(atMs, telling.untilMs);
    }
    return atMs;
  }

  /** Refused registrations whose pause is over are asked again. */
  onTimer(nowMs: number): void {
    for (const swarm of this.#refused) {
      const registration = this.#registrations.get(swarm);
      if (registration?.telling.at !== 'refused' || registration.telling.untilMs > nowMs) continue;
      this.#setTelling(swarm, registration, { at: 'untold' });
    }
  }

  /** The tracker lists us with `have` pieces. True: the client has not heard of it yet. */
  shared(swarm: SwarmKey, have: number, piecesNeeded: boolean, nowMs: number): boolean {
    const registration = this.#registrations.get(swarm);
    // Withdrawn meanwhile, or registered anew: the later word is on its way.
    if (registration?.telling.at !== 'asked') return false;
    this.#setTelling(swarm, registration, { at: 'told', have, atMs: nowMs });
    if (registration.sharing.have !== have) this.#outdated.add(swarm);
    const size = registration.sharing.pieceCount * DIGEST_SIZE;
    if (piecesNeeded && size > 0 && !this.#uploads.has(swarm)) this.#uploads.set(swarm, { swarm, size, sent: 0 });
    const isNew = !registration.isReported;
    registration.isReported = true;
    return isNew;
  }

  shareRefused(swarm: SwarmKey, isForGood: boolean, nowMs: number): void {
    const registration = this.#registrations.get(swarm);
    if (registration?.telling.at !== 'asked') return;
    const untilMs = isForGood ? Number.POSITIVE_INFINITY : nowMs + ANNOUNCE_REFUSED_RETRY_MS;
    this.#setTelling(swarm, registration, { at: 'refused', untilMs });
  }

  /** The tracker lists us as before, and could not write how much we have. */
  progressRefused(swarm: SwarmKey, nowMs: number): void {
    const registration = this.#registrations.get(swarm);
    if (registration?.telling.at !== 'told') return;
    this.#setTelling(swarm, registration, { at: 'refused', untilMs: nowMs + ANNOUNCE_REFUSED_RETRY_MS });
  }

  /** The tracker does not know that we share it. */
  forgotten(swarm: SwarmKey): void {
    const registration = this.#registrations.get(swarm);
    if (registration?.telling.at === 'told') this.#setTelling(swarm, registration, { at: 'untold' });
  }

  /** True when this was still wanted. */
  removed(swarm: SwarmKey, nowMs: number): boolean {
    this.#changeCount += 1;
    if (this.#askedRepeats.delete(swarm)) return false;
    if (!this.#askedRemovals.delete(swarm)) return false;
    if (this.#registrations.has(swarm)) return true;
    this.#removed.delete(swarm);
    this.#removed.set(swarm, nowMs);
    for (const oldest of this.#removed.keys()) {
      if (this.#removed.size <= ANNOUNCE_REMOVALS_KEPT_MAX) break;
      this.#removed.delete(oldest);
    }
    return true;
  }

  removeRefused(swarm: SwarmKey, isForGood: boolean, nowMs: number): void {
    // A repeat is not worth a second try here: the next connection brings it again.
    if (this.#askedRepeats.delete(swarm)) return;
    if (!this.#askedRemovals.delete(swarm) || isForGood || this.#registrations.has(swarm)) return;
    this.#removals.set(swarm, nowMs + ANNOUNCE_REFUSED_RETRY_MS);
  }

  /** True when this was asked. */
  found(swarm: SwarmKey): boolean {
    return this.#askedFinds.delete(swarm);
  }

  partAnswered(): void {
    this.#partsAsked -= 1;
  }

  /** The rest of these piece hashes is not sent. The tracker asks for them again at the next share. */
  uploadRefused(swarm: SwarmKey): void {
    this.#uploads.delete(swarm);
  }

  #nextProgress(nowMs: number): Question | undefined {
    for (const swarm of this.#outdated) {
      const registration = this.#registrations.get(swarm);
      if (registration?.telling.at !== 'told' || this.#progressAtMs(swarm) > nowMs) continue;
      const { have } = registration.sharing;
      this.#setTelling(swarm, registration, { at: 'told', have, atMs: nowMs });
      return { kind: 'announce', swarm, have };
    }
    return undefined;
  }

  /** A complete file is news at once. */
  #progressAtMs(swarm: SwarmKey): number {
    const registration = this.#registrations.get(swarm);
    if (registration?.telling.at !== 'told') return Number.POSITIVE_INFINITY;
    const isComplete = registration.sharing.have === registration.sharing.pieceCount;
    return isComplete ? 0 : registration.telling.atMs + ANNOUNCE_PROGRESS_MS;
  }

  #nextShare(): Question | undefined {
    for (const swarm of this.#untold) {
      const registration = this.#registrations.get(swarm);
      if (registration === undefined) continue;
      this.#setTelling(swarm, registration, { at: 'asked' });
      return { kind: 'share', sharing: registration.sharing };
    }
    return undefined;
  }

  /** A removal of the last day, which this tracker may not know. */
  #nextRepeat(nowMs: number): Question | undefined {
    for (const swarm of this.#repeats) {
      this.#repeats.delete(swarm);
      if (nowMs - (this.#removed.get(swarm) ?? Number.NEGATIVE_INFINITY) > TOMBSTONE_MS) {
        this.#removed.delete(swarm);
        continue;
      }
      this.#askedRepeats.add(swarm);
      return { kind: 'remove', swarm };
    }
    return undefined;
  }

  /** One piece hashes after the other: a tracker takes one at a time from a connection. */
  #nextPart(): Question | undefined {
    const [upload] = this.#uploads.values();
    if (upload === undefined || this.#partsAsked >= ANNOUNCE_PARTS_MAX) return undefined;
    const offset = upload.sent;
    const length = Math.min(PART_BYTES_MAX, upload.size - offset);
    upload.sent += length;
    if (upload.sent === upload.size) this.#uploads.delete(upload.swarm);
    this.#partsAsked += 1;
    return { kind: 'part', swarm: upload.swarm, offset, length };
  }

  #noteHave({ swarm, have, pieceCount }: Sharing): void {
    if (have < pieceCount) this.#unfinished.add(swarm);
    else this.#unfinished.delete(swarm);
  }

  #setTelling(swarm: SwarmKey, registration: Registration, telling: Telling): void {
    const isAt = (state: Telling, at: Telling['at']): number => (state.at === at ? 1 : 0);
    this.#toldCount += isAt(telling, 'told') - isAt(registration.telling, 'told');
    this.#askedCount += isAt(telling, 'asked') - isAt(registration.telling, 'asked');
    if (telling.at !== registration.telling.at) this.#changeCount += 1;
    this.#untold.delete(swarm);
    this.#refused.delete(swarm);
    this.#outdated.delete(swarm);
    if (telling.at === 'untold') this.#untold.add(swarm);
    if (telling.at === 'refused') this.#refused.add(swarm);
    registration.telling = telling;
  }
}
