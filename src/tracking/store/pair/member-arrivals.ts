// What of the leader's rows about members is news here, and which of its tables are asked for whole: those whose sums
// differ at the first look of a connection, or at two looks in a row. Pure.

import { MEMBERSHIP_TABLES, type Membership } from '../../membership/membership.js';
import type { MembershipChange } from '../../membership/records.js';
import { ROW_SUM_SIZE } from '../../membership/row-sums.js';
import { type MembershipFields, membershipRowsOf } from '../../membership/rows.js';
import { MEMBERSHIP_RETRY_MS } from './limits.js';

export class MemberArrivals {
  readonly #membership: Membership;
  /** The leader's digest, to be compared once the frames that came before it are on the disk. */
  #look: { readonly frame: number; readonly digest: Uint8Array } | undefined;
  #hasLooked = false;
  /** Tables that differed at the last look, and when each was asked for. */
  #differing: ReadonlySet<number> = new Set();
  readonly #askedMs = new Map<number, number>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Another connection. */
  startOver(): void {
    this.#look = undefined;
    this.#hasLooked = false;
    this.#differing = new Set();
    this.#askedMs.clear();
  }

  newsIn(fields: MembershipFields): readonly MembershipChange[] {
    return membershipRowsOf(fields)
      .filter((row) => this.#membership.isNews(row))
      .map((row) => ({ kind: 'membership', row }));
  }

  /** @param frame the last one that came before it. */
  digestCame(frame: number, digest: Uint8Array): void {
    this.#look ??= { frame, digest: Uint8Array.from(digest) };
  }

  /** Places of the tables that are to be asked for. @param settledFrame what is on the disk. */
  compare(settledFrame: number, nowMs: number): Uint8Array {
    const look = this.#look;
    if (look === undefined || settledFrame < look.frame) return new Uint8Array(0);
    this.#look = undefined;
    const own = this.#membership.digest();
    const differing = [...MEMBERSHIP_TABLES.keys()].filter((place) => !isEqualAt(own, look.digest, place));
    const wanted = differing.filter((place) => {
      const isSure = !this.#hasLooked || this.#differing.has(place);
      return isSure && nowMs - (this.#askedMs.get(place) ?? Number.NEGATIVE_INFINITY) >= MEMBERSHIP_RETRY_MS;
    });
    for (const place of wanted) this.#askedMs.set(place, nowMs);
    this.#hasLooked = true;
    this.#differing = new Set(differing);
    return Uint8Array.from(wanted);
  }
}

function isEqualAt(a: Uint8Array, b: Uint8Array, place: number): boolean {
  const [begin, end] = [place * ROW_SUM_SIZE, (place + 1) * ROW_SUM_SIZE];
  return Buffer.compare(a.subarray(begin, end), b.subarray(begin, end)) === 0;
}
