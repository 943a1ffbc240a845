// Keeps what the trackers tell a member of a closed swarm: on the disk, one save at a time, and on every peer thread,
// which cuts whoever is shut out. Says when the own card is about to run out because no tracker renews it.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import { readCard } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { keyIdBytes } from '../../foundation/identity/keys.js';
import { Standing } from '../../foundation/identity/standing.js';
import { shutOutPages } from '../../foundation/identity/standing-pages.js';
import type { MembershipEvent } from '../../tracking/announce/messages.js';
import type { ServeCommand } from '../../transfer/peer/messages.js';
import { CARD_LOOK_FIRST_MS, CARD_LOOK_MS } from '../limits.js';
import { type Learned, saveMemberState } from './member-state.js';

export interface MemberKeeperOptions {
  readonly credentials: Credentials;
  readonly directory: string;
  readonly log: Log;
}

export interface MemberKeeperPorts {
  readonly threads: { tellMembers(news: Extract<ServeCommand, { kind: 'card' | 'shutOut' | 'trackerTime' }>): void };
  readonly notice: (sentence: string) => void;
  readonly onFatal: (error: unknown) => void;
}

export class MemberKeeper {
  readonly #options: MemberKeeperOptions;
  #ports: MemberKeeperPorts | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isSaveWaiting = false;
  #look: Timer | undefined;
  #refusal = '';
  #isSaveFailureTold = false;

  constructor(options: MemberKeeperOptions) {
    this.#options = options;
  }

  /** Once, before anything is heard. */
  attach(ports: MemberKeeperPorts): void {
    this.#ports = ports;
    this.#lookAtCard(CARD_LOOK_FIRST_MS);
  }

  hear(event: MembershipEvent): void {
    const { log } = this.#options;
    switch (event.kind) {
      case 'shutOut': {
        const bans = event.bans.map(({ member, version, isBanned }): [Uint8Array, number, boolean] => [
          keyIdBytes(member),
          version,
          isBanned,
        ]);
        this.#ports?.threads.tellMembers({ kind: 'shutOut', bans, withdrawals: [...event.withdrawals] });
        log.info({ bans: event.bans.length, withdrawals: event.withdrawals.length }, 'news of who is shut out');
        this.#save();
        return;
      }
      case 'trackerTime':
        this.#ports?.threads.tellMembers(event);
        return;
      case 'cardRenewed':
        this.#ports?.threads.tellMembers({ kind: 'card', card: event.card });
        this.#refusal = '';
        log.info({ goodUntilS: this.#ends()?.goodUntilS }, 'the card was renewed');
        this.#save();
        return;
      case 'cardRefused':
        log.warn({ sentence: event.sentence }, 'a tracker gave no new card');
        if (this.#refusal !== event.sentence) this.#ports?.notice(`a tracker gave no new card: ${event.sentence}`);
        this.#refusal = event.sentence;
        return;
    }
  }

  /** Settles when all is on the disk, or has failed and was told. */
  async close(): Promise<void> {
    this.#look?.cancel();
    await this.#saving;
  }

  #save(): void {
    // One that waits will write what is known by then.
    if (this.#isSaveWaiting) return;
    this.#isSaveWaiting = true;
    this.#saving = this.#saving.then(async () => {
      this.#isSaveWaiting = false;
      const { directory, credentials, log } = this.#options;
      try {
        this.#tellLearned(await saveMemberState(directory, credentials));
        this.#isSaveFailureTold = false;
      } catch (error) {
        if (!(error instanceof MiniTorrentError)) {
          this.#ports?.onFatal(error);
          return;
        }
        log.error({ err: error }, 'what the trackers told of this swarm could not be saved');
        const sentence = `what the trackers told of this swarm could not be saved, and is asked for again at the next start: ${error.message}`;
        if (!this.#isSaveFailureTold) this.#ports?.notice(sentence);
        this.#isSaveFailureTold = true;
      }
    });
  }

  /** What another process of this user had heard first. */
  #tellLearned({ hasNewCard, bans, withdrawals }: Learned): void {
    const threads = this.#ports?.threads;
    if (hasNewCard) threads?.tellMembers({ kind: 'card', card: this.#options.credentials.card });
    const standing = new Standing(this.#options.credentials.root);
    for (const row of bans) standing.bans.add(row);
    for (const statement of withdrawals) standing.withdraw(statement);
    for (const page of shutOutPages(standing))
      threads?.tellMembers({
        kind: 'shutOut',
        bans: page.bans.map((row) => [...row]),
        withdrawals: [...page.withdrawals],
      });
  }

  #lookAtCard(afterMs: number): void {
    this.#look = systemTimers.at(systemTimers.nowMs() + afterMs, () => {
      const sentence = cardNotice(this.#options.credentials, Date.now() / 1_000, systemTimers.nowMs());
      if (sentence !== undefined) this.#ports?.notice(sentence);
      this.#lookAtCard(CARD_LOOK_MS);
    });
  }

  #ends(): { readonly goodUntilS: number } | undefined {
    const card = readCard(this.#options.credentials.card, this.#options.credentials.root);
    return card?.kind === 'member' ? card.member : undefined;
  }
}

const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'UTC', dateStyle: 'short' });
/** Of a card's life; of fourteen days it is seven. */
const NOTICE_AFTER = 1 / 2;

/** What a person should know of a card that nobody renews; undefined: all is well. The tracker's clock goes first. */
export function cardNotice(credentials: Credentials, ownS: number, nowMs: number): string | undefined {
  const card = readCard(credentials.card, credentials.root);
  if (card?.kind !== 'member' || card.member.goodUntilS === 0) return undefined;
  const { goodUntilS, saidAtS } = card.member;
  const atS = credentials.trackerClock.at(nowMs) ?? ownS;
  if (atS < saidAtS + (goodUntilS - saidAtS) * NOTICE_AFTER) return undefined;
  const [since, until] = [DAY.format(saidAtS * 1_000), DAY.format(goodUntilS * 1_000)];
  const runs = atS > goodUntilS ? 'ran out' : 'runs out';
  return `no tracker has renewed the card of this machine since ${since}; it ${runs} on ${until}, and then other clients refuse it until a tracker answers again`;
}
