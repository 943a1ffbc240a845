// What a session wants done for a request, and the answers that many requests share. Pure.

import type { SwarmKey } from '../../../foundation/torrent/ids.js';
import type { Change } from '../../registry/changes.js';
import type { Refusal } from '../../store/contract.js';
import type { MembershipRequest, RefusalCode, TrackerReply, TrackerRequest } from '../messages.js';

export type SessionEffect =
  | { readonly kind: 'reply'; readonly message: TrackerReply }
  | {
      readonly kind: 'commit';
      readonly id: number;
      readonly changes: readonly Change[];
      readonly weight: number;
      /** Evaluated after the changes were applied. */
      readonly reply: () => TrackerReply;
    }
  /** To be received again when the claim is decided. */
  | { readonly kind: 'hold'; readonly claim: string; readonly request: TrackerRequest }
  | { readonly kind: 'giveStats'; readonly id: number }
  | {
      readonly kind: 'readHashes';
      readonly id: number;
      readonly swarm: SwarmKey;
      readonly offset: number;
      readonly length: number;
    }
  /** In a closed swarm, of somebody who may ask it here. */
  | { readonly kind: 'membership'; readonly request: MembershipRequest }
  | { readonly kind: 'hangUp'; readonly reason: string };

/** While the store cannot take more: the refusal of what has to be written before it is answered. */
export function overloadedReply(request: TrackerRequest): TrackerReply | undefined {
  switch (request.kind) {
    case 'share':
    case 'pieces':
    case 'announce':
    case 'remove':
    case 'leave':
      return refuse(request.id, 'ioError', 'the disk of this tracker cannot keep up; try again later').message;
    default:
      return undefined;
  }
}

export function unlisted(id: number): TrackerReply {
  return { kind: 'error', id, code: 'unknown', sentence: 'you are not listed for this file; share it again' };
}

export function answer(message: TrackerReply): Extract<SessionEffect, { kind: 'reply' }> {
  return { kind: 'reply', message };
}

export function refusal(id: number, code: RefusalCode, sentence: string): TrackerReply {
  return { kind: 'error', id, code, sentence };
}

export function refuse(id: number, code: RefusalCode, sentence: string): Extract<SessionEffect, { kind: 'reply' }> {
  return answer(refusal(id, code, sentence));
}

/** An answer that needs no commit of its own, and waits for those changes if there are any. */
export function committed(id: number, changes: readonly Change[], message: TrackerReply): SessionEffect {
  return changes.length === 0 ? answer(message) : commit(id, changes, () => message);
}

export function commit(id: number, changes: readonly Change[], reply: () => TrackerReply, weight = 1): SessionEffect {
  return { kind: 'commit', id, changes, weight, reply };
}

/** The other side broke the protocol: it is told, and the connection ends. */
export function broken(sentence: string): readonly SessionEffect[] {
  return [answer({ kind: 'error', id: null, code: 'protocol', sentence }), { kind: 'hangUp', reason: sentence }];
}

/** The store kept nothing of what was asked for. */
export function notWritten(id: number, cause: Refusal): TrackerReply {
  if (cause === 'full') return refusal(id, 'diskFull', 'the disk of this tracker is full');
  return refusal(id, 'ioError', 'the seeder list could not be written');
}
