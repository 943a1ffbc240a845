// This client's identity to the trackers: its client id and the version of its next change. Never chooses an id, and
// asks for a new one at most once in CLIENT_ID_RENEWAL_MS. Pure.

import { CLIENT_EPOCH_MAX } from '../../foundation/base/limits.js';
import type { ClientId } from '../../foundation/torrent/ids.js';
import { CLIENT_ID_RENEWAL_MS, IDENTITY_CLASH_MS, IDENTITY_CLASHES_MAX } from './limits.js';
import type { OwnVersion } from './requests.js';

const U32_MAX = 0xffff_ffff;

export class Own {
  readonly #onRaised: (epoch: number) => void;
  #clientId: ClientId;
  #epoch: number;
  #isEpochUsed = false;
  #sequence = 0;
  /** Before that no tracker of this pair can make us take a new id. */
  #renewableMs = Number.NEGATIVE_INFINITY;
  #clashesMs: readonly number[] = [];

  constructor(clientId: ClientId, epoch: number, onRaised: (epoch: number) => void) {
    this.#clientId = clientId;
    this.#epoch = epoch;
    this.#onRaised = onRaised;
  }

  get clientId(): ClientId {
    return this.#clientId;
  }

  get epoch(): number {
    return this.#epoch;
  }

  become(clientId: ClientId, epoch: number): void {
    this.#clientId = clientId;
    this.#begin(epoch);
  }

  nextVersion(): OwnVersion {
    if (this.#sequence === U32_MAX) this.#raise(this.#epoch + 1);
    this.#sequence += 1;
    this.#isEpochUsed = true;
    return { epoch: this.#epoch, sequence: this.#sequence };
  }

  /** A tracker says at the hello which is the highest epoch of ours that it knows. */
  greeted(highestEpoch: number): void {
    if (highestEpoch > this.#epoch || (highestEpoch === this.#epoch && !this.#isEpochUsed))
      this.#raise(highestEpoch + 1);
  }

  /** A tracker knows a word of this epoch that leaves ours without effect. True: we did not know. */
  overtaken(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    this.#raise(epoch + 1);
    return true;
  }

  isBurnt(epoch: number): boolean {
    return epoch >= CLIENT_EPOCH_MAX;
  }

  /** Somebody else's words stand where ours should. True: so often that our id must be in use twice. */
  clashed(nowMs: number): boolean {
    this.#clashesMs = [...this.#clashesMs.filter((atMs) => nowMs - atMs < IDENTITY_CLASH_MS), nowMs];
    if (this.#clashesMs.length < IDENTITY_CLASHES_MAX) return false;
    this.#clashesMs = [];
    return true;
  }

  /** True when a new id may be asked for, which it then is. */
  mayRenew(nowMs: number): boolean {
    if (nowMs < this.#renewableMs) return false;
    this.#renewableMs = nowMs + CLIENT_ID_RENEWAL_MS;
    return true;
  }

  #raise(epoch: number): void {
    this.#begin(epoch);
    this.#onRaised(epoch);
  }

  #begin(epoch: number): void {
    this.#epoch = epoch;
    this.#sequence = 0;
    this.#isEpochUsed = false;
  }
}
