// The invitations of a closed swarm: hashes of their secrets, how often each was used, and when it ends. Those that
// ended a day ago are forgotten, and not learned again. Pure.

import type { KeyId } from '../../foundation/identity/keys.js';
import { INVITATION_KEPT_S, INVITATIONS_KEPT_MAX } from './limits.js';
import { type InvitationHash, type InvitationRecord, isSameInvitation, mergedInvitation } from './records.js';
import { RowSum } from './row-sums.js';

export class Invitations {
  readonly #records = new Map<InvitationHash, InvitationRecord>();
  readonly #sum = new RowSum();
  /** As of the last look: what ended a day before is no news. */
  #forgottenS = 0;

  get size(): number {
    return this.#records.size;
  }

  get digest(): Uint8Array {
    return this.#sum.bytes;
  }

  get(hash: InvitationHash): InvitationRecord | undefined {
    return this.#records.get(hash);
  }

  /** Those that have not ended. */
  openCount(nowS: number): number {
    let count = 0;
    for (const { endS, isVoid } of this.#records.values()) if (endS > nowS && !isVoid) count += 1;
    return count;
  }

  madeBy(member: KeyId): readonly InvitationRecord[] {
    return [...this.#records.values()].filter(({ by, isVoid }) => by === member && !isVoid);
  }

  isNews(record: InvitationRecord): boolean {
    if (record.endS < this.#forgottenS) return false;
    const known = this.#records.get(record.hash);
    if (known === undefined) return this.#records.size < INVITATIONS_KEPT_MAX;
    return !isSameInvitation(known, mergedInvitation(known, record));
  }

  /** True when it is news. */
  apply(record: InvitationRecord): boolean {
    if (!this.isNews(record)) return false;
    const known = this.#records.get(record.hash);
    const merged = known === undefined ? record : mergedInvitation(known, record);
    if (known !== undefined) this.#sum.toggle(rowOf(known));
    this.#records.set(record.hash, merged);
    this.#sum.toggle(rowOf(merged));
    return true;
  }

  /** Answers those that are forgotten now. */
  forgetEnded(nowS: number): readonly InvitationHash[] {
    this.#forgottenS = Math.max(this.#forgottenS, nowS - INVITATION_KEPT_S);
    const ended = [...this.#records.values()].filter(({ endS }) => endS < this.#forgottenS);
    for (const record of ended) {
      this.#records.delete(record.hash);
      this.#sum.toggle(rowOf(record));
    }
    return ended.map(({ hash }) => hash);
  }

  [Symbol.iterator](): IterableIterator<InvitationRecord> {
    return this.#records.values();
  }
}

function rowOf({ hash, powers, by, uses, endS, isVoid, used }: InvitationRecord) {
  return [hash, powers, by, uses, endS, isVoid, ...used.flat()];
}
