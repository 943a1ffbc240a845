// Which members an administrator is shown: what the pair keeps of each, and when and from where this tracker heard it
// last. The latter is of this tracker alone, since its start. Pure.

import { type KeyId, keyIdBytes } from '../../../foundation/identity/keys.js';
import type { Membership } from '../../membership/membership.js';
import { MEMBERS_PAGE_MAX } from '../limits.js';
import type { MembershipRequest, TrackerReply } from '../messages.js';
import type { Connection } from './connections.js';

type MembersRequest = Extract<MembershipRequest, { kind: 'members' }>;

export class MembersSeen {
  readonly #seen = new Map<KeyId, { readonly atMs: number; readonly host: string }>();

  note({ session: { who }, host }: Connection, nowMs: number): void {
    if (who?.kind === 'member' && who.member.kind === 'member') this.#seen.set(who.member.id, { atMs: nowMs, host });
  }

  page({ members, standing }: Membership, { id, after }: MembersRequest, nowMs: number): TrackerReply {
    const page = members.page(Buffer.from(after).toString('hex'), MEMBERS_PAGE_MAX);
    const rows = page.members.map(({ id: whose, key, name, powers, by }) => {
      const seen = this.#seen.get(whose);
      const state = standing.bans.isBanned(whose) ? 'banned' : 'active';
      const ago = seen === undefined ? null : Math.max(0, Math.round((nowMs - seen.atMs) / 1000));
      return { key, name, powers, by: keyIdBytes(by), state, seen: ago, address: seen?.host ?? '' } as const;
    });
    return { kind: 'memberList', id, members: rows, last: page.isLast };
  }
}
