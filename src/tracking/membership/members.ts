// The members of a closed swarm that this tracker knows, by key and by name, and page by page for whoever asks. Pure.

import type { KeyId } from '../../foundation/identity/keys.js';
import { MEMBERS_KEPT_MAX } from './limits.js';
import { type InvitationHash, isSameMember, type MemberRecord, mergedMember } from './records.js';
import { RowSum } from './row-sums.js';

export class Members {
  readonly #records = new Map<KeyId, MemberRecord>();
  /** Two may have one name after a partition. */
  readonly #named = new Map<string, Set<KeyId>>();
  readonly #sum = new RowSum();
  #sorted: readonly MemberRecord[] | undefined;

  get size(): number {
    return this.#records.size;
  }

  get digest(): Uint8Array {
    return this.#sum.bytes;
  }

  get(id: KeyId): MemberRecord | undefined {
    return this.#records.get(id);
  }

  /** Whether anybody but `id` has the name. */
  isTaken(name: string, id: KeyId): boolean {
    const ids = this.#named.get(name);
    return ids !== undefined && [...ids].some((other) => other !== id);
  }

  isNews(record: MemberRecord): boolean {
    const known = this.#records.get(record.id);
    if (known === undefined) return this.#records.size < MEMBERS_KEPT_MAX;
    return !isSameMember(known, mergedMember(known, record));
  }

  /** True when it is news. */
  apply(record: MemberRecord): boolean {
    if (!this.isNews(record)) return false;
    const known = this.#records.get(record.id);
    if (known !== undefined) this.#unname(known);
    this.#records.set(record.id, record);
    this.#named.set(record.name, (this.#named.get(record.name) ?? new Set()).add(record.id));
    this.#sum.toggle(rowOf(record));
    this.#sorted = undefined;
    return true;
  }

  [Symbol.iterator](): IterableIterator<MemberRecord> {
    return this.#records.values();
  }

  /** In the order of their ids, at most `want`. @param after '' begins. */
  page(after: string, want: number): { readonly members: readonly MemberRecord[]; readonly isLast: boolean } {
    this.#sorted ??= [...this.#records.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const sorted = this.#sorted;
    const from = firstBehind(sorted, after);
    return { members: sorted.slice(from, from + want), isLast: from + want >= sorted.length };
  }

  /** The last of those who joined by it. */
  lastBy(invitation: InvitationHash): MemberRecord | undefined {
    let last: MemberRecord | undefined;
    for (const record of this.#records.values())
      if (record.invitation === invitation && (last === undefined || record.atS >= last.atS)) last = record;
    return last;
  }

  #unname(record: MemberRecord): void {
    this.#sum.toggle(rowOf(record));
    const ids = this.#named.get(record.name);
    ids?.delete(record.id);
    if (ids?.size === 0) this.#named.delete(record.name);
  }
}

function firstBehind(sorted: readonly MemberRecord[], after: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.id ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

function rowOf({ id, name, powers, by, version, invitation, host, atS }: MemberRecord) {
  return [id, name, powers, by, version, invitation, host, atS];
}
