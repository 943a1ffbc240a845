// Who stands at the other end of a closed tracker's connection, and what that allows: everything to a member whose card
// is good, renewing to one whose card ran out, joining to a stranger or one whom another authority vouches for, and
// looking to another tracker. Pure.

import type { KeyId } from '../../../foundation/identity/keys.js';
import type { Admitted } from '../../../foundation/wire/passage.js';
import { listedIdBytes } from '../../membership/listed-id.js';
import type { TrackerRequest } from '../messages.js';

type Hello = Extract<TrackerRequest, { kind: 'hello' }>;

/** Undefined in the clear, where everybody may ask everything. */
export type Entrant = Admitted | undefined;

/** A member whose card is good. */
export function isFull(who: Entrant): boolean {
  return who?.kind === 'member' && !who.hasRunOut;
}

/** It may only ask to join. */
export function isCardless(who: Entrant): boolean {
  return who?.kind === 'stranger' || who?.kind === 'vouched';
}

export function memberIdOf(who: Entrant): KeyId | undefined {
  return who?.kind === 'member' ? who.member.id : undefined;
}

/** As if its owner had said it: under an id that nobody else can have, and of a guest where it may not be listed. */
export function helloOf(hello: Hello, who: Entrant): Hello {
  if (who === undefined) return hello;
  const isGuest = hello.clientId.every((byte) => byte === 0);
  if (who.kind !== 'member' || who.hasRunOut || who.member.kind === 'tracker' || isGuest)
    return { ...hello, clientId: new Uint8Array(hello.clientId.length), uploadPort: isGuest ? hello.uploadPort : 0 };
  return { ...hello, clientId: listedIdBytes(who.member.id, hello.clientId) };
}

/** Why this may not be asked on this connection; undefined: it may. `ends`: and nothing else either. */
export function whyNotAsked(
  kind: TrackerRequest['kind'],
  who: Entrant,
): { readonly sentence: string; readonly ends: boolean } | undefined {
  if (who === undefined || isFull(who)) return undefined;
  if (who.kind !== 'member') {
    if (kind === 'join' || kind === 'joinByCa') return undefined;
    return { sentence: 'who has no card may join this swarm, and ask nothing else', ends: true };
  }
  if (kind === 'renew' || kind === 'knownBans') return undefined;
  return { sentence: 'this card is good no more; renew it, and connect again with the new one', ends: false };
}
