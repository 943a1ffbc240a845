// One tracker, asked as a guest: who is listed nowhere and changes nothing. One question at a time; what it answers is
// checked by the codec, and judged by whoever asks.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError, ProtocolError } from '../../foundation/base/errors.js';
import { TRACKER_REPLY_DEADLINE_MS } from '../../foundation/base/limits.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { CLIENT_ID_SIZE } from '../../foundation/torrent/ids.js';
import { printable } from '../../foundation/torrent/names.js';
import { DialedConnection } from '../../foundation/wire/dialed.js';
import { commonFeatures, encodeFeatures, type Features } from '../../foundation/wire/features.js';
import type { Passage } from '../../foundation/wire/passage.js';
import {
  isUnasked,
  OWN_FEATURES,
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from './messages.js';

type Reply<K extends TrackerReply['kind']> = Extract<TrackerReply, { readonly kind: K }>;
/** Without its id, which is chosen here. */
type Asked = 'list' | 'summaries' | 'seeders';
type Question = { readonly [K in Asked]: Omit<Extract<TrackerRequest, { kind: K }>, 'id'> }[Asked];

export class Guest {
  readonly #connection: DialedConnection<TrackerRequest, TrackerReply>;
  readonly #address: string;
  #awaited = deferred<TrackerReply>();
  #lastId = 0;

  /** @param passage how bytes travel; in the clear when absent. */
  constructor(address: Address, passage: Passage | undefined) {
    this.#address = formatAddress(address);
    // A connection that fails while nobody waits is told to whoever asks next.
    this.#awaited.promise.catch(() => undefined);
    this.#connection = new DialedConnection<TrackerRequest, TrackerReply>({
      address,
      passage,
      need: 'track',
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      onConnected: () => {
        const guest = { clientId: new Uint8Array(CLIENT_ID_SIZE), host: '', uploadPort: 0, epoch: 0 };
        this.#connection.send({ kind: 'hello', ...guest, token: encodeFeatures(OWN_FEATURES) });
      },
      // In a closed swarm it speaks of bans whenever it likes.
      onMessage: (reply) =>
        void (isUnasked(reply) && reply.kind !== 'helloReply' ? undefined : this.#awaited.resolve(reply)),
      onClosed: (reason, error) => {
        const why = error instanceof ProtocolError ? 'is no tracker of this version' : 'does not answer';
        this.#awaited.reject(this.failure(`${why} (${errnoOf(error) ?? printable(reason)})`));
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
