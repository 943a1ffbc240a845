// Whether one client answers at one address, found by a dial-back and believed for a minute: before an address that a
// client names is listed, when a copy of a client is suspected, and when a client asks whether it is reached. Pure.

import { equalBytes } from '../../../foundation/base/bytes.js';
import { type ClientId, keyBytes, peerIdOf, type SwarmKey } from '../../../foundation/torrent/ids.js';
import { listedPrefix, prefixOf } from '../../membership/listed-id.js';
import { addressKey } from '../../registry/addresses.js';
import { DIAL_BACK_VERDICT_MS } from '../limits.js';
import type { Claim, DialBackAnswer } from './claim.js';
import type { DialQueue } from './dial-queue.js';
import type { HeldRequest, HeldRequests } from './held-requests.js';
import { remember } from './memory.js';

/** stranger: somebody else answers there; nobody: no peer does; unasked: too many are being asked now. */
export type Reach = 'reached' | 'stranger' | 'nobody' | 'unasked';

export type Look =
  | { readonly kind: 'known'; readonly found: Reach }
  | { readonly kind: 'asking'; readonly claim: string };

export class Inquiries {
  readonly #dials: DialQueue;
  readonly #held: HeldRequests;
  readonly #onReached: (address: string, client: ClientId, nowMs: number) => void;
  readonly #underWay = new Map<number, { readonly key: string; readonly claim: Claim }>();
  readonly #found = new Map<string, { readonly found: Reach; readonly atMs: number; readonly untilMs: number }>();

  constructor(
    dials: DialQueue,
    held: HeldRequests,
    onReached: (address: string, client: ClientId, nowMs: number) => void,
  ) {
    this.#dials = dials;
    this.#held = held;
    this.#onReached = onReached;
  }

  /**
   * What is known, or the claim to hold a request for. @param source the host because of which it is asked.
   * @param urgency `idle`: nothing is decided by it.
   */
  look(claim: Claim, source: string, nowMs: number, urgency: 'deciding' | 'idle' = 'deciding'): Look {
    return this.#look(claim, source, nowMs, urgency, Number.NEGATIVE_INFINITY);
  }

  /** The same, where nothing counts that was found before `sinceMs`. */
  lookSince(
    sinceMs: number,
    claim: Claim,
    source: string,
    nowMs: number,
    urgency: 'deciding' | 'idle' = 'deciding',
  ): Look {
    return this.#look(claim, source, nowMs, urgency, sinceMs);
  }

  #look(claim: Claim, source: string, nowMs: number, urgency: 'deciding' | 'idle', sinceMs: number): Look {
    const key = `inquiry ${addressKey(claim.host, claim.port)} ${claim.client}`;
    const known = this.#found.get(key);
    if (known !== undefined && known.untilMs > nowMs && known.atMs >= sinceMs)
      return { kind: 'known', found: known.found };
    if (this.#held.isOpen(key)) return { kind: 'asking', claim: key };
    if (!this.#dials.take(source, nowMs, urgency)) return { kind: 'known', found: 'unasked' };
    this.#held.open(key);
    const { host, port, swarm, pieceCount } = claim;
    this.#underWay.set(this.#dials.dial(source, { host, port, swarm, pieceCount }), { key, claim });
    return { kind: 'asking', claim: key };
  }

  /** The requests that waited for it; undefined when this dial-back was made for something else. */
  answered(number: number, answer: DialBackAnswer, nowMs: number): readonly HeldRequest[] | undefined {
    const inquiry = this.#underWay.get(number);
    if (inquiry === undefined) return undefined;
    this.#underWay.delete(number);
    this.#dials.ended(number);
    const { key, claim } = inquiry;
    const found = reachOf(answer, claim);
    remember(this.#found, key, { found, atMs: nowMs, untilMs: nowMs + DIAL_BACK_VERDICT_MS });
    if (found === 'reached') this.#onReached(addressKey(claim.host, claim.port), claim.client, nowMs);
    return this.#held.release(key);
  }
}

function reachOf(answer: DialBackAnswer, { client, swarm }: Claim): Reach {
  if (answer.kind === 'nothing') return 'nobody';
  return answer.kind === 'hello' && isWho(answer, client, swarm) ? 'reached' : 'stranger';
}

type Answered = Extract<DialBackAnswer, { kind: 'hello' }>;

/** In a closed swarm a client's id is its member's, and the card says who answers. */
export function isWho({ peerId, member }: Answered, client: ClientId, swarm: SwarmKey): boolean {
  return member === undefined ? isPeerId(peerId, client, swarm) : prefixOf(client) === listedPrefix(member);
}

/** As this release says it, or as the first one did. */
function isPeerId(said: Uint8Array, client: ClientId, swarm: SwarmKey): boolean {
  return equalBytes(said, peerIdOf(client, swarm)) || equalBytes(said, keyBytes(client));
}
