// Whether the database is connected, since when it is not, and when the next attempt is. While it is away nobody knows
// who was heard at other trackers, so nobody expires. Pure.

import type { Leases } from '../../registry/leases.js';
import { DATABASE_RETRY_MAX_MS, DATABASE_RETRY_MS } from './limits.js';
import type { ServerIdentity } from './messages.js';

const NEVER = Number.POSITIVE_INFINITY;

export class Reach {
  /** As people write it; the last one. */
  server = '';
  /** Why it is away; empty while it is not. */
  trouble = '';
  seen: ServerIdentity | undefined;
  #isConnected = false;
  #awaySinceMs = 0;
  #lastGraceMs = Number.NEGATIVE_INFINITY;
  #connectAtMs = 0;
  #retryMs = DATABASE_RETRY_MS;

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Answers for how long it was away. */
  connected(server: string, identity: ServerIdentity, nowMs: number): number {
    this.#isConnected = true;
    this.server = server;
    this.seen = identity;
    this.trouble = '';
    this.#retryMs = DATABASE_RETRY_MS;
    return nowMs - this.#awaySinceMs;
  }

  lost(sentence: string, nowMs: number): void {
    this.#isConnected = false;
    this.#awaySinceMs = nowMs;
    this.#connectAtMs = nowMs;
    this.trouble = sentence;
  }

  /** An attempt failed. */
  failed(sentence: string, nowMs: number): void {
    this.trouble = sentence;
    this.#connectAtMs = nowMs + this.#retryMs;
    this.#retryMs = Math.min(DATABASE_RETRY_MAX_MS, this.#retryMs * 2);
  }

  /** Whether to connect now; each attempt is asked for once. */
  takeAttempt(nowMs: number): boolean {
    if (this.#isConnected || nowMs < this.#connectAtMs) return false;
    this.#connectAtMs = NEVER;
    return true;
  }

  grace(leases: Leases, nowMs: number): void {
    if (this.#isConnected || nowMs < this.#nextGraceMs(leases)) return;
    this.#lastGraceMs = nowMs;
    leases.grace(nowMs);
  }

  nextAtMs(leases: Leases, isOpen: boolean): number {
    if (this.#isConnected) return NEVER;
    return Math.min(this.#connectAtMs, isOpen ? this.#nextGraceMs(leases) : NEVER);
  }

  #nextGraceMs(leases: Leases): number {
    return Math.max(this.#awaySinceMs, this.#lastGraceMs) + leases.endsMs(0) / 4;
  }
}
