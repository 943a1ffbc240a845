// Wires a tracker: the store on its thread, the machine on this one, the listener in front. Performs effects and decides
// nothing. The port opens only after the whole list was loaded; a store that ends by itself ends the tracker, since what is
// on its disk is then unknown.

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { Host } from '../../foundation/actor/host.js';
import { type Link, openLink } from '../../foundation/actor/link.js';
import type { WakeAt } from '../../foundation/actor/machine.js';
import { Supervisor } from '../../foundation/actor/supervisor.js';
import { MessageChannel, startThread } from '../../foundation/actor/thread.js';
import { unreachable } from '../../foundation/base/assert.js';
import { ClockSteps } from '../../foundation/base/clock-steps.js';
import { type Deferred, deferred, within } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { REPLICA_WAIT_MS, RESTART_PERIOD_MS, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timers } from '../../foundation/base/timers.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { type SwarmKey, TRACKER_ID_SIZE } from '../../foundation/torrent/ids.js';
import { followerMessages, isFollow, leaderMessages } from '../store/pair/messages.js';
import { PartnerLinks } from '../store/pair/socket.js';
import {
  type StoreCommand,
  type StoreEvent,
  storeCommands,
  storeEvents,
  storeSettings,
} from '../store/sqlite/messages.js';
import { storeCommandsOf } from '../store/sqlite/rows.js';
import { DialBacks } from './dial-back.js';
import type { Figures, TrackerEffect, TrackerInput } from './effects.js';
import { LEASE_MS, RENEW_MS } from './limits.js';
import { Listener } from './listener.js';
import { TrackerMachine } from './machine.js';
import { TRACKER_MAGIC } from './messages.js';

export interface DaemonOptions {
  readonly own: Address;
  readonly partner: Address;
  /** Names the pair instead of its two addresses, where the trackers know each other by other ones than they listen on. */
  readonly cluster?: string | undefined;
  readonly seederListPath: string;
  readonly log: Log;
  readonly lostLogLines: () => number;
  readonly leaseMs?: number;
  readonly renewMs?: number;
  /** See SessionSetting. */
  readonly trustHost?: boolean;
  readonly replicaWaitMs?: number;
  readonly timers?: Timers;
}

const STORE_ENTRY = bundleUrl('store');

export class Daemon {
  /** Settles when the tracker can go on no longer; never while it works or after `stop`. */
  readonly failed: Promise<MiniTorrentError>;
  readonly #options: DaemonOptions;
  readonly #timers: Timers;
  readonly #clock: ClockSteps;
  readonly #machine: TrackerMachine;
  readonly #host: Host<TrackerInput, TrackerEffect | WakeAt>;
  readonly #listener: Listener;
  readonly #supervisor: Supervisor;
  readonly #partner: PartnerLinks;
  readonly #dialBacks: DialBacks;
  readonly #storeOpened: Deferred<void> = deferred();
  readonly #failure: Deferred<MiniTorrentError> = deferred();
  readonly #idle: Deferred<void> = deferred();
  readonly #startedMs: number;
  #store: Link<StoreCommand> | undefined;
  #isStopping = false;
  #address: Address;

