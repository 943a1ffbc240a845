// When a tracker is asked whether it reaches this client at its address, and what it found last. It is asked once on
// each connection, and again with growing pauses until it reaches us. Pure.

import type { Address } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { TrackerReply } from '../tracker/messages.js';
import { REACH_AGAIN_MAX_MS, REACH_AGAIN_MS } from './limits.js';

export type Found = Extract<TrackerReply, { kind: 'reach' }>['found'];

/** What a tracker found at the address at which it looked for us. */
export interface Reached {
  readonly address: Address;
  readonly found: 'reached' | 'stranger' | 'nobody';
  /** A loopback that we advertise: the tracker took the address that it sees, as nobody else is led here by that. */
  readonly insteadOf?: string;
}

const NEVER = Number.POSITIVE_INFINITY;

export class ReachCheck {
  /** A file that the tracker lists us for; undefined: there is nothing to ask about. */
  #swarm: SwarmKey | undefined;
  #nextMs = NEVER;
  #pauseMs = REACH_AGAIN_MS;
  #isAsked = false;
  #isUnderstood = false;
  #last: Reached | undefined;

  /** What the tracker found when it last could tell. */
  get last(): Reached | undefined {
    return this.#last;
  }

  /** Another connection, or another address of ours. @param isUnderstood the tracker answers such a question. */
  startOver(isUnderstood: boolean): void {
    this.#isUnderstood = isUnderstood;
    this.#swarm = undefined;
    this.#nextMs = NEVER;
    this.#pauseMs = REACH_AGAIN_MS;
    this.#isAsked = false;
    this.#last = undefined;
  }

  listed(swarm: SwarmKey, nowMs: number): void {
    if (this.#swarm !== undefined) return;
    this.#swarm = swarm;
    this.#nextMs = nowMs;
  }

  /** Asked now, whatever was found. False: it cannot be asked. */
  askNow(nowMs: number): boolean {
    if (!this.#isUnderstood || this.#swarm === undefined) return false;
    this.#nextMs = nowMs;
    return true;
  }

  /** The file to ask about now, marked as asked. */
  next(nowMs: number): SwarmKey | undefined {
    if (this.nextAtMs() > nowMs) return undefined;
    this.#isAsked = true;
    this.#nextMs = NEVER;
    return this.#swarm;
  }

  nextAtMs(): number {
    return this.#isUnderstood && !this.#isAsked && this.#swarm !== undefined ? this.#nextMs : NEVER;
  }

  /** True: it differs from what was found before. */
  answered(found: Found, address: Address, nowMs: number): boolean {
    this.#isAsked = false;
    if (found === 'reached') this.#pauseMs = REACH_AGAIN_MS;
    else {
      this.#nextMs = nowMs + this.#pauseMs;
      this.#pauseMs = Math.min(REACH_AGAIN_MAX_MS, this.#pauseMs * 2);
    }
    // Neither says anything of this client.
    if (found === 'unasked' || found === 'unlisted' || found === this.#last?.found) return false;
    this.#last = { address, found };
    return true;
  }
}
