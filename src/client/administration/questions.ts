// What a person asks the trackers of a closed swarm: to be let in, to let others in, who is there, and who is to be
// shut out. Either tracker answers for both; what must hold everywhere at once is told to each of them.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type KeyId, keyId, keyIdBytes, keyIdOf, type PublicKey, publicKey } from '../../foundation/identity/keys.js';
import { vouchingProof } from '../../foundation/identity/vouching.js';
import { type Address, parseNamedAddress } from '../../foundation/torrent/address.js';
import type { Shown } from '../../foundation/wire/tls.js';
import type { TrackerReply } from '../../tracking/tracker/messages.js';
import { trackerPassage } from './guest-passage.js';
import { MEMBER_PAGES_MAX } from './limits.js';
import { TrackerQuestion } from './tracker-question.js';

export interface Terms {
  /** Bits of `POWERS`. */
  readonly powers: number;
  readonly uses: number;
  readonly seconds: number;
  /** The root's, for a tracker. */
  readonly proof?: Uint8Array;
}

export interface Admitted {
  /** CARD_SIZE bytes; nothing of it was checked. */
  readonly card: Uint8Array;
  readonly swarm: string;
  readonly trackers: readonly Address[];
  /** The tracker that admitted. */
  readonly by: Address;
}

export interface MemberRow {
  readonly id: KeyId;
  readonly key: PublicKey;
  readonly name: string;
  /** Bits of `POWERS`. */
  readonly powers: number;
  /** The tracker that admitted it. */
  readonly by: KeyId;
  readonly isBanned: boolean;
  /** Undefined: never since the tracker started. */
  readonly seenSecondsAgo: number | undefined;
  readonly address: string;
}

/** What became of something that both trackers are told. */
export interface Told {
  readonly tracker: Address;
  /** Clients that were told; undefined where only the tracker itself is. */
  readonly clients?: number;
  readonly partnerKnows?: boolean;
  /** It could not be told. */
  readonly failure?: MiniTorrentError;
}

export class Questions {
  readonly #credentials: Credentials;
  readonly #trackers: readonly Address[];

  constructor(credentials: Credentials, trackers: readonly Address[]) {
    this.#credentials = credentials;
    this.#trackers = trackers;
  }

  /**
   * Rejects with what the tracker says of the invitation. @param name wanted; the tracker makes it fit.
   * @param isForTracker one of the trackers may lack the root key that this needs: then the other is asked.
   */
  async join(secret: Uint8Array, name: string, isForTracker = false): Promise<Admitted> {
    const ask = async (question: TrackerQuestion): Promise<Admitted> => {
      return admittedOf(question.address, await question.ask({ kind: 'join', secret, name }, 'admitted'));
    };
    return this.#askEither(ask, isForTracker);
  }

  /** As `join`, by a certificate of another authority: of the own key. */
  async joinByCa(shown: Omit<Shown, 'onExported'>, name: string): Promise<Admitted> {
    const credentials = this.#credentials;
    let exported: Uint8Array = new Uint8Array(0);
    const onExported = (bytes: Uint8Array): void => {
      exported = bytes;
    };
    const ask = async (question: TrackerQuestion): Promise<Admitted> => {
      await question.opened();
      const { publicKey: key, root } = credentials;
      const proof = vouchingProof(root, exported, credentials);
      return admittedOf(question.address, await question.ask({ kind: 'joinByCa', key, proof, name }, 'admitted'));
    };
    return this.#askEither(ask, false, { ...shown, onExported });
  }

  /** A card with a new end. */
  async renew(): Promise<Uint8Array> {
    return this.#askEither(async (question) => (await question.ask({ kind: 'renew' }, 'renewed')).card);
  }

  /** Answers the secret of a new invitation. */
  async invite(terms: Terms): Promise<Uint8Array> {
    const ask = async (question: TrackerQuestion): Promise<Uint8Array> =>
      (await question.ask({ kind: 'invite', ...terms }, 'invited')).secret;
    return this.#askEither(ask, terms.proof !== undefined);
  }

