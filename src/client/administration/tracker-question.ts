// One connection to one tracker, on which a person's questions about members are asked one after the other. Changes
// nothing there but what is asked for; hears its clock on the way.

import { type Deferred, deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Member } from '../../foundation/identity/gate.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { GuestConnection } from '../../tracking/tracker/guest-connection.js';
import type { MembershipRequest, TrackerReply, TrackerRequest } from '../../tracking/tracker/messages.js';
import { ANSWER_DEADLINE_MS, REACH_DEADLINE_MS } from './limits.js';

/** Without its id, which is chosen here. */
export type Question = MembershipRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;
type Answer<K extends TrackerReply['kind']> = Extract<TrackerReply, { readonly kind: K }>;

export class TrackerQuestion {
  readonly address: Address;
  readonly #connection: GuestConnection;
  readonly #reached = deferred<void>();
  readonly #opened = deferred<Member | undefined>();
  #asked: Deferred<TrackerReply> | undefined;
  #lastId = 0;
  #over: MiniTorrentError | undefined;

  /** @param passage of this machine's identity in the closed swarm. */
  constructor(address: Address, passage: Passage) {
    this.address = address;
    this.#reached.promise.catch(() => undefined);
    this.#opened.promise.catch(() => undefined);
    this.#connection = new GuestConnection({
      address,
      passage,
      onReached: () => this.#reached.resolve(),
      onGreeted: (member) => this.#opened.resolve(member),
      onReply: (reply) => this.#heard(reply),
      onFailed: ({ reason, error }) => this.#end(error ?? noTracker(this.address, reason)),
    });
  }

  /** The tracker, as the gate proved it. Rejects with MiniTorrentError: NO_TRACKER, NOT_ADMITTED. */
  async opened(): Promise<Member | undefined> {
    await within(this.#reached.promise, REACH_DEADLINE_MS, () => {
      throw noTracker(this.address, 'nobody answers');
    });
    return within(this.#opened.promise, ANSWER_DEADLINE_MS, () => {
      throw noTracker(this.address, 'no answer in time');
    });
  }

  /**
   * One question at a time. Rejects with MiniTorrentError: NO_TRACKER, and NOT_ADMITTED or TRACKER_REFUSED with what
   * the tracker says.
   */
  async ask<K extends TrackerReply['kind']>(question: Question, expected: K): Promise<Answer<K>> {
    await this.opened();
    if (this.#over !== undefined) throw this.#over;
    const asked = deferred<TrackerReply>();
    this.#asked = asked;
    this.#lastId += 1;
    this.#connection.send({ ...question, id: this.#lastId } as TrackerRequest);
    const reply = await within(asked.promise, ANSWER_DEADLINE_MS, () => {
      throw noTracker(this.address, 'no answer in time');
    });
    if (reply.kind === 'error') throw refusal(this.address, reply);
    if (reply.kind !== expected) throw noTracker(this.address, `it answers ${reply.kind}, which nobody asked for`);
    return reply as Answer<K>;
  }

  hangUp(): void {
    this.#connection.hangUp();
  }

  #heard(reply: TrackerReply): void {
    if (reply.kind === 'error' && reply.id === null) this.#end(refusal(this.address, reply));
    else if ('id' in reply && reply.id === this.#lastId) this.#asked?.resolve(reply);
  }

  #end(error: MiniTorrentError): void {
    this.#over ??= error;
    this.#reached.reject(error);
    this.#opened.reject(error);
    this.#asked?.promise.catch(() => undefined);
    this.#asked?.reject(error);
  }
}

function refusal(address: Address, { code, sentence }: Answer<'error'>): MiniTorrentError {
  const said = printable(sentence);
  const isAboutMembers = code === 'notAdmitted' || code === 'forbidden';
  return new MiniTorrentError(
    isAboutMembers ? 'NOT_ADMITTED' : 'TRACKER_REFUSED',
    `the tracker at ${formatAddress(address)} refuses: ${said}`,
  );
}

function noTracker(address: Address, why: string): MiniTorrentError {
  return new MiniTorrentError(
    'NO_TRACKER',
    `the tracker at ${formatAddress(address)} cannot be asked (${why}); check that it runs`,
  );
}
