// One tracker, asked as a guest: who is listed nowhere and changes nothing. One question at a time; what it answers is
// checked by the codec, and judged by whoever asks.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { TRACKER_REPLY_DEADLINE_MS } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { commonFeatures, type Features } from '../../foundation/wire/features.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { GuestConnection } from './guest-connection.js';
import { isUnasked, OWN_FEATURES, type TrackerReply, type TrackerRequest } from './messages.js';

type Reply<K extends TrackerReply['kind']> = Extract<TrackerReply, { readonly kind: K }>;
/** Without its id, which is chosen here. */
type Asked = 'list' | 'summaries' | 'seeders';
type Question = { readonly [K in Asked]: Omit<Extract<TrackerRequest, { kind: K }>, 'id'> }[Asked];

export class Guest {
  readonly #connection: GuestConnection;
  readonly #address: string;
  #awaited = deferred<TrackerReply>();
  #lastId = 0;

  /** @param passage how bytes travel; in the clear when absent. */
  constructor(address: Address, passage: Passage | undefined) {
    this.#address = formatAddress(address);
    // A connection that fails while nobody waits is told to whoever asks next.
    this.#awaited.promise.catch(() => undefined);
    this.#connection = new GuestConnection({
      address,
      passage,
      features: OWN_FEATURES,
      // In a closed swarm it speaks of bans whenever it likes.
      onReply: (reply) =>
        void (isUnasked(reply) && reply.kind !== 'helloReply' ? undefined : this.#awaited.resolve(reply)),
      onFailed: ({ kind, reason }) => {
        const why = kind === 'foreign' ? 'is no tracker of this version' : `does not answer (${reason})`;
        this.#awaited.reject(this.failure(why));
      },
    });
  }

  /** What it and we can. NO_TRACKER. */
  async greeted(): Promise<Features> {
    const hello = await this.#next();
    if (hello.kind !== 'helloReply') throw this.failure(whatInstead(hello));
    return commonFeatures(hello.features ?? EMPTY_BYTES, OWN_FEATURES);
  }

  /** After `greeted`. NO_TRACKER, also when it refuses. */
  async ask<K extends TrackerReply['kind']>(question: Question, expected: K): Promise<Reply<K>> {
    this.#lastId += 1;
    this.#awaited = deferred<TrackerReply>();
    this.#awaited.promise.catch(() => undefined);
    this.#connection.send({ ...question, id: this.#lastId });
    const reply = await this.#next();
    if (reply.kind === expected && 'id' in reply && reply.id === this.#lastId) return reply as Reply<K>;
    throw this.failure(whatInstead(reply));
  }

  hangUp(): void {
    this.#connection.hangUp();
  }

  /** For whoever finds that its answer makes no sense. */
  failure(what: string): MiniTorrentError {
    return new MiniTorrentError('NO_TRACKER', `${this.#address} ${what}`);
  }

  #next(): Promise<TrackerReply> {
    return within(this.#awaited.promise, TRACKER_REPLY_DEADLINE_MS, () => {
      throw this.failure('does not answer in time');
    });
  }
}

function whatInstead(reply: TrackerReply): string {
  return reply.kind === 'error' ? `says: ${printable(reply.sentence)}` : 'answers what was not asked';
}
