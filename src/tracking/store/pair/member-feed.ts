// What the follower is told of a closed swarm's members: news in the order it comes, then whole tables that it asked
// for. Pure.

import { MEMBERSHIP_ROWS_MAX } from '../../membership/limits.js';
import { MEMBERSHIP_TABLES, type Membership } from '../../membership/membership.js';
import type { MembershipRow } from '../../membership/records.js';
import { MEMBERSHIP_NEWS_MAX } from './limits.js';

export class MemberFeed {
  readonly #membership: Membership;
  #news: MembershipRow[] = [];
  /** Tables that are being told, by their places; the first of them is under way. */
  readonly #tables = new Map<number, Iterator<MembershipRow>>();

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  get isEmpty(): boolean {
    return this.#news.length === 0 && this.#tables.size === 0;
  }

  /** A row that this tracker has on its disk, and the follower may not have. */
  add(row: MembershipRow): void {
    this.#news.push(row);
    if (this.#news.length <= MEMBERSHIP_NEWS_MAX) return;
    this.#news = [];
    this.addTables(Uint8Array.from(MEMBERSHIP_TABLES.keys()));
  }

  /** From their beginning, even where one is under way: the follower lacks what it was told of it before. */
  addTables(places: Uint8Array): void {
    for (const place of places) {
      const table = MEMBERSHIP_TABLES[place];
      if (table !== undefined) this.#tables.set(place, this.#membership.rows(table));
    }
  }

  /** At most MEMBERSHIP_ROWS_MAX rows; none: that was all. */
  next(): readonly MembershipRow[] {
    const rows = this.#news.splice(0, MEMBERSHIP_ROWS_MAX);
    for (const [place, table] of this.#tables) {
      while (rows.length < MEMBERSHIP_ROWS_MAX) {
        const { done, value } = table.next();
        if (done === true) break;
        rows.push(value);
      }
      if (rows.length === MEMBERSHIP_ROWS_MAX) break;
      this.#tables.delete(place);
    }
    return rows;
  }
}