  constructor(options: DaemonOptions) {
    const { log, timers = systemTimers } = options;
    this.#options = options;
    this.#timers = timers;
    this.#clock = new ClockSteps(Date.now(), timers.nowMs());
    this.#startedMs = timers.nowMs();
    this.#address = options.own;
    this.failed = this.#failure.promise;
    // Awaited only once the thread works; a thread that crashes before rejects it unheard.
    this.#storeOpened.promise.catch(() => undefined);
    this.#machine = new TrackerMachine({
      partner: options.partner,
      cluster: clusterOf(options),
      replicaWaitMs: options.replicaWaitMs ?? REPLICA_WAIT_MS,
      leaseMs: options.leaseMs ?? LEASE_MS,
      renewMs: options.renewMs ?? RENEW_MS,
      trustHost: options.trustHost ?? false,
      seed: randomInt(0xffff_ffff),
      spareId: randomBytes(TRACKER_ID_SIZE),
    });
    this.#host = new Host<TrackerInput, TrackerEffect | WakeAt>({
      name: 'tracker',
      machine: this.#machine,
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#fail('the tracker broke one of its own rules', error),
      timers,
    });
    this.#listener = new Listener({
      log: log.of('listener'),
      timers,
      onOpened: (connection, host) => this.#host.post({ kind: 'opened', connection, host }),
      onRequest: (connection, request) => this.#host.post({ kind: 'received', connection, request }),
      follower: { isFirst: isFollow, refusal: (sentence) => leaderMessages.framed({ kind: 'refused', sentence }) },
      onFollowerFrame: (connection, frame) =>
        this.#host.post({ kind: 'followerSaid', connection, message: followerMessages.decode(frame) }),
      onClosed: (connection) => this.#host.post({ kind: 'closed', connection }),
    });
    const { own, partner } = options;
    const post = (input: TrackerInput): void => void this.#host.post(input);
    this.#partner = new PartnerLinks({ own, partner, magic: TRACKER_MAGIC, post });
    this.#dialBacks = new DialBacks({
      ownHost: options.own.host,
      timers,
      onAnswered: (number, answer) => this.#host.post({ kind: 'dialedBack', number, answer }),
    });
    this.#supervisor = new Supervisor({
      log: log.of('supervisor'),
      timers,
      onEscalate: (_child, error) => this.#fail('the store ended', error),
    });
  }

  /** Loads the list, then listens; answers the address. Rejects with a MiniTorrentError; the daemon is of no use then. */
  async start(): Promise<Address> {
    const { own, log, seederListPath } = this.#options;
    try {
      // No restart: a new store could not know whether the last commit of the old one is on the disk.
      const rule = { restart: 'permanent', restartsMax: 0, periodMs: RESTART_PERIOD_MS } as const;
      await this.#supervisor.start({ id: 'store', ...rule, start: () => this.#startStore() });
      await this.#storeOpened.promise;
      const address = await this.#listener.listen(own);
      this.#address = address;
      log.info(
        { address: formatAddress(address), seederListPath, ...this.#machine.registry.counts },
        'tracker listens',
      );
      return address;
    } catch (error) {
      this.#isStopping = true;
      this.#host.stop();
      this.#partner.close();
      this.#dialBacks.close();
      await this.#supervisor.stop();
      throw error;
    }
  }

  /** Answers what was asked, writes what is owed, closes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#listener.stopReading();
    this.#checkIdle();
    await within(this.#idle.promise, STOP_DEADLINE_MS, () => {
      this.#options.log.warn({}, 'stopped before every request was answered');
    });
    this.#listener.hangUpAll('the tracker stops');
    const forced = await this.#supervisor.stop();
    this.#host.stop();
    this.#partner.close();
    this.#dialBacks.close();
    this.#listener.dropAll('the tracker stops');
    this.#options.log.info({ forced, ...this.#machine.registry.counts }, 'tracker stopped');
  }

  async #startStore() {
    const { port1, port2 } = new MessageChannel();
    const { seederListPath: path } = this.#options;
    const place = { own: placeOf(this.#options.own), cluster: clusterOf(this.#options) };
    const settings = new Uint8Array(storeSettings.encode({ kind: 'store', path, ...place }));
    const thread = startThread({ name: 'store', entry: STORE_ENTRY, settings, shared: [], ports: [port2] });
    this.#store = openLink<StoreCommand, StoreEvent>({
      port: port1,
      sends: storeCommands,
      receives: storeEvents,
      handle: (event) => this.#onStore(event),
      onCrash: (error) => this.#fail('the store said something unknown', error),
    });
    await thread.ready;
    return thread;
  }

  #onStore(event: StoreEvent): void {
    switch (event.kind) {
      case 'loadedSwarms':
      case 'loadedEntries':
      case 'loadedLeaves':
        this.#host.post({ kind: 'loadedRows', loaded: event });
        return;
      case 'loaded':
        if (event.kept !== '')
          this.#options.log.info(
            { kept: event.kept },
            'the list has the format of this version; as it was before, it is kept',
          );
        this.#host.post(startedOf(event));
        this.#storeOpened.resolve();
        return;
      case 'openFailed':
        this.#storeOpened.reject(new MiniTorrentError(event.code, event.sentence));
        return;
      case 'partRead': {
        const { asker: connection, swarm, offset, part } = event;
        this.#host.post({ kind: 'partRead', connection, swarm: swarm as SwarmKey, offset, part });
        return;
      }
      case 'committed':
      case 'failed':
        this.#host.post(event);
        this.#checkIdle();
        return;
      default:
        unreachable(event);
    }
  }

  #perform(effect: TrackerEffect | WakeAt): void {
    switch (effect.kind) {
      case 'reply':
        this.#listener.reply(effect.connection, effect.message);
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
      case 'commit':
        this.#commit(effect);
        return;
      case 'tellFollower':
        this.#listener.send(effect.connection, leaderMessages.framed(effect.message));
        return;
      case 'dialPartner':
      case 'hangUpPartner':
      case 'sendPartner':
        this.#partner.perform(effect);
        return;
      case 'dialBack':
        this.#dialBacks.dial(effect);
        return;
      case 'readPart':
        this.#store?.tell({ kind: 'readPart', asker: effect.connection, swarm: effect.swarm, offset: effect.offset });
        return;
      case 'sweep': {
        const nowMs = this.#timers.nowMs();
        const stepMs = this.#clock.stepMs(Date.now(), nowMs);
        this.#clock.settle(stepMs);
        if (stepMs > 0) this.#host.post({ kind: 'stoodStill', forMs: stepMs });
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

  #commit({ group, changes, position }: Extract<TrackerEffect, { kind: 'commit' }>): void {
    for (const command of storeCommandsOf(changes, position)) this.#store?.tell(command);
    this.#store?.tell({ kind: 'commit', group, position: position + changes.length - 1 });
  }

  #statistics(figures: Figures): object {
    const { partner, lostLogLines } = this.#options;
    return {
      own: formatAddress(this.#address),
      // For whoever compares clocks; nothing is decided by it.
      wallMs: Date.now(),
      uptimeMs: Math.round(this.#timers.nowMs() - this.#startedMs),
      rssBytes: process.memoryUsage.rss(),
      refusedConnections: this.#listener.refusedCount,
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
    this.#storeOpened.reject(error);
    this.#failure.resolve(error);
  }
}

/** The same at both trackers of a pair. */
function clusterOf({ own, partner, cluster }: DaemonOptions): Uint8Array {
  const name = cluster ?? [formatAddress(own), formatAddress(partner)].sort().join(' ');
  return createHash('sha1').update(name).digest();
}

/** Where a tracker is, so that its list is known as another one's elsewhere: an address of all interfaces says nothing alone. */
function placeOf(own: Address): string {
  const address = formatAddress(own);
  return own.host === '0.0.0.0' || own.host === '::' ? `${address} on ${hostname()}` : address;
}

function startedOf(event: Extract<StoreEvent, { kind: 'loaded' }>): Extract<TrackerInput, { kind: 'started' }> {
  const { lastUpload, trackerId, position, origin, followed, movedFrom } = event;
  const whose = origin ?? new Uint8Array(trackerId.length);
  const names = { lastUpload, trackerId, position, movedFrom };
  return { kind: 'started', ...names, followed: { origin: whose, position: followed } };
}
