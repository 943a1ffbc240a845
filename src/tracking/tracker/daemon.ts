// Wires a tracker: its machine on this thread, the listener in front, the store's shell behind. Performs effects and
// decides nothing. The port opens only after the whole list was loaded; a store that fails ends the tracker.

import { randomBytes, randomInt } from 'node:crypto';
import { Host } from '../../foundation/actor/host.js';
import type { WakeAt } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import { ClockSteps } from '../../foundation/base/clock-steps.js';
import { type Deferred, deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import { residentBytes } from '../../foundation/base/this-machine.js';
import { systemTimers, type Timers } from '../../foundation/base/timers.js';
import { trackerStatementIn } from '../../foundation/identity/card.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { INVITATION_SECRET_SIZE } from '../../foundation/identity/limits.js';
import type { Signer } from '../../foundation/identity/statement.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { type Passage, plainPassage } from '../../foundation/wire/passage.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import { PEER_WIRE } from '../../transfer/peer/codec/messages.js';
import type { StoreShell } from '../store/contract.js';
import { chooseStore, type StoreEffect, type StoreInput } from '../store/selection.js';
import { DialBacks } from './claims/dial-back.js';
import { LEASE_MS, RENEW_MS } from './limits.js';
import { Listener } from './listener.js';
import type { ClosedSetting } from './machine/closed-swarm.js';
import type { Figures, TrackerEffect, TrackerInput } from './machine/effects.js';
import { TrackerMachine } from './machine/machine.js';
import { TRACKER_MAGIC, TRACKER_WIRE, type TrackerRequest } from './messages.js';
import { PageTurns } from './page-turns.js';
import { RequestCounts } from './request-counts.js';

/** Another authority, by whose certificates machines join. */
export interface JoinCa {
  /** Its own certificate, or several. */
  readonly pem: string;
  /** Bits of `POWERS` of whoever joins so. */
  readonly powers: number;
}

export interface DaemonOptions {
  /** By which others know it. */
  readonly own: Address;
  /** Where it listens, at the port of `own`; undefined: at `own`. */
  readonly listenHost?: string | undefined;
  readonly partner: Address;
  /**
   * Names the pair instead of its two addresses, where the trackers know each other by other ones than they listen on.
   */
  readonly cluster?: string | undefined;
  readonly seederListPath: string;
  readonly log: Log;
  readonly lostLogLines: () => number;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** See SessionSetting. */
  readonly trustHost?: boolean;
  readonly replicaWaitMs?: number;
  /** See TrackerSetting. */
  readonly lists?: boolean;
  readonly timers?: Timers;
  /** Of a closed swarm; undefined: this tracker is open. */
  readonly credentials?: Credentials | undefined;
  /** As in `TrackerOptions`. */
  readonly openRoot?: (() => Signer | undefined) | undefined;
  /** As in `IssuerSetting`. */
  readonly cardLifeS?: number;
  readonly joinCa?: JoinCa | undefined;
}

type Input = TrackerInput<StoreInput>;
type Effect = TrackerEffect<StoreEffect> | WakeAt;

const TOO_MANY_ASK = 'too many ask what is shared; ask again in a few seconds';

export class Daemon {
  /** Settles when the tracker can go on no longer; never while it works or after `stop`. */
  readonly failed: Promise<MiniTorrentError>;
  readonly #options: DaemonOptions;
  readonly #timers: Timers;
  readonly #clock: ClockSteps;
  readonly #machine: TrackerMachine<StoreInput, StoreEffect>;
  readonly #host: Host<Input, Effect>;
  readonly #listener: Listener;
  readonly #store: StoreShell<StoreInput, StoreEffect>;
  readonly #dialBacks: DialBacks;
  readonly #pages: PageTurns;
  readonly #failure: Deferred<MiniTorrentError> = deferred();
  readonly #idle: Deferred<void> = deferred();
  readonly #startedMs: number;
  readonly #passages: readonly Passage[];
  #isStopping = false;
  readonly #requests = new RequestCounts();
  #address: Address;

  constructor(options: DaemonOptions) {
    const { log, timers = systemTimers } = options;
    this.#options = options;
    this.#timers = timers;
    this.#clock = new ClockSteps(Date.now(), timers.nowMs());
    this.#startedMs = timers.nowMs();
    this.#address = options.own;
    this.failed = this.#failure.promise;
    const { credentials } = options;
    const isOpen = credentials === undefined;
    const passage = isOpen
      ? plainPassage
      : closedPassage(credentials, TRACKER_WIRE, { timers, joinCa: options.joinCa?.pem });
    const peerPassage = isOpen ? plainPassage : closedPassage(credentials, PEER_WIRE, { timers });
    this.#passages = [passage, peerPassage];
    this.#pages = new PageTurns(timers);
    const store = chooseStore({ ...options, magic: TRACKER_MAGIC, timers, passage, root: credentials?.root });
    this.#machine = new TrackerMachine(
      {
        partner: options.partner,
        leaseMs: options.leaseMs ?? LEASE_MS,
        renewMs: options.renewMs ?? RENEW_MS,
        trustHost: options.trustHost ?? false,
        seed: randomInt(0xffff_ffff),
        lists: options.lists,
        closed: credentials === undefined ? undefined : closedSettingOf(credentials, options),
      },
      store.open,
    );
    this.#host = new Host<Input, Effect>({
      name: 'tracker',
      machine: this.#machine,
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#fail('the tracker broke one of its own rules', error),
      timers,
    });
    this.#listener = new Listener({
      log: log.of('listener'),
      timers,
      passage,
      onOpened: (connection, host, who) => this.#host.post({ kind: 'opened', connection, host, who }),
      onRequest: (connection, request) => {
        this.#requests.came(request);
        this.#received(connection, request);
      },
      follower: store.followerWire,
      onFollowerFrame: (connection, frame, isFirst) => this.#followerSent(connection, frame, isFirst),
      onClosed: (connection) => this.#host.post({ kind: 'closed', connection }),
    });
    this.#store = store.shell({
      log,
      post: (input) => {
        this.#host.post({ kind: 'store', input });
        this.#checkIdle();
      },
      send: (connection, frame) => this.#listener.send(connection, frame),
      failed: (sentence, cause) => this.#fail(sentence, cause),
    });
    this.#dialBacks = new DialBacks({
      ownHost: options.own.host,
      passage: peerPassage,
      timers,
      onAnswered: (number, answer) => this.#host.post({ kind: 'dialedBack', number, answer }),
    });
  }

  /**
   * Loads the list, then listens; answers the address. Rejects with a MiniTorrentError; the daemon is of no use then.
   */
  async start(): Promise<Address> {
    const { own, listenHost = own.host, log, seederListPath } = this.#options;
    try {
      const failed = this.failed.then((error) => Promise.reject(error));
      this.#tellClock();
      await Promise.race([this.#store.open(), failed]);
      const address = await this.#listener.listen({ ...own, host: listenHost });
      this.#address = address;
      log.info(
        { address: formatAddress(address), seederListPath, ...this.#machine.registry.counts },
        'tracker listens',
      );
      return address;
    } catch (error) {
      this.#isStopping = true;
      this.#host.stop();
      this.#dialBacks.close();
      await this.#store.close();
      throw error;
    }
  }

  /** What it tells whoever asks for its statistics. */
  statistics(): Readonly<Record<string, unknown>> {
    return this.#statistics(this.#machine.figures(this.#timers.nowMs()));
  }

  /** Answers what was asked, writes what is owed, closes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#listener.stopReading();
    this.#pages.end();
    this.#checkIdle();
    await within(this.#idle.promise, STOP_DEADLINE_MS, () => {
      this.#options.log.warn({}, 'stopped before every request was answered');
    });
    this.#listener.hangUpAll('the tracker stops');
    const forced = await this.#store.close();
    this.#host.stop();
    this.#dialBacks.close();
    this.#listener.dropAll('the tracker stops');
    this.#options.log.info({ forced, ...this.#machine.registry.counts }, 'tracker stopped');
  }

  #received(connection: number, request: TrackerRequest): void {
    const post = (): void => this.#host.post({ kind: 'received', connection, request });
    if (request.kind !== 'list') {
      this.#pages.othersAsk();
      post();
    } else if (!this.#pages.ask(post))
      this.#listener.reply(connection, { kind: 'error', id: request.id, code: 'limit', sentence: TOO_MANY_ASK });
  }

  #followerSent(connection: number, frame: Uint8Array, isFirst: boolean): void {
    const input = this.#store.decode(connection, frame);
    if (isFirst) this.#host.post({ kind: 'handedOver', connection });
    this.#host.post({ kind: 'store', input });
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'reply':
        this.#listener.reply(effect.connection, effect.message);
        return;
      case 'replyAll':
        this.#listener.replyAll(effect.connections, effect.message);
        return;
      case 'recheck':
        for (const passage of this.#passages) passage.recheck();
        return;
      case 'giveStats':
        this.#listener.reply(effect.connection, {
          kind: 'stats',
          id: effect.id,
          json: JSON.stringify(this.#statistics(effect.figures)),
        });
        return;
      case 'hangUp':
        this.#listener.hangUp(effect.connection, effect.reason);
        return;
      case 'pauseReading':
        this.#listener.pause(effect.connection);
        return;
      case 'resumeReading':
        if (!this.#isStopping) this.#listener.resume(effect.connection);
        return;
      case 'store':
        this.#store.perform(effect.effect);
        return;
      case 'dialBack':
        this.#dialBacks.dial(effect);
        return;
      case 'sweep': {
        const nowMs = this.#timers.nowMs();
        const stepMs = this.#clock.stepMs(Date.now(), nowMs);
        this.#clock.settle(stepMs);
        if (stepMs > 0) this.#host.post({ kind: 'stoodStill', forMs: stepMs });
        this.#tellClock();
        return;
      }
      case 'log':
        this.#options.log[effect.level](effect.fields, effect.sentence);
        return;
      case 'giveUp':
        this.#fail(`${this.#options.seederListPath} could not be written (${effect.sentence})`);
        return;
      case 'wakeAt':
        // The host keeps wake-ups to itself.
        return;
      default:
        unreachable(effect);
    }
  }

  /** Cards have dates, so a closed tracker hears the wall clock. */
  #tellClock(): void {
    if (this.#options.credentials !== undefined)
      this.#host.post({ kind: 'clock', seconds: Math.floor(Date.now() / 1000) });
  }

  #statistics(figures: Figures): Readonly<Record<string, unknown>> {
    const { partner, lostLogLines } = this.#options;
    const { handshakes } = this.#listener;
    return {
      own: formatAddress(this.#address),
      // For anyone who compares clocks; nothing is decided by it.
      wallMs: Date.now(),
      uptimeMs: Math.round(this.#timers.nowMs() - this.#startedMs),
      rssBytes: residentBytes(),
      ...this.#requests.figures,
      refusedConnections: this.#listener.refusedCount,
      ...(handshakes === undefined ? {} : { handshakes: { ...handshakes } }),
      lostLogLines: lostLogLines(),
      ...figures,
      partner: { address: formatAddress(partner), ...figures.partner },
    };
  }

  #checkIdle(): void {
    if (this.#isStopping && this.#machine.isIdle) this.#idle.resolve();
  }

  #fail(sentence: string, cause?: unknown): void {
    if (this.#isStopping) return;
    const error = new MiniTorrentError('IO_ERROR', `${sentence}; this tracker ends, see its log`, cause);
    this.#options.log.error({ err: cause ?? error }, error.message);
    this.#failure.resolve(error);
  }
}

function closedSettingOf(
  credentials: Credentials,
  { own, partner, openRoot, cardLifeS, joinCa }: DaemonOptions,
): ClosedSetting {
  return {
    standing: credentials.standing,
    id: credentials.id,
    signer: credentials,
    statement: trackerStatementIn(credentials.card),
    openRoot,
    cardLifeS,
    joinCaPowers: joinCa?.powers,
    swarm: credentials.swarm,
    trackers: [formatAddress(own), formatAddress(partner)],
    partnerClock: credentials.trackerClock,
    randomSecret: () => randomBytes(INVITATION_SECRET_SIZE),
  };
}
