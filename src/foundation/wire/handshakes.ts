// Who is let into a handshake, and when: a few are under way, the others wait in a line that is bounded by the time it
// takes, oldest first and in turn between addresses. An address whose connections keep failing, or from which more
// strangers come than may join, is not served for a while, unless a member is connected from there. Pure.

import {
  HANDSHAKE_GUESS_MS,
  HANDSHAKE_LINE_MS,
  HANDSHAKES_BARRED_MS,
  HANDSHAKES_FAILED_MAX,
  HANDSHAKES_HOSTS_MAX,
} from './limits.js';
import { StrangerBudget } from './stranger-budget.js';

export interface LineOptions {
  readonly underWayMax: number;
  /** Places of the line, however short its handshakes are. */
  readonly waitingMax: number;
  /** Milliseconds within which whoever is let into the line is served. */
  readonly lineMs?: number;
}

/**
 * `stranger`: it has no card, and may only ask to join. `failed`: at the gate, or before it by a fault of its own.
 * `left`: by itself, or for want of a place.
 */
export type HandshakeEnd = 'in' | 'stranger' | 'failed' | 'left';

/** How much one sample moves the measured time: 1/32 settles within a hundred handshakes. */
const WEIGHT = 1 / 32;
const [SAMPLE_MIN_MS, SAMPLE_MAX_MS] = [0.05, 5_000];

interface Failures {
  count: number;
  sinceMs: number;
}

export class HandshakeLine {
  readonly #options: Required<LineOptions>;
  /** By address, the one whose turn is next first; of each, the oldest first. */
  readonly #waiting = new Map<string, Set<number>>();
  /** Addresses of those that wait. */
  readonly #hosts = new Map<number, string>();
  readonly #underWay = new Map<number, string>();
  readonly #underWayFrom = new Map<string, number>();
  readonly #members = new Map<string, number>();
  readonly #failures = new Map<string, Failures>();
  readonly #strangers = new StrangerBudget();
  /** They waited when their address had spent what strangers get. */
  #givenUp: number[] = [];
  /** Of a line that is served without a break, the time between two ends. */
  #perMs = HANDSHAKE_GUESS_MS;
  #endedMs: number | undefined;

  constructor(options: LineOptions) {
    this.#options = { lineMs: HANDSHAKE_LINE_MS, ...options };
  }

  get waiting(): number {
    return this.#hosts.size;
  }

