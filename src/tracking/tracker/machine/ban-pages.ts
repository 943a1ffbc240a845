// News of who is shut out, as replies that each fit a frame. Pure.

import type { Ban } from '../../../foundation/identity/bans.js';
import { keyIdBytes } from '../../../foundation/identity/keys.js';
import { BANS_PAGE_MAX } from '../limits.js';
import type { TrackerReply } from '../messages.js';

/** One page at least when `isEmptyToo`. @param seconds of this tracker's clock, since 1970. */
export function banPages(bans: readonly Ban[], seconds: number, isEmptyToo = false): readonly TrackerReply[] {
  const pages: TrackerReply[] = [];
  for (let at = 0; at < bans.length || (isEmptyToo && at === 0); at += BANS_PAGE_MAX) {
    const page = bans.slice(at, at + BANS_PAGE_MAX);
    const rows = page.map(({ member, version, isBanned }) => ({ member: keyIdBytes(member), version, isBanned }));
    pages.push({ kind: 'bans', seconds, isWhole: at + BANS_PAGE_MAX >= bans.length, rows });
  }
  return pages;
}