  async members(): Promise<readonly MemberRow[]> {
    return this.#askEither(async (question) => {
      const rows: MemberRow[] = [];
      for (let page = 0; page < MEMBER_PAGES_MAX; page += 1) {
        const after = rows.at(-1);
        const reply = await question.ask(
          { kind: 'members', after: after === undefined ? new Uint8Array(0) : keyIdBytes(after.id) },
          'memberList',
        );
        for (const { key: keyBytes, name, powers, by, state, seen, address } of reply.members) {
          const key = publicKey(keyBytes);
          rows.push({
            ...{ id: keyIdOf(key), key, name, powers, by: keyId(by), address },
            isBanned: state === 'banned',
            seenSecondsAgo: seen ?? undefined,
          });
        }
        if (reply.last || reply.members.length === 0) break;
      }
      return rows;
    });
  }

  /** Tells every tracker; rejects when none could be told. */
  async ban(member: KeyId, isBanned: boolean): Promise<readonly Told[]> {
    return this.#tellAll(async (question) => {
      const { clients, partner } = await question.ask({ kind: 'ban', member: keyIdBytes(member), isBanned }, 'banned');
      return { clients, partnerKnows: partner };
    });
  }

  /** As `ban`. @param statement the root's. */
  async withdraw(statement: Uint8Array): Promise<readonly Told[]> {
    return this.#tellAll(async (question) => {
      const { clients, partner } = await question.ask({ kind: 'withdraw', statement }, 'banned');
      return { clients, partnerKnows: partner };
    });
  }

  /** Which trackers answer, as the gate proved them; a reason in place of those that do not. */
  async whoAnswers(): Promise<readonly (Told & { readonly name?: string; readonly key?: PublicKey })[]> {
    return Promise.all(
      this.#trackers.map(async (tracker) => {
        const question = this.#open(tracker);
        try {
          const member = await question.opened();
          return { tracker, ...(member === undefined ? {} : { name: member.name, key: member.key }) };
        } catch (error) {
          if (!(error instanceof MiniTorrentError)) throw error;
          return { tracker, failure: error };
        } finally {
          question.hangUp();
        }
      }),
    );
  }

  /** The first that can be reached answers for both; its refusal is final. @param needsRoot but for this one. */
  async #askEither<T>(ask: (question: TrackerQuestion) => Promise<T>, needsRoot = false, shown?: Shown): Promise<T> {
    const away: MiniTorrentError[] = [];
    let rootless: MiniTorrentError | undefined;
    for (const tracker of this.#trackers) {
      const question = this.#open(tracker, shown);
      try {
        return await ask(question);
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) throw error;
        if (error.code === 'NO_TRACKER') away.push(error);
        else if (needsRoot && error.code === 'TRACKER_REFUSED') rootless = error;
        else throw error;
      } finally {
        question.hangUp();
      }
    }
    throw rootless ?? noneAnswers(away);
  }

  async #tellAll(tell: (question: TrackerQuestion) => Promise<Omit<Told, 'tracker'>>): Promise<readonly Told[]> {
    const told = await Promise.all(
      this.#trackers.map(async (tracker): Promise<Told> => {
        const question = this.#open(tracker);
        try {
          return { tracker, ...(await tell(question)) };
        } catch (error) {
          if (!(error instanceof MiniTorrentError)) throw error;
          return { tracker, failure: error };
        } finally {
          question.hangUp();
        }
      }),
    );
    const failures = told.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
    if (failures.length < told.length) return told;
    throw failures.find(({ code }) => code !== 'NO_TRACKER') ?? noneAnswers(failures);
  }

  #open(tracker: Address, shown?: Shown): TrackerQuestion {
    return new TrackerQuestion(tracker, trackerPassage(this.#credentials, shown));
  }
}

function admittedOf(by: Address, { card, swarm, trackers }: Extract<TrackerReply, { kind: 'admitted' }>): Admitted {
  const known = trackers.map((text) => parseNamedAddress(text)).filter((each) => each !== undefined);
  return { card, swarm, trackers: known, by };
}

function noneAnswers(away: readonly MiniTorrentError[]): MiniTorrentError {
  const why = away.map(({ message }) => message.split(';')[0]).join(', ');
  return new MiniTorrentError('NO_TRACKER', `${why}; start one of them and try again`);
}