  /** `begin`: its turn is now. `refuse`: it is to be hung up on, before anything is read. */
  arrive(connection: number, host: string, nowMs: number): 'begin' | 'wait' | 'refuse' {
    if (this.#isBarred(host, nowMs)) return 'refuse';
    if (this.#underWay.size < this.#options.underWayMax && this.#mayBegin(host)) {
      this.#start(connection, host);
      return 'begin';
    }
    const own = this.#waiting.get(host) ?? new Set();
    if (!this.#hasRoom(own.size)) return 'refuse';
    this.#waiting.set(host, own.add(connection));
    this.#hosts.set(connection, host);
    return 'wait';
  }

  /** Answers whose turn is next, if anybody's. Nothing for a connection that is not known any more. */
  ended(connection: number, end: HandshakeEnd, nowMs: number): number | undefined {
    const host = this.#underWay.get(connection);
    if (host === undefined) return this.#gaveUp(connection);
    this.#underWay.delete(connection);
    this.#underWayFrom.set(host, (this.#underWayFrom.get(host) ?? 1) - 1);
    if (this.#underWayFrom.get(host) === 0) this.#underWayFrom.delete(host);
    if (end === 'in') this.#members.set(host, (this.#members.get(host) ?? 0) + 1);
    if (end === 'failed') this.#failed(host, nowMs);
    if (end === 'stranger') this.#cameFrom(host, nowMs);
    this.#measure(nowMs);
    return this.#next();
  }

  /** Those whose wait ended with `ended`: they are to be hung up on. */
  takeGivenUp(): readonly number[] {
    const givenUp = this.#givenUp;
    if (givenUp.length > 0) this.#givenUp = [];
    return givenUp;
  }

  /** One that was let in has ended. */
  memberLeft(host: string): void {
    const count = (this.#members.get(host) ?? 0) - 1;
    if (count > 0) this.#members.set(host, count);
    else this.#members.delete(host);
  }

  #start(connection: number, host: string): void {
    this.#underWay.set(connection, host);
    this.#underWayFrom.set(host, (this.#underWayFrom.get(host) ?? 0) + 1);
  }

  /** A quarter of the places is for others: handshakes that never end, all from there, keep nobody else waiting. */
  #mayBegin(host: string): boolean {
    const { underWayMax } = this.#options;
    return (this.#underWayFrom.get(host) ?? 0) < underWayMax - (underWayMax >> 2);
  }

  #turn(): [string, Set<number>] | undefined {
    for (const turn of this.#waiting) if (this.#mayBegin(turn[0])) return turn;
    return undefined;
  }

  #next(): number | undefined {
    const turn = this.#turn();
    if (turn === undefined) return undefined;
    const [host, own] = turn;
    const [connection] = own;
    this.#waiting.delete(host);
    if (connection === undefined) return this.#next();
    own.delete(connection);
    // Behind all other addresses.
    if (own.size > 0) this.#waiting.set(host, own);
    this.#hosts.delete(connection);
    this.#start(connection, host);
    return connection;
  }

  #gaveUp(connection: number): undefined {
    const host = this.#hosts.get(connection);
    if (host === undefined) return;
    this.#hosts.delete(connection);
    const own = this.#waiting.get(host);
    own?.delete(connection);
    if (own?.size === 0) this.#waiting.delete(host);
  }

  /** A full line still has room for an address with less than its share, which is served in its turn all the same. */
  #hasRoom(own: number): boolean {
    const { lineMs, waitingMax } = this.#options;
    const places = Math.min(waitingMax, lineMs / this.#perMs);
    return this.#hosts.size < places || own < places / (this.#waiting.size + 1);
  }

  #measure(nowMs: number): void {
    const sinceMs = this.#endedMs;
    this.#endedMs = this.#hosts.size > 0 ? nowMs : undefined;
    if (sinceMs === undefined) return;
    const sampleMs = Math.min(SAMPLE_MAX_MS, Math.max(SAMPLE_MIN_MS, nowMs - sinceMs));
    this.#perMs += (sampleMs - this.#perMs) * WEIGHT;
  }

  #failed(host: string, nowMs: number): void {
    const known = this.#failures.get(host);
    const isFresh = known !== undefined && nowMs - known.sinceMs < HANDSHAKES_BARRED_MS;
    const failures = isFresh ? known : { count: 0, sinceMs: nowMs };
    failures.count += 1;
    this.#failures.delete(host);
    this.#failures.set(host, failures);
    if (failures.count === HANDSHAKES_FAILED_MAX) failures.sinceMs = nowMs;
    if (this.#failures.size <= HANDSHAKES_HOSTS_MAX) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #cameFrom(host: string, nowMs: number): void {
    this.#strangers.spend(host, nowMs);
    if (!this.#isBarred(host, nowMs)) return;
    for (const connection of this.#waiting.get(host) ?? []) {
      this.#givenUp.push(connection);
      this.#hosts.delete(connection);
    }
    this.#waiting.delete(host);
  }

  #isBarred(host: string, nowMs: number): boolean {
    if (this.#members.has(host)) return false;
    const { count, sinceMs } = this.#failures.get(host) ?? { count: 0, sinceMs: nowMs };
    const hasFailed = count >= HANDSHAKES_FAILED_MAX && nowMs - sinceMs < HANDSHAKES_BARRED_MS;
    return hasFailed || this.#strangers.isSpent(host, nowMs);
  }
}
